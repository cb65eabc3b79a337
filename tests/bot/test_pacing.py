"""However often a process crashes, Discord is not asked too often."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.pacing import FREE, Identifies, Sockets, TooOften, next_identify
from tests.fixtures_bot import BotWorld
from tests.world.clock import START, SimulatedClock


def test_a_crash_loop_of_a_week_stays_far_below_the_limit() -> None:
    """A program that identifies the moment it may, for a week: never 1,000 within any 24 hours."""
    now, times = START, list[datetime]()
    while now < START + timedelta(days=7):
        now = next_identify(times[-400:], now)
        times.append(now)
        now += timedelta(seconds=1)
    for last in range(len(times)):
        within = [moment for moment in times[: last + 1] if moment > times[last] - timedelta(days=1)]
        assert len(within) <= 350


def test_the_first_ones_of_an_hour_wait_for_nothing() -> None:
    times = [START + timedelta(seconds=number) for number in range(FREE)]
    now = times[-1]
    assert next_identify(times[:-1], now) == now
    assert next_identify(times, now) == now + timedelta(seconds=60)
    assert next_identify(times, now + timedelta(hours=2)) == now + timedelta(hours=2)


def test_a_clock_set_back_is_no_reason_to_wait() -> None:
    times = [START + timedelta(days=400)] * FREE
    assert next_identify(times, START) == START


async def test_what_was_counted_outlives_the_process(bot_world: BotWorld, clock: SimulatedClock) -> None:
    await bot_world.open(connect=False)
    state = bot_world.app.state
    for _ in range(FREE):
        await Identifies(state, clock).use()
    with pytest.raises(TooOften):
        await Identifies(state, clock).use()
    assert await Identifies(state, clock).wait() == 60
    clock.shift(86_400)
    assert await Identifies(state, clock).today() == 0


async def test_sockets_are_spaced_out(clock: SimulatedClock) -> None:
    sockets = Sockets(clock)
    for _ in range(Sockets.FREE):
        await sockets.turn()
    assert clock.monotonic() == 0
    assert clock.sleeping == 0
