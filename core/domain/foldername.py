"""What a book folder's name says: `Title [vol_NN] (Year) (Author[, Author]) {ASIN.X} [Tag]`.

Every part may be missing and the marks behind the title may stand in any order. Libation's own
`Title [B0...]` and older spellings of the ASIN are understood as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

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


_NUMBER = r"\d+(?:\.\d+)?"
_MARK = re.compile(
    rf"""
    (?=[\[({{vV])  # spares most characters the alternatives
    (?: (?P<vol> \[? (?<!\w) vol_ (?P<position> {_NUMBER} (?:[-–]{_NUMBER} | p\d+)? ) (?!\w) \]? )
    | \( (?P<year> 1\d{{3}} | 2[01]\d\d ) \)
    | [\[{{] \s* ASIN\. (?P<asin> [^\]}}]*) [\]}}]
    | [\[{{] \s* (?P<plain> {ASIN.pattern} ) \s* [\]}}]
    | (?P<round> \( (?: [^()] | \([^()]*\) )* \) )
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
    marks = list(_MARK.finditer(text))
    if not marks:
        return FolderName(title=_trimmed(text))
    title_end = _title_end(text, marks)
    behind = [mark for mark in marks if mark.start() >= title_end]
    return FolderName(
        title=_title(text[:title_end]),
        position=next((clean_position(mark["position"]) for mark in marks if mark["vol"]), None),
        year=next((int(mark["year"]) for mark in marks if mark["year"]), None),
        authors=_authors_in(behind),
        asin=_asin_in(marks),
        tag=next((s for mark in reversed(behind) if (s := _tag(mark))), None),
        arc=_arc(text, behind),
    )


@lru_cache(maxsize=1024)
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


def _title_end(text: str, marks: list[re.Match[str]]) -> int:
    divider = next((mark.start() for mark in marks if mark["vol"] or mark["year"]), 0)
    for mark in marks:
        decides = mark.start() <= divider and (mark["vol"] or mark["year"] or _names_asin(mark))
        if decides and _title(text[: mark.start()]):
            return mark.start()
    for mark in marks:  # no volume or year, or only in front
        part_of_title = mark["round"] and _NO_AUTHOR.fullmatch(mark["round"][1:-1].strip())
        if not part_of_title and _title(text[: mark.start()]):
            return mark.start()
    return len(text)


def _title(head: str) -> str | None:
    """The text of `head`, without an ASIN, volume or year that already stands in it."""
    return _trimmed(_MARK.sub(lambda mark: mark[0] if mark["round"] or _tag(mark) else " ", head))


def _trimmed(text: str) -> str | None:
    return " ".join(text.split()).strip(" -–—_,") or None


def _names_asin(mark: re.Match[str]) -> bool:
    return mark["asin"] is not None or _is_plain_asin(mark)


def _is_plain_asin(mark: re.Match[str]) -> bool:
    """Whether `[X]` holds an ASIN: in capitals and with a digit, since ten letters may be a word."""
    plain = mark["plain"]
    if plain is None:
        return False
    return plain[:9].isdecimal() or (plain == plain.upper() and any(c.isdecimal() for c in plain))


def _asin_in(marks: list[re.Match[str]]) -> str | None:
    named = (parse_asin(mark["asin"]) for mark in marks if mark["asin"])
    plain = (parse_asin(mark["plain"]) for mark in marks if _is_plain_asin(mark))
    return next((asin for asin in named if asin), None) or next(plain, None)


def _authors_in(marks: list[re.Match[str]]) -> tuple[str, ...]:
    inner = (mark["round"][1:-1].strip() for mark in marks if mark["round"])
    named = (split_authors(text) for text in inner if text and not _NO_AUTHOR.fullmatch(text))
    return next((authors for authors in named if authors), ())


def _tag(mark: re.Match[str]) -> str | None:
    if mark["square"]:
        return mark["square"].strip() or None
    return mark["plain"] if mark["plain"] and not _is_plain_asin(mark) else None


def _arc(text: str, marks: list[re.Match[str]]) -> str | None:
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=bool(marks)):
        if mark["vol"]:
            return text[mark.end() : end].strip(" -–—:") or None
    return None
