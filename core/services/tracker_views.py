"""The account as documents: what `mousekeeper tracker` prints and `/tracker` shows."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from core.domain.guard import prices
from core.domain.guard.purchase import Purchase
from core.guard.outlook import Outlook
from core.guard.policy import ratio_limits
from core.guard.ratio import ratio_text
from core.services.views import Document
from core.settings import Settings
from core.store.guard import Freeze


def account_document(outlook: Outlook | None) -> Document:
    account = outlook.account if outlook else None
    income = outlook.income if outlook else None
    return {
        "seen": _iso(account.at) if account else None,
        "ratio": _number(account.ratio, 4) if account else None,
        "ratio_text": ratio_text(account.ratio if account else None),
        "class": account.classname if account else None,
        "uploaded": account.uploaded if account else None,
        "downloaded": account.downloaded if account else None,
        "points": account.points if account else None,
        "points_per_hour": _number(income.usual, 2) if income else None,
        "wedges": account.wedges if account else None,
        "vip_until": _iso(outlook.standing.until) if outlook else None,
        "unsatisfied": {
            "count": account.unsat_count if account else None,
            "limit": account.unsat_limit if account else None,
        },
        "connectable": account.connectable if account else None,
    }


def vip_document(outlook: Outlook | None, settings: Settings) -> Document:
    plan, standing = (outlook.plan, outlook.standing) if outlook else (None, None)
    left = standing.left if standing else None
    return {
        "is_vip": standing.is_vip if standing else None,
        "days_left": _number(left / timedelta(days=1), 2) if left is not None else None,
        "policy": settings.vip.renew,
        "action": plan.action if plan else None,
        "why": plan.why if plan else None,
        "renewal_at": _iso(plan.at) if plan else None,
        "price": _number(plan.price, 0) if plan else None,
        "held_back": _number(plan.hold, 0) if plan else None,
        "at_risk": plan.at_risk if plan else None,
    }


def projection_document(outlook: Outlook | None) -> Document:
    ahead = outlook.projection if outlook else None
    return {
        "ratio_floor_days": _number(ahead.ratio_floor_days, 1) if ahead else None,
        "points_cap_days": _number(ahead.cap_days, 1) if ahead else None,
        "vip_days": _number(ahead.vip_days, 1) if ahead else None,
        "income_covers_vip": ahead.income_covers_vip if ahead else None,
        "spendable": _number(outlook.spendable, 0) if outlook else None,
    }


def purchase_document(purchase: Purchase) -> Document:
    return {
        "id": purchase.id,
        "kind": purchase.kind,
        "amount": _number(purchase.amount, 3),
        "price": _number(purchase.price, 1),
        "status": purchase.status,
        "reason": purchase.reason,
        "by": purchase.by,
        "door": purchase.door,
        "created": _iso(purchase.created),
        "sent": _iso(purchase.sent),
        "finished": _iso(purchase.finished),
        "balance_before": purchase.balance_before,
        "balance_after": purchase.balance_after,
        "error": purchase.error,
    }


def freeze_document(freeze: Freeze) -> Document:
    return {
        "scope": freeze.scope,
        "reason": freeze.reason,
        "by": freeze.by,
        "since": _iso(freeze.since),
        "until": _iso(freeze.until),
    }


def rules_document(settings: Settings) -> Document:
    """The tracker's prices as we know them, and the owner's rules."""
    limits = ratio_limits(settings)
    return {
        "as_of": prices.AS_OF,
        "points_cap": prices.POINTS_CAP,
        "vip_week_points": prices.VIP_WEEK_POINTS,
        "vip_cap_days": prices.VIP_CAP.days,
        "upload_gb_points": prices.UPLOAD_GIB_POINTS,
        "upload_least_gb": prices.UPLOAD_LEAST_GIB,
        "emergency_ratio": limits.emergency_at,
        "emergency_back": limits.emergency_back,
        "caution_ratio": limits.caution_below,
        "caution_back": limits.caution_back,
        "vip_renew": settings.vip.renew,
        "upload_credit": settings.guard.upload_credit,
        "purchases_per_day": settings.guard.purchases_per_day,
        "dry_run": settings.guard.dry_run,
    }


def _number(value: Any, digits: int) -> float | None:
    """A number JSON knows; null for none and for infinity."""
    if value is None or math.isinf(value):
        return None
    return round(float(value), digits)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
