"""Names that are legal and hurt, and books that are broken: each a line in a table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.world.audible import sidecar
from tests.world.audio import GeneratedBook, Plan, make_book
from tests.world.catalogue import Book, invent
from tests.world.studio import Studio

# Folder names below the library, by what is odd about them; {asin} is filled in.
ODD_NAMES: dict[str, str] = {
    "brackets": "[Box] *What?* {{Set}} [{asin}]",
    "quotes": '"It\'s" `Quoted` $HOME [{asin}]',
    "newline": "Two\nLines [{asin}]",
    "leading dash": "-rf Dash [{asin}]",
    "trailing dot": "Ends in a Dot [{asin}].",
    "trailing space": "Ends in a Space [{asin}] ",
    "emoji": "Owl 🦉 and 👩‍🚀 [{asin}]",
    "combining": "Cafe\u0301 Ze\u0308ro [{asin}]",
    "right to left": "ספר השקט [{asin}]",
    "not utf-8": os.fsdecode(b"Caf\xe9 at the \xff Quay [{asin}]"),
    "backslash": "Back\\slash: a <Tale> | Told [{asin}]",
    "percent": "100%25 %s {{}} #1 & More; [{asin}]",
    "255 bytes": "Ünendlich " * 30,
}


def odd_books(root: str | os.PathLike[str], *, studio: Studio | None = None) -> dict[str, GeneratedBook]:
    """One whole, small book for each odd name."""
    made = {}
    for book, (what, pattern) in zip(invent(len(ODD_NAMES), seed=90), ODD_NAMES.items(), strict=True):
        name = _cut(pattern, book) if what == "255 bytes" else pattern.format(asin=book.asin)
        made[what] = make_book(
            root, book, Plan(sidecar=False), folder=name, seconds=2, tagged=False, studio=studio
        )
    return made


def _cut(pattern: str, book: Book) -> str:
    """Exactly 255 bytes, which is as long as a name can be, cut between two characters."""
    tail = f" [{book.asin}]"
    head = pattern.encode()[: 255 - len(tail)].decode("utf-8", "ignore")
    return head + "x" * (255 - len(tail) - len(head.encode())) + tail


def _audio(folder: Path, book: Book, studio: Studio) -> Path:
    target = folder / f"{book.title}.m4b"
    studio.stamp(str(target), book.asin, seconds=2)
    return target


def _zero_byte(folder: Path, book: Book, studio: Studio) -> None:
    (folder / f"{book.title}.m4b").touch()


def _text(folder: Path, book: Book, studio: Studio) -> None:
    (folder / f"{book.title}.m4b").write_text("This was a shopping list once.\n" * 40, encoding="utf-8")


def _truncated(folder: Path, book: Book, studio: Studio) -> None:
    target = _audio(folder, book, studio)
    os.truncate(target, target.stat().st_size // 3)


def _no_audio(folder: Path, book: Book, studio: Studio) -> None:
    (folder / "cover.jpg").write_bytes(studio.cover(1).read_bytes())
    (folder / f"{book.title}.metadata.json").write_text(json.dumps(sidecar(book)), encoding="utf-8")


def _unfinished(suffix: str) -> Callable[[Path, Book, Studio], None]:
    def build(folder: Path, book: Book, studio: Studio) -> None:
        _audio(folder, book, studio)
        (folder / f"{book.title} - Part 2.m4b{suffix}").write_bytes(b"half of it")

    return build


def _encrypted(suffix: str) -> Callable[[Path, Book, Studio], None]:
    def build(folder: Path, book: Book, studio: Studio) -> None:
        (folder / f"{book.title}{suffix}").write_bytes(b"locked" * 100)

    return build


def _half_sidecar(folder: Path, book: Book, studio: Studio) -> None:
    _audio(folder, book, studio)
    whole = json.dumps(sidecar(book))
    (folder / f"{book.title}.metadata.json").write_text(whole[: len(whole) // 2], encoding="utf-8")


def _empty_sidecar(folder: Path, book: Book, studio: Studio) -> None:
    _audio(folder, book, studio)
    (folder / f"{book.title}.metadata.json").write_text("{}", encoding="utf-8")


# What is wrong with a book's folder, and how it gets that way. The folder is named `Title [ASIN]`.
BROKEN: dict[str, Callable[[Path, Book, Studio], None]] = {
    "zero byte": _zero_byte,
    "text renamed": _text,
    "truncated": _truncated,
    "no audio": _no_audio,
    ".part": _unfinished(".part"),
    ".tmp": _unfinished(".tmp"),
    ".!qB": _unfinished(".!qB"),
    ".aax": _encrypted(".aax"),
    ".aaxc": _encrypted(".aaxc"),
    "half sidecar": _half_sidecar,
    "empty sidecar": _empty_sidecar,
}


def break_book(
    root: str | os.PathLike[str], what: str, book: Book | None = None, *, studio: Studio | None = None
) -> str:
    """A folder broken as BROKEN says; its absolute path."""
    book = book or invent(len(BROKEN), seed=91)[list(BROKEN).index(what)]
    folder = Path(os.path.abspath(root), f"{book.title} [{book.asin}]")
    folder.mkdir(parents=True, exist_ok=True)
    BROKEN[what](folder, book, studio or Studio())
    return str(folder)


def broken_books(root: str | os.PathLike[str], *, studio: Studio | None = None) -> dict[str, str]:
    """One folder for each way to be broken, by its key in BROKEN."""
    return {what: break_book(root, what, studio=studio) for what in BROKEN}
