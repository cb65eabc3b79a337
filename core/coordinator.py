"""Asks one system now and then and shares its last good answer: all see the same, nobody asks twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar

from core.breaker import Breakers
from core.clock import Clock, sleep_or
from core.errors import MousekeeperError, RateLimited

LOG = logging.getLogger(__name__)
T = TypeVar("T")

Heard = Callable[[T], Awaitable[None]]
LOOK_AGAIN = 60.0  # seconds after a failure; the breaker says how much longer nobody may ask


class Coordinator(Generic[T]):
    """One system's state. `every` tells from the last answer how many seconds may pass until the next.

    Going away and coming back is told once, by the breaker. `last` and `at` keep the last good answer through
    every failure; both are None until there was one.
    """

    def __init__(
        self,
        system: str,
        fetch: Callable[[], Awaitable[T]],
        *,
        clock: Clock,
        breakers: Breakers,
        every: Callable[[T | None], float],
    ) -> None:
        self._system = system
        self._fetch = fetch
        self._clock = clock
        self._breakers = breakers
        self._every = every
        self._heard: list[Heard[T]] = []
        self._asking = asyncio.Lock()
        self._wanted = asyncio.Event()
        self.last: T | None = None
        self.at: datetime | None = None

    def remember(self, last: T | None, at: datetime | None) -> None:
        """Begin with what an earlier run heard, so that restarts do not ask anew each time."""
        self.last, self.at = last, at

    def subscribe(self, heard: Heard[T]) -> Callable[[], None]:
        """Call `heard` with each answer, one after the other in order of subscription; returns the undo."""
        self._heard.append(heard)
        return lambda: self._heard.remove(heard) if heard in self._heard else None

    async def refresh(self, *, now: bool = False) -> T:
        """Ask and tell everybody; `now` asks although the system is left alone. Raises what asking raises."""
        async with self._asking:
            answer = await self._breakers.call(self._system, self._fetch, now=now)
            self.last, self.at = answer, self._clock.now()
        for heard in tuple(self._heard):
            try:
                await heard(answer)
            except MousekeeperError as error:
                LOG.warning("%s", error)
            except Exception:  # one listener's fault must not keep the others from hearing
                LOG.exception("A listener to %s failed", self._system)
        return answer

    def hurry(self) -> None:
        """Ask at the next turn of the loop instead of waiting."""
        self._wanted.set()

    @property
    def due(self) -> bool:
        """Whether it is time to ask."""
        return self._until_due() <= 0

    async def run_forever(self) -> None:
        """Ask at the right times until cancelled."""
        wait = self._until_due()
        while True:
            await sleep_or(self._clock, wait, self._wanted)
            self._wanted.clear()
            try:
                await self.refresh()
                wait = self._until_due()
            except RateLimited as error:
                wait = max(LOOK_AGAIN, error.retry_after)
            except MousekeeperError as error:
                LOG.debug("%s was not heard: %s", self._system, error)  # told by the breaker, once
                wait = LOOK_AGAIN

    def _until_due(self) -> float:
        now = self._clock.now()
        if self.at is None or self.at > now:  # never, or by a clock that was wrong then
            return 0.0
        return max(0.0, self._every(self.last) - (now - self.at).total_seconds())
