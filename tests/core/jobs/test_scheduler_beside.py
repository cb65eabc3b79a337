"""Schedules run beside each other; the same one never beside itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from core.jobs.scheduler import Scheduler
from core.store.engine import Store
from core.store.small import ScheduleStore
from tests.world.clock import SimulatedClock
from tests.world.waiting import until


async def test_a_long_one_holds_nothing_else_up(tmp_path: Path, clock: SimulatedClock) -> None:
    store = await Store.open(tmp_path / "schedules.db", clock)
    schedules = ScheduleStore(store)
    await schedules.agree({"scan": "1h", "discover": "30m"})
    ran: Counter[str] = Counter()
    end = asyncio.Event()

    async def scan() -> None:
        ran["scan"] += 1
        await end.wait()

    async def discover() -> None:
        ran["discover"] += 1

    async def resting() -> bool:
        return False

    scheduler = Scheduler(
        schedules, clock, "UTC", {"scan": scan, "discover": discover}, resting, jitter=lambda: 0.0
    )
    task = asyncio.create_task(scheduler.run_forever())

    async def later(name: str, times: int) -> bool:
        await clock.advance(600)
        return ran[name] >= times

    await until(lambda: later("discover", 5))
    assert ran["scan"] == 1
    end.set()
    await until(lambda: later("scan", 2))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()
