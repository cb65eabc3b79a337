"""`mousekeeper run` and the commands beside it."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.harness import UNAVAILABLE, Program, by_asin
from tests.world.audio import make_book, make_library
from tests.world.catalogue import Catalogue
from tests.world.studio import Studio
from tests.world.waiting import until_sync

pytestmark = [pytest.mark.audio]

SALT, WREN = "B0MKB00001", "B0MKB00008"
GIBIBYTE = 2**30


def shelve(keeper: Program, studio: Studio, *asins: str) -> None:
    catalogue = Catalogue.load()
    for asin in asins:
        book = catalogue.get(asin)
        assert book is not None
        make_book(keeper.library, book, seconds=2, studio=studio)


def test_commands_beside_a_service(keeper: Program, studio: Studio) -> None:
    make_library(keeper.library, books=3, seconds=2, studio=studio)
    service = keeper.start()

    second = keeper("run", code=UNAVAILABLE)
    assert str(service.pid) in second.stderr
    assert "in use" in second.stderr
    assert service.process.poll() is None
    assert not keeper.states(), "the autopilot is off: nothing is done unasked"

    found = keeper("discover", "--json").json
    assert found.keys() >= {"releases", "skipped"}
    assert len(found["releases"]) == 3
    prepared = keeper("prepare", "--json")
    assert prepared.json["counts"] == {"awaiting_approval": 3}
    assert prepared.releases == list(keeper.status().values())
    one, two, three = keeper.status()

    began = time.monotonic()
    assert keeper("approve", one, "--json").code == 0
    until_sync(lambda: job(keeper, one)[0] == "publish", 5, what="the service to act upon the approval")
    assert time.monotonic() - began < 5
    took = keeper.rows(
        "SELECT (julianday(b.at) - julianday(a.at)) * 86400 FROM job_log a JOIN job_log b USING (job_id)"
        " WHERE a.event = 'approve' AND b.stage = 'approve' AND b.event = 'done'"
    )
    assert 0 <= took[0][0] < 1

    keeper("reject", two)
    until_sync(lambda: job(keeper, two)[1] == "cancelled", 5, what="the rejection to be taken up")
    assert keeper("retry", two, "--json").code == 0
    until_sync(lambda: job(keeper, two) == ("approve", "waiting"), 5, what="the retry to be taken up")

    wrong = keeper("prepare", "--asin", "B0NOSUCH00", "--json", code=1)
    assert "B0NOSUCH00" in wrong.json["error"]

    with ThreadPoolExecutor(2) as pool:  # two people at once: one of them decides
        codes = sorted(pool.map(lambda verb: keeper(verb, three, code=None).code, ("approve", "hold")))
    assert codes[0] == 0

    code, seconds = service.stop()
    assert code == 0
    assert seconds < 10
    assert keeper.start().stop(signal.SIGINT)[0] == 0


def job(keeper: Program, release: str) -> tuple[str, str]:
    """Where a release's job stands, without starting a command for each look."""
    stage, status = keeper.rows("SELECT stage, status FROM job WHERE subject = ?", release)[0]
    return stage, status


def test_looking_takes_no_lock_and_writes_nothing(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT)
    for command in (("status",), ("autopilot", "status"), ("config",)):
        keeper(*command, "--json")
    assert not keeper.data.exists(), "looking at nothing leaves nothing behind"
    keeper("prepare")
    service = keeper.start()
    before = {
        path: path.stat().st_mtime_ns for path in keeper.data.rglob("*") if path.suffix in (".db", ".lock")
    }
    for command in (("status",), ("show", SALT), ("config",), ("autopilot", "status")):
        keeper(*command, "--json")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    holder = (keeper.data / "mousekeeper.lock").read_text()
    assert str(service.pid) in holder
    assert service.stop()[0] == 0
    keeper.database.chmod(0o400)
    keeper("status", "--json")
    keeper.database.chmod(0o600)


def test_the_autopilot_starts_and_stops_the_schedules(keeper: Program, studio: Studio) -> None:
    keeper.configure("upload", max_open_approvals=2)
    keeper.configure("schedules", discover="1s")
    make_library(keeper.library, books=4, seconds=2, studio=studio)
    service = keeper.start()
    assert keeper("autopilot", "status", "--json").json["on"] is False
    assert keeper("autopilot", "start", "--json").json["on"] is True

    def open_cards() -> int:
        return counted(keeper, "approve", "waiting")

    until_sync(lambda: open_cards() == 2, 30, what="two open cards")
    first, *_ = waiting(keeper)
    keeper("reject", first)
    until_sync(
        lambda: len(waiting(keeper) - {first}) == 2, 30, what="another card in the place of the decided one"
    )
    assert counted(keeper, "stage", "waiting") == 1, "never more than two cards are open"

    shown = keeper("autopilot", "stop", "--json").json
    assert shown["on"] is False
    assert all(row["next_run"] is None for row in shown["schedules"])
    keeper("prepare")  # what a person asks for has no limit
    assert keeper.states() == {"awaiting_approval": 3, "rejected": 1}
    assert service.stop()[0] == 0


def counted(keeper: Program, stage: str, status: str) -> int:
    if not keeper.database.exists():
        return 0
    count: int = keeper.rows("SELECT count(*) FROM job WHERE stage = ? AND status = ?", stage, status)[0][0]
    return count


def waiting(keeper: Program) -> set[str]:
    return {
        row[0]
        for row in keeper.rows("SELECT subject FROM job WHERE stage = 'approve' AND status = 'waiting'")
    }


def test_ends_soon_while_hashing_and_goes_on_after_a_kill(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT)
    grow(next(keeper.library.rglob("*.m4b")), 4 * GIBIBYTE)
    keeper("discover")
    service = keeper.start()
    beside = keeper.popen("prepare", "--json", "--config", str(keeper.config_file), stdout=-1, stderr=-1)
    until_sync(
        lambda: keeper.rows("SELECT stage, status FROM job") == [("build", "running")], 30, what="hashing"
    )
    code, seconds = service.stop()
    assert code == 0
    assert seconds < 10

    # the command that waited takes the work over, and is killed at it
    until_sync(
        lambda: keeper.rows("SELECT stage, status FROM job") == [("build", "running")], 30, what="hashing"
    )
    beside.kill()
    beside.communicate()

    service = keeper.start()
    release = next(iter(keeper.status()))
    until_sync(lambda: job(keeper, release) == ("approve", "waiting"), 60, what="the torrent to be made")
    assert service.stop()[0] == 0
    assert keeper.stray() == []
    assert keeper.rows("SELECT count(*) FROM job_log WHERE stage = 'build' AND event = 'done'") == [(1,)]


def grow(file: Path, size: int) -> None:
    """Make a file long without filling the disk: hashing reads the hole like data."""
    with file.open("ab") as audio:
        audio.truncate(size)


def test_goes_on_where_a_killed_service_ended(keeper: Program, studio: Studio) -> None:
    make_library(keeper.library, books=6, seconds=2, studio=studio)
    keeper("discover")
    service = keeper.start()
    beside = keeper.popen("prepare", "--json", "--config", str(keeper.config_file), stdout=-1, stderr=-1)
    until_sync(lambda: counted(keeper, "approve", "waiting") >= 1, 30, what="the first to be ready")
    service.kill()
    _, err = beside.communicate(timeout=60)
    assert beside.returncode == 0, err.decode()
    again = keeper.start()  # the lock went with the process
    until_sync(lambda: counted(keeper, "approve", "waiting") == 6, 60, what="all to be ready")
    assert again.stop()[0] == 0
    done = dict(keeper.rows("SELECT stage, count(*) FROM job_log WHERE event = 'done' GROUP BY stage"))
    assert done == dict.fromkeys(("stage", "describe", "build", "check"), 6)


def test_shows_that_it_lives(keeper: Program) -> None:
    service = keeper.start()
    beat = keeper.data / "heartbeat"
    until_sync(beat.exists, 10, what="the heartbeat file")
    assert abs(time.time() - beat.stat().st_mtime) < 60
    service.process.send_signal(signal.SIGHUP)
    service.says("log level is INFO now")
    assert service.stop()[0] == 0
    log = (keeper.data / "logs/mousekeeper.log").read_text("utf-8")
    assert "is ready" in log
    assert "Stopping" in log
    assert os.stat(keeper.data / "mousekeeper.lock").st_mode & 0o77 == 0


def test_one_pass_and_out(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT, WREN)
    keeper("run", "--once")
    assert not keeper.states(), "the autopilot is off"
    keeper("autopilot", "start")
    keeper("run", "--once")
    states = {asin: release["state"] for asin, release in by_asin(list(keeper.status().values())).items()}
    assert states == {SALT: "awaiting_approval", WREN: "awaiting_approval"}
