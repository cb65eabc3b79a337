"""The demo's library: a handful of books as one finds them, two of them in trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.world.audio import USUAL, Plan, make_book
from tests.world.catalogue import Book, Catalogue
from tests.world.oddities import break_book
from tests.world.studio import Studio

BOOKS = {book.asin: book for book in Catalogue.load()}


@dataclass(frozen=True, slots=True)
class Shelved:
    """One book of the demo and what it shows; `broken` is a key of `tests.world.oddities.BROKEN`."""

    asin: str
    shows: str
    plan: Plan = USUAL[0]
    folder: str | None = None
    broken: str | None = None

    @property
    def book(self) -> Book:
        return BOOKS[self.asin]


SHELF: tuple[Shelved, ...] = (
    Shelved(
        "B0MKB00001",
        "one m4b with chapters and a cover, in Author/Series/Book, with Libation's sidecar",
        Plan("series", "m4b", cover_file=True),
    ),
    Shelved("B0MKB00002", "an m4b in three parts, in Libation's own layout", Plan("libation", "m4b parts")),
    Shelved("B0MKB00013", "mp3 on two discs, CD1 and CD2", Plan("series", "mp3 discs", cover_file=True)),
    Shelved(
        "B0MKB00008",
        "no sidecar: its metadata come from Audnex by the ASIN in the folder's name",
        Plan("author", "m4b", sidecar=False, extras=(".cue",)),
    ),
    Shelved(
        "B0MKB00009",
        "twelve mp3 files and no sidecar; only the UK shop knows it",
        Plan("square", "mp3 parts", sidecar=False),
    ),
    Shelved(
        "B0MKB00011",
        "a folder name that breaks scripts",
        Plan(recording="m4b"),
        folder='T. R. Okonjo/[Box] "Embers" of the *Ninth* House - what? 🦉 $HOME {ASIN.B0MKB00011}',
    ),
    Shelved(
        "B0MKB00015", "neither ASIN nor sidecar: known by folder and tags", Plan("bare", "mp3", sidecar=False)
    ),
    Shelved("B0MKB00016", "a text file that calls itself m4b", broken="text renamed"),
    Shelved("B0MKB00023", "a download that is not finished", broken=".part"),
)


def fill(library: Path, made: Path, told: Callable[[str], None]) -> None:
    """Make the books that are not yet listed in the file `made`; what is there stays untouched.

    `told` hears of each book made.
    """
    studio = Studio()
    there = set(made.read_text(encoding="utf-8").split()) if made.exists() else set()
    for number, shelved in enumerate(SHELF):
        if shelved.asin in there:
            continue
        if shelved.broken:
            break_book(library, shelved.broken, shelved.book, studio=studio)
        else:
            make_book(library, shelved.book, shelved.plan, folder=shelved.folder, cover=number, studio=studio)
        with made.open("a", encoding="utf-8") as file:
            file.write(f"{shelved.asin}\n")
        told(f"{shelved.book.title}: {shelved.shows}")
