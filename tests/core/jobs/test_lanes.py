"""Lanes bound how many and how often, whatever happens; the loop sleeps when there is nothing to do."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.jobs.engine import Engine
from core.jobs.model import Done, Job, Lane, Outcome, Retry, Stage, Wait
from tests.core.jobs.conftest import LANES, Gate, Machine, answers, done, statements
from tests.world.at_work import running
from tests.world.clock import START, SimulatedClock, settle
from tests.world.waiting import until


class Watched:
    """Stages that count how many of a lane are inside at once."""

    def __init__(self, seed: int = 0) -> None:
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.order: list[str] = []
        self._random = random.Random(seed)

    async def __call__(self, job: Job) -> Outcome:
        self.inside[job.lane] += 1
        self.most[job.lane] = max(self.most[job.lane], self.inside[job.lane])
        self.order.append(job.subject)
        try:
            for _ in range(self._random.randrange(8)):
                await asyncio.sleep(0)
        finally:
            self.inside[job.lane] -= 1
        return Done() if self._random.random() < 0.8 else Retry(1, "again")


async def at_rest(engine: Engine) -> None:
    """Until the engine has looked once more and gone to sleep."""

    def asleep() -> set[asyncio.Task[Any]]:
        return {task for task in asyncio.all_tasks() if task.get_name() == "wait: event" and not task.done()}

    async def a_new_sleep_lasts() -> bool:
        new = asleep() - before
        await settle()
        return bool(new & asleep())

    before = asleep()
    engine.nudge()
    await until(a_new_sleep_lasts)


# --- widths ------------------------------------------------------------------------------------------------------


@given(
    widths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    stages=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_widths_are_never_passed(
    machine: Machine, widths: list[int], stages: list[int], seed: int
) -> None:
    lanes = [Lane(f"lane{number}", width) for number, width in enumerate(widths)]
    watched = Watched(seed)
    used = [lanes[number % len(lanes)].name for number in stages]
    engine = machine.engine(
        *(Stage(f"stage{number}", watched, lane) for number, lane in enumerate(used)), lanes=lanes
    )
    subjects = [f"{seed}-{machine.clock.monotonic()}-{number}" for number in range(15)]
    await machine.add(*subjects, stage="stage0", lane=used[0])
    while {(await machine.row(subject))["status"] for subject in subjects} != {"done"}:
        await engine.run_until_idle()
        machine.clock.shift(1)
    for lane in lanes:
        assert watched.most[lane.name] <= lane.width


async def test_the_whole_width_is_used(machine: Machine) -> None:
    gate = Gate()
    engine = machine.engine(Stage("one", gate), lanes=[Lane("general", 4)])
    await machine.add(*"abcdef")
    async with running(engine):
        await until(lambda: gate.runs == 4)
        await at_rest(engine)
        assert gate.runs == 4
        gate.open.set()
        await machine.settled("abcdef", ("done",))


async def test_a_full_lane_does_not_hold_up_another(machine: Machine) -> None:
    gate = Gate()
    engine = machine.engine(Stage("one", done), Stage("slow", gate, lane="disk"))
    await machine.add("a", "b", stage="slow", lane="disk")
    await machine.add("c", stage="one")
    async with running(engine):
        await gate.entered.wait()
        await machine.until("c", stage="slow", status="ready")
        assert gate.runs == 1
        gate.open.set()
        await machine.settled("abc")
    assert gate.runs == 3


async def test_the_oldest_due_goes_first(machine: Machine) -> None:
    watched = Watched()
    engine = machine.engine(Stage("one", watched, lane="disk"))
    for subject, minutes in (("late", 3), ("first", 1), ("middle", 2)):
        await machine.add(subject, lane="disk", due=machine.clock.now() + timedelta(minutes=minutes))
    machine.clock.shift(600)
    await engine.run_until_idle()
    assert list(dict.fromkeys(watched.order)) == ["first", "middle", "late"]


async def test_a_job_keeps_its_place_within_a_lane(machine: Machine) -> None:
    order: list[tuple[str, str]] = []

    async def note(job: Job) -> Outcome:
        order.append((job.subject, job.stage))
        return Done()

    engine = machine.engine(Stage("one", note, lane="disk"), Stage("two", note, lane="disk"))
    await machine.add("a", "b", lane="disk")
    await engine.run_until_idle()
    assert order == [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")]


async def test_a_start_that_was_cancelled_gives_its_place_back(machine: Machine) -> None:
    engine = machine.engine(Stage("one", done, lane="disk"))
    await machine.add("a", "b", "c", lane="disk")
    for turns in range(40):
        task = asyncio.create_task(engine.run_forever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with running(engine):
        await machine.settled("abc")


# --- rates -------------------------------------------------------------------------------------------------------


async def test_a_rate_is_kept_and_used_up(machine: Machine) -> None:
    times: list[float] = []

    async def note(_job: Job) -> Outcome:
        times.append(machine.clock.monotonic())
        return Done()

    engine = machine.engine(Stage("one", note, lane="mam"), lanes=[Lane("mam", width=4, rate=3, per=60)])
    await machine.add(*"abcdefgh", lane="mam")
    async with running(engine):
        for expected in (3, 6):
            await at_rest(engine)
            assert len(times) == expected
            await machine.clock.advance(60)
        await until(lambda: len(times) == 8)
    assert times == [0, 0, 0, 60, 60, 60, 120, 120]


async def test_a_rate_survives_a_restart(machine: Machine) -> None:
    lanes = [Lane("mam", width=4, rate=2, per=60)]
    await machine.add(*"abcdef", lane="mam")
    for finished in (2, 2, 2):  # three processes, one after the other, in the same minute
        await machine.engine(Stage("one", done, lane="mam"), lanes=lanes).run_until_idle()
        statuses = [(await machine.row(subject))["status"] for subject in "abcdef"]
        assert statuses.count("done") == finished
    machine.clock.shift(60)
    await machine.engine(Stage("one", done, lane="mam"), lanes=lanes).run_until_idle()
    statuses = [(await machine.row(subject))["status"] for subject in "abcdef"]
    assert statuses.count("done") == 4


async def test_each_stage_of_a_rated_lane_counts(machine: Machine) -> None:
    stages = [Stage(name, done, lane="mam") for name in ("one", "two", "three")]
    engine = machine.engine(*stages, lanes=[Lane("mam", rate=2, per=60)])
    await machine.add("a", lane="mam")
    await engine.run_until_idle()
    assert (await machine.row())["stage"] == "three"
    machine.clock.shift(60)
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "done"


async def test_a_clock_set_back_does_not_shut_a_rated_lane(machine: Machine) -> None:
    lanes = [Lane("mam", rate=1, per=60)]
    await machine.add("a", "b", lane="mam")
    await machine.engine(Stage("one", done, lane="mam"), lanes=lanes).run_until_idle()
    machine.store.clock = machine.clock = SimulatedClock(START - timedelta(days=365))
    async with machine.store.write() as connection:
        await connection.exec_driver_sql("UPDATE job SET due = '2020-01-01 00:00:00.000000'")
    await machine.engine(Stage("one", done, lane="mam"), lanes=lanes).run_until_idle()
    assert {(await machine.row(subject))["status"] for subject in "ab"} == {"done"}


# --- waking ------------------------------------------------------------------------------------------------------


async def test_a_signal_that_comes_while_the_stage_runs_is_not_lost(machine: Machine) -> None:
    gate = Gate(Wait("decision:a", "a decision"), Done())
    engine = machine.engine(Stage("one", gate))
    await machine.add("a")
    async with running(engine):
        await gate.entered.wait()
        await machine.signal("decision:a")
        await machine.signal("something else")
        gate.open.set()
        await machine.settled("a", ("done",))
    assert gate.runs == 2


async def test_a_signal_for_another_subject_does_not_wake(machine: Machine) -> None:
    gate = Gate(Wait("decision:a", "a decision"), Done())
    engine = machine.engine(Stage("one", gate))
    await machine.add("a")
    async with running(engine):
        await gate.entered.wait()
        await machine.signal("decision:b", "b")
        gate.open.set()
        await machine.settled("a")
    assert ((await machine.row())["status"], gate.runs) == ("waiting", 1)


@pytest.mark.parametrize("turns", range(0, 60, 4))
async def test_a_signal_at_any_moment_is_heard(machine: Machine, turns: int) -> None:
    """The stage looks, finds nothing, and waits; the signal's transaction commits somewhere in between."""
    said: set[str] = set()

    async def look(job: Job) -> Outcome:
        return Done() if job.subject in said else Wait(f"word:{job.subject}", "a word")

    engine = machine.engine(Stage("one", look))
    await machine.add("a")
    async with running(engine):
        for _ in range(turns):
            await asyncio.sleep(0)
        said.add("a")
        await machine.signal("word:a")
        engine.nudge()
        await machine.settled("a", ("done",))


async def test_a_nudge_wakes_and_a_due_time_wakes_without_one(machine: Machine) -> None:
    engine = machine.engine(Stage("one", done))
    async with running(engine):
        await settle()
        await machine.add("a")
        engine.nudge()
        await machine.settled("a")
        await machine.add("b", due=machine.clock.now() + timedelta(hours=5))
        engine.nudge()
        await at_rest(engine)
        await machine.clock.advance(5 * 3600)
        await machine.settled("b")


@pytest.mark.parametrize("used_up", [False, True], ids=["", "with a rate used up"])
async def test_idle_costs_not_one_statement(machine: Machine, used_up: bool) -> None:
    lanes = [*LANES, Lane("mam", rate=1, per=60)]
    stages = [Stage("one", answers(Wait("decision", "a decision"))), Stage("mam", done, lane="mam")]
    engine = machine.engine(*stages, lanes=lanes)
    await machine.add("a")
    await machine.add("b", due=machine.clock.now() + timedelta(days=2))
    if used_up:
        await machine.add("c", stage="mam", lane="mam")
    async with running(engine):
        await machine.settled("ac" if used_up else "a")
        await at_rest(engine)
        with statements() as seen:
            await machine.clock.advance(86_400)
        assert seen == []
        await machine.clock.advance(86_400)
        await machine.settled("b")


# --- until idle --------------------------------------------------------------------------------------------------


async def test_nothing_is_left_when_it_returns(machine: Machine) -> None:
    """Also not what the last running stage made ready just while the loop was looking for more."""
    lanes = [Lane("general", 8), Lane("disk", 2)]
    stages = [Stage(name, done, lane) for name, lane in zip("abcd", ["general", "disk"] * 2, strict=True)]
    for batch in range(6):
        subjects = [f"{batch}-{number}" for number in range(40)]
        await machine.add(*subjects, stage="a")
        await machine.engine(*stages, lanes=lanes).run_until_idle()
        assert {(await machine.row(subject))["status"] for subject in subjects} == {"done"}


async def test_only_some_stages(machine: Machine) -> None:
    engine = machine.engine(Stage("one", done), Stage("two", done), Stage("three", done, lane="disk"))
    await machine.add("a", "b")
    await machine.add("c", stage="two")
    await engine.run_until_idle(stages=frozenset({"one"}))
    assert [(await machine.row(subject))["stage"] for subject in "abc"] == ["two"] * 3
    await engine.run_until_idle(stages=frozenset({"two", "three"}), subjects=frozenset({"a"}))
    assert [(await machine.row(subject))["status"] for subject in "abc"] == ["done", "ready", "ready"]


@pytest.mark.parametrize("lane", ["general", "disk"])
async def test_what_was_put_off_is_taken_once_each(machine: Machine, lane: str) -> None:
    runs: Counter[str] = Counter()

    async def busy(job: Job) -> Outcome:
        runs[job.subject] += 1
        return Retry(600, "busy")

    engine = machine.engine(Stage("one", busy, lane=lane))
    await machine.add(*"abcdef", lane=lane, due=machine.clock.now() + timedelta(hours=1), attempts=1)
    await engine.run_until_idle()
    assert not runs
    await engine.run_until_idle(ignore_due=True, subjects=frozenset("abcde"))
    assert runs == Counter("abcde")


async def test_waiting_rows_are_not_taken_by_haste(machine: Machine) -> None:
    engine = machine.engine(Stage("one", answers(Wait("decision", "a decision"), Done())))
    await machine.add("a")
    await engine.run_until_idle()
    await engine.run_until_idle(ignore_due=True)
    assert (await machine.row())["status"] == "waiting"
