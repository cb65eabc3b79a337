"""When upload credit is worth its points: to lift the ratio out of danger, or before points are lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from core.domain.guard.account import Account
from core.domain.guard.income import Income
from core.domain.guard.prices import GIB, POINTS_CAP, UPLOAD_GIB_POINTS, UPLOAD_LEAST_GIB
from core.domain.guard.ratio_policy import Mode, RatioLimits

CAP_AHEAD_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """How many GiB to buy, what that costs, and why."""

    gib: int
    why: Literal["ratio", "cap"]

    @property
    def price(self) -> float:
        return float(self.gib * UPLOAD_GIB_POINTS)


def plan_credit(
    account: Account, mode: Mode, limits: RatioLimits, income: Income | None, spendable: float
) -> CreditPlan | None:
    """What to buy with `spendable` points (what VIP and the reserve leave), None for nothing."""
    most = int(spendable // UPLOAD_GIB_POINTS)
    if most < UPLOAD_LEAST_GIB:
        return None
    if mode == "emergency" and (missing := missing_gib(account, limits.emergency_back)):
        return CreditPlan(min(most, max(UPLOAD_LEAST_GIB, missing)), "ratio")
    soon = (income.high if income else 0.0) * CAP_AHEAD_HOURS
    if account.points is not None and account.points + soon >= POINTS_CAP:
        return CreditPlan(UPLOAD_LEAST_GIB, "cap")
    return None


def missing_gib(account: Account, ratio: float) -> int:
    """Whole GiB of upload that would bring the account above a ratio; 0 when it is there, or unknown."""
    if account.uploaded is None or not account.downloaded:
        return 0
    missing = ratio * account.downloaded - account.uploaded
    return math.floor(missing / GIB) + 1 if missing >= 0 else 0


def spendable(points: float | None, *, reserve: float, hold: float, vip_at_risk: bool) -> float:
    """Points that may go into anything but VIP: none while VIP is at risk."""
    if points is None or vip_at_risk:
        return 0.0
    return max(0.0, points - reserve - hold)
