"""Bringing jobs as far as they go: in the call itself, or by waiting for the service's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.breaker import Breakers
from core.jobs.model import Done, Retry, Stage, Wait
from core.services.runner import Runner
from core.store.engine import Store
from core.store.tables import job
from tests.core.jobs.conftest import Gate, Machine, answers, done, running
from tests.world.clock import SimulatedClock


@pytest.fixture
async def machine(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Machine]:
    store = await Store.open(tmp_path / "jobs.db", clock)
    yield Machine(store, clock)
    await store.close()


def breakers(machine: Machine) -> Breakers:
    return Breakers(machine.store, machine.events)


@pytest.fixture(params=[True, False], ids=["alone", "beside the engine"])
async def runner(request: pytest.FixtureRequest, machine: Machine) -> AsyncIterator[Runner]:
    """Stages: one retries at first, two waits for a word, three ends."""
    engine = machine.engine(
        Stage("one", answers(Retry(600, "busy"), Done())),
        Stage("two", answers(Wait("word", "a word"), Done())),
        Stage("three", done, lane="disk"),
    )
    made = Runner(engine, machine.jobs, machine.events, breakers(machine), alone=request.param)
    if request.param:
        yield made
    else:
        async with running(engine):
            yield made


async def test_it_returns_when_nothing_can_go_on(machine: Machine, runner: Runner) -> None:
    await machine.add("a")
    await runner.run(["a"])
    row = await machine.row()
    assert (row["stage"], row["status"], row["attempts"]) == ("one", "ready", 1)
    await runner.run(["a"], hurry=True)
    row = await machine.row()
    assert (row["stage"], row["status"]) == ("two", "waiting")
    await machine.signal("word")
    await runner.run(["a"])
    assert (await machine.row())["status"] == "done"


async def test_nobody_and_the_finished_are_no_reason_to_wait(machine: Machine, runner: Runner) -> None:
    await runner.run()
    await runner.run(["absent"])
    await machine.add("a", stage="three", lane="disk")
    await runner.run()
    await runner.run(["a"], hurry=True)
    assert (await machine.row())["status"] == "done"


async def test_haste_can_be_for_some_stages_only(machine: Machine, runner: Runner) -> None:
    later = machine.clock.now() + timedelta(hours=1)
    await machine.add("a", stage="one", due=later, attempts=1)
    await machine.add("b", stage="three", lane="disk", due=later, attempts=1)
    await runner.run(hurry=True, stages=frozenset({"three"}))
    assert (await machine.row("a"))["due"] == later
    assert (await machine.row("b"))["status"] == "done"


async def test_beside_the_engine_others_are_not_waited_for(machine: Machine) -> None:
    gate = Gate()
    engine = machine.engine(Stage("one", done), Stage("slow", gate, lane="disk"))
    runner = Runner(engine, machine.jobs, machine.events, breakers(machine), alone=False)
    await machine.add("slow", stage="slow", lane="disk")
    async with running(engine):
        await gate.entered.wait()
        await machine.add("a", stage="one")
        waiting = asyncio.create_task(runner.run(["slow"]))
        await machine.until("a", stage="slow")
        assert not waiting.done()
        gate.open.set()
        await waiting
    assert (await machine.row("slow"))["status"] == "done"


async def test_a_release_that_is_forgotten_meanwhile_ends_the_waiting(machine: Machine) -> None:
    engine = machine.engine(Stage("one", done))
    runner = Runner(engine, machine.jobs, machine.events, breakers(machine), alone=False)
    await machine.add("a")  # and no engine at work
    waiting = asyncio.create_task(runner.run(["a"]))
    await machine.clock.run_until(lambda: machine.clock.sleeping > 0)
    async with machine.store.write() as connection:
        await connection.execute(sa.delete(job))
    await machine.clock.run_until(waiting.done)
    await waiting
