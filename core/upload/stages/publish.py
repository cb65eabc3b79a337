"""Publish, confirm, start: into qBittorrent stopped, proven complete, started when the site knows it.

Each step looks before it acts: the torrent is identified by its infohash, so adding twice adds once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from core.domain.metainfo import Metainfo
from core.domain.release import Release
from core.errors import NeedsPerson, NotNow, Unreachable
from core.events import Progress
from core.jobs.model import Done, Job, Outcome, Wait
from core.store.releases import topic
from core.upload.rooms import UploadRooms
from core.upload.torrent.verify import verify_against_disk

if TYPE_CHECKING:
    from core.integrations.qbittorrent.client import QBittorrent
    from core.integrations.qbittorrent.models import TorrentStatus

T = TypeVar("T")

LOOK_AGAIN, STARTS_WITHIN = 0.3, 50  # seconds between looks, and how many looks
LOOK_WHETHER_STARTED = timedelta(minutes=5)
SYSTEM = "qbittorrent"
WITHOUT_CLIENT = Wait("system:qbittorrent", "qBittorrent: set QB_HOST in .env and restart")
PAUSES = (1.0, 3.0)  # seconds between three quick tries; after that the job's own delays take over


async def publish(rooms: UploadRooms, job: Job) -> Outcome:
    """Add the torrent stopped and have all its data checked. Raises NeedsPerson where data is missing."""
    if rooms.qbittorrent is None:
        return WITHOUT_CLIENT
    _at_a_persons_word(rooms, job)
    release = await rooms.releases.get(job.subject)
    if not await asyncio.to_thread(os.path.exists, release.torrent_path or ""):
        return Done(then="build", text="the torrent's file is gone: it is built again")
    data = await asyncio.to_thread(_read, release.torrent_path or "")
    await _add_checked(rooms, rooms.qbittorrent, release, data)
    return Done(text="in qBittorrent, stopped, all data there")


async def confirm(rooms: UploadRooms, job: Job) -> Outcome:
    """Wait until a person says the form was submitted; `publish: direct` does not wait."""
    release = await rooms.releases.get(job.subject)
    if rooms.config.settings.upload.publish == "direct" or release.uploaded is not None:
        return Done()
    return Wait(topic("uploaded", release.id), "the upload: submit the form, then say `uploaded`")


async def start(rooms: UploadRooms, job: Job) -> Outcome:
    """Start seeding; a torrent the site handed back with another infohash takes the place of ours first."""
    if rooms.qbittorrent is None:
        return WITHOUT_CLIENT
    _at_a_persons_word(rooms, job)
    release = await rooms.releases.get(job.subject)
    replacement = (release.uploaded or {}).get("torrent_path")
    if replacement and replacement != release.torrent_path:
        await _take_instead(rooms, rooms.qbittorrent, release, replacement)
        release = await rooms.releases.get(job.subject)
    infohash = release.infohash or ""
    if await _ask(rooms, lambda: _client(rooms).torrent(infohash)) is None:
        data = await asyncio.to_thread(_read, release.torrent_path or "")
        await _add_checked(rooms, rooms.qbittorrent, release, data)
    if not rooms.config.settings.qbittorrent.auto_start:
        return await _started_by_a_person(rooms, release.id, infohash)
    await _ask(rooms, lambda: _start(rooms, _client(rooms), infohash))
    return Done(text="seeding")


async def _started_by_a_person(rooms: UploadRooms, release_id: str, infohash: str) -> Outcome:
    """With `qbittorrent.auto_start` off nothing seeds before somebody starts it there."""
    status = await _ask(rooms, lambda: _client(rooms).torrent(infohash))
    if status is not None and not status.stopped:
        return Done(text="started in qBittorrent by a person")
    until = rooms.clock.now() + LOOK_WHETHER_STARTED
    return Wait(topic("started", release_id), "you to start the torrent in qBittorrent", until)


def _at_a_persons_word(rooms: UploadRooms, job: Job) -> None:
    """A first try follows an approval, an upload or a `retry`: qBittorrent is asked although it was away."""
    if job.attempts == 0:
        rooms.breakers.ask_again(SYSTEM)


async def _start(rooms: UploadRooms, client: QBittorrent, infohash: str) -> None:
    """Start it and see it started: the program answers with its old state for a moment."""
    await client.start(infohash)
    for _ in range(STARTS_WITHIN):
        status = await client.torrent(infohash)
        if status is not None and not status.stopped:
            return
        await rooms.clock.sleep(LOOK_AGAIN)
    raise NotNow(
        "qBittorrent was asked to start the torrent and leaves it stopped.", hint="Its log says why."
    )


async def _add_checked(
    rooms: UploadRooms, client: QBittorrent, release: Release, data: bytes
) -> TorrentStatus:
    from core.integrations.qbittorrent.publishing import verify_added

    settings = rooms.config.settings.qbittorrent
    parent = rooms.client_paths.to_container(os.path.dirname(release.staging_dir or ""))
    tags = (*settings.tags, f"mk-{release.job_id}")

    def hashed(fraction: float) -> None:
        rooms.events.publish(Progress(release.id, release.stage, fraction, "checked by qBittorrent"))

    async def add() -> TorrentStatus:
        await client.ensure_category(settings.category, "")
        await client.add(data, save_path=parent, category=settings.category, tags=tags, stopped=True)
        return await verify_added(client, Metainfo.parse(data).infohash, clock=rooms.clock, hashed=hashed)

    return await _ask(rooms, add)


async def _take_instead(rooms: UploadRooms, client: QBittorrent, release: Release, path: str) -> None:
    """Let the site's torrent be the one that seeds; `start` adds it where the client knows none such."""
    infohash = release.infohash or ""
    data = await asyncio.to_thread(_read, path)
    metainfo = Metainfo.parse(data)
    if metainfo.infohash != infohash:
        faults = await asyncio.to_thread(verify_against_disk, metainfo, release.staging_dir or "")
        if faults:
            raise NeedsPerson(
                "The torrent from the site does not fit the staged files: " + " ".join(faults),
                hint="Download this upload's torrent again and name it with `mousekeeper uploaded`.",
            )
        await _add_checked(rooms, client, release, data)
    # ours goes also where both are the same files: only theirs has the right announce for certain
    await _ask(rooms, lambda: client.remove_entry(infohash))
    await rooms.releases.update(release.id, torrent_path=path, infohash=metainfo.infohash)


async def _ask(rooms: UploadRooms, ask: Callable[[], Awaitable[T]]) -> T:
    """Through the breaker; a connection that fails is tried three times before the job is put off."""

    async def patiently() -> T:
        for pause in PAUSES:
            try:
                return await ask()
            except Unreachable:
                await rooms.clock.sleep(pause)
        return await ask()

    return await rooms.breakers.call(SYSTEM, patiently)


def _client(rooms: UploadRooms) -> QBittorrent:
    if rooms.qbittorrent is None:
        raise NeedsPerson("qBittorrent is not configured.", hint="Set QB_HOST in .env.")
    return rooms.qbittorrent


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise NeedsPerson(
            f"The torrent file {os.path.basename(path)!r} cannot be read ({error.strerror}).",
            hint="Bring the file back, from a backup or the tracker's page, then `mousekeeper retry`.",
        ) from error
