"""Runs schedules: rows with an interval or a cron line; one overdue at start runs once, with jitter."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from core.clock import Clock, sleep_or
from core.domain.timing import parse_schedule
from core.errors import MousekeeperError
from core.store.jobs import Row
from core.store.small import ScheduleStore

LOG = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
JITTER = 30.0  # seconds: many overdue schedules should not all begin with the first second
IDLE = 3600.0


class Scheduler:
    """The table of regular work. While `resting()` is true nothing runs; people's commands still do."""

    def __init__(
        self,
        schedules: ScheduleStore,
        clock: Clock,
        timezone: str,
        work: Mapping[str, Work],
        resting: Callable[[], Awaitable[bool]],
        *,
        jitter: Callable[[], float] = lambda: random.uniform(0, JITTER),  # noqa: S311 (no secret)
    ) -> None:
        self._schedules = schedules
        self._clock = clock
        self._timezone = timezone
        self._work = work
        self._resting = resting
        self._jitter = jitter
        self._started = clock.now()
        self._woken = asyncio.Event()

    async def run_forever(self) -> None:
        """Run what is due, then sleep until the next is."""
        first = True
        while True:
            wait = await self.run_due(spread=first)
            first = False
            await sleep_or(self._clock, wait, self._woken)
            self._woken.clear()

    def nudge(self) -> None:
        """Look again now: a person may have started the autopilot."""
        self._woken.set()

    async def run_due(self, *, spread: bool = False) -> float:
        """Run every due schedule once; returns seconds until the next look."""
        if await self._resting():
            return IDLE
        if spread:
            await self._clock.sleep(self._jitter())
        for name, due in (await self._upcoming()).items():
            if due <= self._clock.now():
                await self._run(name)
        upcoming = (await self._upcoming()).values()
        soonest = min(upcoming, default=self._clock.now() + timedelta(seconds=IDLE))
        return max(1.0, min((soonest - self._clock.now()).total_seconds(), IDLE))

    async def _upcoming(self) -> dict[str, datetime]:
        """When each schedule is due that is on and has work in this configuration."""
        rows = await self._schedules.all()
        due = {row["name"]: self.next_run(row) for row in rows if row["name"] in self._work}
        return {name: at for name, at in due.items() if at is not None}

    def next_run(self, row: Row) -> datetime | None:
        """When a schedule is due; one that never ran is due at once. None when it is off."""
        plan = parse_schedule(row["spec"])
        if not row["enabled"] or not plan.enabled:
            return None
        if row["last_run"] is None or row["last_run"] > self._clock.now():
            return self._started  # never, or by a clock that was wrong then
        return plan.next_after(row["last_run"], self._timezone)

    async def _run(self, name: str) -> None:
        error: str | None = None
        try:
            await self._work[name]()
        except MousekeeperError as fault:
            error = str(fault)
            LOG.warning("%s: %s", name, fault)
        except Exception as fault:  # one schedule's fault must not stop the others
            error = f"Unexpected {type(fault).__name__}; the log has it."
            LOG.exception("The schedule %s failed", name)
        await self._schedules.ran(name, error)
