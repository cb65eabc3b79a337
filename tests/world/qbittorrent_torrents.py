"""One torrent of the qBittorrent double: what it shows when, and what of its data is really on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bencode2 import bdecode

from core.clock import Clock
from core.domain.metainfo import BadTorrent, Metainfo

LOADING, CHECKING, IDLE, MOVING, MISSING, ERROR = "loading checking idle moving missing error".split()
FIXED_NAMES = {
    LOADING: "checkingResumeData",
    MOVING: "moving",
    MISSING: "missingFiles",
    ERROR: "error",
}


@dataclass(frozen=True, slots=True)
class Phase:
    """What is shown from `at` on: what the program is doing, whether it is stopped, how many bytes it has."""

    at: float
    kind: str
    stopped: bool
    have: int


@dataclass
class DoubleTorrent:
    """A torrent whose future is a short list of phases, so that nothing runs in the background."""

    data: bytes
    meta: Metainfo
    piece_hashes: bytes
    clock: Clock
    beat: float
    check_seconds: float
    save_path: str = ""
    category: str = ""
    tags: set[str] = field(default_factory=set)
    phases: list[Phase] = field(default_factory=list)
    tracker: tuple[int, str] = (1, "")
    ratio_limit: float = -2
    seeding_time_limit: int = -2
    added_at: float = 0.0
    added_on: int = 0
    completed_on: int | None = None
    seeded: float = 0.0  # seconds, in phases that are over and forgotten
    skipped: bool = False
    forced: bool = False
    upload_limit: int = 0
    shown: dict[str, Any] = field(default_factory=dict)  # what a test wants to stand in its row

    @classmethod
    def of(cls, data: bytes, clock: Clock, beat: float, check_seconds: float) -> DoubleTorrent:
        """Read the bytes; raises BadTorrent."""
        meta = Metainfo.parse(data)
        if meta.piece_count != -(-meta.total_size // meta.piece_length):
            raise BadTorrent("The number of piece hashes is wrong.")
        return cls(data, meta, bdecode(data)[b"info"][b"pieces"], clock, beat, check_seconds)

    @property
    def infohash(self) -> str:
        return self.meta.infohash

    @property
    def listed(self) -> bool:
        """Adding is asynchronous: for a beat the torrent is not there."""
        return self.clock.monotonic() >= self.added_at + self.beat / 2

    @property
    def phase(self) -> Phase:
        """What is shown now."""
        now = self.clock.monotonic()
        return [phase for phase in self.phases if phase.at <= now][-1]

    def begin(self, *, stopped: bool, skip_check: bool) -> None:
        """Just added: loading for a beat, then idle, with everything if the check is skipped."""
        self.added_at, self.skipped = self.clock.monotonic(), skip_check
        self.added_on = int(self.clock.now().timestamp())
        have = self.meta.total_size if skip_check else 0
        lost = skip_check and not all(map(os.path.exists, _paths(self)))  # noticed even so
        self.phases = [
            Phase(self.added_at, LOADING, stopped, have),
            Phase(self.added_at + self.beat, MISSING if lost else IDLE, stopped, have),
        ]

    async def check(self) -> None:
        """Look at the files now; show it after a beat, and the outcome when the check is over."""
        found = await asyncio.to_thread(whole_bytes, self)
        last = self.phases[-1]
        begin = max(self.clock.monotonic(), self.added_at) + self.beat
        self._plan(
            replace(last, at=begin, kind=CHECKING, have=0),
            replace(last, at=begin + self.check_seconds, kind=IDLE, have=found),
        )

    def set_stopped(self, stopped: bool) -> None:
        """Start or stop, shown after a beat; a stop breaks a check off where it is."""
        now, planned = self.clock.monotonic(), self.phases[-1]
        checking = self.phase.kind == CHECKING
        have = planned.have // 2 if checking and stopped else planned.have
        kind = MISSING if planned.kind == MISSING else IDLE
        self._plan(Phase(now + self.beat, kind, stopped, have))

    def show(self, kind: str) -> None:
        """Put it into a state by hand: MOVING, MISSING, ERROR, CHECKING or IDLE."""
        self._plan(replace(self.phases[-1], at=self.clock.monotonic(), kind=kind))

    def row(self, *, old: bool) -> dict[str, Any]:
        """Its row in `torrents/info`."""
        phase, size = self.phase, self.meta.total_size
        if phase.have == size and self.completed_on is None:
            self.completed_on = int(self.clock.now().timestamp())
        root = os.path.join(self.save_path, self.meta.name)
        one_file = not self.meta.single_file and len(self.meta.files) == 1
        complete = phase.have == size
        return {
            "hash": self.infohash,
            "infohash_v1": self.infohash,
            "infohash_v2": "",
            "name": self.meta.name,
            "state": self._state(phase, old=old),
            "progress": 1 if complete else round(phase.have / size, 4),
            "amount_left": size - phase.have,
            "completed": phase.have,
            "size": size,
            "total_size": size,
            "save_path": self.save_path,
            # the file itself, also inside a root folder
            "content_path": os.path.join(root, *self.meta.files[0].path) if one_file else root,
            "download_path": "",
            "auto_tmm": False,
            "category": self.category,
            "tags": ", ".join(sorted(self.tags)),
            "ratio": 0,
            "ratio_limit": self.ratio_limit,
            "seeding_time_limit": self.seeding_time_limit,
            "force_start": self.forced,
            "up_limit": self.upload_limit,
            "uploaded": 0,
            "downloaded": 0,
            "dlspeed": 0,
            "upspeed": 0,
            "num_complete": 0,
            "num_incomplete": 0,
            "eta": 8_640_000,
            "seeding_time": int(self.seeded + self._seeded_since()),
            "added_on": self.added_on,
            "completion_on": self.completed_on or (0xFFFFFFFF if old else -1),
            "tracker": self.meta.announce or "",
            "magnet_uri": f"magnet:?xt=urn:btih:{self.infohash}&tr={self.meta.announce or ''}",
            **self.shown,
        }

    def properties(self) -> dict[str, Any]:
        """The answer of `torrents/properties`."""
        phase = self.phase
        return {
            "save_path": self.save_path,
            "seeding_time": 0,
            "total_size": self.meta.total_size,
            "piece_size": self.meta.piece_length,
            "pieces_have": phase.have // self.meta.piece_length + (phase.have == self.meta.total_size),
            "pieces_num": self.meta.piece_count,
            "share_ratio": 0,
            "completion_date": -1,
            "comment": "",
        }

    def delete_data(self) -> None:
        """Remove the files, as `deleteFiles=true` does."""
        for path in _paths(self):
            if os.path.exists(path):
                os.unlink(path)

    def _plan(self, *phases: Phase) -> None:
        current = self.phase
        over = self.phases[: self.phases.index(current) + 1]
        self.seeded += sum(
            later.at - phase.at for phase, later in itertools.pairwise(over) if self._seeds(phase)
        )
        self.phases = [current, *phases]

    def _seeded_since(self) -> float:
        """Seconds of seeding in the phases that are kept."""
        now = self.clock.monotonic()
        begun = [phase for phase in self.phases if phase.at <= now]
        ends = [*(phase.at for phase in begun[1:]), now]
        return sum(end - phase.at for phase, end in zip(begun, ends, strict=True) if self._seeds(phase))

    def _seeds(self, phase: Phase) -> bool:
        return phase.kind == IDLE and not phase.stopped and phase.have == self.meta.total_size

    def _state(self, phase: Phase, *, old: bool) -> str:
        if phase.kind in FIXED_NAMES:
            return FIXED_NAMES[phase.kind]
        side = "UP" if phase.have == self.meta.total_size else "DL"
        if phase.kind == CHECKING:
            return f"checking{side}"
        if phase.stopped:
            return f"{'paused' if old else 'stopped'}{side}"
        return f"{'forced' if self.forced else 'stalled'}{side}"


def whole_bytes(torrent: DoubleTorrent) -> int:
    """How many bytes on disk lie in pieces whose hash is right."""
    meta, hashes = torrent.meta, torrent.piece_hashes
    whole = 0
    for number, piece in enumerate(_pieces(torrent)):
        expected = hashes[number * 20 : number * 20 + 20]
        if piece is not None and hashlib.sha1(piece, usedforsecurity=False).digest() == expected:
            whole += min(meta.piece_length, meta.total_size - number * meta.piece_length)
    return whole


def _pieces(torrent: DoubleTorrent) -> Iterator[bytes | None]:
    """Piece after piece; None for one of which something is missing."""
    length, piece, broken = torrent.meta.piece_length, bytearray(), False
    for path, size in zip(_paths(torrent), (file.length for file in torrent.meta.files), strict=True):
        data = _content(path, size)
        broken_file = data is None
        rest = memoryview(data if data is not None else bytes(size))
        while rest:
            take = min(length - len(piece), len(rest))
            piece += rest[:take]
            broken = broken or broken_file
            rest = rest[take:]
            if len(piece) == length:
                yield None if broken else bytes(piece)
                piece, broken = bytearray(), False
    if piece:
        yield None if broken else bytes(piece)


def _content(path: str, size: int) -> bytes | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    return data.ljust(size, b"\0")[:size]


def _paths(torrent: DoubleTorrent) -> Iterator[str]:
    root = (
        torrent.save_path if torrent.meta.single_file else os.path.join(torrent.save_path, torrent.meta.name)
    )
    return (os.path.join(root, *file.path) for file in torrent.meta.files)
