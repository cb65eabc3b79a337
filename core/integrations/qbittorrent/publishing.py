"""Proves that qBittorrent has all of an added torrent's data, before anything may start.

Measured on 4.5.2 and 5.1.0, and the reason for the order here: a recheck leaves a stopped torrent stopped;
a recheck of a running one whose data is gone downloads it; stopping in the middle breaks a check off; and for
up to one refresh interval (1.5 s) after the call the old row is still shown, so "complete" may be stale.
"""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.errors import NeedsPerson, NotNow, Rejected
from core.integrations.qbittorrent.client import FIRST_POLL, LAST_POLL, POLL_GROWTH, QBittorrent
from core.integrations.qbittorrent.faults import SYSTEM
from core.integrations.qbittorrent.models import TorrentStatus

TIME_LIMIT = 3600.0  # seconds; a longer check goes on in qBittorrent and is picked up by the next call
LOOK_AGAIN = 60.0  # seconds until that


async def verify_added(
    client: QBittorrent,
    infohash: str,
    *,
    clock: Clock,
    time_limit: float = TIME_LIMIT,
    hashed: Callable[[float], None] = lambda _: None,
) -> TorrentStatus:
    """Stop the torrent, let it be hashed, and return it complete and stopped; start it when it may.

    One that is complete and running already is returned as it is. May be called again at any time: a check
    under way is waited for, not begun anew. `hashed` hears now and then how much is checked (0 to 1). Raises
    Rejected (the torrent is gone), NeedsPerson (data is missing or differs; the torrent is left stopped) and
    NotNow (still checking after `time_limit` seconds).
    """
    deadline = clock.monotonic() + time_limit
    refresh = await client.refresh_interval()

    async def wait_for(ready: Callable[[TorrentStatus], bool]) -> TorrentStatus:
        return await _wait_for(lambda: client.torrent(infohash), ready, clock, deadline)

    status = await wait_for(lambda row: row.hashing or not (row.checking or row.moving))
    if status.seeding:
        return status
    if not status.hashing:  # else it is our own recheck, from before a restart
        await client.stop(infohash)
        before = await wait_for(lambda row: row.stopped or row.errored)
        await client.recheck(infohash)
        stale_until = clock.monotonic() + 2 * refresh
        await wait_for(
            lambda row: (
                row.hashing or row.amount_left != before.amount_left or clock.monotonic() >= stale_until
            )
        )

    def checked(row: TorrentStatus) -> bool:
        if row.hashing:
            hashed(row.progress)
        return not (row.checking or row.moving)

    status = await wait_for(checked)
    if not status.stopped:  # never download what should be ours to give
        await client.stop(infohash)
        status = await wait_for(lambda row: row.stopped or row.errored)
    if not status.complete:
        raise _incomplete(status)
    return status


async def _wait_for(
    look: Callable[[], Awaitable[TorrentStatus | None]],
    ready: Callable[[TorrentStatus], bool],
    clock: Clock,
    deadline: float,
) -> TorrentStatus:
    pause = FIRST_POLL
    while True:
        status = await look()
        if status is None:
            raise Rejected(
                SYSTEM, "qBittorrent does not have the torrent any more.", hint="Somebody removed it."
            )
        if ready(status):
            return status
        if clock.monotonic() >= deadline:
            text = f"qBittorrent is still busy with {status.name!r} ({status.state}, {status.progress:.0%})."
            raise NotNow(text, retry_after=LOOK_AGAIN)
        await clock.sleep(pause)
        pause = min(pause * POLL_GROWTH, LAST_POLL)


def _incomplete(status: TorrentStatus) -> NeedsPerson:
    """What is missing, and the likeliest reason."""
    missing = f"{status.amount_left} of {status.size} bytes"
    if status.errored:
        text = f"qBittorrent cannot read the data of {status.name!r} ({status.state})."
        return NeedsPerson(text, hint=f"Check that it may read {status.save_path}.")
    if status.amount_left < status.size:
        text = f"qBittorrent finds {missing} of {status.name!r} missing or different from the torrent."
        return NeedsPerson(text, hint="The files changed after the torrent was built: build it again.")
    expected = posixpath.join(status.save_path, status.name)
    text = f"qBittorrent finds nothing of {status.name!r}: {missing} are missing. It looks for {expected}."
    if posixpath.basename(status.save_path.rstrip("/")) == status.name:
        return NeedsPerson(text, hint="The save path must be the folder above that of the torrent.")
    return NeedsPerson(text, hint="Check path_maps: that must be the staged folder as qBittorrent sees it.")
