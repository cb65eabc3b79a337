"""Seed and record: watch the 72 hours that are owed, tell of what endangers them, then close the release."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core.domain.alert_events import alert
from core.domain.release import DUTY_SECONDS
from core.errors import BadReply, Rejected
from core.jobs.model import Done, Job, Outcome, Wait
from core.store.releases import topic
from core.upload.rooms import UploadRooms
from core.upload.stages.publish import SYSTEM, WITHOUT_CLIENT

if TYPE_CHECKING:
    from core.integrations.qbittorrent.client import QBittorrent
    from core.integrations.qbittorrent.models import TorrentStatus

SOONEST = timedelta(minutes=5)
LATEST = timedelta(hours=6)
KNOWN_WITHIN = 900  # seconds of seeding after which the tracker should know a torrent that was uploaded


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
    trouble, reason = await _trouble(rooms, client, status)
    if trouble:
        facts = {"title": release.title, "left": f"{_hours(left)} hours", "reason": reason}
        rooms.events.publish(alert(trouble, release.id, **facts))
    until = rooms.clock.now() + max(SOONEST, min(left, LATEST))
    return Wait(topic("seed", release.id), _waiting_for(status, left), until)


async def record(rooms: UploadRooms, job: Job) -> Outcome:
    """The release is complete; it goes on seeding, nothing is removed."""
    release = await rooms.releases.get(job.subject)
    return Done(text=f"complete: {release.title}")


async def _trouble(rooms: UploadRooms, client: QBittorrent, status: TorrentStatus | None) -> tuple[str, str]:
    """The event a person should hear of and its reason, both empty while the torrent does what it owes."""
    if status is None:
        return "torrent_missing", ""
    if status.errored:
        return "torrent_errored", status.state
    if status.stopped:
        return "torrent_stopped", ""
    if status.seeding_time < KNOWN_WITHIN:
        return "", ""
    try:
        trackers = await rooms.breakers.call(SYSTEM, lambda: client.trackers(status.infohash))
    except (Rejected, BadReply):  # that this cannot be asked endangers no duty
        return "", ""
    refusals = [tracker.message for tracker in trackers if tracker.unregistered]
    return ("torrent_unregistered", refusals[0]) if refusals else ("", "")


def _waiting_for(status: TorrentStatus | None, left: timedelta) -> str:
    if status is None:
        return "the torrent, which is no longer in qBittorrent; add it again, its duty is not met"
    if status.errored:
        return f"qBittorrent, which reports {status.state}; check that the staged files are still there"
    if status.stopped:
        return "the torrent to be started in qBittorrent; it is stopped and its duty is not met"
    return f"its seeding duty: {_hours(left)} hours left"


def _hours(left: timedelta) -> int:
    return max(0, round(left.total_seconds() / 3600))
