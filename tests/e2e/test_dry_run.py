"""`--dry-run` everywhere: shows what would be done, and leaves nothing behind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.harness import Program
from tests.world.audio import make_library
from tests.world.studio import Studio

pytestmark = [pytest.mark.audio]

RELEASE_KEYS = {
    *("id", "asin", "title", "authors", "narrators", "series", "year", "source_dir", "parts", "state"),
    *("stage", "attempts", "error", "staging_dir", "torrent_path", "infohash", "waiting_for"),
}


def contents(folder: Path) -> dict[str, int]:
    """Every file below the folder with its time; the look of a database leaves its side files alone."""
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return {str(file): file.stat().st_mtime_ns for file in files if not file.name.endswith(("-wal", "-shm"))}


@pytest.mark.parametrize("known", [False, True], ids=["fresh", "after a first prepare"])
def test_no_command_changes_anything(keeper: Program, studio: Studio, known: bool) -> None:
    make_library(keeper.library, books=1, seconds=2, studio=studio)
    archive = keeper.folder / "backup.tar.gz"
    if known:
        keeper("prepare")
        keeper("backup", "--to", str(archive))
    state = keeper.folder / "processed.json"
    state.write_text(json.dumps({"version": 1, "processed": {"B000000001": {"title": "T"}}, "failed": {}}))
    before = contents(keeper.folder)

    for command in ("discover", "prepare", "scan", "metadata", "torrent", "upload", "backup", "support"):
        keeper(command, "--dry-run", "--json")
    for command in ("autopilot start", "autopilot stop", "run", "run --once", f"import-state {state}"):
        assert keeper(*command.split(), "--dry-run", "--json").json["dry_run"] is True
    keeper("restore", str(archive), "--dry-run", "--json")

    assert contents(keeper.folder) == before
    assert not keeper.rows("SELECT * FROM release WHERE asin = 'B000000001'") if known else True


def test_it_says_what_would_be_prepared_and_imported(keeper: Program, studio: Studio) -> None:
    book = make_library(keeper.library, books=1, seconds=2, studio=studio)[0]
    for command in ("discover", "prepare"):
        would = keeper(command, "--dry-run", "--json").json["releases"][0]
        assert would.keys() >= RELEASE_KEYS
        assert (would["asin"], would["source_dir"]) == (book.asin, book.folder)
    keeper("discover")
    state = keeper.folder / "processed.json"
    rows = {asin: {"title": "T"} for asin in ("B000000001", str(book.asin))}
    state.write_text(json.dumps({"version": 1, "processed": rows, "failed": {}}))
    would = keeper("import-state", str(state), "--dry-run", "--json").json
    assert (would["imported"], would["known_before"]) == (1, 1)
