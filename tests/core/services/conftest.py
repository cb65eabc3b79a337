"""A program of one's own, with a small library and nothing outside configured."""

from __future__ import annotations

import os
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.app import App, open_app
from core.config import load
from core.domain.release import StagedFile
from core.upload.torrent.builtin import BuiltinBuilder

CONFIG = """\
paths: {libation_library_root: library}
audnex: {enabled: false}
audible: {enabled: false}
"""
ASINS = {"One": "B000000001", "Two": "B000000002", "Three": "B000000003"}


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


async def found(app: App, library: Path, name: str = "One") -> str:
    """The id of a book that was just discovered."""
    asin = ASINS.get(name) or f"B{zlib.crc32(name.encode()) % 10**9:09}"
    folder = put(library, f"{name} [{asin}]")
    new = (await app.uploads.discover())["releases"]
    [release] = [each for each in new if each["source_dir"] == folder]
    return str(release["id"])


async def stands_at(app: App, release_id: str, stage: str, status: str) -> None:
    """As if the release had come so far."""
    release = await app.shelf.one(release_id)
    log = {"stage": stage, "event": "test", "text": ""}
    await app.jobs.move(release.job_id, {"stage": stage, "status": status, "topic": None}, log)


async def staged(app: App, library: Path, name: str = "One") -> tuple[str, Path]:
    """A release with its folder of hardlinks and its torrent."""
    release_id = await found(app, library, name)
    release = await app.shelf.one(release_id)
    folder = app.config.staging_root / name
    folder.mkdir(parents=True)
    source = Path(str(release.source_dir), "book.m4b")
    os.link(source, folder / "book.m4b")
    torrent = app.config.torrent_output / name / f"{name}.torrent"
    torrent.parent.mkdir(parents=True)
    (torrent.parent / "audnex.json").write_text("{}")
    built = await BuiltinBuilder(announce=None, source="MAM", piece_length=None).build(
        str(folder), str(torrent)
    )
    await app.uploads._releases.update(
        release_id,
        staging_dir=str(folder),
        torrent_path=str(torrent),
        infohash=built.metainfo.infohash,
        staged=(StagedFile(str(source), "book.m4b", source.stat().st_size),),
    )
    return release_id, folder
