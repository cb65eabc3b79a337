"""mkbrr in a container, played by a script that makes real torrents; torf says whether they are right."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import torf

from core.domain.containers import EngineRefused, EngineUnavailable, Fault, OneShot, ProcessResult
from core.domain.metainfo import BadTorrent
from core.errors import BadReply, ConfigError, NeedsPerson, NotNow
from core.integrations.docker.client import DockerEngine
from core.integrations.mkbrr.client import Mkbrr
from core.integrations.mkbrr.models import DataFolder, Plan, complaint
from tests.fixtures_docker import IMAGE, TestEngine

pytestmark = pytest.mark.docker

PASSKEY = "0123456789abcdef"
ANNOUNCE = f"http://127.0.0.1/{PASSKEY}/announce"
BOOK = "The Quiet Lighthouse (2020) (Ada Märsh) {ASIN.B0EXAMPLE1} [Tag]"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder with one staged release of two parts and a picture."""
    release = tmp_path / "data" / "staging" / BOOK
    release.mkdir(parents=True)
    (release / "part 1.m4b").write_bytes(b"a" * 70_000)
    (release / "part 2.m4b").write_bytes(b"b" * 30_001)
    (release / "cover.jpg").write_bytes(b"c" * 5)
    (tmp_path / "torrents").mkdir()
    return tmp_path / "data"


@pytest.fixture
async def engine(docker_engine: TestEngine) -> AsyncIterator[DockerEngine]:
    async with DockerEngine(docker_engine.host) as client:
        yield client


Builder = Callable[..., Mkbrr]


@pytest.fixture
def mkbrr(engine: DockerEngine, data: Path) -> Builder:
    def make(plan: Plan | None = None, **more: object) -> Mkbrr:
        plan = plan or Plan(source="MAM", announce=ANNOUNCE)
        return Mkbrr(engine, plan, image=IMAGE, data=DataFolder(str(data), "/data"), **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def release(data: Path) -> str:
    return str(data / "staging" / BOOK)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "torrents" / "B0EXAMPLE1.torrent"


def presets(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    line = f'  {name}: {{source: MAM, private: true, trackers: ["{ANNOUNCE}"], no_date: true}}\n'
    (folder / "presets.yaml").write_text(f"version: 1\npresets:\n{line}")
    return str(folder)


async def test_the_torrent_is_right_and_exactly_where_it_was_wanted(
    mkbrr: Builder, release: str, output: Path
) -> None:
    seen: list[tuple[int, int]] = []
    built = await mkbrr().build(release, str(output), progress=lambda *at: seen.append(at))

    assert output.read_bytes() == built.data
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    assert output.stat().st_uid == os.getuid()
    assert (built.metainfo.name, built.metainfo.source, built.metainfo.private) == (BOOK, "MAM", True)
    assert built.metainfo.announce == ANNOUNCE
    assert built.metainfo.creation_date is None
    assert built.metainfo.created_by is None
    assert seen == [(100_006, 100_006)]

    oracle = torf.Torrent(release, private=True, source="MAM", piece_size=32 * 1024)
    oracle.generate()
    assert built.metainfo.infohash == oracle.infohash


async def test_the_same_folder_gives_the_same_infohash_and_replaces_what_was_there(
    mkbrr: Builder, release: str, output: Path
) -> None:
    output.write_text("an old torrent")
    first = await mkbrr().build(release, str(output))
    second = await mkbrr().build(release, str(output))
    assert first.metainfo.infohash == second.metainfo.infohash
    assert output.read_bytes() == second.data


async def test_a_piece_size_of_our_own(mkbrr: Builder, release: str, output: Path) -> None:
    built = await mkbrr(Plan(piece_length=65_536)).build(release, str(output))
    assert built.metainfo.piece_length == 65_536
    assert built.metainfo.piece_count == 2


async def test_the_announce_url_is_on_no_command_line_and_in_no_record(data: Path) -> None:
    seen: list[OneShot] = []

    class Watching:
        async def run(self, task: OneShot, **_: object) -> ProcessResult:
            seen.append(task)
            return ProcessResult(1, "", f"cannot reach {ANNOUNCE}")

    builder = Mkbrr(
        Watching(),  # type: ignore[arg-type]  # only what build() asks of an engine
        Plan(announce=ANNOUNCE),
        image=IMAGE,
        data=DataFolder(str(data), "/data"),
    )
    with pytest.raises(NeedsPerson) as caught:
        await builder.build(str(data / "staging" / BOOK), str(data / "x.torrent"))
    (task,) = seen
    assert PASSKEY not in " ".join([*task.argv, *task.environment.values(), repr(task), str(caught.value)])
    assert any(PASSKEY.encode() in file for file in task.files.values())
    assert task.network == "none"
    assert [bind.read_only for bind in task.binds] == [True, False]


async def test_without_an_announce_url_the_torrent_has_none(
    mkbrr: Builder, release: str, output: Path
) -> None:
    built = await mkbrr(Plan(source="MAM")).build(release, str(output))
    assert built.metainfo.announce is None


async def test_a_preset_of_the_persons_own(
    mkbrr: Builder, release: str, output: Path, tmp_path: Path
) -> None:
    plan = Plan(preset="audiobooks", announce="http://127.0.0.1/other")
    builder = mkbrr(plan, host_config_dir=presets(tmp_path / "mkbrr", "audiobooks"))
    assert (await builder.build(release, str(output))).metainfo.announce == ANNOUNCE


async def test_a_preset_that_is_not_there(mkbrr: Builder, release: str, output: Path, tmp_path: Path) -> None:
    builder = mkbrr(Plan(preset="music"), host_config_dir=presets(tmp_path / "mkbrr", "audiobooks"))
    with pytest.raises(NeedsPerson, match="does not find or understand its preset") as caught:
        await builder.build(release, str(output))
    assert "mkbrr.preset" in caught.value.hint
    assert list(output.parent.iterdir()) == []


def test_a_preset_without_its_folder_is_a_settings_fault(mkbrr: Builder) -> None:
    with pytest.raises(ConfigError, match=r"mkbrr\.preset is set") as caught:
        mkbrr(Plan(preset="music"))
    assert "mkbrr.host_config_dir" in caught.value.hint


@pytest.mark.parametrize("size", [0, 32_768, 65_537, 1 << 28])
def test_a_piece_size_mkbrr_cannot_make_is_a_settings_fault(size: int) -> None:
    with pytest.raises(ConfigError, match=f"pieces of {size} bytes"):
        Plan(piece_length=size)


async def test_a_release_outside_the_data_root_names_the_setting(
    mkbrr: Builder, tmp_path: Path, output: Path
) -> None:
    outside = tmp_path / "data-elsewhere" / BOOK
    outside.mkdir(parents=True)
    with pytest.raises(NeedsPerson, match=r"mkbrr\.host_data_root") as caught:
        await mkbrr().build(str(outside), str(output))
    assert "paths.staging_root" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "inside"),
    [("/srv/data", "/data"), ("/srv/data/a/b [x]", "/data/a/b [x]"), ("/srv/data/a/../b", "/data/b")],
)
def test_paths_as_the_container_sees_them(path: str, inside: str) -> None:
    assert DataFolder("/srv/data/", "/data").inside(path) == inside


@pytest.mark.parametrize("path", ["/srv/data2/a", "/srv", "/srv/data/../other", "/"])
def test_paths_that_lead_out_are_refused(path: str) -> None:
    with pytest.raises(NeedsPerson):
        DataFolder("/srv/data", "/data").inside(path)


async def test_paths_of_ours_that_the_engine_knows_by_other_names(
    mkbrr: Builder, tmp_path: Path, data: Path
) -> None:
    ours = tmp_path / "ours"
    ours.symlink_to(data)
    builder = mkbrr(engine_path=lambda path: path.replace(str(ours), str(data)))
    built = await builder.build(str(ours / "staging" / BOOK), str(ours / "book.torrent"))
    assert (data / "book.torrent").read_bytes() == built.data


async def test_a_release_that_is_gone_may_come_back(mkbrr: Builder, data: Path, output: Path) -> None:
    with pytest.raises(NotNow, match="cannot be read"):
        await mkbrr().build(str(data / "staging" / "gone"), str(output))


async def test_an_image_that_is_not_there(engine: DockerEngine, data: Path, output: Path) -> None:
    builder = Mkbrr(engine, Plan(), image="nowhere/mkbrr:1", data=DataFolder(str(data), "/data"))
    with pytest.raises(EngineRefused, match="no image nowhere/mkbrr:1"):
        await builder.build(str(data / "staging" / BOOK), str(output))


async def test_a_program_that_writes_nothing_is_not_believed(
    engine: DockerEngine, data: Path, output: Path
) -> None:
    await _with_result(engine, data, output, None, BadReply, "not where it was told")


async def test_a_program_that_writes_junk_is_not_believed(
    engine: DockerEngine, data: Path, output: Path
) -> None:
    output.write_text("the good old one")
    await _with_result(engine, data, output, b"<html>", BadTorrent, "no torrent file")
    assert output.read_text() == "the good old one"


async def _with_result(
    engine: DockerEngine,
    data: Path,
    output: Path,
    written: bytes | None,
    error: type[Exception],
    match: str,
) -> None:
    """Build with an engine whose containers end well and leave `written` as the torrent."""

    class Lying:
        async def run(self, task: OneShot, **_: object) -> ProcessResult:
            name = task.argv[task.argv.index("-o") + 1]
            if written is not None:
                (output.parent / os.path.basename(name)).write_bytes(written)
            return ProcessResult(0, f"Wrote {name}", "")

    builder = Mkbrr(Lying(), Plan(), image=IMAGE, data=DataFolder(str(data), "/data"))  # type: ignore[arg-type]
    with pytest.raises(error, match=match):
        await builder.build(str(data / "staging" / BOOK), str(output))
    assert [path for path in output.parent.iterdir() if path != output] == []


async def test_cancelling_leaves_no_container_and_no_file(
    docker_engine: TestEngine, mkbrr: Builder, release: str, output: Path
) -> None:
    label = f"mousekeeper.task=cancelled-{os.getpid()}"
    task = asyncio.create_task(mkbrr(label=label).build(release, str(output)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert docker_engine.names(label) == set()
    assert list(output.parent.iterdir()) == []


async def test_no_engine(tmp_path: Path, data: Path, output: Path) -> None:
    async with DockerEngine(f"unix://{tmp_path}/none.sock") as engine:
        builder = Mkbrr(engine, Plan(), image=IMAGE, data=DataFolder(str(data), "/data"))
        with pytest.raises(EngineUnavailable) as caught:
            await builder.build(str(data / "staging" / BOOK), str(output))
    assert caught.value.fault is Fault.NO_ENGINE


async def test_containers_left_by_a_crash_are_swept(docker_engine: TestEngine, mkbrr: Builder) -> None:
    label = f"mousekeeper.task=mkbrr-{os.getpid()}"
    name = docker_engine.container(f"left-{os.getpid()}", labels=dict([label.split("=")]))
    assert await mkbrr(label=label).sweep() == 1
    assert name not in docker_engine.names(label)


@pytest.mark.parametrize(
    ("words", "error", "match"),
    [
        ("Error: write /x: no space left on device", NotNow, "disk is full"),
        ("Error: open /data/x: permission denied", NeedsPerson, "may not read"),
        ("Error: stat /data/x: no such file or directory", NotNow, "did not find a file"),
        ('exec: "mkbrr": executable file not found in $PATH', NeedsPerson, "holds no mkbrr"),
        (f"panic at {ANNOUNCE}", NeedsPerson, r"panic at \[address\]"),
        ("", NeedsPerson, "said nothing"),
    ],
)
def test_every_complaint_is_a_sentence(words: str, error: type[Exception], match: str) -> None:
    caught = complaint(words)
    assert isinstance(caught, error)
    with pytest.raises(error, match=match):
        raise caught
    assert PASSKEY not in str(caught)
