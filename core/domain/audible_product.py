"""Audible's product object, as its catalogue serves it and Libation writes it beside a book.

Ten thousand of them are read in one discovery, so values are taken by plain dict access and facts
are built without validation; every value is checked here instead. Nothing in it can raise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.asin import parse_asin
from core.domain.book import BookFacts, Chapter, Person, SeriesRef
from core.domain.matching import is_reading_line
from core.domain.people import authors_only, split_role
from core.domain.tolerant import flag, iso_date, names, text, web_address, whole_number

Product = Mapping[str, Any]

_ABRIDGED = {"unabridged": False, "abridged": True}
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_WORDS)}
_NUMBER = r"\d+(?:\.\d+)?"
_POSITION = re.compile(rf"(?P<first>{_NUMBER})(?:\s*(?:[-–—]|to)\s*(?P<last>{_NUMBER})|(?P<part>p\d+))?")
_NUMBERED = r"[,:]?\s*\(?(?:book|volume|vol\.?|part|episode|#|no\.?)\s*[\w.]+\)?"
_MAX_CHAPTERS = 10_000


def facts_from_product(product: Product, source: str, region: str | None = None) -> BookFacts:
    """The facts in one product, each credited to `source`; empty facts for an empty or foreign object."""
    series = _series(product.get("series"))
    title, subtitle = _unswapped(text(product.get("title")), text(product.get("subtitle")), series)
    date = iso_date(product.get("release_date")) or iso_date(product.get("issue_date"))
    ladders = _ladders(product.get("category_ladders"))
    values: dict[str, Any] = {
        "asin": parse_asin(product.get("asin")),
        "isbn": text(product.get("isbn")),
        "title": title,
        "subtitle": subtitle,
        "authors": people(product.get("authors")),
        "narrators": names(product.get("narrators")),
        "series": series,
        "year": int(date[:4]) if date else None,
        "release_date": date,
        "publisher": text(product.get("publisher_name")),
        "copyright": text(product.get("copyright")),
        "language": (text(product.get("language")) or "").lower() or None,
        "region": region,
        "description": text(product.get("publisher_summary")) or text(product.get("merchandising_summary")),
        "runtime_min": whole_number(product.get("runtime_length_min")),
        "abridged": _ABRIDGED.get((text(product.get("format_type")) or "").lower()),
        "dramatized": _dramatized(product) or None,
        "adult": flag(product.get("is_adult_product")),
        "cover_url": _largest_image(product.get("product_images")),
        "rating": _rating(product.get("rating")),
        "genres": list(dict.fromkeys(step for ladder in ladders for step in ladder)),
        "category_ladders": ladders,
    }
    known = {name: value for name, value in values.items() if value not in (None, "", [])}
    if region is not None and len(known) == 1:
        known = {}  # only what we put there ourselves
    return BookFacts.model_construct(sources=dict.fromkeys(known, source), **known)


def chapters_from_info(info: object) -> tuple[Chapter, ...]:
    """The chapters of a ChapterInfo object, nested parts flattened in reading order."""
    found: list[Chapter] = []
    pending = [info]
    while pending and len(found) < _MAX_CHAPTERS:
        entry = pending.pop()
        if not isinstance(entry, Mapping):
            continue
        start = entry.get("start_offset_ms", entry.get("startOffsetMs"))
        title = text(entry.get("title"))
        if title is not None and (start_ms := whole_number(start, zero=True)) is not None:
            found.append(Chapter.model_construct(start_ms=start_ms, title=title))
        if isinstance(nested := entry.get("chapters"), list):
            pending.extend(reversed(nested))
    return tuple(found)


def is_placeholder(product: Product) -> bool:
    """A book Audible only announces without a date: a made-up SKU or a release in the year 2200."""
    sku = str(product.get("sku") or product.get("sku_lite") or "")
    return sku.startswith("PL_HLDR") or str(product.get("release_date") or "").startswith("2200")


def is_podcast(product: Product) -> bool:
    """A podcast, its episodes or another periodical, which is no book."""
    kinds = f"{product.get('content_type')} {product.get('content_delivery_type')}".lower()
    return any(word in kinds for word in ("podcast", "episode", "periodical"))


def clean_position(sequence: object) -> str | None:
    """A series position as number, range, or number and part; None where there is no number.

    "Book 1" -> "1", "01.50" -> "1.5", "1 - 3" -> "1-3", "2, Dramatized Adaptation" -> "2", "1p2" -> "1p2".
    """
    raw = text(sequence)
    if raw is None:
        return None
    match = _POSITION.search(raw)
    if match is None:
        return next((_NUMBER_WORDS[word] for word in raw.lower().split() if word in _NUMBER_WORDS), None)
    first = _plain_number(match["first"])
    if match["last"]:
        return f"{first}-{_plain_number(match['last'])}"
    return first + (match["part"] or "")


def people(value: object) -> list[Person]:
    """The authors in `[{"asin": …, "name": …}]`: translators and other helpers left out."""
    if not isinstance(value, list):
        return []
    asins: dict[str, str | None] = {}
    for entry in value:
        if isinstance(entry, Mapping) and (name := split_role(text(entry.get("name")) or "")[0]):
            asins[name] = parse_asin(entry.get("asin")) or asins.get(name)
    return [Person.model_construct(name=name, asin=asins.get(name)) for name in authors_only(names(value))]


def _series(value: object) -> list[SeriesRef]:
    if not isinstance(value, list):
        return []
    return [
        SeriesRef.model_construct(
            name=name, position=clean_position(entry.get("sequence")), asin=parse_asin(entry.get("asin"))
        )
        for entry in value
        if isinstance(entry, Mapping) and (name := text(entry.get("title")))
    ]


def _unswapped(
    title: str | None, subtitle: str | None, series: list[SeriesRef]
) -> tuple[str | None, str | None]:
    """Title and subtitle, exchanged where the title is only the series and the subtitle names the book.

    A first book often bears its series' name rightly, so there the number must be in the title too.
    """
    if not title or not subtitle or is_reading_line(subtitle):
        return title, subtitle
    for entry in series:
        later_book = entry.position not in (None, "1") and title.casefold() == entry.name.casefold()
        if later_book or re.fullmatch(re.escape(entry.name) + _NUMBERED, title, re.IGNORECASE):
            return subtitle, title
    return title, subtitle


def _ladders(value: object) -> list[list[str]]:
    if not isinstance(value, list):
        return []
    steps = (names(entry.get("ladder")) for entry in value if isinstance(entry, Mapping))
    return [ladder for ladder in steps if ladder]


def _dramatized(product: Product) -> bool:
    words = f"{product.get('title')} {product.get('subtitle')}".lower()
    return "dramatized adaptation" in words or "dramatised adaptation" in words


def _largest_image(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    sizes = [(whole_number(size) or 0, url) for size, link in value.items() if (url := web_address(link))]
    return max(sizes)[1] if sizes else None


def _rating(value: object) -> str | None:
    overall = value.get("overall_distribution") if isinstance(value, Mapping) else None
    if not isinstance(overall, Mapping):
        return None
    return text(overall.get("display_average_rating") or overall.get("display_stars"))


def _plain_number(digits: str) -> str:
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
