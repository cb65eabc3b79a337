"""Gets work done on behalf of a person: by running stages here, or by leaving that to the service at work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from core.breaker import Breakers
from core.clock import sleep_or
from core.events import Events, JobMoved
from core.jobs.engine import Engine
from core.store.jobs import JobStore

LOOK_AGAIN = 5.0  # seconds


class Runner:
    """Brings the jobs of some subjects as far as they go now.

    In a command the stages run in the call itself (`alone`); in a service the engine is at work anyway and
    the call waits until those jobs have settled.
    """

    def __init__(
        self, engine: Engine, jobs: JobStore, events: Events, breakers: Breakers, *, alone: bool
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._events = events
        self._breakers = breakers
        self._alone = alone

    async def run(
        self,
        subjects: Iterable[str] | None = None,
        *,
        stages: frozenset[str] | None = None,
        hurry: bool = False,
    ) -> None:
        """Return when nothing (of `subjects`, at `stages`) can go on; `hurry` also takes what was put off."""
        wanted = None if subjects is None else frozenset(subjects)
        self._breakers.ask_again()
        if self._alone:
            await self._engine.run_until_idle(stages=stages, subjects=wanted, ignore_due=hurry)
            return
        if hurry:
            await self._jobs.hurry(wanted, stages)
        await self._settled(wanted, stages)

    async def _settled(self, subjects: frozenset[str] | None, stages: frozenset[str] | None) -> None:
        moved = asyncio.Event()
        undo = self._events.subscribe(
            JobMoved, lambda event: moved.set() if subjects is None or event.subject in subjects else None
        )
        try:
            self._engine.nudge()
            while await self._jobs.busy(subjects, stages):
                # rows also settle without moving: somebody forgets the release
                await sleep_or(self._jobs.clock, LOOK_AGAIN, moved)
                moved.clear()
        finally:
            undo()
