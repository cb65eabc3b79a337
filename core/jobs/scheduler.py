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
        self._at_work: set[str] = set()
        self._woken = asyncio.Event()

    async def run_forever(self) -> None:
        """Start what is due, beside what is still at work: a download of hours holds nothing else up."""
        if not await self._resting():
            await self._clock.sleep(self._jitter())
        async with asyncio.TaskGroup() as at_work:
            while True:
                for name in await self._due():
                    self._at_work.add(name)
                    at_work.create_task(self._run(name), name=f"schedule {name}")
                await sleep_or(self._clock, await self._until_next(), self._woken)
                self._woken.clear()

    def nudge(self) -> None:
        """Look again now: a person may have started the autopilot."""
        self._woken.set()

    async def run_due(self) -> float:
        """Run every due schedule once, one after the other; returns seconds until the next look."""
        for name in await self._due():
            await self._run(name)
        return await self._until_next()

    async def _due(self) -> list[str]:
        if await self._resting():
            return []
        now = self._clock.now()
        return [name for name, due in (await self._upcoming()).items() if due <= now]

    async def _until_next(self) -> float:
        if await self._resting():
            return IDLE
        upcoming = (await self._upcoming()).values()
        soonest = min(upcoming, default=self._clock.now() + timedelta(seconds=IDLE))
        return max(1.0, min((soonest - self._clock.now()).total_seconds(), IDLE))

    async def _upcoming(self) -> dict[str, datetime]:
        """When each schedule is due that is on, not at work, and has work in this configuration."""
        rows = [row for row in await self._schedules.all() if row["name"] in self._work]
        due = {row["name"]: self.next_run(row) for row in rows if row["name"] not in self._at_work}
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
        try:
            await self._schedules.ran(name, await self._fault_of(name))
        finally:
            self._at_work.discard(name)
            self._woken.set()  # when it is due again is known now

    async def _fault_of(self, name: str) -> str | None:
        """Do the work; what went wrong as a sentence, as one schedule's fault must not stop the others."""
        try:
            await self._work[name]()
        except MousekeeperError as fault:
            LOG.warning("%s: %s", name, fault)
            return str(fault)
        except Exception as fault:  # in the log whole, in the table as a sentence
            LOG.exception("The schedule %s failed", name)
            return f"Unexpected {type(fault).__name__}; the log has it."
        return None
