"""A clock that only a test moves: hours pass in no time, and sleepers wake in their order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.world.waiting import until

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)  # a Monday at noon, far from any change of offset
TURNS = 25  # of the event loop, after which tasks that need no thread and no socket have come to rest


class SimulatedClock:
    """A `core.clock.Clock` standing still at `start` until it is moved.

    `await advance(seconds)` moves it, `await run_until(condition)` jumps from one sleeper to the next.
    Only what sleeps on this clock is driven by it: threads and sockets take their own real time, see
    `run_until`'s `patience` and `tests.world.waiting.until`.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleeping(self) -> int:
        """How many tasks wait on this clock."""
        self._forget_cancelled()
        return len(self._sleepers)

    @property
    def next_wake(self) -> float | None:
        """Seconds until the first sleeper is due, None when nobody sleeps."""
        self._forget_cancelled()
        return self._sleepers[0][0] - self._elapsed if self._sleepers else None

    def shift(self, seconds: float) -> None:
        """Move the time at once without letting anything run: for code that only reads it.

        Who was due meanwhile wakes, in order, when the loop runs next.
        """
        if seconds < 0:
            raise ValueError("a clock goes forward; make another SimulatedClock to begin earlier")
        self._elapsed += seconds
        self._wake_due()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: each sleeper wakes at its own time, and tasks run in between.

        Who goes to sleep again on the way is woken again, if it falls within the same stretch.
        """
        if seconds < 0:
            raise ValueError("a clock goes forward; make another SimulatedClock to begin earlier")
        target = self._elapsed + seconds
        await settle()
        while (wait := self.next_wake) is not None and self._elapsed + wait <= target:
            self._jump()
            await settle()
        self._elapsed = target
        await settle()

    async def run_until(
        self, condition: Callable[[], bool], *, limit: float = 366 * 86_400, patience: float = 0.02
    ) -> None:
        """Jump from sleeper to sleeper until `condition()` holds.

        `limit` bounds the simulated seconds. Before each jump other threads and sockets get up to
        `patience` real seconds to finish, so that a deadline does not pass before the work it guards;
        with nobody asleep they get ten seconds. Raises TimeoutError.
        """
        target = self._elapsed + limit
        while True:
            await settle()
            wait = self.next_wake
            if await _comes_true(condition, 10.0 if wait is None else patience):
                return
            wait = self.next_wake
            if wait is None:
                raise TimeoutError("the condition does not hold and nobody sleeps on the simulated clock")
            if self._elapsed + wait > target:
                raise TimeoutError(f"the condition does not hold after {limit:g} simulated seconds")
            self._jump()

    def _jump(self) -> None:
        self._elapsed = max(self._elapsed, self._sleepers[0][0])
        self._wake_due()

    def _wake_due(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


async def settle(turns: int = TURNS) -> None:
    """Give every task that can run its turns."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it holds now or within that many real seconds, while threads and sockets report to the loop."""
    try:
        return await until(condition, seconds)
    except TimeoutError:
        return False
