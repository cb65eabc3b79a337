"""Which running downloads cost ratio: asked of the tracker, remembered for a while."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.breaker import Breakers
from core.clock import Clock
from core.errors import IntegrationError
from core.guard.tracker import TrackerAccount
from core.integrations.mam.errors import SYSTEM

LOG = logging.getLogger(__name__)

GOOD_FOR = timedelta(hours=6)
MOST_AT_ONCE = 10  # questions at one look; the others count as costing until their turn comes


class Costs:
    """What is not known to be free costs."""

    def __init__(self, tracker: TrackerAccount, *, clock: Clock, breakers: Breakers) -> None:
        self._tracker = tracker
        self._clock = clock
        self._breakers = breakers
        self._free: dict[str, tuple[bool, datetime]] = {}

    def forget(self) -> None:
        """Judge everything anew: VIP has begun or ended."""
        self._free.clear()

    async def among(self, infohashes: Iterable[str]) -> set[str]:
        """Those of these that cost ratio."""
        wanted = list(infohashes)
        now = self._clock.now()
        unknown = [
            infohash
            for infohash in wanted
            if infohash not in self._free or not timedelta(0) <= now - self._free[infohash][1] < GOOD_FOR
        ]
        for infohash in unknown[:MOST_AT_ONCE]:
            if not await self._ask(infohash, now):
                break
        return {infohash for infohash in wanted if not self._free.get(infohash, (False, now))[0]}

    async def _ask(self, infohash: str, now: datetime) -> bool:
        """Whether the tracker answered."""
        try:
            free = await self._breakers.call(SYSTEM, lambda: self._tracker.free_now(infohash))
        except IntegrationError as error:
            LOG.info("It is not known what a download costs: %s", error)
            return False
        self._free[infohash] = (bool(free), now)
        return True
