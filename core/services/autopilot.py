"""Autopilot: whether the schedules run. Off until a person starts it once."""

from __future__ import annotations

from core.clock import Clock
from core.config import Configuration
from core.jobs.scheduler import Scheduler
from core.services.views import Document
from core.store.small import ScheduleStore, StateStore

KEY = "autopilot"


class Autopilot:
    """Start, stop, and what will run when."""

    def __init__(
        self, config: Configuration, clock: Clock, state: StateStore, schedules: ScheduleStore
    ) -> None:
        self._config = config
        self._clock = clock
        self._state = state
        self._schedules = schedules

    async def on(self) -> bool:
        """What a person last said; the configured value until somebody says anything."""
        said = await self._state.get(KEY)
        return bool(said["on"]) if said else self._config.settings.autopilot

    async def resting(self) -> bool:
        return not await self.on()

    async def switch(self, on: bool, *, by: str) -> Document:
        """Start or stop; takes effect within a minute in a running service."""
        await self._state.put(KEY, {"on": on, "by": by, "at": self._clock.now().isoformat()})
        return await self.status()

    async def status(self) -> Document:
        """On or off, by whom, and the schedules with their last and next run."""
        said = await self._state.get(KEY) or {}
        timetable = Scheduler(self._schedules, self._clock, self._config.settings.timezone, {}, self.resting)
        rows = await self._schedules.all()
        on = await self.on()
        return {
            "on": on,
            "by": said.get("by"),
            "at": said.get("at"),
            "schedules": [
                {
                    "name": row["name"],
                    "every": row["spec"],
                    "last_run": row["last_run"].isoformat() if row["last_run"] else None,
                    "last_error": row["last_error"],
                    "next_run": due.isoformat() if on and (due := timetable.next_run(row)) else None,
                }
                for row in rows
            ],
        }
