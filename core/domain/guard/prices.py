"""The tracker's prices and limits as publicly documented; the date says of when."""

from __future__ import annotations

from datetime import timedelta

AS_OF = "2026-09-24"

POINTS_CAP = 99_999  # what is earned beyond is lost
VIP_WEEK_POINTS = 1_250
VIP_DAY_POINTS = VIP_WEEK_POINTS / 7
VIP_CAP = timedelta(days=90)
VIP_LEAST = timedelta(days=7)  # what must be addable before an automated purchase is taken
UPLOAD_GIB_POINTS = 500
UPLOAD_LEAST_GIB = 50  # for automated purchases
GIB = 2**30


def vip_price(time: timedelta) -> float:
    """Points for so much VIP."""
    return max(0.0, time / timedelta(days=1)) * VIP_DAY_POINTS
