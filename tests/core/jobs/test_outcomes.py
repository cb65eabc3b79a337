"""What becomes of a row: every outcome, every kind of error, every way a stored stage may have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from core.domain.timing import DELAYS
from core.errors import (
    AuthFailed,
    BadReply,
    ConfigError,
    MousekeeperError,
    NeedsPerson,
    NotNow,
    RateLimited,
    Rejected,
    Unreachable,
)
from core.events import JobMoved
from core.jobs.model import Done, Job, Lane, Outcome, Retry, Stage, Stop, Wait
from tests.core.jobs.conftest import Gate, Machine, answers, done
from tests.world.at_work import running

# --- outcomes ----------------------------------------------------------------------------------------------------


async def test_done_moves_on_with_its_data_and_a_line_each(machine: Machine) -> None:
    seen: list[dict[str, Any]] = []

    async def look(job: Job) -> Outcome:
        seen.append(dict(job.data))
        return Done({job.stage: True}, text=f"{job.stage} is done")

    engine = machine.engine(Stage("one", look), Stage("two", look, lane="disk"), Stage("three", look))
    await machine.add("a", data={"from": "outside"})
    moves: list[JobMoved] = []
    machine.events.subscribe(JobMoved, moves.append)
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["stage"], row["due"], row["error"], row["attempts"]) == (
        "done",
        "three",
        None,
        None,
        0,
    )
    assert row["data"] == {"from": "outside", "one": True, "two": True, "three": True}
    assert seen[1] == {"from": "outside", "one": True}
    assert await machine.log() == [("one", "added"), ("one", "done"), ("two", "done"), ("three", "done")]
    assert [(move.stage, move.text) for move in moves] == [
        (s, f"{s} is done") for s in ("one", "two", "three")
    ]
    assert moves[-1].status == "done"


async def test_done_may_name_the_stage_to_go_on_with(machine: Machine) -> None:
    engine = machine.engine(
        Stage("one", answers(Done(then="three"))),
        Stage("two", answers(Stop("not here"))),
        Stage("three", done),
    )
    await machine.add("a")
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "done"
    assert await machine.log() == [("one", "added"), ("one", "done"), ("three", "done")]


async def test_retry_comes_back_later_and_counts(machine: Machine) -> None:
    engine = machine.engine(Stage("one", answers(Retry(60, "busy"), Retry(60, "busy"), Done())))
    await machine.add("a")
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["attempts"], row["error"]) == ("ready", 1, "busy")
    assert row["due"] == machine.clock.now() + timedelta(seconds=60)
    machine.clock.shift(59)
    await engine.run_until_idle()
    assert (await machine.row())["attempts"] == 1
    machine.clock.shift(1)
    await engine.run_until_idle()
    assert (await machine.row())["attempts"] == 2
    machine.clock.shift(60)
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["attempts"], row["error"]) == ("done", 0, None)


async def test_wait_sleeps_until_its_topic(machine: Machine) -> None:
    engine = machine.engine(Stage("one", answers(Wait("decision:a", "a decision"), Done())))
    await machine.add("a")
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["topic"], row["due"], row["error"]) == ("waiting", "decision:a", None, None)
    assert row["context"] == {"waiting_for": "a decision"}
    await machine.signal("decision:b")
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "waiting"
    await machine.signal("decision:a")
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["topic"], row["context"]) == ("done", None, {})


async def test_wait_ends_by_its_time(machine: Machine) -> None:
    until = machine.clock.now() + timedelta(hours=1)
    engine = machine.engine(Stage("one", answers(Wait("decision:a", "a decision", until), Done())))
    await machine.add("a")
    await engine.run_until_idle()
    machine.clock.shift(3599)
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "waiting"
    machine.clock.shift(1)
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "done"


@pytest.mark.parametrize(("cancelled", "status"), [(False, "failed"), (True, "cancelled")])
async def test_stop_ends_the_flow(machine: Machine, cancelled: bool, status: str) -> None:
    engine = machine.engine(
        Stage("one", answers(Stop("no longer wanted", cancelled=cancelled))), Stage("two", done)
    )
    await machine.add("a")
    await engine.run_until_idle()
    machine.clock.shift(10**7)
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["status"], row["stage"], row["due"], row["error"]) == (
        status,
        "one",
        None,
        "no longer wanted",
    )
    assert await machine.log() == [("one", "added"), ("one", "stop")]


# --- errors ------------------------------------------------------------------------------------------------------

AWAY = Unreachable("audnex", "audnex does not answer.")
# error, status after one run, seconds until the next, status after many runs
ERRORS: list[tuple[Exception, str, float | None, str]] = [
    (AWAY, "ready", DELAYS[1], "ready"),
    (RateLimited("mam", "Too often.", retry_after=7), "ready", 7, "ready"),
    (RateLimited("mam", "Too often.", retry_after=float("inf")), "ready", 366 * 86_400, "ready"),
    (RateLimited("mam", "Too often.", retry_after=-5), "ready", 1, "ready"),
    (NotNow("The disk is full."), "ready", DELAYS[1], "ready"),
    (NotNow("Still changing.", retry_after=30), "ready", 30, "ready"),
    (MousekeeperError("Something."), "ready", DELAYS[1], "ready"),
    (ConfigError("A folder is not set."), "ready", DELAYS[1], "ready"),
    (AuthFailed("qbittorrent", "It refuses.", secret="QB_PASSWORD"), "waiting", None, "waiting"),
    (NeedsPerson("Two folders have this ASIN."), "failed", None, "failed"),
    (Rejected("qbittorrent", "It says no."), "ready", DELAYS[1], "failed"),
    (BadReply("audnex", "HTML for JSON."), "ready", DELAYS[1], "failed"),
    (ValueError("planted value"), "ready", DELAYS[1], "failed"),
    (OSError(28, "No space left on device"), "ready", DELAYS[1], "failed"),
]


@pytest.mark.parametrize(("error", "first", "after", "last"), ERRORS, ids=lambda value: type(value).__name__)
async def test_every_error_becomes_a_row(
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    first: str,
    after: float | None,
    last: str,
) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    engine = machine.engine(Stage("one", answers(error)))
    await machine.add("a")
    await engine.run_until_idle()
    row = await machine.row()
    assert row["status"] == first
    expected = None if after is None else machine.clock.now() + timedelta(seconds=after)
    assert row["due"] == expected
    assert row["error"]
    if isinstance(error, MousekeeperError):
        assert row["error"] == str(error)
    else:
        assert str(error) not in row["error"]
        assert type(error).__name__ in row["error"]
    for _ in range(5):
        machine.clock.shift(366 * 86_400)
        await engine.run_until_idle()
    assert (await machine.row())["status"] == last


async def test_delays_grow_and_success_forgets_them(machine: Machine) -> None:
    engine = machine.engine(Stage("one", answers(*[AWAY] * 12, Done())), Stage("two", answers(AWAY)))
    await machine.add("a")
    waits = []
    for _ in range(12):
        await engine.run_until_idle()
        row = await machine.row()
        waits.append((row["due"] - machine.clock.now()).total_seconds())
        machine.clock.shift(waits[-1])
    assert waits == [*DELAYS[1:], *[DELAYS[-1]] * 3]
    await engine.run_until_idle()
    row = await machine.row()
    assert (row["stage"], row["attempts"]) == ("two", 1)


async def test_an_unexpected_fault_is_in_the_log_under_its_mark(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    await machine.add("a")
    await machine.engine(Stage("one", answers(ValueError("planted")))).run_until_idle()
    mark = (await machine.row())["error"].rpartition("under ")[2].rstrip(".")
    assert f"[{mark}]" in caplog.text
    assert "ValueError: planted" in caplog.text


async def test_a_wait_for_a_secret_ends_with_the_next_start(machine: Machine) -> None:
    refused = AuthFailed("qbittorrent", "It refuses.", secret="QB_PASSWORD")
    engine = machine.engine(Stage("one", answers(refused, Done())))
    await machine.add("a")
    await engine.run_until_idle()
    assert (await machine.row())["topic"] == "secret:QB_PASSWORD"
    await engine.recover()
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "done"


async def nothing(_job: Job) -> Any:
    return None


async def cancels_itself(_job: Job) -> Outcome:
    inner = asyncio.get_running_loop().create_future()
    inner.cancel()
    await inner
    return Done()


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (nothing, "AttributeError"),
        (answers(Done({"path": object()})), "StatementError"),
        (answers(Done(then="nowhere")), "LookupError"),
        (cancels_itself, "RuntimeError"),
    ],
    ids=["no outcome", "data that is no JSON", "an unknown stage", "a cancellation of its own"],
)
@pytest.mark.usefixtures("caplog")
async def test_a_stage_that_answers_nonsense_fails_with_a_sentence(
    machine: Machine, work: Callable[[Job], Awaitable[Outcome]], name: str
) -> None:
    engine = machine.engine(Stage("one", work))
    await machine.add("a")
    for _ in range(3):
        await engine.run_until_idle()
        machine.clock.shift(10**6)
    row = await machine.row()
    assert row["status"] == "failed"
    assert name in row["error"]


@pytest.mark.usefixtures("caplog")
async def test_an_outcome_the_database_did_not_take_is_tried_again(machine: Machine) -> None:
    gate = Gate()
    engine = machine.engine(Stage("one", gate))
    await machine.add("a")
    async with running(engine):
        await gate.entered.wait()
        async with machine.store.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE job_log RENAME TO gone")
        gate.open.set()
        await machine.until("a", status="ready")  # put off, since it could not be recorded
        async with machine.store.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE gone RENAME TO job_log")
        await machine.clock.run_until(lambda: gate.runs == 2)
        await machine.until("a", status="done")


# --- stored stages and data of other versions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "stage", "lane"), [("book", "gone", "general"), ("film", "one", "gone"), ("book", "x", "y")]
)
async def test_an_unknown_stage_fails_with_a_sentence(
    machine: Machine, kind: str, stage: str, lane: str
) -> None:
    row = {"kind": kind, "subject": "a", "stage": stage, "lane": lane, "status": "ready"}
    async with machine.store.write() as connection:
        await machine.jobs.add(connection, [row])
    engine = machine.engine(Stage("one", done))
    await engine.recover()
    await engine.run_until_idle()
    found = await machine.jobs.get(kind, "a")
    assert found is not None
    assert found["status"] == "failed"
    assert f"does not know the stage '{stage}' of '{kind}'" in found["error"]


async def test_a_renamed_stage_goes_on_under_its_alias(machine: Machine) -> None:
    engine = machine.engine(Stage("first", done), Stage("second", done), aliases={"one": "first"})
    await machine.add("a")
    await engine.recover()
    await engine.run_until_idle()
    assert (await machine.row())["status"] == "done"
    assert await machine.log() == [("one", "added"), ("first", "done"), ("second", "done")]


async def test_a_stage_that_moved_to_another_lane_is_found_there(machine: Machine) -> None:
    await machine.add("a", lane="general")
    await machine.add("b", lane="a lane of long ago")
    engine = machine.engine(Stage("one", done, lane="disk"))
    await engine.recover()
    assert {(await machine.row(subject))["lane"] for subject in "ab"} == {"disk"}
    await engine.run_until_idle()
    assert {(await machine.row(subject))["status"] for subject in "ab"} == {"done"}


async def test_inserted_and_reordered_stages_are_run(machine: Machine) -> None:
    waits = answers(Wait("go", "a word"), Done())
    await machine.add("a")
    await machine.engine(Stage("one", done), Stage("two", waits)).run_until_idle()
    await machine.signal("go")
    newer = machine.engine(Stage("zero", done), Stage("two", done), Stage("new", done), Stage("one", done))
    await newer.run_until_idle()
    assert [stage for stage, event in await machine.log() if event == "done"] == ["one", "two", "new", "one"]


async def test_old_data_is_brought_up_before_the_stage_sees_it(machine: Machine) -> None:
    seen: list[dict[str, Any]] = []

    async def look(job: Job) -> Outcome:
        seen.append(job.data)
        return Done()

    upgrades = (
        lambda data: {"names": [data["name"]]},
        lambda data: {**data, "count": len(data["names"])},
    )
    await machine.add("a", data={"name": "x"})
    await machine.add("b", data={"names": ["x", "y"], "version": 1})
    await machine.engine(Stage("one", look), Stage("two", look), upgrades=upgrades).run_until_idle()
    whole = {"names": ["x"], "count": 1, "version": 2}
    assert whole in seen
    assert (await machine.row("a"))["data"] == whole
    assert (await machine.row("b"))["data"] == {"names": ["x", "y"], "count": 2, "version": 2}


@pytest.mark.usefixtures("caplog")
async def test_data_that_cannot_be_brought_up_fails_that_job_alone(machine: Machine) -> None:
    upgrades = (lambda data: {"name": data["name"].upper()},)
    await machine.add("a", data={"nom": "x"})
    await machine.add("b", data={"name": "x"})
    engine = machine.engine(Stage("one", done), upgrades=upgrades)
    for _ in range(3):
        await engine.run_until_idle()
        machine.clock.shift(10**6)
    assert (await machine.row("a"))["status"] == "failed"
    assert (await machine.row("b"))["data"] == {"name": "X", "version": 1}


async def test_a_lane_that_no_stage_should_name_is_told_at_once(machine: Machine) -> None:
    with pytest.raises(ValueError, match="no lane"):
        machine.engine(Stage("one", done, lane="nowhere"), lanes=[Lane("general")])
