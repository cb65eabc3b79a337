"""Real audiobooks for tests: a studio that encodes each clip once, and a library of a dozen books."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.world.audio import GeneratedBook, make_library
from tests.world.studio import Studio


@dataclass(frozen=True, slots=True)
class Library:
    """A folder of books, and what was put into it."""

    root: Path
    books: tuple[GeneratedBook, ...]


@pytest.fixture(scope="session")
def studio() -> Studio:
    """Where clips are made; they are kept in `.cache/audio` for the next run."""
    return Studio()


@pytest.fixture(scope="session")
def _made_library(tmp_path_factory: pytest.TempPathFactory, studio: Studio) -> Library:
    root = tmp_path_factory.mktemp("made") / "library"
    return Library(root, tuple(make_library(root, studio=studio)))


@pytest.fixture
def library(_made_library: Library, tmp_path: Path) -> Library:
    """Twelve books in every usual layout, tagged, a minute each; this test's own to change."""
    root = tmp_path / "library"
    shutil.copytree(_made_library.root, root)
    moved = (
        os.path.join(root, os.path.relpath(book.folder, _made_library.root)) for book in _made_library.books
    )
    return Library(root, tuple(replace(b, folder=f) for b, f in zip(_made_library.books, moved, strict=True)))
