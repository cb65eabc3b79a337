"""The tracker's torrents: invented books, and .torrent files that hold no secret but the double's own passkey."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bencode2 import bencode

from tests.world.catalogue import Book, Catalogue, invent
from tests.world.mam.economy import GIB

FIRST_ID = 900_001
OLD_CATEGORIES = {
    "Fantasy": (41, "Audiobooks - Fantasy", 13),
    "Science Fiction": (47, "Audiobooks - Science Fiction", 45),
    "Mystery": (87, "Audiobooks - Mystery", 34),
    "Romance": (46, "Audiobooks - Romance", 42),
    "Historical Fiction": (98, "Audiobooks - Historical Fiction", 17),
    "Adventurers, Explorers & Survival": (50, "Audiobooks - Biographical", 3),
}
GENERAL = (42, "Audiobooks - General Fiction", 59)
PIECE = 4 * 2**20


@dataclass
class Torrent:
    """One torrent on the site; what changes with time may be changed by a test."""

    id: int
    title: str
    authors: tuple[str, ...]
    narrators: tuple[str, ...] = ()
    series: tuple[tuple[str, str], ...] = ()  # name, number
    size: int = 400 * 2**20
    file_types: str = "m4b"
    file_count: int = 1
    asin: str | None = None
    isbn: str | None = None
    main_category: int = 13
    category: tuple[int, str, int] = GENERAL  # old id, its name, new id
    language: tuple[int, str] = (1, "ENG")
    fiction: bool = True
    flags: int = 0
    description: str = ""
    tags: str = "Chapterized"
    added: datetime = field(default_factory=lambda: datetime(2026, 8, 5, 12, tzinfo=UTC))
    uploader: tuple[int, str] | None = (12345, "uploader")
    seeders: int = 5
    leechers: int = 0
    snatched: int = 20
    free: bool = False
    vip: bool = False
    vip_expire: datetime | None = None  # None: for good
    gone: bool = False

    @cached_property
    def info(self) -> dict[bytes, object]:
        """A canonical info dictionary: the same torrent has the same infohash in each run."""
        pieces = max(1, min(-(-self.size // PIECE), 4096))
        noise = random.Random(f"pieces {self.id}").randbytes(20 * pieces)
        name = f"{self.title} {{{self.id}}}".encode()
        return {
            b"length": self.size,
            b"name": name,
            b"piece length": max(PIECE, -(-self.size // 4096)),
            b"pieces": noise,
            b"private": 1,
            b"source": b"MAM",
        }

    @cached_property
    def infohash(self) -> str:
        return hashlib.sha1(bencode(self.info)).hexdigest()

    def file(self, announce: str) -> bytes:
        """The .torrent as the site hands it out to one person."""
        outer = {b"announce": announce.encode(), b"comment": f"MID={self.id}".encode(), b"info": self.info}
        return bencode(outer)

    def is_vip_at(self, now: datetime) -> bool:
        return self.vip and (self.vip_expire is None or self.vip_expire > now)


class Shelf:
    """Every torrent by its id, the newest last."""

    def __init__(self, torrents: Iterable[Torrent] = ()) -> None:
        self._torrents = {torrent.id: torrent for torrent in torrents}

    def __iter__(self) -> Iterator[Torrent]:
        return iter(torrent for torrent in list(self._torrents.values()) if not torrent.gone)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, torrent_id: int | None) -> Torrent | None:
        torrent = self._torrents.get(torrent_id) if torrent_id is not None else None
        return torrent if torrent and not torrent.gone else None

    def by_infohash(self, infohash: str) -> Torrent | None:
        return next((torrent for torrent in self if torrent.infohash == infohash.lower()), None)

    def add(self, *torrents: Torrent) -> Torrent:
        """Put them there; gives the last."""
        self._torrents.update((torrent.id, torrent) for torrent in torrents)
        return torrents[-1]

    def add_book(self, book: Book, **fields: object) -> Torrent:
        """A torrent of a book of the catalogue."""
        number = max(self._torrents, default=FIRST_ID - 1) + 1
        return self.add(of_book(book, number, **fields))


def of_book(book: Book, number: int, **fields: object) -> Torrent:
    """The book as somebody uploaded it; what varies is drawn from its ASIN, the same each time."""
    rng = random.Random(f"torrent {book.asin}")
    genre = next((name for ladder in book.ladders for name in reversed(ladder) if name in OLD_CATEGORIES), "")
    size = int(rng.uniform(0.15, 1.6) * GIB)
    drawn: dict[str, object] = {
        "title": book.title,
        "authors": tuple(name for _, name in book.authors),
        "narrators": book.narrators,
        "series": tuple((name, at) for _, name, at in book.series),
        "size": size,
        "asin": book.asin,
        "isbn": book.isbn,
        "category": OLD_CATEGORIES.get(genre, GENERAL),
        "fiction": book.literature != "nonfiction",
        "flags": 32 if book.format_type == "abridged" else 0,
        "description": f"[b]{book.title}[/b]\r\n{book.teaser}",
        "added": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(5000)),
        "seeders": rng.choice((1, 2, 3, 5, 8, 12, 20, 40)),
        "snatched": rng.randrange(400),
        "vip": rng.random() < 1 / 3,
        "free": rng.random() < 0.05,
    }
    return Torrent(id=number, **{**drawn, **fields})  # type: ignore[arg-type]


def stocked(more: int = 0, seed: int = 0, catalogue: Catalogue | None = None) -> Shelf:
    """A shelf with the catalogue's books and `more` invented ones."""
    shelf = Shelf()
    for book in (*(catalogue or Catalogue.load()), *invent(more, seed)):
        if book.state == "sold":
            shelf.add_book(book)
    return shelf
