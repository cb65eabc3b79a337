"""How a release's folder and files are called.

    in a series     {Series} vol_{NN} {Arc} ({Year}) ({Author}) {ASIN.x} [{Tag}]
    standing alone  {Title} ({Year}) ({Author}) {ASIN.x} [{Tag}]
    a file          the same without the tag, numbered where there are several, and its extension

`Arc` is the book's own title inside its series, left out where it only repeats the series or the number.
A book whose position in its series is unknown is named as one standing alone. Without an ASIN, a short hash
stands in its place, so that two releases never share a folder. What is too long loses the arc, then the
author, then the year; then the title is cut and a short hash tells it from others that begin alike.

The same release is always called the same: nothing here depends on the order of the input, time or place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from core.domain.book import BookFacts
from core.domain.natural import natural_order
from core.domain.safe_text import byte_length, cut, first_safe, safe_text
from core.errors import NeedsPerson

MAX_COMPONENT_BYTES = 255  # ext4, xfs, btrfs, zfs, NTFS (which counts UTF-16 units, never more than bytes)
MAX_AUTHORS = 3
MAX_TAG = 30


@dataclass(frozen=True, slots=True)
class Naming:
    """What a name is made of. `discriminator` tells releases without an ASIN apart, such as their folder."""

    title: str
    authors: tuple[str, ...] = ()
    series: str | None = None
    position: str | None = None
    year: int | None = None
    asin: str | None = None
    tag: str | None = None
    discriminator: str = ""

    @classmethod
    def of(cls, facts: BookFacts, *, tag: str | None = None, discriminator: str = "") -> Naming:
        """From a book's facts: the first series that knows the position counts."""
        series = next((entry for entry in facts.series if entry.position), None)
        return cls(
            title=facts.title or "",
            authors=tuple(author.name for author in facts.authors),
            series=series.name if series else None,
            position=series.position if series else None,
            year=facts.year,
            asin=facts.asin,
            tag=tag,
            discriminator=discriminator,
        )


@dataclass(frozen=True, slots=True)
class ReleaseNames:
    """The folder, and for each file (by its path in the book's own folder) its name in it."""

    folder: str
    files: dict[str, str]


def release_names(naming: Naming, files: Iterable[tuple[str, str]], *, max_length: int = 225) -> ReleaseNames:
    """Names for the files, given as (relative path, kind); `folder/file` has at most `max_length` characters.

    Raises NeedsPerson when `max_length` leaves no room for a name at all.
    """
    endings = _endings(files)
    longest = max(endings.values(), key=len, default="")
    tag = first_safe(cut(safe_text(naming.tag or "").translate(_NO_SQUARE), MAX_TAG, MAX_TAG * 4))
    for suffix in (f" [{tag}]", "") if tag else ("",):
        room = (max_length - len("/") - len(suffix) - len(longest)) // 2
        room_bytes = MAX_COMPONENT_BYTES - max(byte_length(suffix), byte_length(longest))
        base = _base(naming, room, room_bytes)
        if base is not None:
            return ReleaseNames(base + suffix, {path: base + ending for path, ending in endings.items()})
    raise NeedsPerson(
        f"A name of at most {max_length} characters for folder and file leaves no room for a title.",
        hint="Raise mam.max_filename_length.",
    )


def volume(position: str) -> str:
    """A series position as names carry it: "1" -> "vol_01", "1.5" -> "vol_01.5", "1-3" -> "vol_01-03"."""
    padded = re.sub(r"(?<![\d.p])\d+", lambda number: number[0].zfill(2), position.strip())
    return "vol_" + re.sub(r"[^\w.\-]+", "-", padded)


def own_title(title: str, series: str) -> str | None:
    """The arc: what the title says besides its series and number; None where that is nothing."""
    rest = title
    if title.casefold().startswith(series.casefold()):
        behind = title[len(series) :]
        if behind and (behind[0].isalnum() or behind[0] == "'"):
            return title  # the series' name is only the beginning of a longer word
        rest = _READING_LINE.sub("", behind)
    return rest.strip(" -–—:,.") or None


_NO_SQUARE = str.maketrans("", "", "[]")
_READING_LINE = re.compile(
    r"^[\s:,\-–—(]*(?:book|volume|vol[._]?|part|episode|no\.?|#)?\s*#?\d+(?:\.\d+)?(?:\s*-\s*\d+)?\)?(?=$|[\s:,\-–—])",
    re.IGNORECASE,
)


def _base(naming: Naming, room: int, room_bytes: int) -> str | None:
    """The name without tag and extension within the room; None where not even its key fits."""
    key = f"{{ASIN.{safe_text(naming.asin)}}}" if naming.asin else f"{{{_hash(_identity(naming), 8)}}}"
    title = first_safe(safe_text(naming.title)) or "Untitled"
    series = first_safe(safe_text(naming.series or ""))
    year = f"({naming.year})" if naming.year else ""
    author = safe_text(", ".join(naming.authors[:MAX_AUTHORS]))
    author = f"({author})" if author else ""
    if series and naming.position:
        head, number = series, cut(volume(safe_text(naming.position)), 20, 20)
        arc = own_title(title, series) or ""
    else:
        head, number, arc = title, "", ""

    def fits(name: str) -> bool:
        return len(name) <= room and byte_length(name) <= room_bytes

    dropping = ((arc, year, author), (year, author), (year,), ())
    for parts in dropping:
        name = _joined(head, number, *parts, key)
        if fits(name):
            return name
    full = _joined(head, number, arc, year, author, key)
    told_apart = f"~{_hash(full, 6)}"
    for ending in (f"{told_apart} {number} {key}" if number else "", f"{told_apart} {key}"):
        beginning = cut(head, room - len(ending), room_bytes - byte_length(ending)).rstrip(" .")
        if ending and beginning:
            return first_safe(beginning) + ending
    return key if fits(key) else None


def _joined(*parts: str) -> str:
    return first_safe(" ".join(part for part in parts if part))


def _identity(naming: Naming) -> str:
    known = (naming.title, naming.series, naming.position, naming.year, *naming.authors, naming.discriminator)
    return "\0".join(str(value or "") for value in known)


def _hash(text: str, digits: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:digits]


def _endings(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What follows the base in each file's name: a number where a kind has several, and the extension.

    Disc folders are flattened: the files of a kind are numbered through in natural order.
    """
    kinds = dict(files)
    counts = Counter(kinds.values())
    endings: dict[str, str] = {}
    taken: set[str] = set()
    for kind in sorted(counts):
        width = max(2, len(str(counts[kind])))
        members: Sequence[str] = natural_order(path for path, of in kinds.items() if of == kind)
        for number, path in enumerate(members, 1):
            extension = f".{_extension(path)}" if _extension(path) else ""
            part = f" - {number:0{width}d}" if counts[kind] > 1 else ""
            # two kinds may share an extension: the second takes its kind's name with it
            ending = part + extension if part + extension not in taken else f" - {kind}{part}{extension}"
            taken.add(ending)
            endings[path] = ending
    return endings


def _extension(path: str) -> str:
    _, dot, extension = path.rpartition(".")
    return re.sub(r"[^a-z0-9]", "", extension.lower())[:10] if dot else ""
