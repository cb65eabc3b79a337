"""Libraries made of small files, for tests of discovery and staging."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from core.upload.discover import FoundBook, LibraryIndex, LibraryScan, scan_library

EXTENSIONS = "m4b m4a mp3 opus flac jpg jpeg png pdf cue".split()
TIMES = count(1_600_000_000, 10)  # seconds, long past, none of them twice
NOBODY = 65534


class Shelf:
    """A library folder that is scanned again and again, as the program does it: through the stored index."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.fspath(root)
        self.content = b""
        os.makedirs(self.root, exist_ok=True)

    def put(self, path: str, content: str | bytes | dict[str, Any] = "audio") -> str:
        """A file, with the folders above it; a mapping is written as JSON."""
        where = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content)
        with open(where, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return where

    def settle(self, when: int | None = None) -> int:
        """Let everything be of one old time, so that nothing counts as changed just now."""
        when = when or next(TIMES)
        for folder, _, names in os.walk(self.root, topdown=False):
            for name in names:
                os.utime(os.path.join(folder, name), (when, when), follow_symlinks=False)
            os.utime(folder, (when, when))
        return when

    def scan(self, **options: Any) -> LibraryScan:
        """One reading, beside what the last one remembered."""
        options = {"extensions": EXTENSIONS} | options
        scan = scan_library(self.root, LibraryIndex.from_bytes(self.content), **options)
        self.content = scan.index.to_bytes()
        return scan

    def found(self, **options: Any) -> dict[str, FoundBook]:
        """The found books by their folder below the root."""
        return {self.inside(book.source_dir): book for book in self.scan(**options).found}

    def only(self) -> FoundBook:
        (book,) = self.scan().found
        return book

    def skipped(self, scan: LibraryScan) -> dict[str, str]:
        return {self.inside(skip.source_dir): skip.reason for skip in scan.skipped}

    def inside(self, path: str) -> str:
        return os.path.relpath(path, self.root)


def names(book: FoundBook) -> list[str]:
    return [author.name for author in book.facts.authors]


def series(book: FoundBook) -> list[tuple[str, str | None]]:
    return [(entry.name, entry.position) for entry in book.facts.series]


@contextmanager
def open_to_all() -> Iterator[Path]:
    """A temporary folder that every user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def as_nobody(code: str, *arguments: str) -> str:
    """What a program prints that runs without root's rights; `arguments` are its `sys.argv[1:]`.

    Everything it needs is imported before it becomes nobody, who may not read this folder.
    """
    whole = f"""
import os, sys
from core.domain.release import StagedFile
from core.errors import NeedsPerson, NotNow
from core.upload.stage import materialise
from core.upload.staging_plan import StagingItem, StagingPlan
from tests.core.upload.shelf import Shelf
if os.geteuid() == 0:
    os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
{code}
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", whole, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
