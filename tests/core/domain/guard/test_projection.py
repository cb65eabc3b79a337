"""Days ahead, from what happened; and upload credit when it is worth it."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from core.domain.guard.account import Account
from core.domain.guard.credit_policy import missing_gib, plan_credit, spendable
from core.domain.guard.income import Income
from core.domain.guard.prices import GIB
from core.domain.guard.projection import Traffic, days_until_ratio, project, traffic_per_day
from core.domain.guard.ratio_policy import RatioLimits
from core.domain.guard.vip_policy import VipPolicy, plan_vip
from tests.world.clock import START

DAY = timedelta(days=1)
LIMITS = RatioLimits()
TEN = Income(10, 8, 12)


def account(up: int | None = None, down: int | None = None, points: float | None = None) -> Account:
    return Account(START, "VIP", up and up * GIB, down if down is None else down * GIB, points=points)


def test_traffic_without_what_was_bought() -> None:
    looks = [(START + n * DAY, (100 + n) * GIB + (50 * GIB if n > 2 else 0), 2 * n * GIB) for n in range(5)]
    found = traffic_per_day(looks, [(START + 2.5 * DAY, 50 * GIB)], START + 4 * DAY)
    assert found == Traffic(GIB, 2 * GIB)


def test_a_count_that_fell_is_left_out() -> None:
    looks = [(START, 100, 10), (START + DAY, 200, 20), (START + 2 * DAY, 50, 30), (START + 3 * DAY, 150, 40)]
    assert traffic_per_day(looks, [], START + 3 * DAY) == Traffic(100, 10)


def test_half_a_day_is_needed() -> None:
    assert traffic_per_day([(START, 1, 1), (START + DAY / 3, 2, 2)], [], START + DAY) is None
    assert traffic_per_day([(START, None, 1), (START + DAY, 2, None)], [], START + DAY) is None


@pytest.mark.parametrize(
    ("seen", "traffic", "days"),
    [
        (account(150, 100), Traffic(0, 5 * GIB), 10.0),
        (account(150, 100), Traffic(5 * GIB, 5 * GIB), math.inf),
        (account(100, 100), None, 0.0),
        (account(150, 100), None, None),
        (account(), Traffic(1, 1), None),
        (account(1, 0), Traffic(0, 100 * GIB), 0.01),
    ],
)
def test_days_until_the_floor(seen: Account, traffic: Traffic | None, days: float | None) -> None:
    assert days_until_ratio(seen, traffic, 1.0) == days


def test_the_whole_projection() -> None:
    seen = Account(START, "VIP", 2 * GIB, GIB, points=99_999 - 2_400, vip_until=START + 30 * DAY)
    standing = seen.vip()
    plan = plan_vip(seen, standing, TEN, VipPolicy())
    ahead = project(seen, standing, TEN, Traffic(0, GIB), plan, 1.0)
    assert ahead.ratio_floor_days == 1.0
    assert ahead.vip_days == 30
    assert ahead.cap_days == 10
    assert ahead.points_per_hour == 10
    assert ahead.income_covers_vip is True
    assert ahead.vip_price == pytest.approx(60 * 1250 / 7)
    assert ahead.vip_at is not None


def test_an_account_nobody_knows_anything_of() -> None:
    seen = Account(START)
    plan = plan_vip(seen, seen.vip(), None, VipPolicy())
    ahead = project(seen, seen.vip(), None, None, plan, 1.0)
    assert set(vars_of(ahead).values()) == {None}


def vars_of(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]


def test_credit_lifts_the_ratio_out_of_the_emergency() -> None:
    found = plan_credit(account(1000, 1000), "emergency", LIMITS, TEN, 90_000)
    assert found is not None
    assert (found.gib, found.price, found.why) == (51, 25_500, "ratio")


def test_credit_is_as_much_as_can_be_paid() -> None:
    found = plan_credit(account(500, 1000), "emergency", LIMITS, TEN, 90_000)
    assert found is not None
    assert found.gib == 180


@pytest.mark.parametrize(
    ("mode", "points", "money", "gib"),
    [
        ("normal", 60_000, 60_000, None),
        ("normal", 99_900, 80_000, 50),
        ("normal", 99_900, 24_999, None),  # the rest is VIP's
        ("caution", 60_000, 60_000, None),
    ],
)
def test_credit_before_points_are_lost(mode: str, points: float, money: float, gib: int | None) -> None:
    found = plan_credit(account(1400, 1000, points), mode, LIMITS, TEN, money)  # type: ignore[arg-type]
    assert (found.gib if found else None) == gib


def test_what_is_missing() -> None:
    assert missing_gib(account(1049, 1000), 1.05) == 2  # one more than just there
    assert missing_gib(account(1051, 1000), 1.05) == 0
    assert missing_gib(account(5, 0), 1.05) == 0
    assert missing_gib(account(), 1.05) == 0


def test_what_may_be_spent() -> None:
    assert spendable(30_000, reserve=2_000, hold=16_000, vip_at_risk=False) == 12_000
    assert spendable(30_000, reserve=2_000, hold=16_000, vip_at_risk=True) == 0
    assert spendable(9_000, reserve=2_000, hold=16_000, vip_at_risk=False) == 0
    assert spendable(None, reserve=0, hold=0, vip_at_risk=False) == 0
