"""What an emergency changes in the torrent client, and how each value comes back: pure planning.

Every change names its value before, so that it can be put back exactly, and is planned anew from what the
client shows; planning twice plans nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NO_LIMIT = 0  # bytes a second
NO_SLOT_LIMIT = -1
PROGRAM = ""  # the infohash that stands for the program's own settings
SPEEDS = ("up_limit", "alt_up_limit")
KIB = 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a torrent (or of the program itself, infohash empty) before and after.

    Fields of a torrent: `running`, `forced`, `upload_limit`. `applied` once the client has taken it.
    """

    infohash: str
    field: str
    before: Any
    after: Any
    applied: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return (self.infohash, self.field)


@dataclass(frozen=True, slots=True)
class Torrent:
    """A torrent of the tracker as far as an emergency cares. `left` in bytes, `progress` 0 to 1."""

    infohash: str
    name: str
    complete: bool
    running: bool
    forced: bool
    idle: bool  # complete, started, and giving to nobody
    upload_limit: int
    progress: float
    left: int

    def value(self, field: str) -> Any:
        """The present value of a field."""
        return getattr(self, field)


@dataclass(frozen=True, slots=True)
class Measures:
    """The owner's wishes for an emergency. `upload_limit` in bytes a second, 0 for none."""

    seed_harder: bool = True
    upload_limit: int = NO_LIMIT
    let_finish: float = 0.9


def plan_changes(
    torrents: Iterable[Torrent],
    settings: Mapping[str, int],
    known: Mapping[tuple[str, str], Change],
    *,
    costs: Collection[str],
    freeze: bool,
    measures: Measures,
) -> list[Change]:
    """What to change now.

    `costs` are infohashes of downloads that cost ratio, `known` what was changed before. A value that was
    changed and is another one now was set by a person, and stays; only a download that costs ratio is stopped
    again, as long as `freeze` holds.
    """
    wanted: list[Change] = []
    for torrent in torrents:
        if torrent.complete and measures.seed_harder:
            wanted += _seed_harder(torrent, measures)
        elif (
            freeze
            and _takes(torrent)
            and torrent.infohash in costs
            and torrent.progress < measures.let_finish
        ):
            wanted += _stopped(torrent)
    if measures.seed_harder:
        wanted += _raised(settings, measures)
    return [change for change in wanted if _is_stop(change) or not _persons(change, known)]


def _takes(torrent: Torrent) -> bool:
    return torrent.running and not torrent.complete


def _is_stop(change: Change) -> bool:
    return change.field == "running" and change.after is False


def _seed_harder(torrent: Torrent, measures: Measures) -> list[Change]:
    found = []
    if not torrent.running:
        found.append(Change(torrent.infohash, "running", False, True))
    if not torrent.forced and (torrent.idle or not torrent.running):
        found.append(Change(torrent.infohash, "forced", False, True))
    if _is_raise(torrent.upload_limit, measures.upload_limit):
        limit = measures.upload_limit
        found.append(Change(torrent.infohash, "upload_limit", torrent.upload_limit, limit))
    return found


def _stopped(torrent: Torrent) -> list[Change]:
    # stopping ends the forced state: it has to come back with the torrent
    forced = [Change(torrent.infohash, "forced", True, False)] if torrent.forced else []
    return [*forced, Change(torrent.infohash, "running", True, False)]


def _raised(settings: Mapping[str, int], measures: Measures) -> list[Change]:
    limit = measures.upload_limit // KIB * KIB
    found = []
    for name, value in settings.items():
        if name in SPEEDS:
            if _is_raise(value, limit):
                found.append(Change(PROGRAM, name, value, limit))
        elif value > 0:
            found.append(Change(PROGRAM, name, value, NO_SLOT_LIMIT))
    return found


def _is_raise(limit: int, raised: int) -> bool:
    return limit > NO_LIMIT and (raised == NO_LIMIT or raised > limit)


def _persons(change: Change, known: Mapping[tuple[str, str], Change]) -> bool:
    """Whether a person undid this change of ours."""
    before = known.get(change.key)
    return before is not None and before.applied and before.after == change.after


def plan_stops(
    torrents: Iterable[Torrent], costs: Collection[str], *, spare: float, let_finish: float
) -> list[Change]:
    """Stops for running downloads that cost ratio, beyond what `spare` bytes bear; small remainders go on."""
    wanted: list[Change] = []
    taking = [torrent for torrent in torrents if _takes(torrent) and torrent.infohash in costs]
    for torrent in sorted(taking, key=lambda torrent: torrent.left):
        spare -= torrent.left
        if spare < 0 and torrent.progress < let_finish:
            wanted += _stopped(torrent)
    return wanted


@dataclass(frozen=True, slots=True)
class Restoring:
    """Values to set again, changes to forget then, and downloads that stay stopped for the ratio's sake."""

    put_back: tuple[Change, ...]
    done: tuple[Change, ...]
    waiting: tuple[Torrent, ...]


def plan_restoring(
    known: Iterable[Change],
    torrents: Mapping[str, Torrent],
    settings: Mapping[str, int],
    *,
    spare: float,
) -> Restoring:
    """How everything comes back. `spare` is how many bytes may be downloaded without a new emergency.

    A value that is no longer what we made it was set by a person, and stays. Downloads that were stopped go
    on, the smallest remainder first, as far as `spare` reaches; the rest waits for a better ratio.
    """
    changes = list(known)
    waiting = _too_costly(changes, torrents, spare)
    held = {torrent.infohash for torrent in waiting}
    put_back, done = [], []
    for change in changes:
        if change.infohash in held:
            continue
        torrent = torrents.get(change.infohash)
        present = settings.get(change.field) if change.infohash == PROGRAM else None
        if torrent is not None:
            present = torrent.value(change.field)
        if present is not None and present == change.after != change.before:
            put_back.append(change)
        done.append(change)
    return Restoring(tuple(put_back), tuple(done), tuple(waiting))


def _too_costly(changes: Iterable[Change], torrents: Mapping[str, Torrent], spare: float) -> list[Torrent]:
    stopped = [
        torrents[change.infohash]
        for change in changes
        if change.field == "running" and change.before is True and change.infohash in torrents
    ]
    waiting = []
    for torrent in sorted(stopped, key=lambda torrent: torrent.left):
        if torrent.complete or torrent.running:
            continue
        spare -= torrent.left
        if spare < 0:
            waiting.append(torrent)
    return waiting
