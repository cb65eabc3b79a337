"""Libraries as Libation and people leave them: real audiobooks in folders, with and without sidecars.

`make_library(root, books=12)` is what most tests want; `make_book` makes a single one by plan.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.world.audible import sidecar as sidecar_of
from tests.world.catalogue import Book, Catalogue, chapter_titles, invent
from tests.world.studio import FORMATS, Studio

TAGGED_UP_TO = 24  # books; more are only stamped, which takes a copy instead of a run of ffmpeg


@dataclass(frozen=True, slots=True)
class Plan:
    """How one book lies on the disk: a key of LAYOUTS, a key of RECORDINGS, and what lies beside."""

    layout: str = "libation"
    recording: str = "m4b"
    sidecar: bool = True
    cover_file: bool = False
    extras: tuple[str, ...] = ()  # further suffixes, such as ".pdf" and ".cue"


@dataclass(frozen=True, slots=True)
class GeneratedBook:
    """A book in the library: where it lies (absolute) and what it consists of (names below `folder`)."""

    book: Book
    plan: Plan
    folder: str
    audio: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def asin(self) -> str | None:
        """The ASIN as the disk tells it: by the folder's name or the sidecar, else None."""
        named = self.book.asin in os.path.basename(self.folder)
        return self.book.asin if named or self.plan.sidecar else None

    @property
    def sizes(self) -> dict[str, int]:
        return {
            name: os.stat(os.path.join(self.folder, name)).st_size for name in (*self.audio, *self.others)
        }


def _in_series(book: Book) -> str:
    return f"{book.author}/{book.series[0][1]}" if book.series else book.author


def _volume(book: Book) -> str:
    position = book.series[0][2].removeprefix("Book ") if book.series else ""
    return f" vol_{position.zfill(2)}" if position else ""


# The folders below the library's root. The last one holds nothing that tells the ASIN.
LAYOUTS: dict[str, Callable[[Book], str]] = {
    "libation": lambda book: f"{book.title} [{book.asin}]",
    "author": lambda book: (
        f"{book.author}/{book.title} ({book.year}) ({book.author}) {{ASIN.{book.asin}}} [LQ]"
    ),
    "series": lambda book: (
        f"{_in_series(book)}/{book.title}{_volume(book)} ({book.year}) ({book.author}) {{ASIN.{book.asin}}}"
    ),
    "square": lambda book: f"{book.author}/{book.title} [ASIN.{book.asin}]",
    "bare": lambda book: f"{book.author}/{book.title}",
}


def _parts(pattern: str, count: int, stem: str) -> Iterator[str]:
    return (pattern.format(stem=stem, n=number) for number in range(1, count + 1))


def _discs(kind: str, discs: Sequence[str], tracks: int, stem: str) -> Iterator[str]:
    return (f"{disc}/{track:02} - {stem}.{kind}" for disc in discs for track in range(1, tracks + 1))


# The audio files below a book's folder, in reading order, from the stem its folder gives.
RECORDINGS: dict[str, Callable[[str], Iterator[str]]] = {
    **{kind: partial(_parts, f"{{stem}}.{kind}", 1) for kind in FORMATS},
    "m4b parts": partial(_parts, "{stem} - Part {n}.m4b", 3),
    "mp3 parts": partial(_parts, "{stem} - {n}.mp3", 12),  # 10 comes after 9, not after 1
    "mp3 discs": partial(_discs, "mp3", ("CD1", "CD2"), 3),
    "flac discs": partial(_discs, "flac", ("Disc 1", "Disc 2"), 2),
}

USUAL: tuple[Plan, ...] = (
    Plan(),
    Plan("series", "m4b", cover_file=True),
    Plan("author", "m4b", sidecar=False, cover_file=True, extras=(".cue",)),
    Plan("series", "mp3 discs"),
    Plan("libation", "m4b parts"),
    Plan("square", "mp3 parts", sidecar=False),
    Plan("author", "m4b", extras=(".pdf",)),
    Plan("bare", "m4b"),
    Plan("series", "opus", sidecar=False),
    Plan("libation", "m4a", cover_file=True),
    Plan("author", "flac discs"),
    Plan("bare", "mp3", sidecar=False),
)


def make_library(
    root: str | os.PathLike[str],
    *,
    seed: int = 0,
    books: int | Sequence[Book] = 12,
    plans: Sequence[Plan] = USUAL,
    seconds: float = 60,
    tagged: bool | None = None,
    studio: Studio | None = None,
) -> list[GeneratedBook]:
    """Fill `root` with books, the same for the same `seed`; no two audio files in it are equal.

    A number takes that many: first those of the catalogue that are sold as short as they are made, then
    invented ones. `plans` are dealt round; `seconds` is a book's whole length; `tagged` puts real tags,
    chapters and covers in (default: up to 24 books).
    """
    studio = studio or Studio()
    chosen = short_books(books, seed) if isinstance(books, int) else list(books)
    tagged = len(chosen) <= TAGGED_UP_TO if tagged is None else tagged
    return [
        make_book(root, book, plans[n % len(plans)], seconds=seconds, tagged=tagged, cover=n, studio=studio)
        for n, book in enumerate(chosen)
    ]


def short_books(count: int, seed: int = 0) -> list[Book]:
    """`count` books of a minute each, shuffled by `seed`: recorded ones first, invented ones after."""
    recorded = [book for book in Catalogue.load() if book.runtime_min == 1 and book.state == "sold"]
    random.Random(seed).shuffle(recorded)
    return (recorded + invent(max(0, count - len(recorded)), seed))[:count]


def make_book(
    root: str | os.PathLike[str],
    book: Book,
    plan: Plan = USUAL[0],
    *,
    folder: str | None = None,
    seconds: float = 60,
    tagged: bool = True,
    cover: int = 0,
    studio: Studio | None = None,
) -> GeneratedBook:
    """One book below `root`, in the plan's layout or in `folder` (a relative name, any bytes)."""
    studio = studio or Studio()
    place = os.path.join(os.fspath(root), folder or LAYOUTS[plan.layout](book))
    stem = _stem(os.path.basename(place))
    audio = tuple(RECORDINGS[plan.recording](stem))
    for number, name in enumerate(audio, 1):
        target, length = os.path.join(place, name), seconds / len(audio)
        if tagged:
            chapters = chapter_titles(book) if len(audio) == 1 else ()
            tags = _tags(book, number, len(audio))
            studio.record(target, seconds=length, tags=tags, chapters=chapters, cover=cover)
        else:
            studio.stamp(target, f"{book.asin} {number} {book.title}", seconds=length)
    others = _beside(place, stem, book, plan, studio.cover(cover) if plan.cover_file else None)
    return GeneratedBook(book, plan, place, audio, others)


def _stem(folder: str) -> str:
    """The folder's name as file names take it up: cut to leave room for numbers and suffixes."""
    name = os.fsencode(folder)
    if len(name) > 220:
        folder = name[:220].decode("utf-8", "ignore")
    return folder.strip() or "book"


def _tags(book: Book, number: int, count: int) -> dict[str, str]:
    tags = {
        "title": book.title if count == 1 else f"{book.title} - Part {number}",
        "album": book.title,
        "artist": book.author,
        "album_artist": ", ".join(name for _, name in book.authors),
        "composer": ", ".join(book.narrators),
        "genre": "Audiobook",
        "date": str(book.year),
        "comment": book.teaser,
    }
    return tags if count == 1 else {**tags, "track": f"{number}/{count}"}


def _beside(
    folder: str, stem: str, book: Book, plan: Plan, cover: os.PathLike[str] | None
) -> tuple[str, ...]:
    """Write what lies beside the audio; the names written."""
    texts = {f"{stem}{suffix}": f"{book.title}\n{suffix[1:]}\n".encode() for suffix in plan.extras}
    if plan.sidecar:
        texts[f"{stem}.metadata.json"] = json.dumps(sidecar_of(book), indent=2).encode()
    for name, content in texts.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    if cover is None:
        return tuple(sorted(texts))
    shutil.copyfile(cover, os.path.join(folder, "cover.jpg"))
    return tuple(sorted((*texts, "cover.jpg")))
