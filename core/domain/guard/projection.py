"""Where the account is heading: days until the ratio's floor, until VIP ends, until points are lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from core.domain.guard.account import Account, VipStanding
from core.domain.guard.income import Income
from core.domain.guard.prices import POINTS_CAP, VIP_DAY_POINTS
from core.domain.guard.vip_policy import VipPlan

WINDOW = timedelta(days=14)
LEAST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes a day, upload that was bought left out."""

    uploaded: float
    downloaded: float


@dataclass(frozen=True, slots=True)
class Projection:
    """Days from now; infinite for never, None where it cannot be told."""

    ratio_floor_days: float | None
    vip_days: float | None
    cap_days: float | None
    points_per_hour: float | None
    vip_price: float | None
    vip_at: datetime | None
    income_covers_vip: bool | None


def project(
    account: Account,
    standing: VipStanding,
    income: Income | None,
    traffic: Traffic | None,
    plan: VipPlan,
    floor: float,
) -> Projection:
    """Everything ahead, as straight lines."""
    return Projection(
        ratio_floor_days=days_until_ratio(account, traffic, floor),
        vip_days=standing.left / timedelta(days=1) if standing.left is not None else None,
        cap_days=_days_until_cap(account, income),
        points_per_hour=income.usual if income else None,
        vip_price=plan.price if plan.action != "none" else None,
        vip_at=plan.at,
        income_covers_vip=income.usual * 24 >= VIP_DAY_POINTS if income else None,
    )


def traffic_per_day(
    looks: Iterable[tuple[datetime, int | None, int | None]],
    bought: Iterable[tuple[datetime, float]],
    now: datetime,
) -> Traffic | None:
    """The last two weeks' traffic, None if unknown.

    `looks` are (moment, bytes uploaded, bytes downloaded), `bought` (moment, bytes of upload). A count that
    falls (the site corrected it) is left out.
    """
    known = [
        (at, up, down)
        for at, up, down in looks
        if up is not None and down is not None and now - WINDOW <= at <= now
    ]
    purchases = sorted(bought)
    up_total = down_total = days = 0.0
    for (start, up0, down0), (end, up1, down1) in pairwise(known):
        credit = sum(size for at, size in purchases if start < at <= end)
        gained, taken = up1 - up0 - credit, down1 - down0
        if end > start and gained >= -credit * 0.05 and taken >= 0:
            up_total += max(0.0, gained)
            down_total += taken
            days += (end - start) / timedelta(days=1)
    if days * timedelta(days=1) < LEAST:
        return None
    return Traffic(up_total / days, down_total / days)


def days_until_ratio(account: Account, traffic: Traffic | None, floor: float) -> float | None:
    """Days until the ratio has fallen to `floor`; 0 when it is there."""
    ratio = account.ratio
    if ratio is None:
        return None
    if ratio <= floor:
        return 0.0
    if traffic is None or account.uploaded is None or account.downloaded is None:
        return None
    reserve = account.uploaded - floor * account.downloaded  # bytes above the floor
    loss = floor * traffic.downloaded - traffic.uploaded
    return reserve / loss if loss > 0 else math.inf


def _days_until_cap(account: Account, income: Income | None) -> float | None:
    if account.points is None or income is None:
        return None
    room = max(0.0, POINTS_CAP - account.points)
    return room / (income.usual * 24) if income.usual > 0 else math.inf
