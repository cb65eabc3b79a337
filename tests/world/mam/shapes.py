"""How the site writes what it knows: search rows and the account's status, in every typing seen."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from tests.world.mam.knobs import Knobs, RowStyle
from tests.world.mam.member import Member, Snatch
from tests.world.mam.shelf import Torrent

ASKED_FOR = {name: name.lower() for name in ("description", "isbn", "mediaInfo", "thumbnail")}
ASKED_FOR["dlLink"] = "dl"
INNER = ("author_info", "narrator_info", "series_info", "categories", "mediainfo", "ownership")
NUMBERS = (
    "id main_cat category mediatype maincat browseflags comments free fl_vip vip vip_expire personal_freeleech"
    " my_snatched language seeders leechers times_completed numfiles owner w"
).split()
FLAGS = ("free", "fl_vip", "vip", "personal_freeleech", "my_snatched")


def size_text(size: int) -> str:
    """A size as the site shows it, such as 881.8 MiB or 1,018.3 KiB."""
    power = next((power for power in (1, 2, 3) if size < 1024 ** (power + 1)), 4)
    return f"{size / 1024**power:,.1f} {'KMGT'[power - 1]}iB"


def row(torrent: Torrent, member: Member, wishes: Mapping[str, Any], style: RowStyle) -> dict[str, Any]:
    """The search row of a torrent for this account; optional fields only where they were asked for."""
    full = _row(torrent, member)
    unasked = {name for flag, name in ASKED_FOR.items() if flag not in wishes}
    return STYLES[style]({name: value for name, value in full.items() if name not in unasked})


def _row(torrent: Torrent, member: Member) -> dict[str, Any]:
    free = torrent.free or member.everything_free()
    vip = torrent.is_vip_at(member.now)
    number, category_name, new_category = torrent.category
    series = {
        str(at + 60): [name, place, float(place)] if place.isdigit() else [name, place]
        for at, (name, place) in enumerate(torrent.series)
    }
    isbn: Any = f"ASIN:{torrent.asin}" if torrent.asin else (torrent.isbn or "")
    return {
        "id": torrent.id,
        "added": torrent.added.strftime("%Y-%m-%d %H:%M:%S"),
        "title": html.escape(torrent.title, quote=True),
        "author_info": _entities(torrent.authors, 1000),
        "narrator_info": _entities(torrent.narrators, 2000),
        "series_info": json.dumps(series) if series else "",
        "main_cat": torrent.main_category,
        "category": number,
        "catname": category_name,
        "cat": f"<div class='cat{number}'></div>",
        "mediatype": 1 if torrent.main_category == 13 else 2,
        "maincat": 1 if torrent.fiction else 2,
        "categories": json.dumps([new_category]),
        "browseflags": torrent.flags,
        "bookmarked": None,
        "comments": 0,
        "filetype": torrent.file_types,
        "mediainfo": json.dumps(
            {"General": {"Format": "MPEG-4"}, "Audio1": {"Format": "AAC", "BitRate": "64000"}}
        ),
        "free": int(free),
        "fl_vip": int(free or vip),
        "vip": int(vip),
        "vip_expire": int(torrent.vip_expire.timestamp()) if vip and torrent.vip_expire else 0,
        "personal_freeleech": int(torrent.id in member.personal_freeleech),
        "my_snatched": int(torrent.id in member.snatches),
        "isbn": int(isbn) if isbn.isdigit() else isbn,
        "lang_code": torrent.language[1],
        "language": torrent.language[0],
        "seeders": torrent.seeders,
        "leechers": torrent.leechers,
        "times_completed": torrent.snatched,
        "numfiles": torrent.file_count,
        "size": size_text(torrent.size),
        "ownership": json.dumps(list(torrent.uploader)) if torrent.uploader else "",
        "tags": torrent.tags,
        "description": torrent.description,
        "thumbnail": None,
        "w": 5527,
        "dl": f"direct-link-{torrent.id}",
    }


def _entities(names: tuple[str, ...], base: int) -> str:
    return json.dumps({str(base + at): html.escape(name) for at, name in enumerate(names)}) if names else ""


def _strings(full: dict[str, Any]) -> dict[str, Any]:
    """The official page's: everything is text, the title is `name`, newer fields are missing."""
    newer = (
        "mediatype",
        "maincat",
        "categories",
        "vip_expire",
        "personal_freeleech",
        "ownership",
        "lang_code",
    )
    old = {name: value for name, value in full.items() if name not in newer}
    old["name"] = old.pop("title")
    return {name: str(value) if name in NUMBERS else value for name, value in old.items()}


def _booleans(full: dict[str, Any]) -> dict[str, Any]:
    flags = {name: bool(full[name]) for name in FLAGS}
    opened = {name: json.loads(full[name]) for name in INNER if full.get(name)}
    return {**full, **flags, **opened, "title": html.unescape(full["title"])}


def _double(full: dict[str, Any]) -> dict[str, Any]:
    """JSON in a string in a string, text escaped twice, flags as "yes"."""
    again = {name: json.dumps(full[name]) for name in INNER if full.get(name)}
    flags = {name: "yes" if full[name] else "no" for name in FLAGS}
    return {**full, **again, **flags, "title": html.escape(full["title"])}


def _older(full: dict[str, Any]) -> dict[str, Any]:
    renamed = {"title": "name", "filetype": "filetypes"}
    old = {renamed.get(name, name): value for name, value in full.items() if name != "ownership"}
    owner, name = json.loads(full["ownership"]) if full["ownership"] else (None, None)
    return {**old, "owner": owner, "owner_name": name, "vip": str(full["vip"]), "free": str(full["free"])}


def _broken(full: dict[str, Any]) -> dict[str, Any]:
    """Whatever can be broken without making the torrent another one."""
    broken = {"author_info": full["author_info"][:-1], "narrator_info": "[]", "series_info": None}
    return {
        **full,
        **broken,
        "categories": "x",
        "mediainfo": "{",
        "ownership": "[",
        "size": "big",
        "added": "",
    }


STYLES: dict[RowStyle, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "today": lambda full: full,
    "strings": _strings,
    "booleans": _booleans,
    "double": _double,
    "older": _older,
    "broken": _broken,
}


# --- the account -------------------------------------------------------------------------------------------------

SECTIONS = {
    "sSat": ("Seeding - Satisfied", False),
    "seedHnr": ("Seeding - H&R - Not Yet Satisfied", True),
    "seedUnsat": ("Seeding - pre-H&R - Not Yet Satisfied", False),
    "inactSat": ("Inactive - Satisfied", False),
    "inactHnr": ("Inactive - H&R - Not Yet Satisfied", True),
    "inactUnsat": ("Inactive - pre-H&R - Not Yet Satisfied", False),
}


def _section_of(snatch: Snatch) -> str:
    where = "seed" if snatch.seeding else "inact"
    if snatch.satisfied:
        return "sSat" if snatch.seeding else "inactSat"
    return f"{where}Hnr" if snatch.hit_and_run else f"{where}Unsat"


def account(member: Member, flags: set[str], knobs: Knobs) -> dict[str, Any]:
    """jsonLoad's answer with these flags."""
    base: dict[str, Any] = {
        "classname": member.classname,
        "country_code": "dk",
        "country_name": "Denmark",
        "downloaded": size_text(member.downloaded),
        "downloaded_bytes": member.downloaded,
        "uploaded": size_text(member.uploaded),
        "uploaded_bytes": member.uploaded,
        "ratio": _ratio(member),
        "seedbonus": int(member.points),
        "uid": member.uid,
        "username": member.username,
        "vip_until": member.vip_until.strftime("%Y-%m-%d %H:%M:%S")
        if member.is_vip and member.vip_until
        else None,
        "wedges": member.wedges,
    }
    if "notif" in flags:
        base["notifs"] = {"pms": 0, "aboutToDropClient": 0, "tickets": 0, "requests": 0, "topics": 0}
    if "snatch_summary" in flags:
        summary = _summary(member)
        base |= {"snatch_summary": summary} if knobs.account == "nested" else summary
    status: dict[str, Any] = _without(_as_text(base) if knobs.as_text else base, knobs.omit)
    return status


def _ratio(member: Member) -> Any:
    share = member.ratio
    if math.isfinite(share):
        return round(share, 6)
    return "∞" if member.uploaded else "---"


def _summary(member: Member) -> dict[str, Any]:
    sections: dict[str, list[Snatch]] = {name: [] for name in SECTIONS}
    for snatch in member.snatches.values():
        sections[_section_of(snatch)].append(snatch)
    summary: dict[str, Any] = {
        "connectable": member.connectable,
        "created": int(member.now.timestamp()),
        "update": int(member.now.timestamp()),
        "leeching": _section("Leeching Torrents", [], red=False),
        "upAct": _section("Uploads - Active", [], red=False),
        "upInact": _section("Uploads - Inactive", [], red=False),
        "unsat": {
            **_section("Unsatisfied", member.unsatisfied, red=False),
            "limit": member.limit,
            "size": None,
        },
        "duplicates": {"name": "Duplicate peer entries", "count": 0, "red": True},
        "reseed": {"name": "Reseed requests", "count": 0, "inactive": 0, "red": False},
        "ite": {"name": "Important Tracker Errors", "count": 0, "latest": 0},
    }
    for key, (name, red) in SECTIONS.items():
        summary[key] = _section(name, sections[key], red=red)
    return summary


def _section(name: str, snatches: list[Snatch], *, red: bool) -> dict[str, Any]:
    size = sum(snatch.torrent.size for snatch in snatches)
    return {"name": name, "count": len(snatches), "red": red, "size": size or None}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(entry) for name, entry in value.items()}
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _without(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without(entry, names) for name, entry in value.items() if name not in names}
