"""One pump a message: never faster than every three seconds, the last state always arrives, idle costs nothing."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from bot.pump import GAP, LONGEST_PAUSE, WIDTH, Pumps
from tests.world.clock import SimulatedClock, settle


class Wall:
    """Messages that show the state as it was when they were brought up to date; it fails as told."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.state: dict[str, int] = defaultdict(int)
        self.shown: dict[str, list[tuple[float, int]]] = defaultdict(list)
        self.tries: list[float] = []
        self.takes = 0.0
        self.failing = 0
        self.at_once = self.most = 0
        self.pumps = Pumps[str](clock, self.show)

    def change(self, key: str = "board") -> None:
        self.state[key] += 1
        self.pumps.poke(key)

    async def show(self, key: str) -> None:
        self.tries.append(self.clock.monotonic())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            state = self.state[key]
            if self.failing > 0:
                self.failing -= 1
                raise ConnectionError("Discord is away")
            await self.clock.sleep(self.takes)
            self.shown[key].append((self.clock.monotonic(), state))
        finally:
            self.at_once -= 1

    def times(self, key: str = "board") -> list[float]:
        return [at for at, _ in self.shown[key]]

    def last(self, key: str = "board") -> int:
        return self.shown[key][-1][1]


@pytest.fixture
async def wall(clock: SimulatedClock) -> AsyncIterator[Wall]:
    made = Wall(clock)
    yield made
    await made.pumps.close()


async def test_the_first_change_is_shown_at_once(wall: Wall) -> None:
    wall.change()
    await settle()
    assert wall.shown["board"] == [(0.0, 1)]


async def test_a_hundred_changes_are_two_shows(wall: Wall, clock: SimulatedClock) -> None:
    for _ in range(100):
        wall.change()
        await clock.advance(0.01)
    await clock.advance(60)
    assert wall.times() == [0.0, GAP]
    assert wall.last() == 100


async def test_idle_nothing_is_kept_and_nobody_sleeps(wall: Wall, clock: SimulatedClock) -> None:
    wall.change()
    await clock.advance(GAP)
    assert not wall.pumps.busy
    assert clock.sleeping == 0
    await clock.advance(3600)
    wall.change()
    await settle()
    assert wall.times() == [0.0, 3600 + GAP]


async def test_a_change_while_it_is_being_shown_is_shown_after(wall: Wall, clock: SimulatedClock) -> None:
    wall.takes = 10  # such as a rate limit that is waited for
    wall.change()
    await clock.advance(5)
    wall.change()
    await clock.advance(60)
    assert wall.shown["board"] == [(10.0, 1), (20.0 + GAP, 2)]


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_comes_the_laws_hold(wall: Wall, clock: SimulatedClock, seed: int) -> None:
    chance = random.Random(seed)
    keys = [f"message {number}" for number in range(6)]
    for _ in range(300):
        wall.takes = chance.choice([0, 0, 0.4, 2.5])
        if chance.random() < 0.05:
            wall.failing = chance.randrange(4)
        wall.change(chance.choice(keys))
        if chance.random() < 0.3:
            await clock.advance(chance.choice([0.1, 1, 2.9, 3, 7]))
    await clock.advance(3600)
    assert not wall.pumps.busy
    for key in keys:
        assert wall.last(key) == wall.state[key]
        apart = [later - before for before, later in zip(wall.times(key), wall.times(key)[1:], strict=False)]
        assert min(apart, default=GAP) >= GAP - 1e-9
        assert [state for _, state in wall.shown[key]] == sorted(state for _, state in wall.shown[key])
    assert wall.most <= WIDTH


async def test_what_fails_is_tried_again_with_patience_and_told_once(
    wall: Wall, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    wall.failing = 12
    with caplog.at_level(logging.INFO, "bot.pump"):
        wall.change()
        await clock.advance(3600)
    waits = [later - before for before, later in zip(wall.tries, wall.tries[1:], strict=False)]
    assert waits[:4] == [3, 6, 12, 24]
    assert max(waits) == LONGEST_PAUSE
    assert wall.last() == 1
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_the_state_that_arrives_late_is_the_latest(wall: Wall, clock: SimulatedClock) -> None:
    wall.failing = 3
    for _ in range(5):
        wall.change()
        await clock.advance(2)
    await clock.advance(60)
    assert wall.last() == 5


async def test_back_again_nobody_waits_out_the_pause(wall: Wall, clock: SimulatedClock) -> None:
    wall.failing = 8
    wall.change()
    await clock.run_until(lambda: wall.failing == 0)
    at = clock.monotonic()
    wall.pumps.hurry()
    await settle()
    assert wall.shown["board"] == [(at, 1)]
    await clock.advance(3600)
    assert wall.times() == [at]


async def test_hurrying_does_not_shorten_the_gap_of_what_is_well(wall: Wall, clock: SimulatedClock) -> None:
    wall.change()
    await settle()
    wall.change()
    wall.pumps.hurry()
    await clock.advance(60)
    assert wall.times() == [0.0, GAP]


async def test_who_waits_hears_when_the_state_of_now_is_shown(wall: Wall, clock: SimulatedClock) -> None:
    wall.takes = 1
    wall.change()
    await settle()  # a show with the old state is on its way
    wall.state["board"] = 7
    told = wall.pumps.shown("board")
    await clock.advance(1)
    assert not told.done()
    await clock.advance(GAP + 1)
    assert told.done()
    assert wall.last() == 7


async def test_who_waits_hears_although_it_failed_first(wall: Wall, clock: SimulatedClock) -> None:
    wall.failing = 2
    told = wall.pumps.shown("board")
    given_up = wall.pumps.shown("board")
    given_up.cancel()
    await clock.advance(8)
    assert not told.done()
    await clock.advance(2)
    assert told.done()


async def test_who_waits_at_the_end_waits_no_longer(wall: Wall, clock: SimulatedClock) -> None:
    wall.failing = 99
    told = wall.pumps.shown("board")
    await clock.advance(60)
    await wall.pumps.close()
    assert told.cancelled()
    assert wall.pumps.shown("board").cancelled()


async def test_closed_it_shows_nothing_any_more(wall: Wall, clock: SimulatedClock) -> None:
    wall.takes = 5
    wall.change()
    await settle()
    await wall.pumps.close()
    wall.change()
    await clock.advance(60)
    assert wall.times() == []
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("pump")] == []
