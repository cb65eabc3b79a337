"""Building the fast-fill object from facts, and writing it in the dialect a person's tool reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.domain.book import BookFacts, SeriesRef
from core.domain.category_rules import CategoryChoice, choose_categories
from core.domain.kit.tags import tags_line
from core.domain.kit.title import form_title
from core.domain.media import MediaReport
from core.domain.tracker_ids import find_flag, find_language, find_main_category, find_media_type, find_new

Dialect = Literal["native", "helper"]
DIALECTS: tuple[Dialect, ...] = ("native", "helper")
KIT_FIELDS = (
    *("title", "subtitle", "authors", "narrators", "series", "tags", "description", "thumbnail", "language"),
    *("isbn", "mediaInfo", "mediaType", "main_cat", "categories", "category", "flags"),
)
_AUDIOBOOK = 1
_LGBT_CATEGORY = 25
_LISTS = frozenset(("authors", "narrators"))


def build_kit(
    facts: BookFacts,
    media: Sequence[MediaReport],
    *,
    files: Sequence[str] = (),
    description: str | None = None,
    dialect: Dialect = "native",
    origin: str | None = None,
    choice: CategoryChoice | None = None,
    edits: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The fast-fill object with all its keys, null where unknown.

    `description` is rendered already; `origin` is where the files come from ("Libation"); `choice` defaults
    to what the genres tell. A person's `edits` (field to value) win over everything. The native dialect has
    flags as a list, the helper one as an object.
    """
    choice = choice or choose_categories(facts)
    kit: dict[str, Any] = {
        "title": form_title(facts, choice.main_cat),
        "subtitle": None,  # joined to the title: the site would join it again, helpers would drop it
        "authors": [author.name for author in facts.authors] or None,
        "narrators": list(facts.narrators) or None,
        "series": [_series(series) for series in facts.series],
        "tags": tags_line(facts, media, files, origin=origin),
        "description": description or None,
        "thumbnail": facts.cover_url,
        "language": language.name if (language := find_language(facts.language)) else None,
        "isbn": f"ASIN:{facts.asin}" if facts.asin else facts.isbn,
        "mediaInfo": _media_info(media),
        "mediaType": _AUDIOBOOK,
        "main_cat": choice.main_cat,
        "categories": list(choice.categories) or None,
        "category": choice.category.label if choice.category else None,
        "flags": _flags(facts, choice),
    }
    kit |= {name: value for name, value in (edits or {}).items() if name in KIT_FIELDS}
    kit["flags"] = _in_dialect(kit["flags"], dialect)
    return kit


def export_kit(kit: Mapping[str, Any]) -> dict[str, Any]:
    """The kit as it goes into a file: unknown and empty fields left out, as the form asks."""
    return {name: kit[name] for name in KIT_FIELDS if kit.get(name) not in (None, "", [], {})}


def parse_edit(field: str, text: str) -> Any:
    """A field's value from what a person typed: names and series separated by ";", ids by commas.

    An empty text means unknown. Raises ValueError with a sentence for a field there is not or a bad value.
    """
    if field not in KIT_FIELDS:
        raise ValueError(f"There is no field {field}; the form has {', '.join(KIT_FIELDS)}.")
    value = text.strip()
    if not value:
        return [] if field in ("series", "flags") else None
    if field in _LISTS:
        return [name.strip() for name in value.split(";") if name.strip()]
    parse = _PARSERS.get(field)
    return parse(value) if parse else value


def _series(series: SeriesRef) -> dict[str, Any]:
    return {"name": series.name, "number": series.position} if series.position else {"name": series.name}


def _media_info(media: Sequence[MediaReport]) -> str | None:
    """The first file's MediaInfo as text: the form takes one, and the parts of a book are alike."""
    if not media or not media[0].raw:
        return None
    text = json.dumps(media[0].raw, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(media[0].raw)


def _flags(facts: BookFacts, choice: CategoryChoice) -> list[str]:
    """What the catalogue says for certain; language and violence are for the person to judge."""
    known = (
        ("eSex", facts.adult),
        ("abridged", facts.abridged),
        ("lgbt", _LGBT_CATEGORY in choice.categories),
    )
    return [name for name, applies in known if applies]


def _in_dialect(flags: Any, dialect: Dialect) -> Any:
    if isinstance(flags, Mapping):
        flags = [name for name, on in flags.items() if on]
    flags = list(flags or [])
    return dict.fromkeys(flags, True) if dialect == "helper" else flags


def _parse_series(value: str) -> list[dict[str, Any]]:
    found = []
    for entry in filter(None, map(str.strip, value.split(";"))):
        name, mark, number = entry.partition("#")
        found.append({"name": name.strip(" ,"), "number": number.strip()} if mark else {"name": entry})
    return found


def _parse_flags(value: str) -> list[str]:
    found = []
    for name in value.replace(";", ",").split(","):
        flag = find_flag(name)
        if flag is None:
            raise ValueError(
                f"There is no flag {name.strip()}; take cLang, vio, sSex, eSex, abridged or lgbt."
            )
        found.append(flag.key)
    return found


def _parse_categories(value: str) -> list[int]:
    found = []
    for name in value.replace(";", ",").split(","):
        category = find_new(name.strip())
        if category is None:
            raise ValueError(f"There is no category {name.strip()} in the new scheme.")
        found.append(category.id)
    return found


def _parse_main(value: str) -> int:
    main = find_main_category(value)
    if main is None:
        raise ValueError("The main category is 1 (fiction) or 2 (non-fiction).")
    return main


def _parse_media_type(value: str) -> int:
    media_type = find_media_type(value)
    if media_type is None:
        raise ValueError("The media type is a number from 1 to 8; an audiobook is 1.")
    return media_type


_PARSERS = {
    "series": _parse_series,
    "flags": _parse_flags,
    "categories": _parse_categories,
    "main_cat": _parse_main,
    "mediaType": _parse_media_type,
}
