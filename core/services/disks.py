"""How full the disks under the program's folders are, asked so that a hung share holds nobody up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock, sleep_or

PATIENCE = 2.0  # seconds a file system gets to answer
FRESH = 20.0  # seconds an answer serves everybody who asks
GRACE = 60.0  # seconds of silence in which its last answer still holds: sleeping disks spin up slowly


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system under one or more of our folders; bytes, None where it did not answer.

    `place` is the folder looked at, or its nearest parent that exists.
    """

    folders: tuple[str, ...]
    place: Path
    free: int | None = None
    total: int | None = None
    writable: bool = True
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file system says of itself; `device` tells two of them apart."""

    place: Path
    device: int
    free: int
    total: int
    writable: bool


Look = Callable[[Path], Answer]


def measure(folder: Path) -> Answer:
    """Ask the file system; blocks as long as it likes. Raises OSError."""
    place = next((parent for parent in (folder, *folder.parents) if parent.exists()), Path("/"))
    figures = os.statvfs(place)
    return Answer(
        place=place,
        device=place.stat().st_dev,
        free=figures.f_bavail * figures.f_frsize,
        total=figures.f_blocks * figures.f_frsize,
        writable=os.access(place, os.W_OK),
    )


class Disks:
    """One look for everybody: folders by name, each asked in a thread of its own and never twice at once."""

    def __init__(self, folders: Mapping[str, Path], clock: Clock, measure: Look = measure) -> None:
        self._folders = dict(folders)
        self._clock = clock
        self._measure = measure
        self._asked: dict[str, asyncio.Task[Answer]] = {}
        self._asked_at: dict[str, float] = {}
        self._last: dict[str, Answer] = {}
        self._seen: tuple[float, tuple[Disk, ...]] | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> tuple[Disk, ...]:
        """Every disk once, however many of our folders lie on it."""
        async with self._looking:
            if self._seen is None or self._clock.monotonic() - self._seen[0] >= FRESH:
                answers = await asyncio.gather(*(self._ask(name) for name in self._folders))
                self._seen = (
                    self._clock.monotonic(),
                    _merged(dict(zip(self._folders, answers, strict=True))),
                )
            return self._seen[1]

    async def _ask(self, name: str) -> Answer | Disk:
        folder = self._folders[name]
        task = self._asked.get(name)
        if task is None or task.done():  # else its last question is still open: another takes another thread
            thread = asyncio.to_thread(self._measure, folder)
            task = self._asked[name] = asyncio.create_task(thread, name=f"disk {name}")
            task.add_done_callback(_heard)
            self._asked_at[name] = self._clock.monotonic()
        answered = asyncio.Event()
        task.add_done_callback(lambda _: answered.set())
        await sleep_or(self._clock, PATIENCE, answered)
        if not task.done():
            if name in self._last and self._clock.monotonic() - self._asked_at[name] < GRACE:
                return self._last[name]
            return Disk((name,), folder, fault="does not answer")
        try:
            self._last[name] = task.result()
            return self._last[name]
        except OSError as error:
            return Disk((name,), folder, fault=error.strerror or type(error).__name__)


def _heard(task: asyncio.Task[Answer]) -> None:
    """An answer that comes when nobody waits any more is no fault of the loop's."""
    if not task.cancelled():
        task.exception()


def _merged(answers: Mapping[str, Answer | Disk]) -> tuple[Disk, ...]:
    """Folders on one device with equal rights are one disk; faults stay by themselves."""
    groups: dict[tuple[int, bool], list[tuple[str, Answer]]] = {}
    faults: list[Disk] = []
    for name, answer in answers.items():
        if isinstance(answer, Disk):
            faults.append(answer)
        else:
            groups.setdefault((answer.device, answer.writable), []).append((name, answer))
    disks = [
        Disk(
            tuple(name for name, _ in group),
            group[0][1].place,
            free=group[0][1].free,
            total=group[0][1].total,
            writable=group[0][1].writable,
        )
        for group in groups.values()
    ]
    return (*disks, *faults)
