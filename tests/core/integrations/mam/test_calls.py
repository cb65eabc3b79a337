"""The gate: what passes, and that nothing else does, however the request came to be."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.errors import ConfigError
from core.integrations.mam import calls
from core.integrations.mam.addresses import BASE_URL, TRACKER_URL, is_tracker, page_of, trusted
from core.integrations.mam.calls import Call, NotPermitted, address_of, check
from core.integrations.mam.query import SearchQuery
from tests.core.integrations.mam.conftest import Desk, reply

BASES = {"site": BASE_URL, "tracker": TRACKER_URL}
GOOD: list[tuple[Call, str]] = [
    (calls.SEARCH, "/tor/js/loadSearchJSONbasic.php"),
    (calls.DOWNLOAD, "/tor/download.php?tid=5"),
    (calls.DOWNLOAD_WITH_WEDGE, "/tor/download.php?tid=5&fl"),
    (calls.ACCOUNT, "/jsonLoad.php?snatch_summary&notif"),
    (calls.BUY_VIP, "/json/bonusBuy.php/?spendtype=VIP&duration=max&_=1776193859000"),
    (calls.BUY_UPLOAD, "/json/bonusBuy.php/?spendtype=upload&amount=50"),
    (calls.BUY_UPLOAD, "/json/bonusBuy.php/?spendtype=upload&amount=1000"),
    (calls.HISTORY, "/json/userBonusHistory.php?type%5B%5D=wedgePF&type%5B%5D=wedgeGFL"),
]


@pytest.mark.parametrize(("call", "path"), GOOD)
def test_what_is_permitted_passes(call: Call, path: str) -> None:
    check(call, call.method, BASE_URL + path, BASES, with_session=True)


def test_the_two_that_are_different_pass() -> None:
    check(calls.SEEDBOX, "GET", TRACKER_URL + "/json/dynamicSeedbox.php", BASES, with_session=True)
    check(calls.IP, "GET", BASE_URL + "/json/jsonIp.php", BASES, with_session=False)


@pytest.mark.parametrize(
    ("call", "method", "url", "with_session"),
    [
        (calls.SEARCH, "GET", f"{BASE_URL}/tor/js/loadSearchJSONbasic.php", True),
        (calls.SEARCH, "POST", f"{BASE_URL}/tor/js/loadSearchJSONbasic.php?x=1", True),
        (calls.SEARCH, "POST", f"{BASE_URL}/tor/js/../upload", True),
        (calls.SEARCH, "POST", "https://www.example.org/tor/js/loadSearchJSONbasic.php", True),
        (calls.SEARCH, "POST", "http://www.myanonamouse.net/tor/js/loadSearchJSONbasic.php", True),
        (
            calls.SEARCH,
            "POST",
            "https://www.myanonamouse.net.evil.example/tor/js/loadSearchJSONbasic.php",
            True,
        ),
        (calls.SEARCH, "POST", "https://a@www.myanonamouse.net/tor/js/loadSearchJSONbasic.php", True),
        (calls.SEARCH, "POST", f"{TRACKER_URL}/tor/js/loadSearchJSONbasic.php", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php?tid=5&fl", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php?tid=5&tid=6", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php?tid=0", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php?tid=5%26fl", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php/hash?tid=5", True),
        (calls.DOWNLOAD, "GET", f"{BASE_URL}/tor/download.php?tid=5#x", True),
        (calls.DOWNLOAD_WITH_WEDGE, "GET", f"{BASE_URL}/tor/download.php?tid=5&fl=1", True),
        (calls.ACCOUNT, "GET", f"{BASE_URL}/jsonLoad.php?id=5", True),
        (calls.BUY_VIP, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=VIP&duration=4", True),
        (calls.BUY_VIP, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=VIP", True),
        (calls.BUY_VIP, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=wedges&duration=max", True),
        (calls.BUY_VIP, "POST", f"{BASE_URL}/json/bonusBuy.php/?spendtype=VIP&duration=max", True),
        (calls.BUY_UPLOAD, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=upload&amount=49", True),
        (calls.BUY_UPLOAD, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=upload&amount=-50", True),
        (calls.BUY_UPLOAD, "GET", f"{BASE_URL}/json/bonusBuy.php/?spendtype=upload&amount=50&to=5", True),
        (calls.SEEDBOX, "GET", f"{BASE_URL}/json/dynamicSeedbox.php", True),
        (calls.IP, "GET", f"{BASE_URL}/json/jsonIp.php", True),  # not with the session
        (calls.HISTORY, "GET", f"{BASE_URL}/json/userBonusHistory.php?type%5B%5D=all", True),
        (Call("own idea", "GET", "/jsonLoad.php"), "GET", f"{BASE_URL}/jsonLoad.php", True),
    ],
)
def test_nothing_else_passes(call: Call, method: str, url: str, with_session: bool) -> None:
    with pytest.raises(NotPermitted):
        check(call, method, url, BASES, with_session=with_session)


async def test_every_request_of_the_client_goes_through_the_gate(
    mam: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a gate that lets nothing pass, no public method gets a request out."""

    def closed(*_args: object, **_kwargs: object) -> None:
        raise NotPermitted("closed")

    monkeypatch.setattr(calls, "check", closed)
    desk.answers(reply(200, {"data": [{"id": 5}], "found": 1}))
    for ask in (
        lambda: mam.search(SearchQuery()),
        lambda: anext(mam.rows(SearchQuery())),
        lambda: mam.torrent(5),
        lambda: mam.torrent_by_infohash("a" * 40),
        lambda: mam.download(5),
        lambda: mam.download_with_wedge(5),
        mam.account,
        mam.buy_vip,
        lambda: mam.buy_upload(50),
        mam.dynamic_seedbox,
        mam.json_ip,
        mam.bonus_history,
    ):
        with pytest.raises(NotPermitted):
            await ask()
    assert desk.requests == []


async def test_no_strange_kind_of_history_and_no_torrent_without_a_number(mam: Any, desk: Desk) -> None:
    for ask in (
        mam.bonus_history(["everything"]),
        mam.bonus_history([]),
        mam.download(-1),
        mam.download("5&fl"),
    ):
        with pytest.raises(NotPermitted):
            await ask
    assert desk.requests == []


def test_names_without_a_value_stay_bare() -> None:
    assert (
        address_of(calls.DOWNLOAD, "http://h", [("tid", "5"), ("fl", None)])
        == "http://h/tor/download.php?tid=5&fl"
    )
    assert address_of(calls.SEEDBOX, "http://h") == "http://h/json/dynamicSeedbox.php"


def test_every_permitted_call_is_a_get_but_the_search() -> None:
    assert [call.name for call in calls.PERMITTED if call.method != "GET"] == ["search"]
    assert len({call.name for call in calls.PERMITTED}) == len(calls.PERMITTED)
    spending = {call.name for call in calls.PERMITTED if call.spends}
    assert spending == {"download with a wedge", "VIP purchase", "upload purchase"}
    assert all(re.fullmatch(r"/[\w/]+\.php/?", call.path) for call in calls.PERMITTED)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (None, BASE_URL),
        ("https://t1.myanonamouse.net/", "https://t1.myanonamouse.net"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/mam/", "http://localhost:8080/mam"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_where_the_session_may_go(url: str | None, base: str) -> None:
    assert trusted(url, BASE_URL, "MAM_BASE_URL") == base


@pytest.mark.parametrize(
    "url",
    [
        "http://www.myanonamouse.net",
        "https://myanonamouse.net.evil.example",
        "https://evilmyanonamouse.net",
        "https://example.org",
        "http://10.0.0.5",
        "http://127.0.0.1.evil.example",
        "http://0.0.0.0",
        "http://localhost.evil.example",
        "ftp://localhost",
    ],
)
def test_where_it_may_not(url: str) -> None:
    with pytest.raises(ConfigError, match="MAM_BASE_URL"):
        trusted(url, BASE_URL, "MAM_BASE_URL")


def test_the_tracker_s_addresses_are_known() -> None:
    assert is_tracker(page_of(273200))
    assert is_tracker(f"{TRACKER_URL}/announce")
    assert not is_tracker("https://myanonamouse.net.evil.example/")
    assert not is_tracker("no address")
