"""Autopilot: whether the schedules run. Off until a person starts it once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.config import Configuration
from core.jobs.scheduler import Scheduler
from core.services.views import Document
from core.store.small import ScheduleStore, StateStore

KEY = "autopilot"


@dataclass(frozen=True, slots=True)
class Regularly:
    """One schedule; `next_run` is None while it rests."""

    name: str
    every: str
    last_run: datetime | None
    last_error: str | None
    next_run: datetime | None


@dataclass(frozen=True, slots=True)
class AutopilotState:
    """On or off, who said so and when (None: nobody, the settings hold), and the schedules by name."""

    on: bool
    by: str | None
    at: datetime | None
    schedules: tuple[Regularly, ...]


class Autopilot:
    """Start, stop, and what will run when."""

    def __init__(
        self, config: Configuration, clock: Clock, state: StateStore, schedules: ScheduleStore
    ) -> None:
        self._config = config
        self._clock = clock
        self._state = state
        self._schedules = schedules

    async def said(self) -> str | None:
        """When a person last said anything."""
        return (await self._state.get(KEY) or {}).get("at")

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

    async def state(self) -> AutopilotState:
        """On or off, by whom, and the schedules with their last and next run."""
        said = await self._state.get(KEY) or {}
        timetable = Scheduler(self._schedules, self._clock, self._config.settings.timezone, {}, self.resting)
        on = await self.on()
        return AutopilotState(
            on=on,
            by=said.get("by"),
            at=datetime.fromisoformat(said["at"]) if said.get("at") else None,
            schedules=tuple(
                Regularly(
                    name=row["name"],
                    every=row["spec"],
                    last_run=row["last_run"],
                    last_error=row["last_error"],
                    next_run=timetable.next_run(row) if on else None,
                )
                for row in await self._schedules.all()
            ),
        )

    async def status(self) -> Document:
        """The state as a document."""
        state = await self.state()
        return {
            "on": state.on,
            "by": state.by,
            "at": _iso(state.at),
            "schedules": [
                {
                    "name": row.name,
                    "every": row.every,
                    "last_run": _iso(row.last_run),
                    "last_error": row.last_error,
                    "next_run": _iso(row.next_run),
                }
                for row in state.schedules
            ],
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
