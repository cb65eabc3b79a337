"""Ended at any moment, the work goes on where it was: no stage is left out, no row is stranded."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from core.jobs.engine import Engine
from core.jobs.model import Done, Job, Lane, Outcome, Retry, Stage, Wait
from core.store.engine import Store
from core.store.jobs import JobStore, Row
from tests.core.jobs.conftest import Machine
from tests.world.at_work import running
from tests.world.clock import SimulatedClock
from tests.world.waiting import until, until_sync

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("stage", "describe", "build", "check", "approve", "publish")
LANE_OF = {"stage": "disk", "build": "disk", "describe": "general", "check": "general"}


class Flow:
    """Six stages that count their ends in memory, with a retry and a wait on the way."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.finished: dict[str, list[str]] = {}
        self.approved: set[str] = set()

    def stages(self) -> list[Stage]:
        return [Stage(name, self._work, LANE_OF.get(name, "general")) for name in NAMES]

    async def _work(self, job: Job) -> Outcome:
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)
        if job.stage == "approve" and job.subject not in self.approved:
            return Wait(f"decision:{job.subject}", "a decision")
        if job.attempts == 0 and self._random.random() < 0.2:
            return Retry(60, "busy")
        assert job.data.get("passed", []) == list(NAMES[: NAMES.index(job.stage)]), "a stage was left out"
        self.finished.setdefault(job.subject, []).append(job.stage)
        return Done({"passed": [*job.data.get("passed", []), job.stage]})


async def finish(machine: Machine, engine: Engine, subjects: Iterable[str]) -> list[Row]:
    """Let the hours pass until every job is done; returns their rows."""

    async def all_done() -> list[Row] | None:
        await machine.clock.advance(60)
        engine.nudge()
        rows = [await machine.row(subject) for subject in subjects]
        assert not [row["error"] for row in rows if row["status"] == "failed"]
        return rows if {row["status"] for row in rows} == {"done"} else None

    async with running(engine):
        rows = await until(all_done, 30)
    assert rows is not None
    return rows


@pytest.mark.parametrize("seed", range(12))
async def test_cancelled_at_random_moments_every_job_passes_every_stage(machine: Machine, seed: int) -> None:
    flow = Flow(seed)
    chance = random.Random(seed)
    subjects = [f"book {number}" for number in range(8)]
    await machine.add(*subjects, stage="stage", lane="disk")
    for _ in range(25):
        engine = machine.engine(*flow.stages(), lanes=[Lane("general", 3), Lane("disk", 1)])
        await engine.recover()
        task = asyncio.create_task(engine.run_forever())
        for _ in range(chance.randrange(1, 120)):
            await asyncio.sleep(0)
            if chance.random() < 0.1:  # rows move while their connection's thread is at work, too
                await asyncio.to_thread(int)
        if chance.random() < 0.5:
            subject = chance.choice(subjects)
            flow.approved.add(subject)
            await machine.signal(f"decision:{subject}", subject)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        machine.clock.shift(chance.choice((0, 60)))
    for subject in subjects:
        flow.approved.add(subject)
        await machine.signal(f"decision:{subject}", subject)
    engine = machine.engine(*flow.stages())
    await engine.recover()
    rows = await finish(machine, engine, subjects)
    assert {tuple(row["data"]["passed"]) for row in rows} == {NAMES}
    for subject in subjects:
        done = [stage for stage, event in await machine.log(subject) if event == "done"]
        assert done == list(NAMES), "each end is written down once"


async def test_the_same_engine_started_again_goes_on(machine: Machine) -> None:
    """As the service does when the loop fell over a fault of the disk."""
    flow = Flow(1)
    flow.approved |= set("abc")
    engine = machine.engine(*flow.stages(), lanes=[Lane("general", 1), Lane("disk", 1)])
    await machine.add(*"abc", stage="stage", lane="disk")
    for turns in range(0, 90, 3):
        task = asyncio.create_task(engine.run_forever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await finish(machine, engine, "abc")


PROCESS = """
import asyncio, os, sys
from pathlib import Path
from core.events import Events
from core.jobs.engine import Engine
from core.jobs.model import Done, Lane, Pipeline, Stage
from core.store.engine import Store
from core.store.jobs import JobStore

async def work(job):
    with open(sys.argv[2], "a") as file:
        print(job.subject, job.stage, file=file, flush=True)
    return Done({"passed": [*job.data.get("passed", []), job.stage]})

async def main():
    jobs = JobStore(await Store.open(Path(sys.argv[1])))
    stages = tuple(Stage(name, work, lane) for name, lane in (("one", "general"), ("two", "disk"), ("three", "general")))
    engine = Engine(jobs, [Pipeline("book", stages)], [Lane("general", 3), Lane("disk", 1)], Events())
    await engine.recover()
    await engine.run_until_idle()
    with open(sys.argv[2], "a") as file:
        print("idle", "-", file=file)

asyncio.run(main())
"""


def ended_or_wrote(process: subprocess.Popen[bytes], trace: Path, lines: int) -> bool:
    return process.poll() is not None or (trace.exists() and len(trace.read_text().splitlines()) >= lines)


async def test_killed_for_good_in_its_own_process(tmp_path: Path) -> None:
    path, trace = tmp_path / "jobs.db", tmp_path / "trace"
    machine = Machine(await Store.open(path), SimulatedClock())
    subjects = [f"book{number}" for number in range(40)]
    await machine.add(*subjects)
    await machine.store.close()
    chance = random.Random(7)
    kills = 0
    while "idle" not in (trace.read_text() if trace.exists() else ""):
        seen = len(trace.read_text().splitlines()) if trace.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", PROCESS, str(path), str(trace)], cwd=ROOT)
        until_sync(partial(ended_or_wrote, process, trace, seen + chance.randrange(1, 30)), 60)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        assert process.returncode in (0, -signal.SIGKILL)
    assert kills >= 3
    store = await Store.open(path)
    try:
        for subject in subjects:
            row = await JobStore(store).get("book", subject)
            assert row is not None
            assert (row["status"], row["data"]["passed"]) == ("done", ["one", "two", "three"])
    finally:
        await store.close()
    runs = Counter(tuple(line.split()) for line in trace.read_text().splitlines())
    twice = [run for run, count in runs.items() if count > 1]
    assert len(twice) <= kills * 4, "only what was running when it was killed is run again"
