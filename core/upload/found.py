"""What one reading of a library gives: books, folders passed over with their reasons, moves and losses.

Paths are `os.fsdecode`d text: names that are not UTF-8 hold surrogates and go back through `os.fsencode`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.domain.book import BookFacts

if TYPE_CHECKING:
    from core.upload.library_index import LibraryIndex

AUDIO, IMAGE, DOCUMENT, CUE, OTHER = "audio", "image", "document", "cue", "other"

KINDS: dict[str, str] = {
    **dict.fromkeys("m4b m4a mp3 opus flac ogg oga aac wav wma mp4 aiff alac ape m4p mka".split(), AUDIO),
    **dict.fromkeys("jpg jpeg png webp gif bmp tif tiff".split(), IMAGE),
    "cue": CUE,
}


def kind_of(extension: str, allowed: frozenset[str]) -> str:
    """What a file is by its extension (lower case, no dot); OTHER when a release may not contain it."""
    return KINDS.get(extension, DOCUMENT) if extension in allowed else OTHER


class FoundFile(NamedTuple):
    """A file of a book: its path in the book's folder, its size in bytes, what it is."""

    path: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class FoundBook:
    """A book as its folder and sidecar describe it. `source_dir` is the folder carrying the book's name.

    `files` holds every visible file, also those no release may contain (kind "other"): audio first, each kind
    in natural order. `fingerprint` changes with the releasable files' names and sizes and with nothing else.
    """

    source_dir: str
    dev: int
    ino: int
    files: tuple[FoundFile, ...]
    facts: BookFacts
    tag: str | None = None
    warnings: tuple[str, ...] = ()
    fingerprint: str = ""
    moved_from: str | None = None

    @property
    def asin(self) -> str | None:
        return self.facts.asin

    @property
    def parts(self) -> int:
        """How many audio files the book has."""
        return sum(file.kind == AUDIO for file in self.files)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A folder (or loose file) that is no release at present, and why, as a sentence's end."""

    source_dir: str
    reason: str


@dataclass(frozen=True, slots=True)
class LibraryScan:
    """One reading. `found` is new or changed since the index; `skipped` is everything passed over now.

    `moved` pairs old and new folders of known books, which are in `found` too; `gone` are known books whose
    folder is no more; `notes` are sentences about the library as a whole.
    """

    index: LibraryIndex
    found: list[FoundBook] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)


def shown(path: str) -> str:
    """A path fit for any text: bytes that are not UTF-8 and control characters appear as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
