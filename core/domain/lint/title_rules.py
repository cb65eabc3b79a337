"""Rules for title and subtitle. The site's fill joins them as "title: subtitle"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape

from core.domain.lint import words
from core.domain.lint.form import Form
from core.domain.lint.rule import Check, Fix, LintOptions, Note, Rule
from core.domain.lint.title_case import to_mla
from core.domain.lint.title_text import (
    cut,
    cut_format_words,
    cut_series,
    is_format_word,
    is_just_a_number,
    is_reading_line,
    names_series,
    series_key,
    tidy,
)
from core.domain.tracker_ids import NONFICTION, find_language, find_main_category

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_ENGLISH = 1

TextCure = Callable[[Form, str], str]


def decoded(text: str) -> str:
    """`text` with HTML entities decoded, twice-escaped ones too."""
    for _ in range(5):
        plain = _ENTITY.sub(lambda match: unescape(match[0]), text)
        if plain == text:
            break
        text = plain
    return text


def _text_rule(code: str, message: str, title: TextCure, subtitle: TextCure | None = None) -> Rule:
    """A rule whose cure is a rewritten title or subtitle; it sees whatever its cure would change."""
    cures = {"title": title, "subtitle": subtitle or title}

    def check(form: Form, _: LintOptions) -> Iterator[Note]:
        cured = fix(form)
        for name in cures:
            if getattr(form, name) != getattr(cured, name):
                yield Note(name, message.format(getattr(form, name)))

    def fix(form: Form) -> Form:
        present = {
            name: cure(form, getattr(form, name)) for name, cure in cures.items() if getattr(form, name)
        }
        if not present.get("title", "x").strip():
            present["title"] = form.title
        return form.changed(present)

    return Rule(code, check, fix)


def _fiction(form: Form) -> bool:
    return find_main_category(form.main_cat) != NONFICTION


def _series_names(form: Form) -> list[str]:
    return [item.name for item in form.series]


def _without_reading_line(form: Form, title: str) -> str:
    return cut(title, lambda part: is_reading_line(part, fiction=_fiction(form)))


def _subtitle_without_reading_line(form: Form, subtitle: str) -> str:
    if is_reading_line(subtitle.strip(), fiction=_fiction(form)):
        return ""
    return _without_reading_line(form, subtitle)


def _without_series(form: Form, title: str) -> str:
    return title if _swapped(form) else cut_series(title, _series_names(form), bare=_fiction(form))


def _subtitle_without_series(form: Form, subtitle: str) -> str:
    keys = frozenset(map(series_key, _series_names(form))) - {""}
    only_a_number = is_just_a_number(subtitle) and bool(keys)
    if _swapped(form):
        return subtitle
    if only_a_number or names_series(subtitle.strip(), keys):
        return ""
    return _without_series(form, subtitle)


def _subtitle_without_format_words(_: Form, subtitle: str) -> str:
    return "" if is_format_word(subtitle.strip()) else cut_format_words(subtitle)


def _in_title_case(form: Form, title: str) -> str:
    language = find_language(form.language)
    return to_mla(title) if language is not None and language.id == _ENGLISH else title


def _swapped(form: Form) -> bool:
    """The title only names the series or the kind, and the subtitle is the book's name.

    A first book often bears its series' name rightly, so there the number must be in the title too.
    """
    title, subtitle = form.title.strip(), form.subtitle.strip()
    if not title or not subtitle or is_just_a_number(subtitle) or is_format_word(subtitle):
        return False
    keys = frozenset(map(series_key, _series_names(form))) - {""}
    if is_reading_line(subtitle) or names_series(subtitle, keys):
        return False
    if is_reading_line(title, fiction=False):
        return True
    if any(
        series_key(title) == series_key(s.name) and s.number.strip() not in ("", "1") for s in form.series
    ):
        return True
    return series_key(title) not in keys and names_series(title, keys, bare=False)


def _check_swapped(form: Form, _: LintOptions) -> Iterator[Note]:
    if _swapped(form):
        yield Note(
            "title", f"The title names only the series; the book's name is in the subtitle: {form.subtitle}"
        )


def _unswap(form: Form) -> Form:
    return replace(form, title=form.subtitle.strip(), subtitle="") if _swapped(form) else form


def _check_title(form: Form, _: LintOptions) -> Iterator[Note]:
    if not form.title.strip():
        yield Note("title", "There is no title.")


def _check_length(form: Form, options: LintOptions) -> Iterator[Note]:
    for path in form.files:
        parts = path.replace("\\", "/").split("/")
        relative = "/".join(parts[-2:]) if path.startswith("/") else path
        if len(relative) > options.max_path:
            yield Note(
                "files", f"A path is {len(relative)} characters long, {options.max_path} fit: {parts[-1]}"
            )
        elif any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts):
            yield Note("files", f"A name is longer than the 255 bytes file systems allow: {parts[-1]}")
    if len(form.title) > options.max_path:
        yield Note(
            "title",
            f"The title is {len(form.title)} characters long, {options.max_path} fit.",
        )
    for name in ("authors", "narrators"):
        if any(len(person) > words.LONGEST_NAME for person in getattr(form, name)):
            yield Note(name, f"A name is longer than {words.LONGEST_NAME} characters: is it more than one?")


def _rule(code: str, check: Check, fix: Fix | None = None) -> Rule:
    return Rule(code, check, fix)


TITLE_RULES = (
    _rule("TITLE_MISSING", _check_title),
    _text_rule(
        "TITLE_HTML_ENTITY", "HTML entities stand for characters here: {}", lambda _, text: decoded(text)
    ),
    _text_rule(
        "TITLE_WHITESPACE", "There are stray blanks or separators.", lambda _, text: tidy(text) or text
    ),
    _rule("TITLE_SUBTITLE_SWAPPED", _check_swapped, _unswap),
    _text_rule(
        "TITLE_FORMAT_WORDS",
        "Format, edition or publisher do not belong here: {}",
        lambda _, text: cut_format_words(text),
        _subtitle_without_format_words,
    ),
    _text_rule(
        "TITLE_READING_LINE",
        "A reading line is no part of the title: {}",
        _without_reading_line,
        _subtitle_without_reading_line,
    ),
    _text_rule(
        "TITLE_HAS_SERIES",
        "The series has its own field: {}",
        _without_series,
        _subtitle_without_series,
    ),
    _text_rule("TITLE_CASE", "MLA title case is asked for English titles: {}", _in_title_case),
    _rule("NAME_TOO_LONG", _check_length),
)
