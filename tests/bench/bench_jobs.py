"""The stage machine: trivial jobs a second, and how long after a person's decision the next stage begins.

`python -m tests.bench --only jobs [--quick]`
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from core.events import Events
from core.jobs.engine import Engine
from core.jobs.model import Done, Job, Lane, Outcome, Pipeline, Stage, Wait
from core.presence import NudgePipe, nudge
from core.store.decisions import DecisionStore
from core.store.engine import Store
from core.store.jobs import JobStore
from core.store.releases import KIND, ReleaseStore, topic
from tests.world.at_work import running

LANES = (Lane("general", 8), Lane("client", 2))
FULL, QUICK = (1000, 200), (200, 20)  # jobs, decisions
PASSES = 3  # of which the middle one counts

Measure = Callable[[Path, int], Awaitable[dict[str, float]]]


async def run(quick: bool) -> list[dict[str, Any]]:
    """What was measured, one thing each."""
    jobs, decisions = QUICK if quick else FULL
    one = await _middle(_one_stage, jobs)
    four = await _middle(_four_stages, jobs // 4)
    approved = await _in_a_folder(_approvals, decisions)
    return [
        {"name": f"{jobs} trivial jobs, one stage each", "value": one["jobs_s"], "unit": "jobs/s", "aim": ">= 280"} | one,
        {"name": f"{jobs // 4} trivial jobs, four stages in two lanes", "value": four["jobs_s"], "unit": "jobs/s"} | four,
        {"name": "approval to action, median", "value": approved["p50_ms"], "unit": "ms", "aim": "< 50"} | approved,
        {"name": "approval to action, p99", "value": approved["p99_ms"], "unit": "ms", "aim": "< 50"},
    ]  # fmt: skip


async def _middle(measure: Measure, count: int) -> dict[str, float]:
    passes = [await _in_a_folder(measure, count) for _ in range(PASSES)]
    return sorted(passes, key=lambda each: each["jobs_s"])[PASSES // 2]


async def _in_a_folder(measure: Measure, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="mousekeeper-bench-") as folder:
        return await measure(Path(folder), count)


# --- throughput --------------------------------------------------------------------------------------------------


async def _done(_job: Job) -> Outcome:
    return Done({"n": 1})


async def _one_stage(folder: Path, count: int) -> dict[str, float]:
    return await _throughput(folder, count, (Stage("one", _done),))


async def _four_stages(folder: Path, count: int) -> dict[str, float]:
    names = (("one", "general"), ("two", "client"), ("three", "general"), ("four", "client"))
    return await _throughput(folder, count, tuple(Stage(name, _done, lane) for name, lane in names))


async def _throughput(folder: Path, count: int, stages: tuple[Stage, ...]) -> dict[str, float]:
    store = await Store.open(folder / "bench.db")
    try:
        jobs = JobStore(store)
        first = stages[0]
        rows = [
            {"kind": "bench", "subject": str(n), "stage": first.name, "lane": first.lane, "status": "ready"}
            for n in range(count)
        ]
        async with store.write() as connection:
            await jobs.add(connection, rows)
        engine = Engine(jobs, [Pipeline("bench", stages)], LANES, Events())
        began, used = time.perf_counter(), time.process_time()
        await engine.run_until_idle()
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        last = await jobs.get("bench", str(count - 1))
        if last is None or last["status"] != "done":
            raise RuntimeError("the jobs did not come to their end")
    finally:
        await store.close()
    return {
        "jobs_s": count / seconds,
        "stages_s": count * len(stages) / seconds,
        "cpu_ms_per_stage": cpu * 1000 / count / len(stages),
    }


# --- a decision --------------------------------------------------------------------------------------------------


async def _approvals(folder: Path, count: int) -> dict[str, float]:
    """From the call that decides (its commit included) to the first line of the stage after approval.

    The engine is at work and idle; who decides uses a store of its own and the pipe, as another process does.
    """
    store, door = await Store.open(folder / "bench.db"), await Store.open(folder / "bench.db")
    try:
        jobs, releases = _rows(store)
        begun: dict[str, float] = {}
        entered = asyncio.Event()

        async def approve(job: Job) -> Outcome:
            release = await releases.get(job.subject)
            return Done() if release.decision else Wait(topic("decision", job.subject), "a decision")

        async def publish(job: Job) -> Outcome:
            begun[job.subject] = time.perf_counter()
            entered.set()
            return Done()

        stages = (Stage("approve", approve), Stage("publish", publish, "client"))
        engine = Engine(jobs, [Pipeline(KIND, stages)], LANES, Events())
        books = [{"title": str(n), "source_dir": f"/{n}"} for n in range(count)]
        ids = await releases.add(books, stage="approve", lane="general")
        await releases.wish_for()
        await engine.run_until_idle()
        pipe = NudgePipe(folder, engine.nudge)
        pipe.listen()
        their_jobs, their_releases = _rows(door)
        decisions = DecisionStore(door, their_jobs, their_releases)
        taken = []
        async with running(engine):
            for release_id in ids:
                await asyncio.sleep(0.005)  # the engine has gone back to sleep
                entered.clear()
                pressed = time.perf_counter()
                await decisions.decide(release_id, "approve", by="bench", door="bench", reason=None)
                nudge(folder)
                await entered.wait()
                taken.append((begun[release_id] - pressed) * 1000)
        pipe.close()
    finally:
        await door.close()
        await store.close()
    taken.sort()
    return {
        "p50_ms": statistics.median(taken),
        "p99_ms": taken[min(len(taken) - 1, int(len(taken) * 0.99))],
        "max_ms": taken[-1],
        "decisions": len(taken),
    }


def _rows(store: Store) -> tuple[JobStore, ReleaseStore]:
    jobs = JobStore(store)
    return jobs, ReleaseStore(store, jobs)
