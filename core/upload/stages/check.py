"""Check: is this among our releases already? Then the kit is written, all it needs being known."""

from __future__ import annotations

from core.jobs.model import Done, Job, Outcome
from core.upload.kit_files import write_kit
from core.upload.rooms import UploadRooms

NOT_ASKED = "The tracker was not asked whether it has this book."


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """A twin is a warning for the person who approves, never a refusal."""
    return Done(text=await look(rooms, job.subject) or NOT_ASKED)


async def look(rooms: UploadRooms, release_id: str) -> str:
    """Warn of other releases with the same torrent, and write the kit; returns the warnings, if any."""
    release = await rooms.releases.get(release_id)
    twins = await rooms.releases.twins(release.id, release.infohash or "")
    warnings = [f"The same files are another release already: {twin.title} ({twin.id})." for twin in twins]
    known = [line for line in release.warnings if line not in warnings]
    if warnings:
        await rooms.releases.update(release.id, warnings=[*known, *warnings])
    await write_kit(rooms, await rooms.releases.get(release.id))
    return " ".join(warnings)
