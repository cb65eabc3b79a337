"""Disks are told once each, and one that hangs holds nobody up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.services.disks import FRESH, PATIENCE, Answer, Disks, measure
from tests.world.clock import SimulatedClock


async def test_folders_on_one_disk_are_one_line(tmp_path: Path, clock: SimulatedClock) -> None:
    (tmp_path / "library").mkdir()
    folders = {"data": tmp_path, "staging": tmp_path / "not" / "there yet", "library": tmp_path / "library"}
    [disk] = await Disks(folders, clock).look()
    assert disk.folders == ("data", "staging", "library")
    assert disk.place == tmp_path
    assert disk.free is not None
    assert disk.total is not None
    assert 0 <= disk.free <= disk.total
    assert disk.writable


class Share:
    """A file system that answers when it is let go, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = threading.Event()

    def __call__(self, folder: Path) -> Answer:
        if folder.name != "share":
            return measure(folder)
        self.asked += 1
        self.answers.wait(30)
        return Answer(folder, device=-1, free=5, total=10, writable=True)


@pytest.fixture
def share() -> Iterator[Share]:
    made = Share()
    yield made
    made.answers.set()


async def test_a_share_that_hangs_is_told_and_takes_one_thread(
    tmp_path: Path, clock: SimulatedClock, share: Share
) -> None:
    disks = Disks({"data": tmp_path, "staging": tmp_path / "share"}, clock, share)
    for _ in range(3):
        looking = asyncio.create_task(disks.look())
        await clock.run_until(looking.done, limit=PATIENCE)
        good, hung = looking.result()
        assert good.folders == ("data",)
        assert good.free is not None
        assert (hung.folders, hung.free, hung.fault) == (("staging",), None, "does not answer")
        clock.shift(FRESH)
    assert share.asked == 1
    share.answers.set()
    await asyncio.gather(*disks._asked.values())
    _, back = await disks.look()
    assert (back.free, back.total, back.fault) == (5, 10, "")
    assert share.asked == 2


async def test_a_disk_that_wakes_slowly_is_no_fault(
    tmp_path: Path, clock: SimulatedClock, share: Share
) -> None:
    disks = Disks({"staging": tmp_path / "share"}, clock, share)
    share.answers.set()
    [before] = await disks.look()
    share.answers.clear()
    told = []
    for _ in range(5):
        clock.shift(FRESH)
        looking = asyncio.create_task(disks.look())
        await clock.run_until(looking.done, limit=PATIENCE)
        told += looking.result()
    assert told[:3] == [before] * 3
    assert [disk.fault for disk in told[3:]] == ["does not answer"] * 2
    assert share.asked == 2
    share.answers.set()


async def test_many_who_ask_are_one_question(tmp_path: Path, clock: SimulatedClock) -> None:
    asked = 0

    def counting(folder: Path) -> Answer:
        nonlocal asked
        asked += 1
        return measure(folder)

    disks = Disks({"data": tmp_path}, clock, counting)
    await asyncio.gather(*(disks.look() for _ in range(10)))
    assert asked == 1
    clock.shift(FRESH)
    await disks.look()
    assert asked == 2


async def test_a_disk_that_fails_is_a_sentence(tmp_path: Path, clock: SimulatedClock) -> None:
    def failing(_: Path) -> Answer:
        raise OSError(5, "Input/output error")

    [disk] = await Disks({"data": tmp_path}, clock, failing).look()
    assert disk.fault == "Input/output error"
