"""Seed and record: watch the 72 hours that are owed, then close the release."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core.domain.release import DUTY_SECONDS
from core.jobs.model import Done, Job, Outcome, Wait
from core.store.releases import topic
from core.upload.rooms import UploadRooms
from core.upload.stages.publish import SYSTEM, WITHOUT_CLIENT

if TYPE_CHECKING:
    from core.integrations.qbittorrent.models import TorrentStatus

SOONEST = timedelta(minutes=5)
LATEST = timedelta(hours=6)


async def seed(rooms: UploadRooms, job: Job) -> Outcome:
    """Look at the seeding time now and then; what stands in its way is said in the waiting line."""
    client = rooms.qbittorrent
    if client is None:
        return WITHOUT_CLIENT
    release = await rooms.releases.get(job.subject)
    status = await rooms.breakers.call(SYSTEM, lambda: client.torrent(release.infohash or ""))
    if status is not None and status.complete and status.seeding_time >= DUTY_SECONDS:
        return Done(text="seeded for 72 hours: the duty is met")
    left = timedelta(seconds=DUTY_SECONDS - (status.seeding_time if status else 0))
    until = rooms.clock.now() + max(SOONEST, min(left, LATEST))
    return Wait(topic("seed", release.id), _waiting_for(status, left), until)


async def record(rooms: UploadRooms, job: Job) -> Outcome:
    """The release is complete; it goes on seeding, nothing is removed."""
    release = await rooms.releases.get(job.subject)
    return Done(text=f"complete: {release.title}")


def _waiting_for(status: TorrentStatus | None, left: timedelta) -> str:
    if status is None:
        return "the torrent, which is no longer in qBittorrent; add it again, its duty is not met"
    if status.errored:
        return f"qBittorrent, which reports {status.state}; check that the staged files are still there"
    if status.stopped:
        return "the torrent to be started in qBittorrent; it is stopped and its duty is not met"
    hours = max(0, round(left.total_seconds() / 3600))
    return f"its seeding duty: {hours} hours left"
