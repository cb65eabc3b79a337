"""Build: hash the staged folder into a torrent, read it back and compare it with the disk."""

from __future__ import annotations

import asyncio
import os

from core.domain.metainfo import Metainfo, host_of
from core.domain.release import Release
from core.errors import MousekeeperError, NeedsPerson
from core.events import Progress
from core.jobs.model import Done, Job, Outcome
from core.upload.outputs import make_folder, torrent_file
from core.upload.rooms import UploadRooms
from core.upload.torrent.verify import verify_against_disk


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """The torrent is new or, after an interruption, the one already recorded. Raises NeedsPerson, NotNow."""
    release = await rooms.releases.get(job.subject)
    root = release.staging_dir or ""
    output = torrent_file(rooms.config.torrent_output, release)
    kept = await asyncio.to_thread(_still_good, rooms, release, root)
    if kept:
        return Done(text="the torrent is there already")
    await asyncio.to_thread(make_folder, os.path.dirname(output))

    def progress(done: int, total: int) -> None:
        rooms.events.publish(Progress(release.id, "build", done / total if total else None, "hashing"))

    built = await rooms.builder().build(root, output, progress=progress)
    faults = await asyncio.to_thread(_faults, rooms, built.metainfo, root)
    if faults:
        raise NeedsPerson(
            "The torrent does not agree with the staged folder: " + " ".join(faults),
            hint="Try again with `mousekeeper retry`; if mkbrr made it, check its preset.",
        )
    await rooms.releases.update(release.id, torrent_path=output, infohash=built.metainfo.infohash)
    return Done(text=f"torrent of {len(built.metainfo.files)} files, infohash {built.metainfo.infohash}")


def _faults(rooms: UploadRooms, metainfo: Metainfo, root: str) -> tuple[str, ...]:
    settings = rooms.config.settings
    announce = settings.mam_announce_url.get_secret_value() if settings.mam_announce_url else None
    return verify_against_disk(
        metainfo, root, announce_host=host_of(announce), source=settings.upload.source_tag or None
    )


def _still_good(rooms: UploadRooms, release: Release, root: str) -> bool:
    if release.infohash is None:
        return False
    try:
        with open(release.torrent_path or "", "rb") as file:
            metainfo = Metainfo.parse(file.read())
        return metainfo.infohash == release.infohash and not _faults(rooms, metainfo, root)
    except (OSError, MousekeeperError):
        return False
