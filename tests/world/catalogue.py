"""The books that exist in the doubles' world. All of them, their people and their texts are invented."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).resolve().parent.parent / "fixtures" / "world" / "books.json"
AUDNEX_REGIONS = "au ca de es fr in it jp us uk".split()


@dataclass(frozen=True, slots=True)
class Book:
    """One edition in the shops. `people` and `series` are (ASIN, name) and (ASIN, name, sequence as sold)."""

    asin: str
    title: str
    authors: tuple[tuple[str | None, str], ...]
    narrators: tuple[str, ...]
    release_date: str
    runtime_min: int
    subtitle: str | None = None
    series: tuple[tuple[str, str, str], ...] = ()
    language: str = "english"
    publisher: str = "Lantern & Quay Audio"
    teaser: str = ""
    summary: str = ""
    ladders: tuple[tuple[str, ...], ...] = ()
    regions: tuple[str, ...] = ("us", "uk", "ca", "au")
    isbn: str | None = None
    adult: bool = False
    format_type: Literal["unabridged", "abridged"] = "unabridged"
    literature: str | None = "fiction"
    chapters: int = 0  # 0: the chapters are not known (yet)
    state: Literal["sold", "delisted", "podcast", "placeholder"] = "sold"

    @property
    def year(self) -> int:
        return int(self.release_date[:4])

    @property
    def author(self) -> str:
        return self.authors[0][1]


class Catalogue:
    """The shops' shelves; books may be added or changed while a double serves them."""

    def __init__(self, books: Iterable[Book] = ()) -> None:
        self._books = {book.asin: book for book in books}

    @classmethod
    def load(cls) -> Catalogue:
        """The books of `tests/fixtures/world/books.json`."""
        return cls(_recorded())

    def __iter__(self) -> Iterator[Book]:
        return iter(list(self._books.values()))

    def __len__(self) -> int:
        return len(self._books)

    def get(self, asin: str) -> Book | None:
        return self._books.get(asin)

    def add(self, *books: Book) -> None:
        self._books.update((book.asin, book) for book in books)

    def change(self, asin: str, **fields: Any) -> Book:
        """The shop corrects itself: a series arrives late, a date moves, a book is taken off."""
        self._books[asin] = changed = replace(self._books[asin], **fields)
        return changed

    def sold_in(self, region: str) -> list[Book]:
        return [book for book in self if region in book.regions and book.state == "sold"]

    def series_members(self, series_asin: str) -> list[tuple[str, Book]]:
        """(sequence, book) of every edition in a series, in order of release."""
        found = [(at, book) for book in self for asin, _, at in book.series if asin == series_asin]
        return sorted(found, key=lambda pair: pair[1].release_date)

    def series_name(self, series_asin: str) -> str | None:
        return next((name for book in self for asin, name, _ in book.series if asin == series_asin), None)


def chapter_titles(book: Book) -> tuple[str, ...]:
    """The book's chapters, credits included, as their tags and its metadata name them."""
    if not book.chapters:
        return ()
    return ("Opening Credits", *(f"Chapter {number}" for number in range(1, book.chapters)))


def invent(count: int, seed: int = 0) -> list[Book]:
    """`count` further books, the same for the same seed; every third belongs to a series."""
    rng = random.Random(f"books {seed}")
    return [_invented(rng, seed, number) for number in range(count)]


@cache
def _recorded() -> tuple[Book, ...]:
    return tuple(_book(record) for record in json.loads(FILE.read_text(encoding="utf-8")))


def _book(record: dict[str, Any]) -> Book:
    return Book(**{key: _frozen(value) for key, value in record.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


_FIRST = (
    "Ada Bram Cleo Dorian Edda Faron Greta Hollis Imre Juno Kit Lorna Milo Nell Otis Petra Quill Rosa".split()
)
_LAST = "Ashdown Birk Calder Dunmore Eastlake Fenn Garrow Hale Isley Kessel Larkin Marsh Norrell Oake Pell".split()
_WHAT = "Lantern Harbour Orchard Compass Winter Archive Ferry Garden Signal Bridge Mirror Engine Lighthouse".split()
_KIND = (
    "Glass Iron Quiet Borrowed Northern Paper Second Hollow Amber Distant Salt Broken Midnight Copper".split()
)
_LADDERS = (
    ("Science Fiction & Fantasy", "Science Fiction", "Space Opera"),
    ("Science Fiction & Fantasy", "Fantasy", "Epic"),
    ("Mystery, Thriller & Suspense", "Mystery", "Traditional Detectives"),
    ("Literature & Fiction", "Historical Fiction"),
    ("Romance", "Contemporary"),
    ("Biographies & Memoirs", "Adventurers, Explorers & Survival"),
)


def _invented(rng: random.Random, seed: int, number: int) -> Book:
    kind, what = rng.choice(_KIND), rng.choice(_WHAT)
    author = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    ladder = rng.choice(_LADDERS)
    series = ((f"B0S{seed % 100:02}{number // 3:05}", f"{kind} {what} Cycle", f"{rng.randint(1, 9)}"),)
    return Book(
        asin=f"B0G{seed % 100:02}{number:05}",
        title=f"The {kind} {what} {number + 1}",
        authors=((f"B0A{seed % 100:02}{number:05}", author),),
        narrators=(f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",),
        release_date=f"{rng.randint(2005, 2025)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        runtime_min=1,
        series=series if number % 3 == 0 else (),
        teaser=f"{author} tells of a {what.lower()} nobody was meant to find.",
        summary=f"<p>{author} tells of a {what.lower()} nobody was meant to find.</p>",
        ladders=(ladder,),
        literature="nonfiction" if ladder[0].startswith("Bio") else "fiction",
        chapters=4,
    )
