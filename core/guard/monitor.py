"""The guard as a whole: each look at the account goes through every rule, in the order of what is urgent."""

from __future__ import annotations

import asyncio
import logging

from core.breaker import Breakers
from core.clock import Clock
from core.coordinator import Coordinator
from core.domain.guard.account import Account
from core.domain.guard.prices import POINTS_CAP
from core.errors import MousekeeperError
from core.events import AccountSeen, Events, Nudged
from core.guard.outlook import History
from core.guard.purchases import Purchases
from core.guard.ratio import RatioGuard
from core.guard.tracker import TrackerAccount
from core.guard.treasury import Treasury
from core.guard.vip import VipGuard
from core.integrations.mam.errors import SYSTEM

LOG = logging.getLogger(__name__)

SOON = 600.0  # seconds: the tracker's account is never asked for more often
HANDS_SECONDS = 300.0  # between two looks at the torrent client while it has to be kept in a state


class Guard:
    """Polls the account and keeps it safe. Without a running `run_forever`, `look` does one round."""

    def __init__(
        self,
        tracker: TrackerAccount,
        history: History,
        purchases: Purchases,
        ratio: RatioGuard,
        vip: VipGuard,
        treasury: Treasury,
        *,
        clock: Clock,
        breakers: Breakers,
        events: Events,
        poll_seconds: float,
    ) -> None:
        self._history = history
        self._purchases = purchases
        self._ratio = ratio
        self._vip = vip
        self._treasury = treasury
        self._clock = clock
        self._events = events
        self._poll_seconds = poll_seconds
        self._loaded = False
        self._brisk = False
        self._fresh = False
        self._nudged = asyncio.Event()
        self._tracker = tracker
        self.account = Coordinator(SYSTEM, self._ask, clock=clock, breakers=breakers, every=self._every)
        self.account.subscribe(self._heard)
        events.subscribe(Nudged, lambda _: self.nudge())

    async def look(self, *, now: bool = False) -> Account:
        """Read the account as it is and act on it; `now` although the tracker is left alone.

        Raises what asking raises.
        """
        await self._load()
        self._purchases.changed()
        self._fresh = True
        return await self.account.refresh(now=now)

    async def run_forever(self) -> None:
        """Look at the right times, and keep the torrent client as the mode asks for."""
        await self._load()
        async with asyncio.TaskGroup() as workers:
            workers.create_task(self.account.run_forever(), name="guard: account")
            workers.create_task(self._hands(), name="guard: hands")
            workers.create_task(self._ears(), name="guard: ears")

    def nudge(self) -> None:
        """Somebody may have decided something about the account: look, and if so, act on it now."""
        self._purchases.changed()
        self._nudged.set()

    async def once(self) -> None:
        """One look if it is due, as a service takes it; a tracker that does not answer is no fault here."""
        await self._load()
        if self.account.due:
            try:
                await self.account.refresh()
            except MousekeeperError as error:
                LOG.warning("%s", error)

    async def _load(self) -> None:
        if not self._loaded:
            await self._history.load(self._clock.now())
            last = self._history.last
            self.account.remember(last, last.at if last else None)
            self._loaded = True

    async def _ask(self) -> Account:
        fresh, self._fresh = self._fresh, False
        return await self._tracker.account(fresh=fresh)

    async def _heard(self, account: Account) -> None:
        last = self._history.last
        if last is None or last.at != account.at:
            await self._history.add(account)
        episode = await self._ratio.look(account)
        await self._ratio.converge(account)
        await self._vip.look(self._history.outlook(account))
        after = await self._treasury.look(account, episode.mode)
        if after is not account:
            await self._ratio.look(after)
            await self._ratio.converge(after)
            await self._vip.look(self._history.outlook(after))
            self.account.remember(after, after.at)
        self._brisk = self._ratio.busy or any(
            purchase.status in ("sent", "unknown") for purchase in await self._purchases.open()
        )
        self._events.publish(AccountSeen())

    async def _hands(self) -> None:
        while True:
            await self._clock.sleep(HANDS_SECONDS)
            last = self._history.last
            if last is not None and self._ratio.busy:
                try:
                    await self._ratio.converge(last)
                except MousekeeperError as error:
                    LOG.warning("%s", error)

    async def _ears(self) -> None:
        """What a person decided is a planned purchase; its account is read anew, whatever was seen before."""
        while True:
            await self._nudged.wait()
            self._nudged.clear()
            if any(purchase.status == "planned" for purchase in await self._purchases.open()):
                self._fresh = True
                self.account.hurry()

    def _every(self, last: Account | None) -> float:
        """Brisk while something is at stake: an emergency, a purchase to be found, points nearly lost."""
        if self._brisk:
            return SOON
        if last is not None and last.points is not None:
            outlook = self._history.outlook(last)
            hourly = outlook.income.high if outlook.income else 0.0
            if last.points + hourly * self._poll_seconds / 3600 >= POINTS_CAP > last.points:
                return SOON
        return self._poll_seconds
