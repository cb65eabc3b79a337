"""A purchase whose answer was lost is found on the account, or proven not made, or left open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.guard.account import Account
from core.domain.guard.prices import GIB
from core.domain.guard.purchase import Kind, Purchase, looked_up
from tests.world.clock import START

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def sent(kind: Kind, amount: float, price: float, **more: Any) -> Purchase:
    return Purchase(
        "01", kind, amount, price, "unknown", "cap", "guard", "guard", START, balance_before=40_000.0,
        vip_until_before=START + 20 * DAY, uploaded_before=500 * GIB, sent=START, **more,
    )  # fmt: skip


def seen(hours: float, points: float | None, vip_days: float | None = 20, gib: float | None = 500) -> Account:
    return Account(
        START + hours * HOUR,
        points=points,
        vip_until=None if vip_days is None else START + vip_days * DAY,
        uploaded=None if gib is None else int(gib * GIB),
    )


@pytest.mark.parametrize(
    ("kind", "account", "verdict"),
    [
        ("vip", seen(0.01, 27_500, 90), "made"),
        ("vip", seen(0.01, None, 90), "made"),
        ("vip", seen(0.01, 40_000), "unclear"),  # it may still be on its way
        ("vip", seen(0.2, 40_003), "not_made"),
        ("vip", seen(0.2, 40_003, None), "not_made"),
        ("vip", seen(0.2, 27_500, 20), "unclear"),  # the points are gone, the time is not there
        ("vip", seen(0.2, None, None), "unclear"),
        ("upload", seen(0.01, 15_000, gib=550), "made"),
        ("upload", seen(0.2, 40_003, gib=500.1), "not_made"),
        ("upload", seen(0.2, 40_003, gib=551), "unclear"),  # that much was really uploaded?
        ("upload", seen(0.2, None, gib=551), "unclear"),
        ("upload", seen(0.2, 15_000, gib=None), "made"),
    ],
)
def test_what_the_account_says(kind: Kind, account: Account, verdict: str) -> None:
    purchase = sent("vip", 10, 12_500) if kind == "vip" else sent("upload", 50, 25_000)
    assert looked_up(purchase, account, income_high=10) == verdict


def test_after_weeks_the_balance_says_nothing() -> None:
    purchase = sent("vip", 1, 1_250)
    assert looked_up(purchase, seen(24 * 30, 39_000, None), income_high=10) == "unclear"


@given(st.booleans(), st.floats(0.2, 48), st.floats(0, 30), st.sampled_from(["vip", "upload"]))
@settings(deadline=None)
def test_it_is_never_mistaken(made: bool, hours: float, rate: float, kind: Kind) -> None:
    purchase = sent("vip", 8, 10_000) if kind == "vip" else sent("upload", 50, 25_000)
    points = 40_000 + rate * hours - (purchase.price if made else 0)
    account = seen(
        hours,
        points,
        20 + 56 if made and kind == "vip" else 20,
        550.5 if made and kind == "upload" else 500.4,
    )
    assert looked_up(purchase, account, income_high=rate) in (("made",) if made else ("not_made", "unclear"))
