"""One system asked at the right times, its last good answer kept through every failure, everybody told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.breaker import Breakers
from core.coordinator import Coordinator
from core.errors import RateLimited, Unreachable
from core.events import Events
from core.store.engine import Store
from tests.world.clock import SimulatedClock


class System:
    """Answers 1, 2, 3 … or raises what is planned."""

    def __init__(self) -> None:
        self.asked = 0
        self.faults: list[Exception] = []

    async def __call__(self) -> int:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return self.asked


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "mousekeeper.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def coordinator(system: System, store: Store, clock: SimulatedClock) -> Coordinator[int]:
    def every(last: int | None) -> float:
        return 60.0 if last == 2 else 1800.0

    return Coordinator("system", system, clock=clock, breakers=Breakers(store, Events()), every=every)


async def running(coordinator: Coordinator[int], clock: SimulatedClock, seconds: float) -> None:
    task = asyncio.create_task(coordinator.run_forever())
    try:
        await clock.advance(seconds)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_asks_at_once_and_then_as_often_as_the_answer_says(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    await running(coordinator, clock, 1800 + 59)
    assert (system.asked, coordinator.last) == (2, 2)
    assert coordinator.at is not None
    assert not coordinator.due
    clock.shift(60)
    assert coordinator.due


async def test_what_an_earlier_run_heard_is_not_asked_again(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    coordinator.remember(7, clock.now() - timedelta(minutes=20))
    await running(coordinator, clock, 599)
    assert (system.asked, coordinator.last) == (0, 7)
    await running(coordinator, clock, 2)
    assert system.asked == 1


async def test_a_moment_in_the_future_was_a_wrong_clocks(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    coordinator.remember(7, clock.now() + timedelta(days=400))
    await running(coordinator, clock, 1)
    assert system.asked == 1


async def test_a_failure_keeps_the_last_answer_and_is_tried_again(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    await coordinator.refresh()
    system.faults = [Unreachable("system", "It is away.")]
    task = asyncio.create_task(coordinator.run_forever())
    await clock.run_until(lambda: system.asked == 2)
    assert coordinator.last == 1
    await clock.run_until(lambda: coordinator.last == 3)  # the breaker has written down that it was away
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_system_that_wants_a_rest_gets_it(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    system.faults = [RateLimited("system", "Later.", retry_after=7200)]
    await running(coordinator, clock, 7199)
    assert system.asked == 1


async def test_hurrying_ends_the_wait(
    coordinator: Coordinator[int], system: System, clock: SimulatedClock
) -> None:
    task = asyncio.create_task(coordinator.run_forever())
    await clock.advance(1)
    coordinator.hurry()
    await clock.advance(1)
    assert system.asked == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_everybody_hears_and_one_that_fails_keeps_nobody_from_it(
    coordinator: Coordinator[int], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    async def broken(_: int) -> None:
        raise ValueError("broken")

    async def sad(_: int) -> None:
        raise Unreachable("other", "The other one is away.")

    async def listener(answer: int) -> None:
        heard.append(answer)

    for one in (broken, sad, listener):
        undo = coordinator.subscribe(one)
    await coordinator.refresh()
    assert heard == [1]
    assert "A listener to system failed" in caplog.text
    assert "The other one is away." in caplog.text
    undo()
    undo()
    await coordinator.refresh()
    assert heard == [1]


async def test_who_asks_at_once_is_answered_one_after_the_other(coordinator: Coordinator[int]) -> None:
    assert sorted(await asyncio.gather(*(coordinator.refresh() for _ in range(3)))) == [1, 2, 3]
