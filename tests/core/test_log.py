"""Log lines: their form, their places, and what must not stop the program or fool a reader."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.log import MASK, Scrubber, log_context, set_level, set_up

LOG = logging.getLogger("core.upload.stage")
LINE = re.compile(r"\d\d:\d\d:\d\d \| ([A-Z]+) \| \[([A-Z_]+)\] (.*)")
FILE_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| ([A-Z]+) \| \[([A-Z_]+)\](?: \((.*?)\))? (.*)")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    levels = {
        name: logger.level
        for name, logger in root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    yield
    for handler in root.handlers:
        if handler not in handlers:
            with contextlib.suppress(OSError):
                handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.raiseExceptions = True
    for name, logger in root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            logger.setLevel(levels.get(name, logging.NOTSET))


def lines(text: str) -> list[tuple[str, str, str]]:
    return [found for line in text.splitlines() for found in LINE.findall(line)]


def test_a_console_line_names_time_level_stage_and_release(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber([]), level="INFO", folder=None)
    LOG.debug("too quiet")
    LOG.info("linked %d files", 3)
    with log_context("describe", "01RELEASE"):
        LOG.warning("no answer")
    LOG.error("after")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert lines(shown.err) == [
        ("INFO", "STAGE", "linked 3 files"),
        ("WARNING", "DESCRIBE", "(01RELEASE) no answer"),
        ("ERROR", "STAGE", "after"),
    ]


def test_markup_and_emoji_codes_of_titles_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber([]), level="INFO", folder=None)
    LOG.info("[bold]Title[/bold] :book: [Unabridged] %s", "x" * 300)
    assert lines(capsys.readouterr().err)[0][2] == f"[bold]Title[/bold] :book: [Unabridged] {'x' * 300}"


def test_the_file_keeps_debug_with_the_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber(["planted-secret"]), level="ERROR", folder=tmp_path / "logs")
    with log_context("build", "01RELEASE"):
        LOG.debug("hashing with planted-secret")
    assert capsys.readouterr().err == ""
    text = (tmp_path / "logs" / "mousekeeper.log").read_text("utf-8")
    assert FILE_LINE.findall(text) == [("DEBUG", "BUILD", "01RELEASE", f"hashing with {MASK}")]


def test_the_file_rotates(tmp_path: Path) -> None:
    set_up(Scrubber([]), level="ERROR", folder=tmp_path)
    handler = next(
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.handlers.RotatingFileHandler)
    )
    assert 0 < handler.maxBytes <= 10 * 2**20
    handler.maxBytes = 2000
    for number in range(600):
        LOG.debug("line %d", number)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == handler.backupCount + 1
    assert all(file.stat().st_size <= 2000 for file in kept)
    assert "line 599" in (tmp_path / "mousekeeper.log").read_text("utf-8")


@pytest.mark.parametrize("obstacle", ["a file", "a folder with the log's name", "no such device"])
def test_a_log_folder_that_cannot_be_used_does_not_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], obstacle: str
) -> None:
    folder = tmp_path / "logs"
    if obstacle == "a file":
        folder.write_text("")
    elif obstacle == "a folder with the log's name":
        (folder / "mousekeeper.log").mkdir(parents=True)
    else:
        folder = Path("/proc/self/logs")
    set_up(Scrubber([]), level="INFO", folder=folder)
    LOG.info("still here")
    assert lines(capsys.readouterr().err) == [("INFO", "STAGE", "still here")]


def test_a_full_disk_neither_stops_nor_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mousekeeper.log").symlink_to("/dev/full")
    set_up(Scrubber(["planted-secret"]), level="INFO", folder=tmp_path)
    LOG.info("asking with %s", "planted-secret")
    shown = capsys.readouterr().err
    assert lines(shown) == [("INFO", "STAGE", f"asking with {MASK}")]
    assert "planted" not in shown


def test_a_wrong_log_call_does_not_print_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber(["planted-secret"]), level="INFO", folder=None)
    LOG.handle(logging.LogRecord("x", logging.INFO, "x.py", 1, "%d", ("planted-secret",), None))
    assert "planted" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["a\n12:00:00 | ERROR | [FORGED] line", "a\r\x1b[2Jb\x07", "\udcff\udc80", "a\u2028b\x85c", "\x9b2J"],
)
def test_a_name_is_one_line_and_no_order_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    set_up(Scrubber([]), level="INFO", folder=tmp_path)
    LOG.info("staging %s.", name)
    shown, kept = capsys.readouterr().err, (tmp_path / "mousekeeper.log").read_text("utf-8")
    for text in (shown, kept):
        assert len(text.splitlines()) == 1
        assert text.endswith(".\n")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_a_traceback_stands_below_its_line_and_is_scrubbed(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber(["planted-secret"]), level="INFO", folder=None)
    LOG.error("It failed", exc_info=RuntimeError("no: planted-secret\n\x1b[31m"))
    shown = capsys.readouterr().err
    assert lines(shown) == [("ERROR", "STAGE", "It failed")]
    assert f"\nRuntimeError: no: {MASK}" in shown
    assert "\x1b" not in shown


def test_what_nobody_catches_is_logged_and_scrubbed(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber(["planted-secret"]), level="INFO", folder=None)
    error = RuntimeError("planted-secret")
    sys.excepthook(RuntimeError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    shown = capsys.readouterr().err
    assert [level for level, _, _ in lines(shown)] == ["CRITICAL", "CRITICAL"]
    assert "planted" not in shown


def test_the_level_changes_while_running(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Scrubber([]), level="WARNING", folder=None)
    logging.getLogger().setLevel(logging.DEBUG)
    LOG.info("before")
    set_level("INFO")
    LOG.info("after")
    assert [text for _, _, text in lines(capsys.readouterr().err)] == ["after"]


def test_setting_up_twice_writes_each_line_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        set_up(Scrubber([]), level="INFO", folder=tmp_path)
    LOG.info("once")
    assert len(lines(capsys.readouterr().err)) == 1
    assert (tmp_path / "mousekeeper.log").read_text("utf-8").count("once") == 1


def test_libraries_do_not_fill_the_file(tmp_path: Path) -> None:
    set_up(Scrubber([]), level="INFO", folder=tmp_path)
    for name in ("aiosqlite", "sqlalchemy.engine", "urllib3.connectionpool", "asyncio"):
        logging.getLogger(name).info("chatter")
    assert (tmp_path / "mousekeeper.log").read_text("utf-8") == ""
