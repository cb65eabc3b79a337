"""The tracker's economy as publicly documented: prices, caps, classes, duties. What a point comes from is invented."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import cache

GIB = 2**30
POINTS_CAP = 99_999.0  # what is earned beyond is lost
VIP_WEEK_POINTS = 1_250.0
VIP_CAP = timedelta(days=90)
VIP_LEAST = timedelta(days=7)  # for programs: so much must be addable
UPLOAD_GIB_POINTS = 500.0
UPLOAD_LEAST_GIB = 50  # for programs
DUTY = timedelta(hours=72)  # of seeding, each torrent
DUTY_WITHIN = timedelta(days=30)  # of completion
NEW_FOR = timedelta(days=14)
POWER_AFTER = timedelta(days=28)
POWER_UPLOADED = 25 * GIB
POWER_RATIO = 2.0
LEAST_RATIO = 1.0

NEW_LIMIT = 20
UNSATISFIED_LIMITS = {"Mouse": 20, "User": 50, "Power User": 100, "VIP": 150}
HIGHER_LIMIT = 200  # classes above VIP


def ratio(uploaded: int, downloaded: int) -> float:
    return uploaded / downloaded if downloaded else math.inf


def class_of(uploaded: int, downloaded: int, *, age: timedelta, vip: bool) -> str:
    """The class by merit, VIP above it; classes given by people stand above both."""
    share = ratio(uploaded, downloaded)
    if vip:
        return "VIP"
    if share < LEAST_RATIO:
        return "Mouse"
    if age >= POWER_AFTER and uploaded >= POWER_UPLOADED and share >= POWER_RATIO:
        return "Power User"
    return "User"


def unsatisfied_limit(classname: str, age: timedelta) -> int:
    if age < NEW_FOR:
        return NEW_LIMIT
    return UNSATISFIED_LIMITS.get(classname, HIGHER_LIMIT)


@cache
def points_per_hour(size: int, seeders: int) -> float:
    """What a satisfied torrent earns while it seeds: at least 0.25, more for big ones with few seeders.

    The real formula is not public; this one has its properties and is ours.
    """
    return 0.25 * (1 + min(size / GIB, 20) / 10) * (1 + 1 / max(1, seeders))


def vip_addable(vip_until: datetime | None, now: datetime) -> timedelta:
    """How much VIP fits under the cap."""
    left = max(timedelta(0), vip_until - now) if vip_until else timedelta(0)
    return max(timedelta(0), VIP_CAP - left)


def vip_price(time: timedelta) -> float:
    return time / timedelta(days=7) * VIP_WEEK_POINTS
