"""The parts of a title: reading lines, series mentions, format words, and how they are cut out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from core.domain.lint import words

_SEPARATOR = re.compile(r"(\s*[:꞉]\s+|\s+[-–—|]\s+)")
_BRACKETS = re.compile(r"\s*[(\[{]\s*([^()\[\]{}]*?)\s*[)\]}]")
_KIND = "|".join(words.KINDS)
_ADJECTIVES = r"(?:[\w'’&.,/+-]+\s+){0,6}?"
_READING_LINE = re.compile(
    rf"an?\s+{_ADJECTIVES}(?:{_KIND})(?:\s+(?:of|from|in|about|set|based)\b.*)?"
    rf"|the\s+novel|novel|an?\s+{_ADJECTIVES}(?:{'|'.join(words.KINDS_AT_END)})"
    rf"|(?:eine?\s+)?(?:\w+er\s+)?(?:{'|'.join(words.FOREIGN_KINDS)})"
    rf"|{'|'.join(words.BLURBS)}",
    re.IGNORECASE,
)
_FICTION_LINE = re.compile(rf"an?\s+{_ADJECTIVES}(?:{'|'.join(words.FICTION_KINDS_AT_END)})", re.IGNORECASE)
_FORMAT = re.compile("|".join((*words.FORMAT_WORDS, *map(re.escape, words.PUBLISHERS))), re.IGNORECASE)
_TRAILING_FORMAT = re.compile(r"\s+unabridged$", re.IGNORECASE)

_COUNT = rf"(?:\d+(?:\.\d+)?(?:\s*[-–]\s*\d+(?:\.\d+)?)?|{'|'.join(words.NUMBER_WORDS)}|[ivx]{{1,5}})"
_NUMBERED = rf"(?:book|bk\.?|volume|vol\.?|part|episode|no\.?|number|#)\s*#?{_COUNT}"
_BOOK_NUMBER = rf"(?:(?:book|bk\.?)\s*#?|#\s*){_COUNT}"
_NAME_AND_NUMBER = re.compile(
    rf"(?P<name>.+?)(?:\s*[,:;]?\s*\(?{_NUMBERED}\)?|\s+{_COUNT}|\s*#{_COUNT})", re.IGNORECASE
)
_UNLISTED = re.compile(
    rf".+(?:,\s*|\s+){_BOOK_NUMBER}|an?\s+.+\s(?:prequel|standalone|sequel|companion)"
    r"|(?!.*\b(?:world|complete|whole|entire|tv|television)\b)(?:the\s+)?(?:[\w'’]+\s+){1,4}series",
    re.IGNORECASE,
)
_NUMBER_OF = re.compile(rf"(?:{_NUMBERED}|{_COUNT})\s+(?:of|in|from)\s+(?P<name>.+)", re.IGNORECASE)
_FIRST_BOOK = re.compile(r"(?P<name>.+?)\s*[,:]?\s*\(?(?:book\s*|#\s*)(?:1|one)\)?", re.IGNORECASE)
_JUST_A_NUMBER = re.compile(rf"\(?(?:{_NUMBERED}|{_COUNT})\)?", re.IGNORECASE)
_JUST_A_BOOK_NUMBER = re.compile(rf"\(?{_BOOK_NUMBER}\)?", re.IGNORECASE)
_SUFFIX = re.compile(rf"\s+(?:{'|'.join(words.SERIES_SUFFIXES)})$", re.IGNORECASE)


def tidy(text: str) -> str:
    """One line without doubled or stray blanks, invisible characters, or separators left at its ends."""
    plain = "".join(" " if mark.isspace() else mark for mark in text if unicodedata.category(mark) != "Cf")
    plain = re.sub(r"\s+([:,;])(?=\s)", r"\1", " ".join(plain.split()))
    return re.sub(r"(?:\s*[:,;|]|\s+[-–—])+$|^(?:[:,;|]\s*|[-–—]\s+)+", "", plain).strip()


def is_reading_line(text: str, *, fiction: bool = True) -> bool:
    """Whether a part of a title only tells the kind of book: "A Novel", "An Epic Fantasy Adventure"."""
    return bool(_READING_LINE.fullmatch(text) or (fiction and _FICTION_LINE.fullmatch(text)))


def is_format_word(text: str) -> bool:
    """Whether a part of a title tells the recording or publisher: "Unabridged", "Podium Audio"."""
    return _FORMAT.fullmatch(text) is not None


def is_just_a_number(text: str) -> bool:
    """Whether a text is only a place in a series: "Book 1", "Volume Two", "3"."""
    return _JUST_A_NUMBER.fullmatch(text.strip()) is not None


def series_key(name: str) -> str:
    """A series' name as compared: no article, no "Series" or "Trilogy" behind it, letters and digits only."""
    bare = re.sub(r"^(?:the|an?)\s+", "", _SUFFIX.sub("", name.strip()), flags=re.IGNORECASE)
    folded = unicodedata.normalize("NFKD", bare.replace("&", "and")).casefold()
    return "".join(mark for mark in folded if mark.isalnum())


def names_series(text: str, keys: Iterable[str], *, bare: bool = True) -> bool:
    """Whether a part of a title only mentions a series, listed in `keys` or recognisable by its number."""
    return names_listed(text, keys, bare=bare) or _UNLISTED.fullmatch(text) is not None


def names_listed(text: str, keys: Iterable[str], *, bare: bool = True) -> bool:
    """Whether it mentions one of the listed series with a number, or with `bare` its name alone."""
    keys = frozenset(keys)
    if bare and series_key(text) in keys:
        return True
    numbered = _NAME_AND_NUMBER.fullmatch(text)
    return bool((numbered and series_key(numbered["name"]) in keys) or _NUMBER_OF.fullmatch(text))


def cut(
    title: str,
    unwanted: Callable[[str], bool],
    *,
    also_first: bool = False,
    behind_comma: Callable[[str], bool] | None = None,
) -> str:
    """`title` without the bracketed, separated or comma-set parts that are `unwanted`.

    `behind_comma` judges parts set off by a comma alone, where commas also join what belongs together.
    The first part stays unless `also_first`; a title of nothing else, or of nothing but a number, is
    returned as it came.
    """
    text = _BRACKETS.sub(lambda match: "" if unwanted(match[1]) else match[0], title)
    pieces = [_without_tail(piece, behind_comma or unwanted) for piece in _SEPARATOR.split(text)]
    parts = list(zip(["", *pieces[1::2]], pieces[::2], strict=True))
    kept = [
        part
        for index, part in enumerate(parts)
        if not ((index or also_first) and unwanted(part[1].strip(" ,;")))
    ]
    text = "".join((separator if index else "") + piece for index, (separator, piece) in enumerate(kept))
    rest = tidy(text) if text != title else title
    return rest if any(mark.isalnum() for mark in rest) and not is_just_a_number(rest) else title


def _without_tail(text: str, unwanted: Callable[[str], bool]) -> str:
    commas = (comma for comma in re.finditer(r",\s+", text) if unwanted(text[comma.end() :].strip()))
    first = next(commas, None)
    return text[: first.start()] if first and text[: first.start()].strip() else text


def cut_format_words(title: str) -> str:
    """`title` without format words and publishers' tags."""
    rest = cut(title, is_format_word)
    bare = _TRAILING_FORMAT.sub("", rest)
    return bare if bare.strip().lower() not in words.ARTICLES and bare.strip() else rest


def cut_series(title: str, series: Iterable[str], *, bare: bool = True) -> str:
    """`title` without mentions of its series; with `bare` the series' name alone counts as one."""
    keys = frozenset(series_key(name) for name in series) - {""}
    head = _inline_head(title, series)
    title_part = title[head:] if head else title
    rest = cut(
        title_part,
        lambda part: names_series(part, keys, bare=bare),
        also_first=True,
        behind_comma=lambda part: names_listed(part, keys, bare=bare),
    )
    if rest == title and (first := _FIRST_BOOK.fullmatch(title)) and series_key(first["name"]) in keys:
        return first["name"]
    if keys:
        without_number = cut(rest, lambda part: _JUST_A_BOOK_NUMBER.fullmatch(part) is not None)
        if series_key(without_number) not in keys:
            rest = without_number
    return rest


def _inline_head(title: str, series: Iterable[str]) -> int:
    """Where the title proper starts in "Mistborn Book 1 The Final Empire"; 0 if it is not written so."""
    for name in series:
        pattern = rf"{re.escape(name.strip())}[,:]?\s+{_NUMBERED}[\s:,–—-]+(?=[^\W\d_])"
        if name.strip() and (match := re.match(pattern, title, re.IGNORECASE)):
            return match.end()
    return 0
