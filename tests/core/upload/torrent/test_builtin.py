"""The embedded builder as the pipeline uses it: on the event loop, into a file."""

from __future__ import annotations

import asyncio
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.domain.building import Builder
from core.domain.metainfo import Metainfo
from core.errors import ConfigError, NeedsPerson, NotNow
from core.upload.torrent import BuiltinBuilder, write_torrent
from tests.core.upload.torrent.books import ANNOUNCE, KIB, MIB, PASSKEY, make_book, sparse_book

REPOSITORY = Path(__file__).parents[4]


class TestBuilding:
    async def test_writes_exactly_there_and_says_what_it_wrote(self, tmp_path: Path) -> None:
        root = make_book(tmp_path / "Book", {"1.m4b": 50_000})
        output = tmp_path / "torrents" / "01J [x].torrent"
        builder: Builder = BuiltinBuilder(ANNOUNCE, "MAM", 16 * KIB)

        built = await builder.build(root, str(output))

        assert output.read_bytes() == built.data
        assert Metainfo.parse(built.data) == built.metainfo
        assert (built.metainfo.source, built.metainfo.piece_length) == ("MAM", 16 * KIB)
        assert os.listdir(output.parent) == [output.name]

    async def test_the_loop_turns_on_and_progress_comes_on_it(self, tmp_path: Path) -> None:
        root = sparse_book(tmp_path / "Book", 256 * MIB)
        seen: list[tuple[int, threading.Thread]] = []
        building = asyncio.create_task(
            BuiltinBuilder().build(
                root,
                str(tmp_path / "x.torrent"),
                progress=lambda done, total: seen.append((done, threading.current_thread())),
            )
        )
        turns = 0
        while not building.done():
            await asyncio.sleep(0)
            turns += 1
        await building
        assert turns > 50
        assert {thread for _, thread in seen} == {threading.current_thread()}
        assert seen[0][0] == 0

    async def test_cancelling_stops_the_threads_and_leaves_no_file(self, tmp_path: Path) -> None:
        root = sparse_book(tmp_path / "Book", 1 << 36)  # would take most of a minute
        output = tmp_path / "torrents" / "x.torrent"

        def cancel(done: int, total: int) -> None:
            building.cancel()

        building = asyncio.create_task(BuiltinBuilder(ANNOUNCE).build(root, str(output), progress=cancel))
        with pytest.raises(asyncio.CancelledError):
            await building
        assert not output.parent.exists()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("hash")]

    async def test_the_torrent_never_lands_in_the_folder_it_describes(self, tmp_path: Path) -> None:
        root = make_book(tmp_path / "Book", {"1.m4b": 9})
        os.symlink(root, tmp_path / "elsewhere")
        for folder in (root, f"{root}/inner", str(tmp_path / "elsewhere")):
            with pytest.raises(ConfigError, match="folder it is made from"):
                await BuiltinBuilder(ANNOUNCE).build(root, os.path.join(folder, "x.torrent"))
        assert os.listdir(root) == ["1.m4b"]

    async def test_a_failure_leaves_the_former_torrent(self, tmp_path: Path) -> None:
        root = make_book(tmp_path / "Book", {"1.m4b": 9})
        output = tmp_path / "x.torrent"
        built = await BuiltinBuilder().build(root, str(output))
        os.unlink(os.path.join(root, "1.m4b"))
        with pytest.raises(NeedsPerson, match="no files"):
            await BuiltinBuilder().build(root, str(output))
        assert output.read_bytes() == built.data

    def test_no_repr_shows_the_passkey(self) -> None:
        assert PASSKEY not in repr(BuiltinBuilder(ANNOUNCE, "MAM"))


class TestWriting:
    def test_only_the_owner_may_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "x.torrent"
        path.write_bytes(b"old")
        path.chmod(0o666)
        write_torrent(b"new", str(path))
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_name_as_long_as_the_file_system_allows(self, tmp_path: Path) -> None:
        path = os.path.join(os.fsencode(tmp_path), b"\xff" + b"n" * 246 + b".torrent")
        write_torrent(b"data", os.fsdecode(path))
        assert os.listdir(os.fsencode(tmp_path)) == [os.path.basename(path)]

    def test_what_a_killed_run_left_is_taken_over(self, tmp_path: Path) -> None:
        script = (
            "import os, sys\n"
            "from core.upload.torrent import write_torrent\n"
            "os.replace = lambda *names: os.kill(os.getpid(), 9)\n"
            "write_torrent(b'half', sys.argv[1])\n"
        )
        path = tmp_path / "x.torrent"
        killed = subprocess.run([sys.executable, "-c", script, path], cwd=REPOSITORY, check=False)
        assert killed.returncode == -9
        assert not path.exists()
        assert os.listdir(tmp_path)

        write_torrent(b"whole", str(path))
        assert os.listdir(tmp_path) == ["x.torrent"]
        assert path.read_bytes() == b"whole"

    def test_a_write_that_breaks_off_leaves_the_former_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "x.torrent"
        write_torrent(b"former", str(path))
        script = (
            "import resource, sys\n"
            "from core.errors import NotNow\n"
            "from core.upload.torrent import write_torrent\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
            "try:\n    write_torrent(b'x' * 9999, sys.argv[1])\n"
            "except NotNow as error:\n    print(error)\n"
        )
        command = [sys.executable, "-B", "-c", script, str(path)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert "x.torrent cannot be written" in done.stdout
        assert path.read_bytes() == b"former"
        assert os.listdir(tmp_path) == ["x.torrent"]

    def test_a_place_where_no_file_can_be_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(NeedsPerson, match="below something that is no folder"):
            write_torrent(b"data", str(tmp_path / "file" / "x.torrent"))
        (tmp_path / "y.torrent").mkdir()
        with pytest.raises(NeedsPerson, match="is a folder"):
            write_torrent(b"data", str(tmp_path / "y.torrent"))
        assert sorted(os.listdir(tmp_path)) == ["file", "y.torrent"]


async def test_open_files_stay_few_however_many_a_book_has(tmp_path: Path) -> None:
    root = make_book(tmp_path / "Book", {f"{number:04}.mp3": 100 for number in range(600)})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 200), hard))
    try:
        built = await BuiltinBuilder(threads=4).build(root, str(tmp_path / "x.torrent"))
    except NotNow as error:
        pytest.fail(str(error))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(built.metainfo.files) == 600
