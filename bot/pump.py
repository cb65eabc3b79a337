"""Brings messages up to date no faster than people can read: one pump a message, the latest state wins.

Whoever changes something pokes; what is shown is fetched when its turn comes, so a hundred are one edit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.clock import Clock, sleep_or

LOG = logging.getLogger(__name__)

GAP = 3.0  # seconds from the end of one show of a message to the next
LONGEST_PAUSE = 300.0  # seconds between tries of a show that fails
WIDTH = 4  # messages shown at once; what waits is shown as it is then, not as it was when it was poked

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Pump:
    """One message's turn; it lives from a poke until a gap has passed without another."""

    task: asyncio.Task[None] | None = None
    poked: bool = True
    hurried: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Pumps(Generic[K]):
    """A pump for each message that has something to show; while nobody pokes there is none.

    `show(key)` makes one message what it should be now and returns when that is done, also where nothing had
    to be changed. A show that raises is tried again, after 3, 6, 12 ... seconds up to five minutes, and is
    told in the log once.
    """

    def __init__(self, clock: Clock, show: Callable[[K], Awaitable[None]], *, gap: float = GAP) -> None:
        self._clock = clock
        self._show = show
        self._gap = gap
        self._pumps: dict[K, _Pump] = {}
        self._places = asyncio.Semaphore(WIDTH)
        self._closed = False

    def poke(self, key: K) -> None:
        """Something of this message may have changed: show it now, or as soon as the gap has passed."""
        if self._closed:
            return
        if pump := self._pumps.get(key):
            pump.poked = True
            return
        pump = self._pumps[key] = _Pump()
        pump.task = asyncio.create_task(self._run(key, pump), name=f"pump {key}")

    def shown(self, key: K) -> asyncio.Future[None]:
        """Poke, and be told when what is so now is shown; bound your patience, as Discord may be away."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.poke(key)
        if pump := self._pumps.get(key):
            pump.waiting.append(told)
        else:
            told.cancel()
        return told

    def hurry(self) -> None:
        """Try at once what waits because it failed: whatever was away is back."""
        for pump in self._pumps.values():
            pump.hurried.set()

    @property
    def busy(self) -> frozenset[K]:
        """The messages that are being shown, or were less than a gap ago."""
        return frozenset(self._pumps)

    async def close(self) -> None:
        """Show nothing any more; a show on its way is broken off."""
        self._closed = True
        tasks = [pump.task for pump in self._pumps.values() if pump.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pumps.clear()

    async def _run(self, key: K, pump: _Pump) -> None:
        try:
            failures = 0
            while pump.poked:
                pump.poked = False
                waiting = len(pump.waiting)  # who comes later hears of a later show
                failures = 0 if await self._shown(key, told=failures > 0) else failures + 1
                if failures:
                    pump.poked = True  # the latest state still has to arrive
                    pause = min(self._gap * 2.0 ** (failures - 1), LONGEST_PAUSE)
                    await sleep_or(self._clock, pause, pump.hurried)
                else:
                    _tell(pump.waiting[:waiting])
                    del pump.waiting[:waiting]
                    await self._clock.sleep(self._gap)
                pump.hurried.clear()
        finally:
            self._pumps.pop(key, None)
            for told in pump.waiting:
                told.cancel()

    async def _shown(self, key: K, *, told: bool) -> bool:
        try:
            async with self._places:
                await self._show(key)
        except Exception:
            if not told:
                LOG.warning(
                    "The message %s could not be brought up to date and is tried again", key, exc_info=True
                )
            return False
        if told:
            LOG.info("The message %s is up to date again", key)
        return True


def _tell(waiting: list[asyncio.Future[None]]) -> None:
    for told in waiting:
        if not told.done():
            told.set_result(None)
