"""VIP is renewed as late as is safe, never too late, and never at the cost of the reserve."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.guard.account import Account, VipStanding
from core.domain.guard.income import Income
from core.domain.guard.prices import POINTS_CAP, VIP_CAP, VIP_DAY_POINTS, vip_price
from core.domain.guard.vip_policy import VipPlan, VipPolicy, plan_vip, warning_due
from tests.world.clock import START

DAY = timedelta(days=1)
POLICY = VipPolicy()
WORTH_A_DAY = VIP_DAY_POINTS / 24  # points per hour that pay for VIP


def steady(rate: float) -> Income:
    return Income(rate, rate, rate)


def plan(
    days_left: float, points: float | None, income: Income | None, policy: VipPolicy = POLICY,
    *, partly_refused: datetime | None = None,
) -> VipPlan:  # fmt: skip
    account = Account(START, classname="VIP", vip_until=START + days_left * DAY, points=points)
    return plan_vip(account, account.vip(), income, policy, partly_refused=partly_refused)


@pytest.mark.parametrize(
    ("days_left", "points", "rate", "action", "why"),
    [
        (85, 90_000, 20, "wait", "full"),  # less than a week can be added
        (60, 30_000, 20, "wait", "later"),
        (8.5, 30_000, 20, "wait", "later"),
        (8, 30_000, 20, "buy", "end"),
        (3, 30_000, 20, "buy", "end"),
        (-9, 30_000, 20, "buy", "end"),  # it has ended
        (80, POINTS_CAP - 400, 20, "buy", "cap"),
        (80, POINTS_CAP - 2_000, 20, "wait", "later"),
        (60, 5_400, 1, "buy", "income"),  # in a few days it could not be paid any more
        (60, 5_400, 20, "wait", "later"),
        (60, 5_000, 1, "save", "points"),
        (3, 9_000, 1, "try", "end"),  # not enough for all of it: does the site sell less?
        (3, 1_000, 1, "save", "points"),
    ],
)
def test_the_table(days_left: float, points: float, rate: float, action: str, why: str) -> None:
    found = plan(days_left, points, steady(rate))
    assert (found.action, found.why) == (action, why)


def test_a_site_that_sells_no_part_is_not_asked_again_soon() -> None:
    assert plan(3, 9_000, steady(1), partly_refused=START - DAY).action == "save"
    assert plan(3, 9_000, steady(1), partly_refused=START - 15 * DAY).action == "try"


def test_vip_without_an_end_or_never_had_is_left_alone() -> None:
    for classname, why in (("Elite VIP", "endless"), ("Power User", "never_had"), (None, "never_had")):
        account = Account(START, classname=classname, points=90_000)
        found = plan_vip(account, account.vip(), steady(20), POLICY)
        assert (found.action, found.why, found.hold) == ("none", why, 0)


def test_unknown_points_buy_nothing() -> None:
    assert plan(3, None, None).action == "wait"


def test_the_reserve_is_never_touched() -> None:
    assert plan(3, 20_000, steady(20), VipPolicy(reserve=5_000)).action != "buy"
    assert plan(3, 21_000, steady(20), VipPolicy(reserve=5_000)).action == "buy"


def test_a_renewal_that_is_not_wanted() -> None:
    found = plan(3, 90_000, steady(20), VipPolicy(renew=False))
    assert (found.action, found.at_risk, found.hold) == ("none", True, 0)


def test_without_income_everything_for_the_last_day_is_held_back() -> None:
    assert plan(90, 20_000, None).hold == pytest.approx(vip_price(82 * DAY))


def test_with_a_good_income_little_is_held_back() -> None:
    assert plan(60, 20_000, steady(60)).hold == pytest.approx(
        vip_price(30 * DAY)
    )  # as it could be bought now


incomes = st.none() | st.lists(st.floats(0, 60), min_size=3, max_size=3).map(
    lambda rates: Income(sorted(rates)[1], min(rates), max(rates))
)


@given(st.floats(-10, 95), st.floats(0, POINTS_CAP), incomes, st.floats(0, 20_000))
@settings(deadline=None, max_examples=400)
def test_what_is_bought_can_be_paid_and_is_not_too_late(
    days_left: float, points: float, income: Income | None, reserve: float
) -> None:
    found = plan(days_left, points, income, VipPolicy(reserve=reserve))
    addable = min(VIP_CAP, VIP_CAP - days_left * DAY)
    if found.action == "buy":
        assert addable >= 7 * DAY
        assert points - reserve >= found.price
    if found.action in ("wait", "save"):
        assert days_left > 7 or points - reserve < found.price
    assert found.hold >= 0
    assert found.at is None or found.at >= START


@given(st.floats(8, 90), st.floats(0, 60))
@settings(deadline=None)
def test_what_hold_leaves_pays_for_the_renewal(days_left: float, rate: float) -> None:
    """Spend all that may be spent, earn as usual, and the refill can be paid at the first and the last moment."""
    hold = plan(days_left, POINTS_CAP, steady(rate)).hold
    first, last = max(0.0, days_left - 83), max(0.0, days_left - 8)
    for day in (first, max(first, last)):
        assert hold + rate * 24 * day >= vip_price(VIP_CAP - (days_left - day) * DAY) - 1


@given(st.floats(7, 90), st.floats(0, 40), st.floats(0, POINTS_CAP))
@settings(deadline=None, max_examples=40)
def test_half_a_year_day_by_day_loses_vip_only_when_points_could_not_pay(
    days_left: float, rate: float, points: float
) -> None:
    """The invariant of the shop: a refill can be paid while points + time left, in points, reach 90 days.

    It falls by a day's price less a day's income whatever is bought, so the last refill is possible when it
    falls under 90 days, and VIP lasts 90 days from there. Coming within a week and a little is the best a
    shop allows that sells no less than a week.
    """
    left, balance, lost_on = days_left, points, None
    last_possible = -1
    for day in range(183):
        if balance + left * VIP_DAY_POINTS >= 90 * VIP_DAY_POINTS and left <= 83:
            last_possible = day
        if plan(left, balance, steady(rate)).action == "buy":
            balance -= vip_price(VIP_CAP - left * DAY)
            left = 90.0
        balance = min(POINTS_CAP, balance + rate * 24)
        left -= 1
        if left <= 0 and lost_on is None:
            lost_on = day
            break
    if lost_on is not None:
        best = last_possible + 90 if last_possible >= 0 else days_left
        assert lost_on >= best - 11


@pytest.mark.parametrize(
    ("days_left", "warning"),
    [(30, None), (14.1, None), (14, 14), (7.5, 14), (7, 7), (2, 3), (0.5, 1), (0, 1)],
)
def test_warnings(days_left: float, warning: int | None) -> None:
    assert warning_due(VipStanding(True, START, days_left * DAY), POLICY.warn_days) == warning


def test_no_warning_without_an_end() -> None:
    assert warning_due(VipStanding(True), POLICY.warn_days) is None
