"""Points per hour, found through purchases, gifts, steps and the cap."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.guard.income import Income, points_per_hour
from core.domain.guard.prices import POINTS_CAP
from tests.world.clock import START

HOUR = timedelta(hours=1)
Looks = list[tuple[datetime, float | None]]


def history(
    rate: float, hours: int, *, start: float = 10_000, known: dict[int, float] | None = None,
    unknown: dict[int, float] | None = None, step: int = 1,
) -> tuple[Looks, list[tuple[datetime, float]], datetime]:  # fmt: skip
    """Half-hourly looks at an account that is credited every `step` hours, with spending by hour."""
    looks: Looks = []
    spent = []
    paid = 0.0
    for half in range(hours * 2 + 1):
        at, hour = START + half * HOUR / 2, half // 2
        if half % 2 == 0:
            for table in (known or {}, unknown or {}):
                paid += table.get(hour, 0.0)
            if known and hour in known:
                spent.append((at - HOUR / 4, known[hour]))
        points = start + rate * (hour // step) * step - paid
        looks.append((at, float(int(min(POINTS_CAP, points)))))
    return looks, spent, looks[-1][0]


def usual(income: Income | None) -> float:
    assert income is not None
    assert income.low <= income.usual <= income.high
    return income.usual


@given(
    st.floats(0.25, 60), st.integers(24, 14 * 24), st.dictionaries(st.integers(1, 300), st.floats(500, 5_000))
)
@settings(deadline=None)
def test_known_purchases_do_not_matter(rate: float, hours: int, known: dict[int, float]) -> None:
    income = points_per_hour(*history(rate, hours, known=known, start=2_000_000 - 1_950_000))
    assert usual(income) == pytest.approx(rate, rel=0.12, abs=0.4)


@given(st.floats(2, 60), st.integers(0, 10_000))
@settings(deadline=None)
def test_gifts_and_own_spending_do_not_matter(rate: float, seed: int) -> None:
    dice = random.Random(seed)
    unknown = {dice.randrange(1, 240): dice.choice([-1, 1]) * dice.uniform(100, 20_000) for _ in range(3)}
    income = points_per_hour(*history(rate, 240, unknown=unknown, start=40_000))
    assert usual(income) == pytest.approx(rate, rel=0.15, abs=0.4)


def test_credited_in_steps_of_six_hours() -> None:
    assert usual(points_per_hour(*history(10, 96, step=6))) == pytest.approx(10, rel=0.1)


def test_time_at_the_cap_says_nothing() -> None:
    looks, spent, now = history(20, 240, start=POINTS_CAP - 2_000)
    assert looks[-1][1] == POINTS_CAP
    assert usual(points_per_hour(looks, spent, now)) == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("hours", [0, 1])
def test_too_little_to_tell(hours: int) -> None:
    assert points_per_hour(*history(20, hours)) is None


def test_nothing_known() -> None:
    assert points_per_hour([], [], START) is None
    assert points_per_hour([(START, None), (START + 9 * HOUR, None)], [], START + 9 * HOUR) is None


def test_looks_from_the_future_are_left_out() -> None:
    looks, spent, now = history(10, 48)
    ahead = [*looks, (now + 900 * HOUR, 99_000.0)]
    assert points_per_hour(ahead, spent, now) == points_per_hour(looks, spent, now)


@given(st.lists(st.tuples(st.floats(-5, 48), st.none() | st.floats(-10, 120_000)), max_size=60))
@settings(deadline=None)
def test_whatever_was_seen_gives_a_sound_answer(raw: list[tuple[float, float | None]]) -> None:
    now = START
    looks: Looks = []
    for hours, points in raw:
        now += hours * HOUR
        looks.append((now, points))
    income = points_per_hour(looks, [], now)
    assert income is None or 0 <= income.low <= income.usual <= income.high
