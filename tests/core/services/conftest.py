"""A program of one's own, with a small library and nothing outside configured."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.app import App, open_app
from core.config import load

CONFIG = """\
paths: {libation_library_root: library}
audnex: {enabled: false}
audible: {enabled: false}
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The library's folder, still empty."""
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


@pytest.fixture
async def app(tmp_path: Path, library: Path) -> AsyncIterator[App]:
    """The program as a command has it that runs stages."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "config.yaml", {}), "work") as opened:
        yield opened


def put(library: Path, folder: str, content: bytes = b"audio") -> str:
    """A book of one file; returns its folder."""
    path = library / "An Author" / folder
    path.mkdir(parents=True)
    (path / "book.m4b").write_bytes(content)
    return os.fspath(path)
