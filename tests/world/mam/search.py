"""The site's search over the shelf: words and fields, filters, order, pages, and its own words for "nothing"."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from tests.world.mam.knobs import ROW_STYLES, Knobs
from tests.world.mam.member import Member
from tests.world.mam.shapes import row
from tests.world.mam.shelf import Shelf, Torrent
from tests.world.mam.wire import EMPTY, Answer, Call, as_json

FIELDS: dict[str, Callable[[Torrent], str]] = {
    "title": lambda torrent: torrent.title,
    "author": lambda torrent: " ".join(torrent.authors),
    "narrator": lambda torrent: " ".join(torrent.narrators),
    "series": lambda torrent: " ".join(name for name, _ in torrent.series),
    "description": lambda torrent: torrent.description,
    "tags": lambda torrent: torrent.tags,
    "filenames": lambda torrent: torrent.title,
    "fileTypes": lambda torrent: torrent.file_types,
}
KINDS: dict[str, Callable[[Torrent, Member], bool]] = {
    "all": lambda torrent, member: True,
    "active": lambda torrent, member: torrent.seeders > 0,
    "inactive": lambda torrent, member: torrent.seeders == 0,
    "fl": lambda torrent, member: torrent.free or member.everything_free(),
    "fl-VIP": lambda torrent, member: (
        torrent.free or torrent.is_vip_at(member.now) or member.everything_free()
    ),
    "VIP": lambda torrent, member: torrent.is_vip_at(member.now),
    "nVIP": lambda torrent, member: not torrent.is_vip_at(member.now),
    "nMeta": lambda torrent, member: not torrent.narrators,
}
SORTS: dict[str, Callable[[Torrent], Any]] = {
    "title": lambda torrent: torrent.title,
    "size": lambda torrent: torrent.size,
    "seeders": lambda torrent: torrent.seeders,
    "leechers": lambda torrent: torrent.leechers,
    "snatched": lambda torrent: torrent.snatched,
    "date": lambda torrent: torrent.added,
}
_TOKEN = re.compile(r'@\(?([\w,]+)\)?|(-?)"([^"]*)"|(\|)|(-?)(\w+)')


def search(call: Call, shelf: Shelf, member: Member, knobs: Knobs, rng: random.Random) -> Answer:
    """The answer to a search; an unreadable body gives an empty one, as on the site."""
    try:
        body = json.loads(call.body)
        tor = body["tor"]
    except (ValueError, TypeError, KeyError):
        return EMPTY
    if not isinstance(tor, dict) or any(tor.get(name) == [] for name in ("browse_lang", "cat", "main_cat")):
        return EMPTY  # an empty list breaks the site's search
    text = str(tor.get("text") or "")
    if text in knobs.failing_words:
        return as_json({"error": knobs.failing_words[text]})
    hits = _chosen(tor, body, shelf, member)
    start = int(tor.get("startNumber") or 0)
    page = max(5, min(int(body.get("perpage") or 20), knobs.most_per_page))
    shown = hits[start : start + page]
    if not shown:
        return as_json({"error": f"Nothing returned, out of {len(hits)}"})
    if knobs.repeat_rows and start:
        shown = [hits[start - 1], *shown]
    styles = [rng.choice(ROW_STYLES) if knobs.rows == "mixed" else knobs.rows for _ in shown]
    data = [row(torrent, member, body, style) for torrent, style in zip(shown, styles, strict=True)]
    total = start + len(shown)
    return as_json({"perpage": page, "start": start, "data": data, "total": total, knobs.found_as: len(hits)})


def _chosen(tor: dict[str, Any], body: dict[str, Any], shelf: Shelf, member: Member) -> list[Torrent]:
    if tor.get("id"):
        found = shelf.get(int(tor["id"]))
        return [found] if found else []
    if tor.get("hash"):
        found = shelf.by_infohash(str(tor["hash"]))
        return [found] if found else []
    hits = [
        torrent
        for torrent in shelf
        if KINDS.get(str(tor.get("searchType", "all")), KINDS["all"])(torrent, member)
        and _says(torrent, str(tor.get("text") or ""), tor.get("srchIn") or ["title", "author"])
        and _in(torrent.main_category, tor.get("main_cat"))
        and _in(torrent.category[0], tor.get("cat"))
        and _in(torrent.language[0], tor.get("browse_lang"))
        and _within(torrent, tor)
        and ("my_snatched" not in body or torrent.id in member.snatches)
    ]
    return _sorted(hits, str(tor.get("sortType") or "default"), text=bool(tor.get("text")))


def _says(torrent: Torrent, text: str, fields: Iterable[str]) -> bool:
    """Every word is somewhere in the fields; `@field`, "phrases", -words and a | b as the site knows them."""
    chosen = [name for name in fields if name in FIELDS]
    alternatives: list[bool] = []
    either = False
    for match in _TOKEN.finditer(text):
        named, minus_phrase, phrase, bar, minus, word = match.groups()
        if named:
            chosen = [name for name in named.split(",") if name in FIELDS]
            continue
        if bar:
            either = True
            continue
        wanted = (phrase if phrase is not None else word).lower()
        here = any(wanted in FIELDS[name](torrent).lower() for name in chosen)
        here = not here if (minus_phrase or minus) else here
        if either and alternatives:
            alternatives[-1] = alternatives[-1] or here
        else:
            alternatives.append(here)
        either = False
    return all(alternatives)


def _in(value: int, wanted: Any) -> bool:
    numbers = {int(number) for number in wanted or ()}
    return not numbers or 0 in numbers or value in numbers


def _within(torrent: Torrent, tor: dict[str, Any]) -> bool:
    unit = int(tor.get("unit") or 1)
    return (
        torrent.size >= int(tor.get("minSize") or 0) * unit
        and torrent.size <= (int(tor["maxSize"]) * unit if tor.get("maxSize") else torrent.size)
        and torrent.seeders >= int(tor.get("minSeeders") or 0)
        and (not tor.get("startDate") or torrent.added >= _day(tor["startDate"]))
        and (not tor.get("endDate") or torrent.added < _day(tor["endDate"]))
    )


def _day(text: Any) -> datetime:
    return datetime.strptime(str(text), "%Y-%m-%d").replace(tzinfo=UTC)


def _sorted(hits: list[Torrent], sort: str, *, text: bool) -> list[Torrent]:
    match = re.fullmatch(r"(\w+?)(Asc|Desc)", sort)
    if match and match[1] in SORTS:
        return sorted(hits, key=SORTS[match[1]], reverse=match[2] == "Desc")
    return hits if text else sorted(hits, key=SORTS["date"], reverse=True)
