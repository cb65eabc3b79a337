"""When to renew VIP: as late as is safe, as points keep their choice, but before anything makes it dearer.

The site fills up to 90 days in one purchase and sells no less than a week. A day costs the same whenever
it is bought, so only three things make an early purchase better: points about to be lost over the cap, the
end of VIP coming near, and an income below the price of a day, with which the missing time grows faster
than the balance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.domain.guard.account import Account, VipStanding
from core.domain.guard.income import Income
from core.domain.guard.prices import (
    POINTS_CAP,
    VIP_CAP,
    VIP_DAY_POINTS,
    VIP_LEAST,
    VIP_WEEK_POINTS,
    vip_price,
)

DAY = timedelta(days=1)
RISK_SEEN = timedelta(days=30)  # a forecast further ahead is no reason to worry anybody

Action = Literal["none", "wait", "save", "buy", "try"]
Why = Literal[
    "", "endless", "never_had", "policy", "full", "later", "end", "cap", "income", "points", "points_unknown"
]


@dataclass(frozen=True, slots=True)
class VipPolicy:
    """What the owner wants, and how far ahead is looked."""

    renew: bool = True
    reserve: float = 0.0  # points that are never spent
    before_end: timedelta = timedelta(days=7)  # never later than this
    slack: timedelta = timedelta(days=1)  # for a tracker that is away just then
    ahead: timedelta = timedelta(days=3)  # buy when it could not be paid so much later
    cap_ahead: timedelta = timedelta(days=1)  # buy when the cap is so near
    warn_days: tuple[int, ...] = (14, 7, 3, 1)


@dataclass(frozen=True, slots=True)
class VipPlan:
    """What to do now and why; `at` is when a purchase is expected.

    `price` is of a full refill now, `hold` what other purchases must leave. `try` is a refill that cannot be
    paid in full: whether the site then sells less is not known, so it is asked once in a while.
    """

    action: Action
    why: Why
    at: datetime | None = None
    price: float = 0.0
    hold: float = 0.0
    at_risk: bool = False


def plan_vip(
    account: Account,
    standing: VipStanding,
    income: Income | None,
    policy: VipPolicy,
    *,
    partly_refused: datetime | None = None,
) -> VipPlan:
    """The plan at the account's own moment."""
    if standing.left is None:
        return VipPlan("none", "endless" if standing.is_vip else "never_had")
    if not policy.renew:
        return VipPlan("none", "policy", at_risk=standing.left <= policy.before_end)
    outlook = _Outlook(account, standing.left, income, policy)
    why, action, after = _decision(outlook, partly_refused)
    return VipPlan(
        action=action,
        why=why,
        at=account.at + after if after is not None else None,
        price=outlook.price(),
        hold=outlook.hold(),
        at_risk=outlook.at_risk(),
    )


def warning_due(standing: VipStanding, days: Iterable[int]) -> int | None:
    """The nearest threshold that the time left has come under; None while there is more."""
    if standing.left is None:
        return None
    return min((day for day in days if standing.left <= day * DAY), default=None)


RETRY_PARTLY = timedelta(days=14)


def _decision(out: _Outlook, partly_refused: datetime | None) -> tuple[Why, Action, timedelta | None]:
    if out.points is None:
        return "points_unknown", "wait", None
    if out.addable < VIP_LEAST:
        return "full", "wait", max(out.until_addable, out.planned())
    near_end = out.until_last_call <= timedelta(0)
    if out.points < out.price():
        recently = partly_refused is not None and out.at - partly_refused < RETRY_PARTLY
        if near_end and out.points >= VIP_WEEK_POINTS and not recently:
            return "end", "try", timedelta(0)
        return "points", "save", out.until_affordable()
    if near_end:
        return "end", "buy", timedelta(0)
    if out.until_cap <= out.policy.cap_ahead:
        return "cap", "buy", timedelta(0)
    if out.until_unaffordable <= out.policy.ahead:
        return "income", "buy", timedelta(0)
    return "later", "wait", out.planned()


class _Outlook:
    """Balance and price as straight lines from now on."""

    def __init__(self, account: Account, left: timedelta, income: Income | None, policy: VipPolicy) -> None:
        self.at = account.at
        self.policy = policy
        self.left = left
        self.points = None if account.points is None else account.points - policy.reserve
        self.daily = (income.usual if income else 0.0) * 24
        self.daily_low = (income.low if income else 0.0) * 24
        self.daily_high = (income.high if income else 0.0) * 24
        self.addable = max(timedelta(0), VIP_CAP - left)

    @property
    def until_addable(self) -> timedelta:
        return max(timedelta(0), VIP_LEAST - self.addable)

    @property
    def until_last_call(self) -> timedelta:
        """Until the renewal may not wait any longer; negative once that has passed."""
        return self.left - self.policy.before_end - self.policy.slack

    @property
    def until_cap(self) -> timedelta:
        room = POINTS_CAP - self.policy.reserve - (self.points or 0.0)
        return _reached(room, self.daily_high)

    @property
    def until_unaffordable(self) -> timedelta:
        """How long the balance stays above the growing price, at a poor income."""
        growth = (VIP_DAY_POINTS if self.left else 0.0) - self.daily_low
        return _reached((self.points or 0.0) - self.price(), growth)

    def price(self, after: timedelta = timedelta(0)) -> float:
        """Of a full refill after so long."""
        return vip_price(min(VIP_CAP, self.addable + after))

    def hold(self) -> float:
        """What other purchases must leave: the price of the dearest moment, less a poor income until then."""
        moments = (self.until_addable, max(self.until_addable, self.until_last_call))
        return max(0.0, *(self.price(after) - self.daily_low * (after / DAY) for after in moments))

    def planned(self) -> timedelta:
        """Until the purchase, if all goes on as usual."""
        soonest = min(
            self.until_last_call,
            self.until_cap - self.policy.cap_ahead,
            self.until_unaffordable - self.policy.ahead,
        )
        return max(timedelta(0), soonest)

    def until_affordable(self) -> timedelta | None:
        """Until the balance has caught up with the price, None if it never does."""
        missing, gain = self.price() - (self.points or 0.0), self.daily - VIP_DAY_POINTS
        caught = _reached(missing, gain)
        if caught > self.left:  # then the price has stopped growing: all 90 days are missing
            caught = _reached(VIP_CAP / DAY * VIP_DAY_POINTS - (self.points or 0.0), self.daily)
        return caught if caught < timedelta.max else None

    def at_risk(self) -> bool:
        if self.left <= self.policy.before_end:
            return True
        if self.points is None or self.left > RISK_SEEN:
            return False
        until = max(timedelta(0), self.until_last_call)
        return self.points + self.daily * (until / DAY) < self.price(until)


def _reached(distance: float, per_day: float) -> timedelta:
    """How long a distance takes; no time if there is none, for ever (timedelta.max) without a pace."""
    if distance <= 0:
        return timedelta(0)
    days = distance / per_day if per_day > 0 else float("inf")
    return timedelta(days=days) if days < 100_000 else timedelta.max
