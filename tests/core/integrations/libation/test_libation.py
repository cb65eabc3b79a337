"""Libation in its container, played by a script: every ending of a visit, with its sentence and its remedy."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import BadReply
from core.integrations.docker.client import DockerEngine
from core.integrations.libation.client import Failed, Libation
from core.integrations.libation.models import LibationReport
from tests.fixtures_docker import TestEngine
from tests.world.waiting import until

pytestmark = pytest.mark.docker

FIXTURES = Path(__file__).parents[3] / "fixtures" / "libation"


class Stage:
    """What the container's LibationCli is going to say and do."""

    def __init__(self, control: Path) -> None:
        self.control = control

    def says(self, verb: str, out: str = "", *, err: str = "", code: int = 0) -> None:
        """Let `verb` print fixtures (by name) or plain text, and end with `code`."""
        for stream, said in (("out", out), ("err", err)):
            fixture = FIXTURES / f"{said}.txt"
            text = fixture.read_text() if said and "\n" not in said and fixture.exists() else said
            (self.control / f"{verb}.{stream}").write_text(text)
        (self.control / f"{verb}.exit").write_text(str(code))

    def hangs(self, verb: str, *, hang: bool = True) -> None:
        if hang:
            (self.control / f"{verb}.hang").touch()
        else:
            (self.control / f"{verb}.hang").unlink()

    def knows(self, *books: dict[str, object], after: str = "") -> None:
        """The library's export, at once or after a verb was run."""
        name = f"after-{after}.json" if after else "export.json"
        (self.control / name).write_text(json.dumps(books))
        (self.control / name).chmod(0o666)

    def calls(self) -> list[str]:
        path = self.control / "calls"
        return [line.strip() for line in path.read_text().splitlines()] if path.exists() else []


def book(asin: str, status: str, **more: object) -> dict[str, object]:
    return {"AudibleProductId": asin, "Title": f"Book {asin}", "BookStatus": status, **more}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    control = tmp_path / "control"
    control.mkdir()
    (tmp_path / "data").mkdir()
    for folder in (tmp_path, control, tmp_path / "data"):
        folder.chmod(0o777)
    shutil.copy(FIXTURES / "export.json", control / "export.json")
    (control / "export.json").chmod(0o666)  # Libation's user in the container is another one
    shutil.copy(FIXTURES / "settings.txt", control / "settings")
    stage = Stage(control)
    stage.says("scan", "scan_nothing_new")
    return stage


@pytest.fixture
def container(docker_engine: TestEngine, tmp_path: Path, stage: Stage) -> str:
    return docker_engine.container(
        f"libation-{tmp_path.name}-{os.getpid()}",
        binds={"/control": stage.control, "/data": tmp_path / "data"},
        user="1001:1001",
    )


@pytest.fixture
async def engine(docker_engine: TestEngine) -> AsyncIterator[DockerEngine]:
    async with DockerEngine(docker_engine.host) as client:
        yield client


@pytest.fixture
def libation(engine: DockerEngine, container: str) -> Libation:
    return Libation(engine, container, scan_timeout=60, command_timeout=60)


def told(report: LibationReport) -> tuple[str, bool]:
    return report.outcome, report.ok


async def test_nothing_new_and_nothing_pending(libation: Libation, stage: Stage) -> None:
    stage.knows(book("B0EXAMPLE1", "Liberated"))
    report = await libation.acquire()
    assert told(report) == ("nothing_new", True)
    assert (report.total, report.new) == (412, 0)
    assert stage.calls()[0] == "scan"


async def test_new_titles_that_are_not_fetched_yet(libation: Libation, stage: Stage) -> None:
    stage.says("scan", "scan_new")
    report = await libation.acquire()
    assert told(report) == ("not_liberated", True)
    assert (report.total, report.new) == (1415, 3)
    assert report.sentence == "Libation knows 2 titles not fetched yet."
    assert [book.asin for book in report.pending] == ["B0EXAMPLE2", "B0EXAMPLE3"]
    assert [book.asin for book in report.failed] == ["B0EXAMPLE4"]
    assert not any(call.startswith("liberate") for call in stage.calls())


async def test_new_0_does_not_hide_what_is_pending(libation: Libation, stage: Stage) -> None:
    stage.knows(book("B0EXAMPLE1", "NotLiberated"))
    report = await libation.acquire()
    assert (told(report), report.new) == (("not_liberated", True), 0)
    assert report.sentence == "Libation knows one title not fetched yet."


async def test_loans_are_set_apart_unless_wanted(libation: Libation) -> None:
    report = await libation.acquire()
    assert [book.asin for book in report.loans] == ["B0EXAMPLE5", "B0EXAMPLE6"]
    report = await libation.acquire(include_loans=True)
    assert report.loans == ()
    assert "B0EXAMPLE5" in [book.asin for book in report.pending]


async def test_liberating_names_only_ours_where_loans_wait_too(libation: Libation, stage: Stage) -> None:
    stage.says("liberate", "DownloadDecryptBook Begin: one\nDownloadDecryptBook Completed: one\nDone.\n")
    stage.knows(book("B0EXAMPLE2", "Liberated"), after="liberate")
    lines: list[str] = []
    report = await libation.acquire(liberate=True, on_line=lines.append)
    assert told(report) == ("liberated", True)
    assert report.pending == ()
    assert "liberate B0EXAMPLE2 B0EXAMPLE3" in stage.calls()
    assert "DownloadDecryptBook Begin: one" in lines


async def test_liberating_leaves_the_choice_to_libation_where_all_is_ours(
    libation: Libation, stage: Stage
) -> None:
    stage.knows(book("B0EXAMPLE1", "NotLiberated"))
    stage.says("liberate", "DownloadDecryptBook Begin: one\nDone. All books have been processed\n")
    await libation.acquire(liberate=True)
    assert "liberate" in stage.calls()


async def test_a_denied_licence_is_seen_although_the_exit_code_is_0(libation: Libation, stage: Stage) -> None:
    stage.says("liberate", "DownloadDecryptBook Begin: x\nDone.\n", err="licence_denied")
    report = await libation.acquire(liberate=True)
    assert told(report) == ("licence_denied", False)
    assert report.sentence == "Audible denied the licence to download one title."
    assert [book.asin for book in report.pending] == ["B0EXAMPLE2", "B0EXAMPLE3"]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Daily download limit reached. 10 of 10 books.\nSkipped 2 title(s)\n", "daily_limit"),
        ("Error processing book. Skipping. This book will be tried again on next attempt.\n", "books_failed"),
        ("Error: Books directory is not set. Please configure the 'Books' setting\n", "bad_settings"),
    ],
)
async def test_what_liberate_leaves_undone_is_said(
    libation: Libation, stage: Stage, words: str, outcome: str
) -> None:
    stage.says("liberate", "Done. All books have been processed\n", err=words)
    assert (await libation.liberate()).outcome.code == outcome


@pytest.mark.parametrize(
    ("err", "code", "outcome", "hint"),
    [
        ("login_expired", 3, "login_expired", "AccountsSettings.json"),
        ("tokens_locked", 3, "tokens_locked", "libation-master.key"),
        ("No accounts. Exiting.\n", 3, "no_accounts", "Add one in Libation"),
        ("Invalid configuration\n=====\nTheme: purple\n", 3, "bad_settings", "Settings.json"),
        ("Audible returned HTML instead of JSON.\n", 3, "audible_down", "tried again"),
        ("", 137, "killed", "memory"),
    ],
)
async def test_a_scan_that_fails_is_told_apart(
    libation: Libation, stage: Stage, err: str, code: int, outcome: str, hint: str
) -> None:
    stage.says("scan", "Scanning Audible library.\n", err=err, code=code)
    report = await libation.acquire()
    assert told(report) == (outcome, False)
    assert hint in report.hint
    assert "reader@example.org" not in report.sentence + report.hint


async def test_an_unknown_failure_gives_its_code_and_its_words_without_secrets(
    libation: Libation, stage: Stage
) -> None:
    stage.says("scan", err="unknown_failure", code=3)
    report = await libation.acquire()
    assert report.outcome == "unknown"
    assert "exit code 3" in report.sentence
    assert "Something nobody has seen before broke" in report.sentence
    assert "Usage" not in report.sentence
    for secret in ("SECRET", "reader@", "audible.example"):
        assert secret not in report.sentence


async def test_no_titles_at_all_points_to_the_login(libation: Libation, stage: Stage) -> None:
    stage.says("scan", "Scan complete.\nTotal processed: 0\nNew: 0\n")
    report = await libation.acquire()
    assert told(report) == ("no_titles", False)
    assert "log in again" in report.hint


async def test_junk_with_exit_code_0_is_no_success(libation: Libation, stage: Stage) -> None:
    stage.says("scan", "\x00\x1b[2J%PDF-1.4 \xff\n<html>\n")
    assert told(await libation.acquire()) == ("bad_reply", False)


@pytest.mark.parametrize("export", ["{", '{"a": 1}', "<html>", ""])
async def test_an_export_that_is_no_list_of_titles(libation: Libation, stage: Stage, export: str) -> None:
    (stage.control / "export.json").write_text(export)
    assert told(await libation.acquire()) == ("bad_reply", False)
    with pytest.raises(BadReply, match="export"):
        await libation.export()


async def test_an_export_that_was_not_written(libation: Libation, stage: Stage) -> None:
    (stage.control / "export.json").unlink()
    with pytest.raises(BadReply, match="cannot be read back"):
        await libation.export()


async def test_the_export_leaves_no_file_in_the_container(
    libation: Libation, engine: DockerEngine, container: str
) -> None:
    assert len(await libation.export()) == 8
    left = await engine.exec(container, ["find", "/tmp", "-name", "mousekeeper-*"], timeout=30)
    assert left.stdout.strip() == ""


async def test_strange_entries_cost_themselves_only(libation: Libation, stage: Stage) -> None:
    (stage.control / "export.json").write_text(
        json.dumps(
            [
                "text",
                None,
                {"Title": "no ASIN"},
                book("not an asin", "NotLiberated"),
                {"AudibleProductId": "b0example1", "BookStatus": "Exploded", "LengthInMinutes": {"a": 1},
                 "IsAudiblePlus": None, "IncludedUntil": "some day", "Title": 7},
            ]
        )
    )  # fmt: skip
    (only,) = await libation.export()
    assert (only.asin, only.status, only.minutes, only.loan) == ("B0EXAMPLE1", "Unknown", None, False)


async def test_a_scan_that_hangs_is_ended_and_the_next_one_works(
    engine: DockerEngine, container: str, stage: Stage
) -> None:
    libation = Libation(engine, container, scan_timeout=0.5)
    stage.hangs("scan")
    report = await libation.acquire()
    assert told(report) == ("timed_out", False)
    assert "was ended" in report.sentence

    stage.hangs("scan", hang=False)
    patient = Libation(engine, container)
    assert (await patient.acquire()).ok


async def test_what_a_killed_predecessor_left_running_is_ended_first(
    engine: DockerEngine, docker_engine: TestEngine, container: str, stage: Stage
) -> None:
    stage.hangs("scan")
    async with DockerEngine(docker_engine.host) as crashed:
        before = asyncio.create_task(
            crashed.exec(container, ["/libation/LibationCli", "scan"], timeout=600, tag="libation")
        )
        await until(stage.calls, 30, what="the scan's start")
        stage.hangs("scan", hang=False)
        assert (await Libation(engine, container).scan()).outcome.ok
        assert (await before).exit_code in {137, 143}


async def test_two_scans_at_once_take_turns(libation: Libation, stage: Stage) -> None:
    both = await asyncio.gather(libation.scan(), libation.scan())
    assert [result.outcome.code for result in both] == ["nothing_new", "nothing_new"]
    assert stage.calls() == ["scan", "scan"]


async def test_a_stopped_container(libation: Libation, docker_engine: TestEngine, container: str) -> None:
    docker_engine.api("POST", f"/containers/{container}/stop?t=0")
    report = await libation.acquire()
    assert told(report) == ("container_stopped", False)
    assert "SLEEP_TIME" in report.hint
    with pytest.raises(Failed, match="not running"):
        await libation.export()

    docker_engine.api("POST", f"/containers/{container}/start")
    assert (await libation.acquire()).ok


async def test_a_paused_container(libation: Libation, docker_engine: TestEngine, container: str) -> None:
    docker_engine.api("POST", f"/containers/{container}/pause")
    assert told(await libation.acquire()) == ("container_paused", False)
    docker_engine.api("POST", f"/containers/{container}/unpause")


async def test_no_such_container(engine: DockerEngine) -> None:
    report = await Libation(engine, "nowhere").acquire()
    assert told(report) == ("no_container", False)
    assert "LIBATION_CONTAINER" in report.hint


async def test_no_engine(tmp_path: Path) -> None:
    async with DockerEngine(f"unix://{tmp_path}/none.sock") as engine:
        report = await Libation(engine, "libation").acquire()
    assert told(report) == ("no_engine", False)
    assert "none.sock" in report.sentence
    assert "DOCKER_HOST" in report.hint


async def test_a_container_without_libation(engine: DockerEngine, container: str) -> None:
    report = await Libation(engine, container, binary="/opt/LibationCli").acquire()
    assert told(report) == ("no_cli", False)


async def test_an_engine_killed_during_a_scan(own_docker_engine: TestEngine, stage: Stage) -> None:
    stage.hangs("scan")
    container = own_docker_engine.container("libation", binds={"/control": stage.control}, user="1001:1001")
    async with DockerEngine(own_docker_engine.host) as engine:
        libation = Libation(engine, container)
        visit = asyncio.create_task(libation.acquire())
        await until(stage.calls, 30, what="the scan's start")
        await asyncio.to_thread(own_docker_engine.kill)
        report = await visit
        assert told(report) == ("lost", False)
        assert "the outcome is unknown" in report.sentence

        stage.hangs("scan", hang=False)
        await asyncio.to_thread(own_docker_engine.start)
        own_docker_engine.api("POST", f"/containers/{container}/start")
        assert (await libation.acquire()).ok


async def test_a_good_set_up_gives_no_finding(libation: Libation) -> None:
    assert await libation.check() == []


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("SaveMetadataToFile", "False", "LIBATION_NO_SIDECAR"),
        ("DownloadCoverArt", "False", "LIBATION_NO_COVER"),
        ("SplitFilesByChapter", "True", "LIBATION_SPLITS"),
        ("FolderTemplate", '"<author>/<title>"', "LIBATION_TEMPLATE_NO_ID"),
        ("FolderTemplate", '"<if series><series><end if> <id>"', "LIBATION_TEMPLATE_INVALID"),
    ],
)
async def test_every_setting_that_bites_is_found(
    libation: Libation, stage: Stage, setting: str, value: str, code: str
) -> None:
    lines = (FIXTURES / "settings.txt").read_text().splitlines()
    changed = [f"{setting}={value}" if line.startswith(f"{setting}=") else line for line in lines]
    (stage.control / "settings").write_text("\n".join(changed) + "\n")
    (finding,) = await libation.check()
    assert finding.code == code
    assert finding.sentence
    assert finding.fix


async def test_settings_this_version_lacks_are_passed_over(libation: Libation, stage: Stage) -> None:
    (stage.control / "settings").write_text("SaveMetadataToFile=True\n")
    assert await libation.check() == []


async def test_a_books_folder_that_libation_cannot_write(libation: Libation, stage: Stage) -> None:
    settings = (stage.control / "settings").read_text().replace('"/data"', '"/nowhere/data"')
    (stage.control / "settings").write_text(settings)
    (finding,) = await libation.check()
    assert finding.code == "LIBATION_BOOKS_NOT_WRITABLE"
    assert "/nowhere/data" in finding.sentence


async def test_check_where_the_container_is_missing_says_so(engine: DockerEngine) -> None:
    with pytest.raises(Failed, match="no container named nowhere"):
        await Libation(engine, "nowhere").check()
