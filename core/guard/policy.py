"""The owner's settings as the pure rules take them."""

from __future__ import annotations

from datetime import timedelta

from core.domain.guard.ratio_policy import RatioLimits
from core.domain.guard.vip_policy import VipPolicy
from core.settings import Settings


def ratio_limits(settings: Settings) -> RatioLimits:
    """Where emergency and caution begin and end."""
    wishes = settings.guard
    return RatioLimits(
        emergency_at=wishes.emergency_ratio,
        emergency_back=wishes.emergency_back,
        caution_below=wishes.caution_ratio,
        caution_back=wishes.caution_back,
        hold=timedelta(minutes=wishes.back_after_minutes),
    )


def vip_policy(settings: Settings) -> VipPolicy:
    """When VIP is renewed."""
    return VipPolicy(
        renew=settings.vip.renew != "never",
        reserve=settings.cost.points_reserve,
        before_end=timedelta(days=settings.vip.renew_days_before),
        warn_days=tuple(settings.vip.warn_days),
    )
