"""A store, the stage machine over it, and pipelines made of plain functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine as SyncEngine

from core.events import Events
from core.jobs.engine import Engine
from core.jobs.model import Done, Job, Lane, Outcome, Pipeline, Stage
from core.store.engine import Store
from core.store.jobs import JobStore, Row
from tests.world.at_work import running
from tests.world.clock import SimulatedClock
from tests.world.waiting import until

Work = Callable[[Job], Awaitable[Outcome]]
LANES = (Lane("general", 4), Lane("disk", 1))
SETTLED = ("waiting", "done", "failed", "cancelled")


async def done(_job: Job) -> Outcome:
    return Done()


def answers(*outcomes: Outcome | BaseException) -> Work:
    """A stage that answers one after the other, the last one ever after."""
    left = list(outcomes)

    async def work(_job: Job) -> Outcome:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return work


@dataclass
class Machine:
    """One store with engines made as needed, as a process would."""

    store: Store
    clock: SimulatedClock
    events: Events = field(default_factory=Events)

    @property
    def jobs(self) -> JobStore:
        return JobStore(self.store)

    def engine(self, *stages: Stage, lanes: Iterable[Lane] = LANES, **pipeline: Any) -> Engine:
        return Engine(self.jobs, [Pipeline("book", stages, **pipeline)], lanes, self.events)

    async def add(self, *subjects: str, stage: str = "one", lane: str = "general", **values: Any) -> None:
        rows = [
            {"kind": "book", "subject": subject, "stage": stage, "lane": lane, "status": "ready", **values}
            for subject in subjects
        ]
        async with self.store.write() as connection:
            await self.jobs.add(connection, rows)

    async def row(self, subject: str = "a") -> Row:
        found = await self.jobs.get("book", subject)
        assert found is not None
        return found

    async def log(self, subject: str = "a") -> list[tuple[str, str]]:
        lines = await self.jobs.log_of([(await self.row(subject))["id"]])
        return [(line["stage"], line["event"]) for line in lines]

    async def signal(self, topic: str, subject: str = "a") -> None:
        async with self.store.write() as connection:
            await self.jobs.signal(connection, topic, subject)

    async def until(self, subject: str, **wanted: Any) -> Row:
        """The row, once it has these values."""

        async def arrived() -> Row | None:
            row = await self.row(subject)
            return row if all(row[name] == value for name, value in wanted.items()) else None

        found = await until(arrived, what=f"{subject} with {wanted}")
        assert found is not None
        return found

    async def settled(
        self, subjects: Iterable[str], statuses: tuple[str, ...] = SETTLED
    ) -> Mapping[str, Row]:
        """The rows, once none of them is ready or running."""
        names = list(subjects)

        async def all_settled() -> dict[str, Row] | None:
            rows = {name: await self.row(name) for name in names}
            return rows if all(row["status"] in statuses for row in rows.values()) else None

        found = await until(all_settled, 60, what="all jobs to settle")
        assert found is not None
        return found


@pytest.fixture
async def machine(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Machine]:
    store = await Store.open(tmp_path / "jobs.db", clock)
    yield Machine(store, clock)
    await store.close()


class Gate:
    """A stage that says when it was entered and stays inside until it is let go."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.runs = 0
        self._answers = answers(*(outcomes or (Done(),)))

    async def __call__(self, job: Job) -> Outcome:
        self.runs += 1
        self.entered.set()
        await self.open.wait()
        return await self._answers(job)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement any database connection of this process is given meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(SyncEngine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(SyncEngine, "before_cursor_execute", note)


__all__ = ["LANES", "Gate", "Machine", "answers", "done", "running", "statements"]
