"""The calls the tracker permits to programs, each with its answer; from its own pages, not from our client."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tests.world.mam import economy, shapes
from tests.world.mam.search import search
from tests.world.mam.wire import Answer, Call, as_json, as_page

if TYPE_CHECKING:
    from tests.world.mam.sessions import Session
    from tests.world.mam.site import Site

HISTORY_TYPES = "giftPoints|giftWedge|wedgePF|wedgeGFL|torrentThanks|millionaires"
LEDGER_TYPES = {"wedge": "wedgePF", "wedge wasted": "wedgePF"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A permitted call. `query`: the names it knows, with what their values look like."""

    name: str
    method: str
    path: str
    handle: Callable[[Site, Call, Session | None], Answer]
    query: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    hosts: tuple[Literal["www", "t"], ...] = ("www",)
    with_session: bool = True


def permitted(call: Call) -> Endpoint | None:
    """Which permitted call a request is; None for everything else."""
    names = [name for name, _ in call.query]
    for endpoint in ENDPOINTS:
        if (
            (call.method, call.path) == (endpoint.method, endpoint.path)
            and call.host in endpoint.hosts
            and endpoint.needed <= set(names)
            and all(re.fullmatch(endpoint.query.get(name, "(?!)"), value) for name, value in call.query)
        ):
            return endpoint
    return None


def _search(site: Site, call: Call, _session: Session | None) -> Answer:
    return search(call, site.shelf, site.member, site.knobs, site.rng)


def _download(site: Site, call: Call, _session: Session | None) -> Answer:
    torrent = site.shelf.get(int(call.value("tid") or 0))
    if torrent is None:
        return as_page("<html>Torrent not found</html>", 404)
    if call.values("fl") and torrent.id not in site.member.personal_freeleech:
        if site.member.wedges < 1:
            return as_json({"error": "You do not have enough FL wedges"})
        site.member.spend_wedge(torrent)
    announce = f"{site.announce_base}/tracker.php/{site.member.passkey}/announce"
    name = (("Content-Disposition", f'attachment; filename="{torrent.id}.torrent"'),)
    return Answer(200, torrent.file(announce), "application/x-bittorrent", name)


def _account(site: Site, call: Call, _session: Session | None) -> Answer:
    return as_json(shapes.account(site.member, {name for name, _ in call.query}, site.knobs))


def _buy(site: Site, call: Call, _session: Session | None) -> Answer:
    kind = call.value("spendtype")
    if kind == "VIP":
        return _buy_vip(site, call)
    return _buy_upload(site, call)


def _buy_vip(site: Site, call: Call) -> Answer:
    if call.values("amount"):
        return as_page("<html>Not Found</html>", 404)
    if call.value("duration") != "max":
        return _no("Invalid duration specified")
    member = site.member
    if site.knobs.vip_terms and member.ratio < economy.POWER_RATIO:
        return _no("You do not meet the requirements for VIP")
    time = economy.vip_addable(member.vip_until, member.now)
    if time < economy.VIP_LEAST:
        return _no("Min VIP is 1 week purchased for Automated methods")
    if member.points < economy.vip_price(time):
        payable = timedelta(days=7) * (member.points / economy.VIP_WEEK_POINTS)
        if not site.knobs.sells_partly or payable < economy.VIP_LEAST:
            return _no("Not enough bonus, s1")
        time = payable
    member.buy_vip(time)
    weeks = round(time / timedelta(days=7), 6)
    return as_json({"success": True, "type": "VIP", "amount": weeks, "seedbonus": round(member.points, 3)})


def _buy_upload(site: Site, call: Call) -> Answer:
    member = site.member
    asked = call.value("amount") or ""
    gib = int(member.points / economy.UPLOAD_GIB_POINTS) if asked == "Max Affordable " else int(asked)
    if gib < economy.UPLOAD_LEAST_GIB:
        return _no(
            "Automated spenders are limited to buying at least 50 GB of upload at a time, due to log spam"
        )
    if member.points < gib * economy.UPLOAD_GIB_POINTS:
        return _no("Not enough bonus, s1")
    member.buy_upload(gib)
    return as_json(
        {
            "success": True,
            "type": "upload",
            "amount": gib,
            "seedbonus": round(member.points, 3),
            "uploaded": member.uploaded,
            "downloaded": member.downloaded,
            "uploadFancy": shapes.size_text(member.uploaded),
            "downloadFancy": shapes.size_text(member.downloaded),
            "ratio": round(member.ratio, 2) if math.isfinite(member.ratio) else "∞",
        }
    )


def _no(why: str) -> Answer:
    return as_json({"success": False, "error": why})


def _seedbox(site: Site, call: Call, session: Session | None) -> Answer:
    network = {"ip": site.network.ip, "ASN": site.network.asn, "AS": site.network.provider}
    if session is not None and not session.seedbox_allowed:
        said = {"Success": False, "msg": "Incorrect session type - not allowed this function"}
        return as_json({**said, **network}, 403)
    now = site.clock.now()
    if site.seedbox == site.network:
        return as_json({"Success": True, "msg": "No change", **network})
    if site.seedbox_changed is not None and now - site.seedbox_changed < timedelta(hours=1):
        return as_json({"Success": False, "msg": "Last change too recent", **network}, 429)
    site.seedbox, site.seedbox_changed = site.network, now
    return as_json({"Success": True, "msg": "Completed", **network})


def _ip(site: Site, call: Call, _session: Session | None) -> Answer:
    now = site.clock.now()
    if site.ip_asked is not None and now - site.ip_asked < timedelta(minutes=1):
        site.findings.append("the own address was asked for within a minute")
    site.ip_asked = now
    network = site.network
    return as_json(
        {"ip": network.ip, "ASN": network.asn, "AS": network.provider, "time": int(now.timestamp())}
    )


def _history(site: Site, call: Call, _session: Session | None) -> Answer:
    wanted = set(call.values("type[]"))
    lines = []
    for entry in site.member.ledger:
        kind = LEDGER_TYPES.get(entry.kind)
        if kind not in wanted:
            continue
        torrent = site.shelf.get(entry.torrent_id)
        title: object = torrent.title if torrent else None
        title = int(title) if isinstance(title, str) and title.isdigit() else title
        line = {"timestamp": entry.at.timestamp(), "amount": -int(entry.amount), "type": kind}
        lines.append(
            {**line, "tid": entry.torrent_id, "title": title, "other_userid": None, "other_name": None}
        )
    return as_json(lines)


_ANY = r"[^&]*"
ENDPOINTS = (
    Endpoint("search", "POST", "/tor/js/loadSearchJSONbasic.php", _search),
    Endpoint(
        "download",
        "GET",
        "/tor/download.php",
        _download,
        {"tid": r"\d+", "fl": r"1?"},
        frozenset({"tid"}),
    ),
    Endpoint(
        "account",
        "GET",
        "/jsonLoad.php",
        _account,
        {"snatch_summary": "", "notif": "", "clientStats": "", "pretty": ""},
        hosts=("www", "t"),
    ),
    Endpoint(
        "VIP purchase",
        "GET",
        "/json/bonusBuy.php/",
        _buy,
        {"spendtype": "VIP", "duration": _ANY, "amount": _ANY, "_": r"\d+"},
        frozenset({"spendtype"}),
    ),
    Endpoint(
        "upload purchase",
        "GET",
        "/json/bonusBuy.php/",
        _buy,
        {"spendtype": "upload", "amount": r"\d+|Max Affordable ", "_": r"\d+"},
        frozenset({"spendtype", "amount"}),
    ),
    Endpoint("dynamic seedbox", "GET", "/json/dynamicSeedbox.php", _seedbox, hosts=("t",)),
    Endpoint("own address", "GET", "/json/jsonIp.php", _ip, hosts=("www", "t"), with_session=False),
    Endpoint(
        "bonus history",
        "GET",
        "/json/userBonusHistory.php",
        _history,
        {"type[]": HISTORY_TYPES, "other_userid": r"\d+"},
    ),
)
