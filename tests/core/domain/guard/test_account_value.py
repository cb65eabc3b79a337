"""Ratios that are no numbers, VIP without an end, fields that are missing."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from core.domain.guard.account import Account
from tests.world.clock import START

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("account", "ratio"),
    [
        (Account(START, uploaded=3, downloaded=2, stated_ratio=99.0), 1.5),  # bytes are exact
        (Account(START, uploaded=27, downloaded=0), math.inf),
        (Account(START, uploaded=0, downloaded=0, stated_ratio=None), math.inf),  # brand-new
        (Account(START, stated_ratio=26.7), 26.7),
        (Account(START, uploaded=5, stated_ratio=math.inf), math.inf),
        (Account(START, stated_ratio=math.nan), None),
        (Account(START, stated_ratio=-1.0), None),
        (Account(START), None),
    ],
)
def test_ratio(account: Account, ratio: float | None) -> None:
    assert account.ratio == ratio


def test_vip_with_an_end() -> None:
    standing = Account(START, classname="VIP", vip_until=START + 20 * DAY).vip()
    assert standing.is_vip
    assert standing.left == 20 * DAY


def test_vip_that_ended_is_renewable() -> None:
    standing = Account(START, classname="Power User", vip_until=START - DAY).vip()
    assert not standing.is_vip
    assert standing.renewable
    assert standing.left == timedelta(0)


def test_vip_that_ended_and_is_not_mentioned_any_more_is_renewable_if_it_was_seen_before() -> None:
    account = Account(START, classname="Power User")
    assert not account.vip().renewable
    assert account.vip(had_vip_until=START - DAY).left == timedelta(0)


def test_an_end_missing_in_one_answer_is_the_last_one_seen() -> None:
    assert Account(START, classname="VIP").vip(had_vip_until=START + DAY).left == DAY


@pytest.mark.parametrize("classname", ["Elite VIP", "elite vip ", "VIP"])
def test_vip_by_class_alone_has_nothing_to_renew(classname: str) -> None:
    standing = Account(START, classname=classname).vip()
    assert standing.is_vip
    assert not standing.renewable


def test_an_elite_class_stays_vip_after_an_old_end() -> None:
    assert Account(START, classname="Elite VIP").vip(had_vip_until=START - DAY).is_vip


def test_an_end_in_a_hundred_years_is_cut() -> None:
    left = Account(START, classname="VIP", vip_until=START + 36_500 * DAY).vip().left
    assert left is not None
    assert left <= 180 * DAY
