"""The account's status: flat and nested, brand-new, infinite, and with fields missing."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from core.integrations.mam.account import parse_account
from tests.core.integrations.mam.test_values import JSON

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
BASE: dict[str, Any] = {
    "username": "mouse",
    "uid": 100001,
    "classname": "VIP",
    "ratio": 26.7,
    "uploaded": "5.125 TiB",
    "downloaded": "196.47 GiB",
    "uploaded_bytes": 5635036489461,
    "downloaded_bytes": 210957629456,
    "seedbonus": 99999,
    "wedges": 207,
    "vip_until": "2026-12-10 06:44:38",
}
SUMMARY: dict[str, Any] = {
    "connectable": "offline",
    "created": 1774543581,
    "leeching": {"name": "Leeching Torrents", "count": 0, "red": False, "size": None},
    "sSat": {"name": "Seeding - Satisfied", "count": 12, "red": False, "size": None},
    "seedUnsat": {"name": "Seeding - pre-H&R - Not Yet Satisfied", "count": "2", "size": None},
    "inactHnr": {"name": "Inactive - H&R", "count": 1, "red": True, "size": 477079402691},
    "unsat": {"name": "Unsatisfied", "count": 3, "red": False, "limit": 150, "size": None},
    "ite": {"name": "Important Tracker Errors", "count": 0, "latest": 0},
}
NOTIFS = {"notifs": {"pms": 2, "tickets": "1", "odd": None}}


@pytest.mark.parametrize(
    "body",
    [
        {**BASE, **SUMMARY, **NOTIFS},
        {**BASE, "snatch_summary": SUMMARY, **NOTIFS},
        {**BASE, "snatch_summary": {**SUMMARY, **NOTIFS}},
    ],
    ids="flat nested all-nested".split(),
)
def test_flat_and_nested_say_the_same(body: dict[str, Any]) -> None:
    status = parse_account(body, NOW)
    assert status is not None
    assert (status.at, status.uid, status.classname) == (NOW, 100001, "VIP")
    assert (status.uploaded, status.downloaded, status.ratio) == (5635036489461, 210957629456, 26.7)
    assert (status.points, status.wedges) == (99999.0, 207)
    assert status.vip_until == datetime(2026, 12, 10, 6, 44, 38, tzinfo=UTC)
    assert (status.unsatisfied, status.unsatisfied_limit, status.hit_and_runs) == (3, 150, 1)
    assert (status.seeding, status.connectable) == (14, "offline")
    assert status.counts["inactHnr"].red
    assert not status.counts["seedUnsat"].red
    assert status.notices == {"pms": 2, "tickets": 1}


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [({"ratio": "∞", "downloaded_bytes": 0}, math.inf), ({"ratio": "---"}, None), ({"ratio": "1.25"}, 1.25)],
)
def test_ratios(changes: dict[str, Any], ratio: float | None) -> None:
    status = parse_account({**BASE, **changes}, NOW)
    assert status is not None
    assert status.ratio == ratio


def test_the_least_there_is() -> None:
    status = parse_account({"uid": "5", "classname": "Elite VIP"}, NOW)
    assert status is not None
    assert (status.uid, status.vip_until, status.wedges, status.points) == (5, None, None, None)
    assert (status.unsatisfied, status.unsatisfied_limit, status.seeding, status.counts) == (
        None,
        None,
        None,
        {},
    )


def test_traffic_without_bytes_is_taken_from_the_shown_text() -> None:
    status = parse_account({"uid": 5, "uploaded": "25.32 GiB", "downloaded_bytes": "7"}, NOW)
    assert status is not None
    assert (status.uploaded, status.downloaded) == (int(25.32 * 2**30), 7)


@pytest.mark.parametrize("until", [None, "", "0000-00-00 00:00:00", 0, "never"])
def test_no_vip_has_no_end(until: object) -> None:
    status = parse_account({**BASE, "vip_until": until}, NOW)
    assert status is not None
    assert status.vip_until is None


@pytest.mark.parametrize("nothing", [None, [], "x", {}, {"uid": None}, {"error": "no"}, {"data": []}])
def test_no_account(nothing: object) -> None:
    assert parse_account(nothing, NOW) is None


@given(JSON)
def test_whatever_comes_is_a_status_or_none(value: Any) -> None:
    parse_account(value, NOW)
    for name in (*BASE, *SUMMARY, "notifs", "snatch_summary"):
        status = parse_account({**BASE, "uid": 5, name: value}, NOW)
        assert status is not None
