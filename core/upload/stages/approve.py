"""Approve: wait for the one decision of a person, or carry out what a person decided for all alike."""

from __future__ import annotations

from core.domain.release import Release
from core.jobs.model import Done, Job, Outcome, Stop, Wait
from core.store.releases import topic
from core.upload.rooms import UploadRooms
from core.upload.rules import AUTHOR, author_key, authors_of


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """Reads the decision from the release; whichever door made it has woken this job."""
    release = await rooms.releases.get(job.subject)
    if release.decision is None:
        release = await _by_rule(rooms, release)
    who = release.decided_by or "somebody"
    if release.decision == "approve":
        return Done(text=f"approved by {who}")
    if release.decision == "reject":
        return Stop(f"Rejected by {who}: {release.decision_reason or 'no reason given'}", cancelled=True)
    reason = f"a decision; held by {who}" if release.decision == "hold" else "a person's approval"
    return Wait(topic("decision", release.id), reason)


async def _by_rule(rooms: UploadRooms, release: Release) -> Release:
    """Approved where a rule says so; a release with warnings is left to a person all the same."""
    if release.warnings:
        return release
    rule = await rooms.rules.match(AUTHOR, [author_key(name) for name in authors_of(release)])
    if rule is None or rule.verb != "approve":
        return release
    by = f"the rule of {rule.made_by} for {rule.value}"[:120]
    decided = await rooms.decisions.decide(release.id, "approve", by=by, door="rule", reason=None)
    return decided.release
