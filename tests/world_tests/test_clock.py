import asyncio

import pytest

from core.clock import Clock
from tests.world.clock import START, SimulatedClock
from tests.world.waiting import until, until_sync


async def test_time_stands_still_until_it_is_moved() -> None:
    clock: Clock = SimulatedClock()
    assert clock.now() == START
    assert isinstance(clock, SimulatedClock)
    await clock.advance(90)
    assert (clock.now() - START).total_seconds() == clock.monotonic() == 90


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = SimulatedClock()
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            seen.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper("slow", 30)), asyncio.create_task(sleeper("quick", 10, 10, 10))]
    await clock.advance(29)
    assert seen == [("quick", 10), ("quick", 20)]
    await clock.advance(1)
    assert seen[2:] == [("slow", 30), ("quick", 30)]
    await asyncio.gather(*tasks)


async def test_run_until_jumps_over_days_and_reports_a_condition_that_never_holds() -> None:
    clock = SimulatedClock()
    done = asyncio.Event()

    async def work() -> None:
        for _ in range(48):
            await clock.sleep(3600)
        await asyncio.to_thread(lambda: None)
        done.set()

    task = asyncio.create_task(work())
    await clock.run_until(done.is_set)
    assert clock.monotonic() == 48 * 3600
    await task

    waiting = asyncio.create_task(clock.sleep(100))
    with pytest.raises(TimeoutError, match="simulated seconds"):
        await clock.run_until(lambda: False, limit=50)
    assert clock.sleeping == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert clock.next_wake is None


async def test_shift_wakes_who_was_due_when_the_loop_runs() -> None:
    clock = SimulatedClock()
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    clock.shift(5)
    await task
    with pytest.raises(ValueError, match="forward"):
        clock.shift(-1)
    with pytest.raises(ValueError, match="forward"):
        await clock.advance(-1)


async def test_waiting_returns_the_first_true_value_and_names_what_stayed_away() -> None:
    values = iter([0, None, 7])

    async def later() -> int | None:
        return next(values)

    assert await until(later) == 7
    assert until_sync(lambda: "here") == "here"
    with pytest.raises(TimeoutError, match="the service did not come true"):
        await until(lambda: False, timeout=0, what="the service")
    with pytest.raises(TimeoutError, match="last seen: 0"):
        until_sync(lambda: 0, timeout=0)
