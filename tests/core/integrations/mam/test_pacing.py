"""How often the tracker is asked, also by many at once, over restarts and with clocks that jump."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NotNow, RateLimited
from core.integrations.mam import calls
from core.integrations.mam.pacing import Pacer
from core.integrations.mam.query import SearchQuery
from tests.core.integrations.mam.conftest import Desk, HastyClock, MemoryLedger, reply
from tests.core.integrations.mam.test_values import JSON

EMPTY = {"data": [], "found": 0}
QUERY = SearchQuery(text="x")


def pacer(ledger: MemoryLedger, clock: HastyClock, **options: Any) -> Pacer:
    return Pacer(ledger, clock, **{"min_interval": 2.0, "per_day": 100, "jitter": lambda: 0.0, **options})


async def test_requests_are_two_seconds_apart_with_some_jitter(connect: Any, desk: Desk) -> None:
    shares = iter([0.0, 1.0, 0.5, 0.0, 0.0])
    mam = await connect(jitter=lambda: next(shares))
    desk.answers(reply(200, EMPTY))
    await asyncio.gather(*(mam.search(QUERY) for _ in range(5)))
    apart = [round(later - former, 3) for former, later in zip(desk.times, desk.times[1:], strict=False)]
    assert apart == [2.0, 2.5, 2.25, 2.0]


async def test_a_setting_cannot_make_it_faster(connect: Any, desk: Desk) -> None:
    mam = await connect(min_interval=0.1)
    desk.answers(reply(200, EMPTY))
    await mam.search(QUERY)
    await mam.search(QUERY)
    assert desk.times[1] - desk.times[0] >= 2.0


async def test_a_restart_does_not_burst(connect: Any, desk: Desk) -> None:
    desk.answers(reply(200, EMPTY))
    for _ in range(4):
        mam = await connect()
        await mam.search(QUERY)
    apart = [later - former for former, later in zip(desk.times, desk.times[1:], strict=False)]
    assert all(distance >= 2.0 for distance in apart)


async def test_a_turn_is_written_down_before_it_is_taken(ledger: MemoryLedger, clock: HastyClock) -> None:
    class Full(MemoryLedger):
        async def save(self, state: Any) -> None:
            raise NotNow("The database is full.")

    with pytest.raises(NotNow):
        await pacer(Full(), clock).turn(calls.SEARCH)
    await pacer(ledger, clock).turn(calls.SEARCH)
    assert ledger.state is not None
    assert sum(ledger.state["hours"].values()) == 1


async def test_the_budget_of_24_hours(ledger: MemoryLedger, clock: HastyClock) -> None:
    for number in range(90):
        await pacer(ledger, clock).turn(calls.SEARCH)  # each after a restart
        clock.shift(600 if number < 45 else 0)
    with pytest.raises(RateLimited, match="budget") as raised:
        await pacer(ledger, clock).turn(calls.SEARCH)
    for _ in range(10):  # the last tenth is for what must not starve
        await pacer(ledger, clock).turn(calls.BUY_VIP)
    with pytest.raises(RateLimited):
        await pacer(ledger, clock).turn(calls.BUY_VIP)
    assert await pacer(ledger, clock).budget() == (await pacer(ledger, clock).budget())
    assert (await pacer(ledger, clock).budget()).used == 100
    await pacer(ledger, clock).turn(calls.IP)  # outside of it
    clock.shift(raised.value.retry_after + 1)
    assert (await pacer(ledger, clock).budget()).used < 100


async def test_within_any_24_hours_no_more_than_the_budget(ledger: MemoryLedger, clock: HastyClock) -> None:
    taken: list[float] = []
    one = pacer(ledger, clock)
    for _ in range(400):
        try:
            await one.turn(calls.SEARCH)
            taken.append(clock.monotonic())
            clock.shift(7)
        except RateLimited as error:
            clock.shift(error.retry_after)
    assert len(taken) > 200
    assert all(sum(start <= at < start + 82_800 for at in taken) <= 90 for start in taken[::10])


async def test_calls_with_a_distance_of_their_own(ledger: MemoryLedger, clock: HastyClock) -> None:
    for call, every in ((calls.SEEDBOX, 3600), (calls.IP, 60), (calls.ACCOUNT, 600)):
        await pacer(ledger, clock).turn(call)
        clock.shift(every - 5)
        with pytest.raises(RateLimited):
            await pacer(ledger, clock).turn(call)
        await pacer(ledger, clock).turn(call, forced=True)
        clock.shift(every + 1)
        await pacer(ledger, clock).turn(call)


@pytest.mark.parametrize("days", [-400, 400])
async def test_a_clock_that_jumps_while_we_run(
    ledger: MemoryLedger, clock: HastyClock, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pacer(ledger, clock)
    await one.turn(calls.SEARCH)
    await one.rest(120)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=days))
    with pytest.raises(RateLimited) as raised:
        await one.turn(calls.SEARCH)
    assert raised.value.retry_after == pytest.approx(120)
    clock.shift(121)
    await one.turn(calls.SEARCH)
    slept = len(clock.slept)
    await one.turn(calls.SEARCH)
    assert clock.slept[slept:] == [pytest.approx(2.0)]


@pytest.mark.parametrize("days", [-400, 400])
async def test_a_clock_that_jumps_while_we_are_down(
    ledger: MemoryLedger, clock: HastyClock, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stalled longer than a day, and no burst is made."""
    one = pacer(ledger, clock)
    await one.turn(calls.SEARCH)
    await one.turn(calls.SEEDBOX)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=days))
    again = pacer(ledger, clock)
    await again.turn(calls.SEARCH)
    clock.shift(3601)
    await again.turn(calls.SEEDBOX)
    assert (await again.budget()).used == 2  # what another time counted is no longer there


@given(
    state=JSON
    | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("next", "rest_until", "last", "hours", "troubles"), JSON)
    )
)
@settings(deadline=None)
async def test_a_damaged_ledger_stalls_nobody(state: Any) -> None:
    clock, ledger = HastyClock(), MemoryLedger()
    ledger.state = state if isinstance(state, dict) else None
    await pacer(ledger, clock).turn(calls.SEARCH)


async def test_while_the_tracker_rests_nobody_waits(
    connect: Callable[..., Any], desk: Desk, clock: HastyClock
) -> None:
    mam = await connect()
    desk.answers(reply(429, b"", headers={"Retry-After": "3000"}))
    with pytest.raises(RateLimited):
        await mam.search(QUERY)
    clock.slept.clear()
    with pytest.raises(RateLimited, match=r"next in 50 min"):
        await mam.search(QUERY)
    assert clock.slept == []
