"""Approve: wait for the one decision of a person."""

from __future__ import annotations

from core.jobs.model import Done, Job, Outcome, Stop, Wait
from core.store.releases import topic
from core.upload.rooms import UploadRooms


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """Reads the decision from the release; whichever door made it has woken this job."""
    release = await rooms.releases.get(job.subject)
    who = release.decided_by or "somebody"
    if release.decision == "approve":
        return Done(text=f"approved by {who}")
    if release.decision == "reject":
        return Stop(f"Rejected by {who}: {release.decision_reason or 'no reason given'}", cancelled=True)
    reason = f"a decision; held by {who}" if release.decision == "hold" else "a person's approval"
    return Wait(topic("decision", release.id), reason)
