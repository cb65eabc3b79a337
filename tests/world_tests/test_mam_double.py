"""The tracker's double against the facts: its gate, its economy, its clock, and what it writes down."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core.domain.metainfo import Metainfo
from tests.world.clock import SimulatedClock
from tests.world.mam import Network, Site, make_site, stocked, troubles
from tests.world.mam.economy import GIB, points_per_hour
from tests.world.mam.wire import Answer, Call

AGENT = {"User-Agent": "Mousekeeper/1"}
DAY = timedelta(days=1)


@pytest.fixture
def site(clock: SimulatedClock) -> Site:
    return make_site(clock=clock, shelf=stocked(more=40), points=10_000.0)


@pytest.fixture
def ask(site: Site, clock: SimulatedClock) -> Any:
    """Asks as a member's program would, three seconds apart, with the newest session."""
    state = {"value": site.sign_in()}

    def ask(method: str, path: str, query: str = "", body: Any = None, **more: Any) -> Answer:
        clock.shift(3)
        headers = AGENT | ({"Cookie": f"mam_id={state['value']}"} if more.pop("signed_in", True) else {})
        content = json.dumps(body).encode() if body is not None else b""
        answer = site.answer(Call(method, path, query, headers, content, **more))
        for name, line in answer.headers:
            if name == "Set-Cookie" and line.startswith("mam_id=") and "deleted" not in line:
                state["value"] = line.partition(";")[0].removeprefix("mam_id=")
        return answer

    return ask


def said(answer: Answer) -> Any:
    return json.loads(answer.body)


# --- the gate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/", ""),
        ("GET", "/t/900001", ""),
        ("GET", "/rules.php", ""),
        ("POST", "/tor/upload.php", ""),
        ("GET", "/tor/js/loadSearchJSONbasic.php", "tor[text]=x"),
        ("GET", "/json/bonusBuy.php/", "spendtype=gift&amount=5"),
        ("GET", "/json/bonusBuy.php/1776193859", "spendtype=personalFL&torrentid=5"),
        ("GET", "/json/bonusBuy.php", "spendtype=VIP&duration=max"),
        ("GET", "/json/dynamicSeedbox.php", ""),  # on the other host only
        ("GET", "/tor/download.php", ""),
        ("GET", "/jsonLoad.php", "id=5&unknown=1"),
        ("GET", "/json/userBonusHistory.php", "type[]=everything"),
        ("DELETE", "/jsonLoad.php", ""),
    ],
)
def test_what_is_not_permitted_is_noted(site: Site, ask: Any, method: str, path: str, query: str) -> None:
    assert ask(method, path, query).status == 404
    assert [(call.method, call.path) for call in site.violations] == [(method, path)]


def test_disguises_and_haste_are_noted(site: Site, clock: SimulatedClock) -> None:
    cookie = {"Cookie": f"mam_id={site.sign_in()}"}
    site.answer(Call("GET", "/jsonLoad.php", "", {"User-Agent": "Mozilla/5.0", **cookie}))
    assert site.answer(Call("GET", "/jsonLoad.php", "", AGENT | cookie)).status == 429
    site.answer(Call("GET", "/json/jsonIp.php", "", AGENT | cookie))
    assert len(site.too_fast) == 2
    assert "disguise" in site.findings[0]
    clock.shift(3)
    site.answer(Call("GET", "/json/jsonIp.php", "", AGENT | cookie))
    assert "session was sent" in site.findings[-1]


def test_refusals_in_the_site_s_words(site: Site, ask: Any) -> None:
    assert ask("GET", "/jsonLoad.php", signed_in=False).body.startswith(b"Error, you are not signed in")
    strange = Call("GET", "/jsonLoad.php", "", AGENT | {"Cookie": "mam_id=stranger"})
    site.knobs.least_gap = 0
    answer = site.answer(strange)
    assert (answer.status, said(answer)["msg"]) == (403, "Invalid session - Invalid Cookie")
    assert any("mam_id=deleted" in line for _, line in answer.headers)
    for lock, word in (({"locked_ip": "1.1.1.1"}, "IP"), ({"locked_asn": 9}, "ASN")):
        value = site.sign_in(**lock)
        answer = site.answer(Call("GET", "/jsonLoad.php", "", AGENT | {"Cookie": f"mam_id={value}"}))
        assert said(answer)["msg"] == f"Invalid session - {word} mismatch"
    value = site.sign_in(seedbox_allowed=False)
    answer = site.answer(
        Call("GET", "/json/dynamicSeedbox.php", "", AGENT | {"Cookie": f"mam_id={value}"}, host="t")
    )
    assert said(answer)["msg"] == "Incorrect session type - not allowed this function"


def test_a_bad_body_or_an_empty_list_gives_an_empty_answer(ask: Any) -> None:
    for body in (None, [], {"tor": 5}, {"tor": {"text": "x", "browse_lang": []}}):
        assert ask("POST", "/tor/js/loadSearchJSONbasic.php", body=body).body == b""


def test_old_session_values(site: Site, clock: SimulatedClock) -> None:
    site.knobs.least_gap = 0
    first = site.sign_in()

    def works(value: str) -> bool:
        return (
            site.answer(Call("GET", "/jsonLoad.php", "", AGENT | {"Cookie": f"mam_id={value}"})).status == 200
        )

    assert works(first)
    assert works(first)  # the newer one was never used
    newest = site.sessions.of(first).values[-1]
    assert works(newest)
    assert not works(first)
    site.knobs.keep_old = "always"
    assert works(first)
    clock.shift(16 * 86_400)
    assert not works(newest)


# --- the economy -------------------------------------------------------------------------------------------------


def test_what_a_download_costs_whom(site: Site) -> None:
    site.member.vip_until = None
    paid = next(t for t in site.shelf if not t.free and not t.vip)
    vip = next(t for t in site.shelf if t.vip and not t.free)
    free = next(t for t in site.shelf if t.free)
    before = site.member.downloaded
    site.snatch(free.id)
    assert site.member.downloaded == before
    site.snatch(paid.id)
    assert site.member.downloaded == before + paid.size
    site.member.vip_until = site.member.now + DAY
    site.snatch(vip.id)
    site.snatch(vip.id)
    assert site.member.downloaded == before + paid.size
    assert [entry.amount for entry in site.member.spent("snatch")] == [0.0, float(paid.size), 0.0]
    assert site.member.is_free(vip)
    vip.vip_expire = site.member.now
    assert not site.member.is_free(vip)


def test_seeding_72_hours_meets_the_duty_and_then_earns(site: Site, clock: SimulatedClock) -> None:
    torrent = next(iter(site.shelf))
    site.snatch(torrent.id)
    clock.shift(71 * 3600)
    site.settle()
    assert len(site.member.unsatisfied) == 1
    assert site.member.points == 10_000
    clock.shift(11 * 3600)
    site.settle()
    assert site.member.unsatisfied == []
    assert site.member.points == pytest.approx(10_000 + 10 * points_per_hour(torrent.size, torrent.seeders))
    site.seeding(torrent.id, on=False)
    held = site.member.points
    clock.shift(100 * 3600)
    site.settle()
    assert site.member.points == held


def test_a_duty_not_met_in_30_days_is_a_hit_and_run_until_it_is(site: Site, clock: SimulatedClock) -> None:
    kept, broken = list(site.shelf)[:2]
    site.snatch(kept.id)
    site.snatch(broken.id)
    site.seeding(broken.id, on=False)
    site.seeded(broken.id, 71 * 3600)
    clock.shift(31 * 86_400)
    site.settle()
    assert [entry.torrent_id for entry in site.member.spent("hit and run")] == [broken.id]
    assert site.member.spent("hit and run")[0].at == site.member.now - DAY
    site.seeded(broken.id, 3600)
    assert not site.member.snatches[broken.id].hit_and_run
    assert site.member.unsatisfied == []


def test_points_over_the_cap_are_wasted_and_events_multiply_them(site: Site, clock: SimulatedClock) -> None:
    site.member.stipend, site.member.points = 100.0, 99_900.0
    clock.shift(3600)
    site.settle()
    assert (site.member.points, round(site.member.wasted)) == (99_999.0, 1)
    torrent = next(iter(site.shelf))
    site.member.points = site.member.stipend = 0
    site.snatch(torrent.id)
    site.seeded(torrent.id, 72 * 3600)
    rate = points_per_hour(torrent.size, torrent.seeders)
    site.event(hours=5, begins_in=2, factor=2.0)
    clock.shift(10 * 3600)  # two hours, five of the event, three after it
    site.settle()
    assert site.member.points == pytest.approx(rate * 15)
    assert site.events == []


def test_site_wide_freeleech_shows_in_every_row(site: Site, clock: SimulatedClock, ask: Any) -> None:
    query = {"perpage": 100, "tor": {"text": "", "searchType": "all", "main_cat": [13]}}
    share = [
        sum(row["free"] for row in said(ask("POST", "/tor/js/loadSearchJSONbasic.php", body=query))["data"])
    ]
    site.event(hours=1, free=True)
    page = said(ask("POST", "/tor/js/loadSearchJSONbasic.php", body=query))
    assert all(row["free"] and row["fl_vip"] for row in page["data"])
    clock.shift(3600)
    share.append(
        sum(row["free"] for row in said(ask("POST", "/tor/js/loadSearchJSONbasic.php", body=query))["data"])
    )
    assert share[0] == share[1] < len(page["data"])


def test_vip_by_the_rules(site: Site, ask: Any) -> None:
    member = site.member
    member.vip_until = member.now + 86 * DAY
    buy = "spendtype=VIP&duration=max"
    assert said(ask("GET", "/json/bonusBuy.php/", buy))["error"].startswith("Min VIP is 1 week")
    assert (
        said(ask("GET", "/json/bonusBuy.php/", "spendtype=VIP&duration=4"))["error"]
        == "Invalid duration specified"
    )
    assert ask("GET", "/json/bonusBuy.php/", "spendtype=VIP&amount=4").status == 404
    member.vip_until = member.now + 76 * DAY
    answer = said(ask("GET", "/json/bonusBuy.php/", buy))
    assert answer["success"] is True
    assert answer["amount"] == pytest.approx(2, abs=0.001)
    assert member.points == pytest.approx(7_500, abs=1)
    (entry,) = member.spent("vip")
    assert (entry.points_before, entry.points_after) == (10_000.0, member.points)
    member.points, member.vip_until = 100.0, None
    assert said(ask("GET", "/json/bonusBuy.php/", buy))["error"] == "Not enough bonus, s1"
    site.knobs.vip_terms, member.points, member.downloaded = True, 99_999.0, member.uploaded
    assert "requirements" in said(ask("GET", "/json/bonusBuy.php/", buy))["error"]


def test_upload_by_the_rules(site: Site, ask: Any) -> None:
    site.member.points, before = 60_000.0, site.member.uploaded
    assert "at least 50 GB" in said(ask("GET", "/json/bonusBuy.php/", "spendtype=upload&amount=49"))["error"]
    answer = said(ask("GET", "/json/bonusBuy.php/", "spendtype=upload&amount=Max%20Affordable%20"))
    assert (answer["amount"], answer["seedbonus"]) == (120, 0.0)
    assert site.member.uploaded == before + 120 * GIB
    assert [entry.amount for entry in site.member.spent("upload")] == [120.0]


def test_a_wedge_on_a_vip_torrent_is_wasted(site: Site, ask: Any) -> None:
    vip = next(t for t in site.shelf if t.vip and not t.free)
    paid = next(t for t in site.shelf if not t.free and not t.vip)
    for torrent in (vip, paid, paid):
        assert ask("GET", "/tor/download.php", f"tid={torrent.id}&fl").body[:1] == b"d"
    assert site.member.wedges == 1
    assert [entry.kind for entry in site.member.ledger] == ["wedge wasted", "wedge"]
    assert site.member.is_free(paid)


def test_classes_and_their_limits(site: Site, clock: SimulatedClock) -> None:
    member = site.member
    assert (member.classname, member.limit) == ("Power User", 100)
    member.vip_until = member.now + DAY
    assert (member.classname, member.limit) == ("VIP", 150)
    member.given_class = "Elite VIP"
    assert (member.limit, member.is_vip) == (200, True)
    member.given_class = member.vip_until = None
    member.downloaded = 2 * member.uploaded
    assert (member.classname, member.limit) == ("Mouse", 20)
    member.downloaded, member.joined = 0, member.now
    assert (member.classname, member.limit) == ("User", 20)
    for torrent in list(site.shelf)[:21]:
        site.snatch(torrent.id)
    assert "over the limit" in site.findings[0]


# --- the rest ----------------------------------------------------------------------------------------------------


def test_torrents_are_whole_private_and_the_same_each_time(site: Site, ask: Any) -> None:
    torrent = next(iter(site.shelf))
    metainfo = Metainfo.parse(ask("GET", "/tor/download.php", f"tid={torrent.id}").body)
    assert (metainfo.infohash, metainfo.private, metainfo.total_size) == (
        torrent.infohash,
        True,
        torrent.size,
    )
    again = stocked(more=40).get(torrent.id)
    assert again is not None
    assert (again.infohash, again.size, again.vip) == (torrent.infohash, torrent.size, torrent.vip)


def test_the_seedbox_changes_once_an_hour(site: Site, clock: SimulatedClock, ask: Any) -> None:
    def tell() -> Answer:
        return ask("GET", "/json/dynamicSeedbox.php", host="t")

    assert said(tell())["msg"] == "Completed"
    assert said(tell())["msg"] == "No change"
    site.network = Network("10.9.9.9", 5, "Elsewhere")
    assert (tell().status, said(tell())["msg"]) == (429, "Last change too recent")
    clock.shift(3600)
    assert said(tell())["msg"] == "Completed"
    assert site.seedbox == site.network


def test_faults_are_planned_by_call(site: Site, ask: Any) -> None:
    site.troubles.plan("VIP purchase", troubles.lost())
    site.troubles.plan("*", troubles.status(503))
    assert ask("GET", "/jsonLoad.php").status == 503
    assert ask("GET", "/jsonLoad.php").status == 200
    answer = ask("GET", "/json/bonusBuy.php/", "spendtype=VIP&duration=max")
    assert (answer.arrives, len(site.member.spent("vip"))) == (
        "never",
        0,
    )  # 10,000 points are too few for all
    assert [asked.name for asked in site.requests] == ["account", "account", "VIP purchase"]
    site.troubles.plan("account", troubles.page(), always=True)
    assert [ask("GET", "/jsonLoad.php").body[:5] for _ in range(2)] == [b"<!DOC"] * 2
    site.troubles.end()
    assert ask("GET", "/jsonLoad.php").status == 200
