"""Keeps a copy of everything qBittorrent lists, brought up to date by what changed since the last question.

A reply that got lost is sent again; a program that was restarted or emptied, or another session, is answered
with everything, and the copy is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from core.integrations.qbittorrent.models import MainData, TorrentStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every torrent by its infohash, and which of them came or changed or went since the last snapshot.

    `anew` says that qBittorrent told everything although it was asked for changes alone: it was restarted, or
    our session ended. Of `unreadable` rows the last readable state stands. `free_space` is in bytes, None if
    unknown.
    """

    torrents: Mapping[str, TorrentStatus] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    free_space: int | None = None
    anew: bool = False
    unreadable: int = 0


class Mirror:
    """The copy. `rid` is what to ask for next; not for use by two threads at once."""

    def __init__(self) -> None:
        self.rid = 0
        self._rows: dict[str, dict[str, Any]] = {}
        self._torrents: dict[str, TorrentStatus] = {}
        self._free: int | None = None

    def apply(self, data: MainData) -> Snapshot:
        """Take in one answer; returns the state after it."""
        before, whole = self._torrents, data.full_update
        rows = {} if whole else dict(self._rows)
        for infohash in data.torrents_removed:
            rows.pop(infohash, None)
        rows |= {infohash: {**rows.get(infohash, {}), **new} for infohash, new in data.torrents.items()}
        told = {infohash: _read(infohash, rows[infohash]) for infohash in data.torrents if infohash in rows}
        torrents = {infohash: status for infohash, status in before.items() if infohash in rows}
        torrents |= {infohash: status for infohash, status in told.items() if status is not None}
        free = data.server_state.get("free_space_on_disk")
        if free is not None or whole:
            self._free = free if isinstance(free, int) and free >= 0 else None
        anew = whole and self.rid > 0
        self.rid, self._rows, self._torrents = data.rid, rows, torrents
        return Snapshot(
            torrents=MappingProxyType(torrents),
            changed=frozenset(
                infohash for infohash in told if torrents.get(infohash) != before.get(infohash)
            ),
            gone=frozenset(before.keys() - torrents.keys()),
            free_space=self._free,
            anew=anew,
            unreadable=sum(status is None for status in told.values()),
        )


def _read(infohash: str, row: Mapping[str, Any]) -> TorrentStatus | None:
    """One row; None for one that makes no sense, as it must not hide the others."""
    try:
        return TorrentStatus.model_validate({**row, "hash": infohash})
    except ValidationError as error:
        log.debug("qBittorrent's row of %s cannot be read: %s", infohash, error.errors()[0]["type"])
        return None
