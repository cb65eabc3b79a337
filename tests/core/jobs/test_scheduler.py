"""Schedules: when each is due, once after a pause, in the owner's time zone, and quiet while they rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Unreachable
from core.jobs.scheduler import JITTER, Scheduler
from core.store.engine import Store
from core.store.small import ScheduleStore
from tests.core.jobs.conftest import statements
from tests.world.clock import SimulatedClock, settle
from tests.world.waiting import until


class Timetable:
    """A scheduler whose work notes when it ran."""

    def __init__(self, store: Store, clock: SimulatedClock) -> None:
        self.store = ScheduleStore(store)
        self.clock = clock
        self.ran: list[tuple[str, datetime]] = []
        self.faults: dict[str, Exception] = {}
        self.resting = False

    async def scheduler(
        self, timezone: str = "UTC", jitter: Callable[[], float] = lambda: 0.0, **specs: str
    ) -> Scheduler:
        await self.store.agree(specs)
        work = {name: self._work(name) for name in specs if not name.startswith("unbuilt")}
        return Scheduler(self.store, self.clock, timezone, work, self._rest, jitter=jitter)

    def names(self) -> list[str]:
        return [name for name, _ in self.ran]

    def _work(self, name: str) -> Callable[[], asyncio.Future[None]]:
        async def work() -> None:
            self.ran.append((name, self.clock.now()))
            if name in self.faults:
                raise self.faults[name]

        return lambda: asyncio.ensure_future(work())

    async def _rest(self) -> bool:
        return self.resting


@pytest.fixture
async def timetable(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Timetable]:
    store = await Store.open(tmp_path / "schedules.db", clock)
    yield Timetable(store, clock)
    await store.close()


async def test_an_interval_counts_from_the_last_run(timetable: Timetable) -> None:
    scheduler = await timetable.scheduler(scan="6h", discover="30m")
    assert await scheduler.run_due() == 1800
    assert timetable.names() == ["discover", "scan"]
    timetable.clock.shift(1799)
    assert await scheduler.run_due() == 1
    timetable.clock.shift(1)
    await scheduler.run_due()
    assert timetable.names() == ["discover", "scan", "discover"]


async def test_what_is_overdue_at_the_start_runs_once_with_jitter(timetable: Timetable) -> None:
    await (await timetable.scheduler(scan="6h")).run_due()
    timetable.clock.shift(5 * 86_400)
    again = timetable.clock.now()
    scheduler = await timetable.scheduler(scan="6h", jitter=lambda: 17.0)
    task = asyncio.create_task(scheduler.run_forever())
    await until(lambda: timetable.clock.sleeping)
    assert timetable.clock.next_wake == 17.0
    await timetable.clock.run_until(lambda: len(timetable.ran) == 2)
    assert timetable.ran[1] == ("scan", again + timedelta(seconds=17))
    await until(lambda: timetable.clock.sleeping)
    await timetable.clock.advance(3500)
    assert len(timetable.ran) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_jitter_of_a_service_is_short() -> None:
    assert 5 <= JITTER <= 60


async def test_a_restart_does_not_run_again_what_just_ran(timetable: Timetable) -> None:
    await (await timetable.scheduler(scan="6h")).run_due()
    timetable.clock.shift(60)
    await (await timetable.scheduler(scan="6h")).run_due()
    assert timetable.names() == ["scan"]


async def test_a_changed_interval_counts_from_the_last_run_too(timetable: Timetable) -> None:
    await (await timetable.scheduler(scan="6h")).run_due()
    timetable.clock.shift(3600)
    await (await timetable.scheduler(scan="30m", discover="1d")).run_due()
    assert timetable.names() == ["scan", "discover", "scan"]
    rows = {row["name"]: row["spec"] for row in await timetable.store.all()}
    assert rows == {"scan": "30m", "discover": "1d"}
    await timetable.scheduler(discover="1d")
    assert [row["name"] for row in await timetable.store.all()] == ["discover"]


async def test_off_means_never(timetable: Timetable) -> None:
    scheduler = await timetable.scheduler(scan="off", discover="never")
    for _ in range(5):
        assert await scheduler.run_due() == 3600
        timetable.clock.shift(86_400)
    assert timetable.ran == []


@pytest.mark.parametrize(
    ("spec", "start", "expected"),
    [
        # spring forward: 02:30 does not exist on that day and is made up for; the days after are as ever
        ("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), ["03-29 01:00", "03-30 00:30", "03-31 00:30"]),
        # fall back: 02:30 comes twice and is taken once
        ("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), ["10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        ("0 4 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), ["03-29 02:00", "03-30 02:00"]),
        ("0 0 1 * *", datetime(2026, 3, 30, tzinfo=UTC), ["03-31 22:00", "04-30 22:00"]),
    ],
)
async def test_cron_lines_keep_the_owners_clock(
    tmp_path: Path, spec: str, start: datetime, expected: list[str]
) -> None:
    clock = SimulatedClock(start)
    store = await Store.open(tmp_path / "cron.db", clock)
    timetable = Timetable(store, clock)
    scheduler = await timetable.scheduler("Europe/Berlin", scan=spec)
    while len(timetable.ran) <= len(expected):
        clock.shift(await scheduler.run_due())
    assert [f"{at:%m-%d %H:%M}" for _, at in timetable.ran[1:]] == expected  # the first one at the start
    await store.close()


async def test_errors_are_recorded_and_do_not_stop_the_others(
    timetable: Timetable, caplog: pytest.LogCaptureFixture
) -> None:
    timetable.faults = {
        "a": Unreachable("docker", "Docker does not answer.", hint="Start it."),
        "b": ValueError("planted"),
    }
    scheduler = await timetable.scheduler(a="6h", b="6h", c="6h")
    await scheduler.run_due()
    assert timetable.names() == ["a", "b", "c"]
    rows = {row["name"]: row for row in await timetable.store.all()}
    assert rows["a"]["last_error"] == "Docker does not answer. Start it."
    assert "ValueError" in rows["b"]["last_error"]
    assert "planted" not in rows["b"]["last_error"]
    assert rows["c"]["last_error"] is None
    assert {row["last_run"] for row in rows.values()} == {timetable.clock.now()}
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]
    timetable.faults.clear()
    timetable.clock.shift(6 * 3600)
    await scheduler.run_due()
    assert {row["last_error"] for row in await timetable.store.all()} == {None}


async def test_resting_nothing_runs_until_somebody_starts_it(timetable: Timetable) -> None:
    timetable.resting = True
    scheduler = await timetable.scheduler(scan="6h")
    task = asyncio.create_task(scheduler.run_forever())
    await timetable.clock.advance(5 * 86_400)
    assert timetable.ran == []
    timetable.resting = False
    scheduler.nudge()
    await until(lambda: timetable.names() == ["scan"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_schedule_without_work_here_keeps_nobody_awake(timetable: Timetable) -> None:
    """Such as asking Libation where no Libation is configured: due since ever, and nobody does it."""
    scheduler = await timetable.scheduler(unbuilt_scan="6h")
    assert await scheduler.run_due() == 3600
    task = asyncio.create_task(scheduler.run_forever())
    await until(lambda: timetable.clock.sleeping)
    with statements() as seen:
        await timetable.clock.advance(3500)
    assert seen == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_run_noted_by_a_clock_that_was_wrong_does_not_silence_a_schedule(
    timetable: Timetable,
) -> None:
    timetable.store = ScheduleStore(await _in_2099(timetable))
    await (await timetable.scheduler(scan="6h")).run_due()
    assert timetable.names() == ["scan"]
    assert (await timetable.store.all())[0]["last_run"] == timetable.clock.now()


async def _in_2099(timetable: Timetable) -> Store:
    """The timetable's store, after a run that a clock of the year 2099 noted."""
    store = timetable.store._store
    right, store.clock = store.clock, SimulatedClock(datetime(2099, 1, 1, tzinfo=UTC))
    await timetable.store.agree({"scan": "6h"})
    await timetable.store.ran("scan", None)
    store.clock = right
    return store


async def test_cancelled_in_the_middle_it_counts_as_not_run(timetable: Timetable) -> None:
    begun = asyncio.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    await timetable.store.agree({"scan": "6h"})

    async def awake() -> bool:
        return False

    scheduler = Scheduler(
        timetable.store, timetable.clock, "UTC", {"scan": forever}, awake, jitter=lambda: 0.0
    )
    task = asyncio.create_task(scheduler.run_forever())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await settle()
    assert (await timetable.store.all())[0]["last_run"] is None
