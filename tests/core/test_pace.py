"""When a system may be asked next."""

import asyncio

import pytest

from core.errors import RateLimited, Unreachable
from core.pace import Pace
from tests.world.clock import SimulatedClock


async def test_turns_are_apart_and_in_order() -> None:
    clock = SimulatedClock()
    pace = Pace("somewhere", clock, min_interval=2)
    turns: list[tuple[str, float]] = []

    async def caller(name: str) -> None:
        await pace.turn()
        turns.append((name, clock.monotonic()))

    callers = [asyncio.create_task(caller(name)) for name in "abc"]
    await clock.run_until(lambda: len(turns) == 3)
    assert turns == [("a", 0), ("b", 2), ("c", 4)]
    await asyncio.gather(*callers)


async def test_a_limit_met_while_waiting_refuses_the_waiting_too() -> None:
    clock = SimulatedClock()
    pace = Pace("somewhere", clock, min_interval=2)
    await pace.turn()
    waiting = asyncio.create_task(pace.turn())
    await clock.advance(1)
    pace.limited(10)
    await clock.advance(1)
    with pytest.raises(RateLimited) as caught:
        await waiting
    assert caught.value.retry_after == 9


async def test_silence_ends() -> None:
    clock = SimulatedClock()
    pace = Pace("somewhere", clock)
    pace.silent(30)
    with pytest.raises(Unreachable, match="in 30 s"):
        await pace.turn()
    clock.shift(30)
    await pace.turn()
