"""Patience with systems that are away: delays that grow and outlive a restart, one line when they go and return."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.breaker import Breakers
from core.domain.timing import DELAYS
from core.errors import AuthFailed, BadReply, IntegrationError, RateLimited, Rejected, Unreachable
from core.events import Events, SystemState
from core.store.engine import Store
from tests.world.clock import SimulatedClock

AWAY = Unreachable("audnex", "audnex does not answer.", hint="Check the network.")
REFUSED = AuthFailed("audnex", "audnex refuses the token.", secret="AUDNEX_TOKEN")
Ask = Callable[[], Awaitable[str]]


class System:
    """An outside system that answers as told, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fault: IntegrationError | None = None

    async def __call__(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fault:
            raise self.fault
        return "answer"


class Watch:
    """Breakers with what they publish."""

    def __init__(self, store: Store) -> None:
        events = Events()
        self.states: list[bool] = []
        events.subscribe(SystemState, lambda state: self.states.append(state.up))
        self.breakers = Breakers(store, events)


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "breaker.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store)


@pytest.fixture
def system() -> System:
    return System()


async def outcome(watch: Watch, system: Ask, **how: Any) -> str | IntegrationError:
    try:
        return await watch.breakers.call("audnex", system, **how)
    except IntegrationError as error:
        return error


async def test_a_system_that_answers_costs_nothing(watch: Watch, system: System) -> None:
    assert await outcome(watch, system) == "answer"
    assert watch.breakers.away() == []
    assert watch.states == []


async def test_delays_grow_and_nobody_is_asked_before(
    watch: Watch, system: System, clock: SimulatedClock
) -> None:
    system.fault = AWAY
    waits = []
    for _ in range(13):
        assert await outcome(watch, system) is AWAY
        [standing] = watch.breakers.away()
        assert standing.until is not None
        wait = (standing.until - clock.now()).total_seconds()
        waits.append(wait)
        if wait:
            clock.shift(wait - 1)
            refusal = await outcome(watch, system)
            assert isinstance(refusal, RateLimited)
            assert (refusal.message, refusal.retry_after) == (AWAY.message, 1)
            clock.shift(1)
    assert waits == [*DELAYS, *[DELAYS[-1]] * 3]
    assert system.asked == 13


async def test_one_line_when_it_goes_and_one_when_it_returns(
    watch: Watch, system: System, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.breaker")
    system.fault = AWAY
    for _ in range(5):
        await outcome(watch, system)
        clock.shift(86_400)
    system.fault = None
    for _ in range(8):
        assert await outcome(watch, system) == "answer"
    assert caplog.messages == ["audnex does not answer. Check the network.", "audnex answers again"]
    assert watch.states == [False, True]
    assert watch.breakers.away() == []


async def test_many_who_ask_at_once_tell_it_once_and_count_as_one(
    watch: Watch, system: System, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.breaker")
    for fault, times in ((AWAY, 2), (None, 2)):
        system.fault = fault
        for _ in range(times):
            await asyncio.gather(*(outcome(watch, system) for _ in range(10)))
            clock.shift(86_400)
    assert watch.states == [False, True]
    assert len(caplog.messages) == 2


async def test_a_success_steps_down_one(watch: Watch, system: System, clock: SimulatedClock) -> None:
    async def wait_after_a_failure() -> float:
        system.fault = AWAY
        await outcome(watch, system)
        [standing] = watch.breakers.away()
        assert standing.until is not None
        wait = (standing.until - clock.now()).total_seconds()
        clock.shift(wait)
        system.fault = None
        await outcome(watch, system)
        return wait

    assert [await wait_after_a_failure() for _ in range(3)] == [0, 0, 0]
    system.fault = AWAY
    for _ in range(4):
        await outcome(watch, system)
        clock.shift(86_400)
    system.fault = None
    await outcome(watch, system)
    assert await wait_after_a_failure() == DELAYS[3]
    assert await wait_after_a_failure() == DELAYS[3]


async def test_a_standing_outlives_a_restart(
    watch: Watch, system: System, store: Store, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    system.fault = AWAY
    for _ in range(3):
        await outcome(watch, system)
        clock.shift(60)
    caplog.clear()
    again = Watch(store)
    await again.breakers.load()
    assert again.breakers.away() == watch.breakers.away()
    assert isinstance(await outcome(again, system), RateLimited)
    clock.shift(86_400)
    assert await outcome(again, system) is AWAY
    assert again.states == [], "it went before the restart and was told then"
    system.fault = None
    clock.shift(86_400)
    await outcome(again, system)
    assert again.states == [True]


async def test_a_person_may_ask_at_once(watch: Watch, system: System) -> None:
    system.fault = AWAY
    await outcome(watch, system)
    await outcome(watch, system)
    assert isinstance(await outcome(watch, system), RateLimited)
    system.fault = None
    assert await outcome(watch, system, now=True) == "answer"
    assert watch.breakers.away() == []


async def test_what_a_person_wants_is_tried_now_and_failures_stay_counted(
    watch: Watch, system: System, clock: SimulatedClock
) -> None:
    system.fault = AWAY
    for _ in range(4):
        await outcome(watch, system)
        clock.shift(86_400)
    await outcome(watch, system)
    watch.breakers.ask_again("another")
    assert isinstance(await outcome(watch, system), RateLimited)
    watch.breakers.ask_again()
    assert await outcome(watch, system) is AWAY
    assert [standing.failures for standing in watch.breakers.away()] == [6]


async def test_wrong_credentials_stop_the_asking(
    watch: Watch, system: System, store: Store, clock: SimulatedClock
) -> None:
    system.fault = REFUSED
    await asyncio.gather(*(outcome(watch, system) for _ in range(3)))
    clock.shift(366 * 86_400)
    for now in (False, True):
        assert await outcome(watch, system, now=now) is REFUSED
    assert system.asked == 3
    assert watch.states == [False]
    assert watch.breakers.refused() == [REFUSED]
    again = Watch(store)
    await again.breakers.load()
    system.fault = None
    assert await outcome(again, system) == "answer", "a start may bring another secret"


async def test_a_bad_reply_counts_as_being_away(watch: Watch, system: System) -> None:
    system.fault = BadReply("audnex", "HTML for JSON.")
    await outcome(watch, system)
    assert [standing.error for standing in watch.breakers.away()] == ["HTML for JSON."]


async def test_a_no_is_an_answer(watch: Watch, system: System) -> None:
    system.fault = AWAY
    await outcome(watch, system)
    system.fault = Rejected("audnex", "No such book.", status=404)
    assert await outcome(watch, system) is system.fault
    assert watch.breakers.away() == []
    assert watch.states == [False, True]


async def test_each_system_stands_for_itself(watch: Watch, system: System) -> None:
    system.fault = AWAY
    await outcome(watch, system)
    await outcome(watch, system)
    system.fault = None
    assert await watch.breakers.call("audible", system) == "answer"
    assert isinstance(await outcome(watch, system), RateLimited)
