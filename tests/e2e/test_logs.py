"""What the logs tell of a release's way, on the console and in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.harness import FAILED, Program
from tests.world.audio import make_library
from tests.world.studio import Studio

pytestmark = [pytest.mark.audio]

LINE = re.compile(r"^[\d: -]+ \| ([A-Z]+) \| \[([A-Z]+)\] \((\w+)\) (.+)$", re.MULTILINE)


def test_every_step_is_a_line_with_its_stage_and_release(keeper: Program, studio: Studio) -> None:
    make_library(keeper.library, books=1, seconds=2, studio=studio)
    told = keeper("prepare", "-v", "--json")
    release = told.releases[0]["id"]
    for text in (told.stderr, (keeper.data / "logs" / "mousekeeper.log").read_text("utf-8")):
        steps = {stage: (level, subject, said) for level, stage, subject, said in LINE.findall(text)}
        assert steps.keys() >= {"STAGE", "DESCRIBE", "BUILD", "CHECK", "APPROVE"}
        assert {subject for _, subject, _ in steps.values()} == {release}
        assert steps["STAGE"][0] == "INFO"
        assert "staged" in steps["STAGE"][2]
        assert steps["APPROVE"][2] == "waiting: a person's approval"


def test_a_failure_is_a_warning_on_the_console(keeper: Program, studio: Studio) -> None:
    book = make_library(keeper.library, books=1, seconds=2, studio=studio)[0]
    (Path(book.folder) / book.audio[0]).write_text("no audio at all")
    told = keeper("prepare", "--json", code=FAILED)
    assert [(level, stage) for level, stage, _, _ in LINE.findall(told.stderr)] == [("WARNING", "DESCRIBE")]
    assert told.releases[0]["error"] in told.stderr
