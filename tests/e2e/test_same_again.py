"""The same books give the same torrents, wherever and whenever they are prepared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.harness import Program, program
from tests.world.audio import Plan, make_library
from tests.world.studio import Studio

pytestmark = [pytest.mark.audio]


def test_another_place_gives_the_same_names_and_infohashes(tmp_path: Path, studio: Studio) -> None:
    plans = (Plan(), Plan("bare", "mp3", sidecar=False), Plan("series", "mp3 discs"))

    def prepared(keeper: Program) -> dict[str, tuple[str, str]]:
        make_library(keeper.library, books=3, plans=plans, seconds=2, studio=studio)
        releases = keeper("prepare", "--json").releases
        return {r["title"]: (Path(r["staging_dir"]).name, r["infohash"]) for r in releases}

    with program(tmp_path / "here") as here, program(tmp_path / "over" / "there") as there:
        first = prepared(here)
        assert len(first) == 3
        assert any("ASIN" not in name for name, _ in first.values())
        assert prepared(there) == first
