"""What a book folder's name says: `Title [vol_NN] (Year) (Author[, Author]) {ASIN.X} [Tag]`.

Every part may be missing and the marks behind the title may stand in any order. Libation's own
`Title [B0...]` and older spellings of the ASIN are understood as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from core.domain.asin import ASIN, parse_asin
from core.domain.audible_product import clean_position
from core.domain.people import HELPING_ROLES, MAKING_ROLES, authors_only, split_names


@dataclass(frozen=True, slots=True)
class FolderName:
    """The parts of a folder name; `arc` is the text between the volume and the next mark."""

    title: str | None = None
    position: str | None = None  # as catalogues give it: "1", "1.5", "1-3", "1p1"
    year: int | None = None
    authors: tuple[str, ...] = ()
    asin: str | None = None
    tag: str | None = None
    arc: str | None = None

    @property
    def marked(self) -> bool:
        """Whether it is surely a book's name and not an author's or a series'."""
        return self.asin is not None or self.year is not None or self.position is not None


VOLUME, YEAR, ASIN_MARK, BARE_ASIN = "volume", "year", "asin", "bare"
ROUND, SQUARE, CURLY = "round", "square", "curly"  # brackets with anything else
_DIVIDING = (VOLUME, YEAR, ASIN_MARK, BARE_ASIN)


class _Mark(NamedTuple):
    """A mark of a kind, its inner text, and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int


_NUMBER = r"\d+(?:\.\d+)?"
_MARK = re.compile(
    rf"""
    (?=[\[({{vV])  # spares most characters the alternatives
    (?: (?P<volume> \[? (?<!\w) vol_ (?P<position> {_NUMBER} (?:[-–]{_NUMBER} | p\d+)? ) (?!\w) \]? )
    | \( (?P<year> 1\d{{3}} | 2[01]\d\d ) \)
    | [\[{{] \s* ASIN\. (?P<asin> [^\]}}]*) [\]}}]
    | [\[{{] \s* (?P<bare> {ASIN.pattern} ) \s* [\]}}]
    | \( (?P<round> (?: [^()] | \([^()]*\) )* ) \)
    | \[ (?P<square> [^\[\]]* ) \]
    | \{{ (?P<curly> [^{{}}]* ) \}} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# In round brackets behind a title without volume or year, these belong to the title and name no author.
_NO_AUTHOR = re.compile(
    r"(?:un)?abridged|uncut|complete|revised|\d+|.*\b(?:edition|version|adaptation|dramati[sz]ed|book|volume|vol"
    r"|part|series|trilogy|saga|novel|collection|box\s?set|audiobook|disc|cd|\d+)\b.*",
    re.IGNORECASE,
)
_NAME_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d|esq|dds|rn)\.?", re.IGNORECASE)
_ROLES = frozenset((*HELPING_ROLES, *MAKING_ROLES))
_COMMA = re.compile(r"\s*[,;]\s*(?![^(]*\))|\s+&\s+")
_SURROGATES = re.compile("[\ud800-\udfff]+")


def readable(name: str) -> str:
    """A file name as text: bytes not UTF-8 become U+FFFD, blanks and control characters one blank."""
    if not name.isascii():
        name = _SURROGATES.sub("\ufffd", name)
    if not name.isprintable():
        name = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in name)
    return " ".join(name.split())


def parse_folder_name(name: str) -> FolderName:
    """The parts of a book folder's name. Never raises; what is not there is None or empty.

    The title is the text before `vol_` or the year (or an ASIN before these); without them, before any mark.
    """
    text = readable(name)
    marks = _marks(text)
    if not marks:
        return FolderName(title=_trimmed(text))
    title_end = _title_end(text, marks)
    behind = [mark for mark in marks if mark.start >= title_end]
    volume = next((mark.text for mark in marks if mark.kind == VOLUME), None)
    year = next((mark.text for mark in marks if mark.kind == YEAR), None)
    return FolderName(
        title=_title(text, marks, title_end),
        position=clean_position(volume),
        year=int(year) if year else None,
        authors=_authors_in(behind),
        asin=_asin_in(marks),
        tag=next((mark.text for mark in reversed(behind) if mark.kind == SQUARE and mark.text), None),
        arc=_arc(text, behind),
    )


def split_authors(text: str) -> tuple[str, ...]:
    """The authors in `A, B - translator & C (foreword)`, without those who only helped."""
    parts: list[str] = []
    for part in filter(None, _COMMA.split(text.strip())):
        if parts and _NAME_SUFFIX.fullmatch(part):
            parts[-1] += f", {part}"
        elif parts and part.lower() in _ROLES:
            parts[-1] += f" - {part}"
        else:
            parts.append(part)
    return tuple(authors_only(parts))


def author_folder(name: str) -> tuple[str, ...]:
    """The authors an author folder names; `Last, First` is turned round."""
    return tuple(authors_only(split_names(readable(name))))


def _marks(text: str) -> list[_Mark]:
    marks = []
    for match in _MARK.finditer(text):
        kind = match.lastgroup or CURLY
        inner = match["position"] if kind == VOLUME else match[kind]
        if kind == BARE_ASIN and not _is_asin(inner):
            kind = SQUARE if match[0][0] == "[" else CURLY
        marks.append(_Mark(kind, inner.strip(), match.start(), match.end()))
    return marks


def _is_asin(bare: str) -> bool:
    """Whether what looks like one is one: in capitals and with a digit, since ten letters may be a word."""
    return bare[:9].isdecimal() or (bare == bare.upper() and any(char.isdecimal() for char in bare))


def _title_end(text: str, marks: list[_Mark]) -> int:
    divider = next((mark.start for mark in marks if mark.kind in (VOLUME, YEAR)), 0)
    for mark in marks:
        if mark.start <= divider and mark.kind in _DIVIDING and _title(text, marks, mark.start):
            return mark.start
    for mark in marks:  # no volume or year, or only in front
        part_of_title = mark.kind == ROUND and _NO_AUTHOR.fullmatch(mark.text)
        if not part_of_title and _title(text, marks, mark.start):
            return mark.start
    return len(text)


def _title(text: str, marks: list[_Mark], end: int) -> str | None:
    """The text before `end`, without an ASIN, volume or year that already stands in it."""
    begin, kept = 0, []
    for mark in marks:
        if mark.start >= end:
            break
        if mark.kind not in (ROUND, SQUARE):
            kept.append(text[begin : mark.start])
            begin = mark.end
    return _trimmed(" ".join((*kept, text[begin:end])))


def _trimmed(text: str) -> str | None:
    return " ".join(text.split()).strip(" -–—_,") or None


def _asin_in(marks: list[_Mark]) -> str | None:
    """The first valid one that is marked as such, else the first bare one."""
    for kind in (ASIN_MARK, BARE_ASIN):
        for mark in marks:
            if mark.kind == kind and (asin := parse_asin(mark.text)):
                return asin
    return None


def _authors_in(marks: list[_Mark]) -> tuple[str, ...]:
    named = (_authors_named(mark.text) for mark in marks if mark.kind == ROUND)
    return next((authors for authors in named if authors), ())


@lru_cache(maxsize=1024)  # an author has several books
def _authors_named(inner: str) -> tuple[str, ...]:
    return () if not inner or _NO_AUTHOR.fullmatch(inner) else split_authors(inner)


def _arc(text: str, marks: list[_Mark]) -> str | None:
    """The text between the volume and the mark behind it."""
    at = next((at for at, mark in enumerate(marks) if mark.kind == VOLUME), None)
    if at is None:
        return None
    end = marks[at + 1].start if at + 1 < len(marks) else len(text)
    return text[marks[at].end : end].strip(" -–—:") or None
