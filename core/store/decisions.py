"""A person decides once: compare-and-set on the release, whichever door the decision came through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.domain.release import Decision, Release
from core.store.engine import Store
from core.store.jobs import JobStore
from core.store.releases import KIND, ReleaseStore, topic, write_note
from core.store.tables import job, release

HELD_BACK = ("secret:", "system:")  # waits for a setting; a person may try again at once


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether this call decided, and the release as it is now (with who did)."""

    won: bool
    release: Release


class DecisionStore:
    """Decisions about releases, each committed with the signal that lets the job go on."""

    def __init__(self, store: Store, jobs: JobStore, releases: ReleaseStore) -> None:
        self._store = store
        self._jobs = jobs
        self._releases = releases
        self._clock = store.clock

    async def decide(
        self, release_id: str, verb: Decision, *, by: str, door: str, reason: str | None
    ) -> Decided:
        """Compare-and-set: the first decision stands, a hold can still be decided. Wakes the job with it."""
        now = self._clock.now()
        async with self._store.write() as connection:
            at_approval = (
                sa.select(job.c.id)
                .where(job.c.kind == KIND, job.c.subject == release_id, job.c.stage == "approve")
                .where(job.c.status.in_(("ready", "running", "waiting")))
            )
            open_decision = sa.or_(release.c.decision.is_(None), release.c.decision == "hold")
            result = await connection.execute(
                sa.update(release)
                .where(release.c.id == release_id, open_decision, at_approval.exists())
                .values(decision=verb, decided_by=by, decided_at=now, decision_reason=reason, updated=now)
            )
            won = result.rowcount == 1
            if won:
                await write_note(
                    connection, now, release_id, verb, f"{by} ({door})" + (f": {reason}" if reason else "")
                )
                await self._jobs.signal(connection, topic("decision", release_id), release_id)
        return Decided(won, await self._releases.get(release_id))

    async def say_uploaded(self, release_id: str, said: Mapping[str, Any], *, by: str, door: str) -> Decided:
        """Record once that a person submitted the form, and wake the job."""
        now = self._clock.now()
        async with self._store.write() as connection:
            in_time = (
                sa.select(job.c.id)
                .where(job.c.kind == KIND, job.c.subject == release_id)
                .where(job.c.stage.in_(("publish", "confirm")))
                .where(job.c.status.in_(("ready", "running", "waiting")))
            )
            result = await connection.execute(
                sa.update(release)
                .where(release.c.id == release_id, release.c.uploaded.is_(sa.null()), in_time.exists())
                .values(uploaded=dict(said), updated=now)
            )
            won = result.rowcount == 1
            if won:
                await write_note(connection, now, release_id, "uploaded", f"{by} ({door})")
                await self._jobs.signal(connection, topic("uploaded", release_id), release_id)
        return Decided(won, await self._releases.get(release_id))

    async def edit(self, release_id: str, changes: Mapping[str, Any], *, by: str, door: str) -> Release:
        """Set fields by hand beside those set before; None takes an edit back."""
        async with self._store.write() as connection:
            query = sa.select(release.c.edits).where(release.c.id == release_id)
            before = (await connection.execute(query)).scalar_one()
            edits = {name: value for name, value in {**before, **changes}.items() if value is not None}
            now = self._clock.now()
            await connection.execute(
                sa.update(release).where(release.c.id == release_id).values(edits=edits, updated=now)
            )
            note = f"{', '.join(sorted(changes))} by {by} ({door})"
            await write_note(connection, now, release_id, "edit", note)
        return await self._releases.get(release_id)

    async def let_go(self, seen: Release) -> bool:
        """Take a release out of the flow if it stands where it was seen and nobody works on it."""
        untouched = (job.c.id == seen.job_id, job.c.stage == seen.stage, job.c.status == seen.status)
        async with self._store.write() as connection:
            result = await connection.execute(
                sa.update(job)
                .where(*untouched, job.c.status != "running")
                .values(status="cancelled", due=None, topic=None, updated=self._clock.now())
            )
        return result.rowcount == 1

    async def begin_again(self, release_id: str, *, by: str, door: str) -> bool:
        """Let a failed, rejected or delayed release go on at its stage; False if nothing is to be retried."""
        now = self._clock.now()
        async with self._store.write() as connection:
            row = (
                (
                    await connection.execute(
                        sa.select(job).where(job.c.kind == KIND, job.c.subject == release_id)
                    )
                )
                .mappings()
                .one()
            )
            delayed = (row["status"] == "ready" and row["attempts"] > 0) or (
                row["status"] == "waiting" and row["topic"].startswith(HELD_BACK)
            )
            if row["status"] not in ("failed", "cancelled") and not delayed:
                return False
            await connection.execute(
                sa.update(job)
                .where(job.c.id == row["id"])
                .values(status="ready", due=now, attempts=0, error=None, topic=None, context={}, updated=now)
            )
            if row["status"] == "cancelled":
                await connection.execute(
                    sa.update(release)
                    .where(release.c.id == release_id)
                    .values(
                        decision=None, decided_by=None, decided_at=None, decision_reason=None, updated=now
                    )
                )
            await write_note(connection, now, release_id, "retry", f"{by} ({door})")
        return True
