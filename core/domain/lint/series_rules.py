"""Rules for series."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from core.domain.lint import words
from core.domain.lint.form import Form, SeriesItem
from core.domain.lint.rule import LintOptions, Note, Rule
from core.domain.lint.title_rules import decoded
from core.domain.lint.title_text import series_key

_SUFFIX = re.compile(rf"\s+(?:{'|'.join(words.SERIES_SUFFIXES)})$|\s*[(\[]series[)\]]$", re.IGNORECASE)
_READING_LINE = re.compile(r"an?\s+(?P<name>.+\S)\s+(?:novel|novella|book|thriller|mystery)", re.IGNORECASE)
_ONE = r"\d{1,4}(?:\.\d{1,2})?[a-z]?"
_SPAN = rf"{_ONE}(?:\s*[-–]\s*{_ONE})?"
_NUMBER = re.compile(rf"{_SPAN}(?:\s*[,&+]\s*{_SPAN})*", re.IGNORECASE)
_PREFIXED = re.compile(
    rf"(?:books?|bk\.?|volumes?|vol\.?|parts?|no\.?|nr\.?|band|tome|number|episode|#)\s*#?\s*(?P<number>{_SPAN}|[a-z]+)",
    re.IGNORECASE,
)
_OF = re.compile(
    rf"(?P<number>{_SPAN})\s*(?:of|/)\s*\d+|(?P<ordinal>\d+)(?:st|nd|rd|th)|(?P<word>[a-z]+)", re.IGNORECASE
)
_IN_NAME = re.compile(
    rf"(?P<name>.+?)(?:\s*,\s*|\s+|\s*\()(?:(?:book|bk\.?|volume|vol\.?|no\.?)\s*#?\s*|#\s*)(?P<number>{_SPAN})\)?",
    re.IGNORECASE,
)


def plain_number(text: str) -> str | None:
    """The number in "Book 1", "#1", "1 of 3", "One", "2nd"; None where it cannot be told."""
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        return bare
    if prefixed := _PREFIXED.fullmatch(bare):
        bare = prefixed["number"]
        if _NUMBER.fullmatch(bare):
            return bare
    if match := _OF.fullmatch(bare):
        word = (match["word"] or "").lower()
        return match["number"] or match["ordinal"] or words.NUMBER_WORDS.get(word)
    return None


def _number_cured(item: SeriesItem) -> SeriesItem:
    if item.number.strip():
        number = plain_number(item.number)
        item = replace(item, number=number) if number else item
    if match := _IN_NAME.fullmatch(item.name.strip()):
        item = replace(item, name=match["name"].strip(), number=item.number or match["number"])
    return item


def _suffix_cured(item: SeriesItem) -> SeriesItem:
    name = item.name.strip()
    if line := _READING_LINE.fullmatch(name):
        return replace(item, name=line["name"])
    bare = _SUFFIX.sub("", name)
    if bare == name:
        return item
    without_article = re.sub(r"^(?:the|an?)\s+", "", bare, flags=re.IGNORECASE)
    name = without_article if series_key(without_article) else bare
    return replace(item, name=name) if bare.lower() not in words.ARTICLES else item


def _text_cured(item: SeriesItem) -> SeriesItem:
    return replace(item, name=" ".join(decoded(item.name).split()) or item.name)


def _same(one: SeriesItem, other: SeriesItem) -> bool:
    return series_key(one.name) == series_key(other.name) and series_key(one.name) != ""


def _once(items: tuple[SeriesItem, ...]) -> tuple[SeriesItem, ...]:
    """Each series once where the numbers do not contradict each other."""
    kept: list[SeriesItem] = []
    for item in items:
        twin = next(
            (
                k
                for k in kept
                if _same(k, item) and (not item.number or not k.number or item.number == k.number)
            ),
            None,
        )
        if twin is None:
            kept.append(item)
        elif not twin.number and item.number:
            kept[kept.index(twin)] = item
    return tuple(kept)


def _all(cure: Callable[[SeriesItem], SeriesItem], form: Form) -> Form:
    return replace(form, series=tuple(map(cure, form.series)))


def _check_number(form: Form, _: LintOptions) -> Iterator[Note]:
    for item in form.series:
        if _number_cured(item) != item:
            yield Note(
                "series",
                f"The number is written as digits in its own place: {item.name} {item.number}".strip(),
            )
        elif item.number.strip() and plain_number(item.number) is None:
            yield Note("series", f"This is no number in a series: {item.number.strip()}")
        elif not item.number.strip() and item.has_room_for_number:
            yield Note("series", f"The number in the series is empty: {item.name.strip()}")


def _check_suffix(form: Form, _: LintOptions) -> Iterator[Note]:
    for item in form.series:
        if _suffix_cured(item) != item:
            yield Note("series", f"A series is named without such words: {item.name.strip()}")


def _check_text(form: Form, _: LintOptions) -> Iterator[Note]:
    for item in form.series:
        if _text_cured(item) != item:
            yield Note("series", f"There are stray blanks or HTML entities: {item.name.strip()}")


def _check_twice(form: Form, _: LintOptions) -> Iterator[Note]:
    for index, item in enumerate(form.series):
        if any(_same(item, other) for other in form.series[:index]):
            yield Note("series", f"A series is named twice: {item.name.strip()}")


SERIES_RULES = (
    Rule("SERIES_TEXT", _check_text, lambda form: _all(_text_cured, form)),
    Rule("SERIES_NUMBER", _check_number, lambda form: _all(_number_cured, form)),
    Rule("SERIES_SUFFIX", _check_suffix, lambda form: _all(_suffix_cured, form)),
    Rule("SERIES_DUPLICATE", _check_twice, lambda form: replace(form, series=_once(form.series))),
)
