"""How a running service hears of what others wrote, and of its settings."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.harness import Program
from tests.world.audio import make_library
from tests.world.studio import Studio
from tests.world.waiting import until_sync


@pytest.mark.audio
def test_where_there_are_no_pipes_decisions_and_wishes_are_heard_too(keeper: Program, studio: Studio) -> None:
    make_library(keeper.library, books=1, seconds=2, studio=studio)
    keeper.data.mkdir(parents=True)
    (keeper.data / "mousekeeper.nudge").touch()  # what stands here is no pipe, and none can be made
    service = keeper.start()
    prepared = keeper("prepare", "--json")
    assert prepared.json["counts"] == {"awaiting_approval": 1}
    [release] = keeper.status()
    keeper("approve", release)
    stage = "SELECT stage FROM job"
    until_sync(lambda: keeper.rows(stage) == [("publish",)], 5, what="the service to act upon the approval")
    assert os.path.getsize(keeper.data / "mousekeeper.nudge") == 0
    assert service.stop()[0] == 0


def test_a_new_log_level_is_read_from_its_own_settings(keeper: Program) -> None:
    service = keeper.start()
    keeper.keep_secret(LOG_LEVEL="ERROR")
    service.process.send_signal(signal.SIGHUP)
    log = keeper.data / "logs/mousekeeper.log"
    until_sync(lambda: "log level is ERROR now" in log.read_text("utf-8"), 10, what="the new level")
    assert service.stop()[0] == 0
