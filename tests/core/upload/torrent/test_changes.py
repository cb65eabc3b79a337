"""What happens to files while they are hashed is noticed and named; what stops it stops it at once.

The progress callback serves as the moment: it comes before the first byte and after the last.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import MousekeeperError, NeedsPerson, NotNow
from core.upload.torrent import build_torrent
from core.upload.torrent.faults import reading_fault, shown, writing_fault
from core.upload.torrent.hashing import Stopped
from tests.core.upload.torrent.books import ANNOUNCE, KIB, LONG_AGO, PASSKEY, make_book, sparse_book

REPOSITORY = Path(__file__).parents[4]


def grow(path: str) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def rewrite(path: str) -> None:
    with open(path, "r+b") as file:
        file.write(b"other bytes, same size")


def replace_alike(path: str) -> None:
    """Another file of the same name, size and time."""
    size = os.path.getsize(path)
    with open(path + ".new", "wb") as file:
        file.truncate(size)
    os.utime(path + ".new", (LONG_AGO, LONG_AGO))
    os.replace(path + ".new", path)


def add_beside(path: str) -> None:
    Path(path).with_name("late.m4b").write_bytes(b"late")


@pytest.mark.parametrize("moment", ["before the first byte", "after the last byte"])
@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        (grow, "2.m4b changed"),
        (rewrite, "2.m4b changed"),
        (replace_alike, "2.m4b changed"),
        (os.unlink, "2.m4b vanished"),
        (lambda path: os.truncate(path, 10), "2.m4b (became shorter|changed)"),
        (add_beside, "late.m4b appeared"),
    ],
    ids=["grown", "rewritten", "replaced", "vanished", "truncated", "added"],
)
def test_a_folder_that_changes_meanwhile_is_tried_again_later(
    tmp_path: Path, deed: Callable[[str], None], sentence: str, moment: str
) -> None:
    root = make_book(tmp_path / "Book", {"1.m4b": 50_000, "2.m4b": 50_000, "3.m4b": 50_000})

    def meddle(done: int, total: int) -> None:
        if done == (0 if moment == "before the first byte" else total):
            deed(os.path.join(root, "2.m4b"))

    with pytest.raises(NotNow, match=sentence) as caught:
        build_torrent(root, announce=ANNOUNCE, piece_length=16 * KIB, progress=meddle)
    assert PASSKEY not in f"{caught.value!r} {caught.value}"


def test_once_the_folder_is_quiet_it_works(tmp_path: Path) -> None:
    root = make_book(tmp_path / "Book", {"1.m4b": 50_000})
    with pytest.raises(NotNow):
        build_torrent(root, progress=lambda done, total: grow(os.path.join(root, "1.m4b")))
    assert build_torrent(root).metainfo.total_size > 50_000


class TestProgress:
    def test_goes_from_nothing_to_all_without_a_step_back(self, tmp_path: Path) -> None:
        root = make_book(tmp_path / "Book", {"1.m4b": 300_000, "2.m4b": 200_000})
        seen: list[tuple[int, int]] = []
        build_torrent(root, piece_length=16 * KIB, progress=lambda done, total: seen.append((done, total)))
        assert seen == sorted(seen)
        assert (seen[0], seen[-1]) == ((0, 500_000), (500_000, 500_000))

    def test_is_told_now_and_then_not_for_every_piece(self, tmp_path: Path) -> None:
        seen: list[int] = []
        built = build_torrent(
            sparse_book(tmp_path / "Book", 64 * KIB * KIB),
            piece_length=16 * KIB,
            progress=lambda done, total: seen.append(done),
        )
        assert len(seen) <= built.seconds * 10 + 2

    def test_what_goes_wrong_in_the_listener_is_not_swallowed(self, tmp_path: Path) -> None:
        def listener(done: int, total: int) -> None:
            if done:
                raise ZeroDivisionError("listener")

        with pytest.raises(ZeroDivisionError, match="listener"):
            build_torrent(make_book(tmp_path / "Book", {"1": 9}), progress=listener)


class TestStopping:
    def test_stops_between_two_reads(self, tmp_path: Path) -> None:
        asked = 0

        def cancelled() -> bool:
            nonlocal asked
            asked += 1
            return asked > 5

        root = sparse_book(tmp_path / "Book", 1 << 30)
        with pytest.raises(Stopped):
            build_torrent(root, cancelled=cancelled, threads=2)
        assert asked < 10
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("hash")]

    def test_one_threads_fault_stops_the_others_and_is_the_one_told(self, tmp_path: Path) -> None:
        root = sparse_book(tmp_path / "Book", 1 << 30)
        make_book(root, {"a first.m4b": 10})
        told: list[int] = []

        def remove(done: int, total: int) -> None:
            told.append(done)
            if not done:
                os.unlink(os.path.join(root, "a first.m4b"))

        with pytest.raises(NotNow, match=r"a first\.m4b vanished"):
            build_torrent(root, progress=remove, threads=2)
        assert told[-1] < 1 << 29


def test_a_file_one_may_not_read_is_named_with_what_helps() -> None:
    script = """
import os, sys
from core.errors import NeedsPerson
from core.upload.torrent import build_torrent
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    build_torrent(sys.argv[1])
except NeedsPerson as error:
    print(error)
"""
    for locked, mode in (("2.m4b", 0o000), ("inner", 0o000)):
        with tempfile.TemporaryDirectory() as scratch:
            os.chmod(scratch, 0o755)
            root = make_book(Path(scratch) / "Book", {"1.m4b": 9, "2.m4b": 9, "inner/3.m4b": 9})
            os.chmod(os.path.join(root, locked), mode)
            command = [sys.executable, "-c", script, root]
            done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
            os.chmod(os.path.join(root, locked), 0o755)
            assert f"{locked} may not be read by this user" in done.stdout, done.stderr
            assert "Grant read permission to user id" in done.stdout


@pytest.mark.parametrize(
    ("fault", "code", "kind", "sentence"),
    [
        (reading_fault, errno.EIO, NeedsPerson, "disk reports an error"),
        (reading_fault, errno.ESTALE, NotNow, "network share"),
        (reading_fault, errno.EMFILE, NotNow, "too many files"),
        (reading_fault, errno.ETIMEDOUT, NotNow, "timed out"),
        (writing_fault, errno.ENOSPC, NotNow, "disk is full"),
        (writing_fault, errno.EROFS, NeedsPerson, "read-only"),
        (writing_fault, errno.EDQUOT, NotNow, "quota"),
    ],
)
def test_what_the_disk_refuses_becomes_a_sentence(
    fault: Callable[[OSError, str], MousekeeperError], code: int, kind: type[MousekeeperError], sentence: str
) -> None:
    error = fault(OSError(code, os.strerror(code)), "/library/Book/1.m4b")
    assert isinstance(error, kind)
    assert str(error).startswith("/library/Book/1.m4b ")
    assert sentence in str(error)


def test_any_name_can_be_printed() -> None:
    text = shown(b"/b\xfcch/line\nbreak \xff\x1b[31m")
    assert text == "/b\\xfcch/line\\nbreak \\xff\\x1b[31m"
    assert text.isprintable()
