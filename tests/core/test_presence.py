"""One process a data folder, and a pipe through which the others wake it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.errors import MousekeeperError
from core.presence import HEARTBEAT, LOCK, PIPE, AlreadyRunning, DataLock, NudgePipe, beat, nudge
from tests.world.waiting import until, until_sync

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys
from pathlib import Path
from core.presence import DataLock
lock = DataLock(Path(sys.argv[1]))
print(lock.acquire("mousekeeper run"), flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the data folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


# --- the lock ----------------------------------------------------------------------------------------------------


def test_a_second_process_is_told_who_holds_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    lock = DataLock(tmp_path)
    assert not lock.acquire("mousekeeper run")
    assert lock.holder() == {"pid": holder.pid, "role": "mousekeeper run"}
    refusal = lock.refusal()
    assert isinstance(refusal, AlreadyRunning)
    assert f"process {holder.pid} (mousekeeper run)" in str(refusal)
    assert str(tmp_path) in str(refusal)
    assert refusal.exit_code == 69


def test_kill_9_frees_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    lock = DataLock(tmp_path)
    assert lock.acquire("mousekeeper prepare")
    assert lock.holder() == {"pid": os.getpid(), "role": "mousekeeper prepare"}
    lock.release()


def test_release_frees_it_while_the_process_lives(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    assert holder.stdout is not None
    print(file=holder.stdin, flush=True)
    assert holder.stdout.readline() == "released\n"
    lock = DataLock(tmp_path)
    assert lock.holder() == {}
    assert lock.acquire("x")
    lock.release()


def test_a_child_does_not_keep_it(tmp_path: Path) -> None:
    """An ffmpeg or a shell that outlives us must not lock the folder."""
    lock = DataLock(tmp_path)
    assert lock.acquire("x")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        again = DataLock(tmp_path)
        until_sync(lambda: again.acquire("y"))  # the child lets go while it is still starting
        again.release()
        child.kill()


def test_it_is_not_taken_twice_in_one_process_and_released_at_will(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path), DataLock(tmp_path)
    assert first.acquire("x")
    assert not second.acquire("y")
    second.release()
    first.release()
    first.release()
    assert second.acquire("y")
    second.release()


@pytest.mark.parametrize("content", [b"", b"garbage", b"[1]", b"\xff\xfe", b'{"role": "x"}', b'{"pid'])
def test_a_lock_file_that_names_nobody_still_makes_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LOCK).write_bytes(content)
    assert "in use by another process" in str(DataLock(tmp_path).refusal())


def test_what_a_dead_process_left_in_the_file_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text('{"pid": 1, "role": "mousekeeper run"}' + " " * 500)
    lock = DataLock(tmp_path)
    assert lock.acquire("x")
    assert lock.holder() == {"pid": os.getpid(), "role": "x"}
    lock.release()


def test_an_unusable_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / LOCK).mkdir(parents=True)
    for folder in (tmp_path / "file" / "data", tmp_path / "taken"):
        with pytest.raises(MousekeeperError, match="cannot be used") as caught:
            DataLock(folder).acquire("x")
        assert "paths.data" in caught.value.hint


def test_a_full_disk_does_not_keep_the_lock_from_being_taken(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to("/dev/full")
    lock = DataLock(tmp_path)
    assert lock.acquire("x")
    lock.release()


# --- the pipe ----------------------------------------------------------------------------------------------------


class Ear:
    def __init__(self, data: Path) -> None:
        self.heard = 0
        self.pipe = NudgePipe(data, self._hear)
        self.pipe.listen()

    def _hear(self) -> None:
        self.heard += 1


@pytest.fixture
async def ear(tmp_path: Path) -> AsyncIterator[Ear]:
    listening = Ear(tmp_path)
    yield listening
    listening.pipe.close()


async def test_a_nudge_wakes(tmp_path: Path, ear: Ear) -> None:
    assert ear.pipe.open
    for count in (1, 2, 3):
        nudge(tmp_path)
        await until(lambda: ear.heard == count)  # noqa: B023 (awaited here)


async def test_nudges_of_other_processes_arrive(tmp_path: Path, ear: Ear) -> None:
    script = "import sys; from pathlib import Path; from core.presence import nudge; nudge(Path(sys.argv[1]))"
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(tmp_path), cwd=ROOT)
        assert await process.wait() == 0
    await until(lambda: ear.heard)


async def test_a_flood_of_nudges_neither_blocks_nor_is_lost(tmp_path: Path, ear: Ear) -> None:
    for _ in range(100_000):  # more than a pipe holds
        nudge(tmp_path)
    await until(lambda: ear.heard)
    heard = ear.heard
    await until(lambda: not os.stat(tmp_path / PIPE).st_size)
    nudge(tmp_path)
    await until(lambda: ear.heard > heard)


async def test_only_its_owner_may_write(tmp_path: Path, ear: Ear) -> None:
    assert stat.S_IMODE(os.stat(tmp_path / PIPE).st_mode) == 0o600


def test_nobody_listening_is_no_fault(tmp_path: Path) -> None:
    nudge(tmp_path)
    os.mkfifo(tmp_path / PIPE)
    nudge(tmp_path)
    nudge(tmp_path / "absent")


async def test_a_pipe_left_by_an_earlier_run_is_used(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / PIPE)
    ear = Ear(tmp_path)
    nudge(tmp_path)
    await until(lambda: ear.heard)
    ear.pipe.close()
    ear.pipe.close()
    assert not ear.pipe.open
    nudge(tmp_path)


async def test_a_foreign_file_in_the_pipes_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / PIPE).write_bytes(b"somebody's")
    ear = Ear(tmp_path)
    assert not ear.pipe.open
    nudge(tmp_path)
    ear.pipe.close()
    assert (tmp_path / PIPE).read_bytes() == b"somebody's"


@pytest.mark.parametrize("kind", ["folder", "dangling link", "no data folder"])
async def test_where_no_pipe_can_be_there_is_none(tmp_path: Path, kind: str) -> None:
    data = tmp_path / "data"
    if kind != "no data folder":
        data.mkdir()
    if kind == "folder":
        (data / PIPE).mkdir()
    if kind == "dangling link":
        (data / PIPE).symlink_to(tmp_path / "nowhere" / "at all")
    ear = Ear(data)
    assert not ear.pipe.open
    nudge(data)
    ear.pipe.close()


def test_the_heartbeat_shows_when_it_last_beat(tmp_path: Path) -> None:
    beat(tmp_path)
    os.utime(tmp_path / HEARTBEAT, (0, 0))
    beat(tmp_path)
    assert os.stat(tmp_path / HEARTBEAT).st_mtime > 0
    beat(tmp_path / "absent")
