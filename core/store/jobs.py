"""Rows of jobs and their log: every change of a job writes its log line in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from core.store.engine import Store
from core.store.tables import job, job_log, lane_use

Row = sa.RowMapping


@dataclass(frozen=True, slots=True)
class Claim:
    """Which rows may be taken: so many a lane, perhaps only some stages, kinds or subjects."""

    free: Mapping[str, int]  # lane -> free places
    stages: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    ignore_due: bool = False


def new_id() -> str:
    """A ULID: sortable by time, unique without asking anybody."""
    return str(ULID())


class JobStore:
    """The job and job_log tables."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.clock = self._clock = store.clock

    async def add(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert jobs in the caller's transaction; a row names kind, subject, stage, lane, status."""
        now = self._clock.now()
        if rows:
            defaults: dict[str, Any] = {
                "id": None,
                "due": now,
                "topic": None,
                "created": now,
                "updated": now,
                "data": {},
            }
            complete = [{**defaults, "id": new_id(), **row} for row in rows]
            await connection.execute(sa.insert(job), complete)
            await connection.execute(
                sa.insert(job_log),
                [
                    {"job_id": row["id"], "at": now, "stage": row["stage"], "event": "added", "text": ""}
                    for row in complete
                ],
            )

    async def claim(self, claim: Claim) -> list[Row]:
        """End waits whose time has come, then take due rows, oldest first, as the lanes have room."""
        now = self._clock.now()
        taken: list[Row] = []
        async with self._store.write() as connection:
            await connection.execute(
                sa.update(job)
                .where(job.c.status == "waiting", job.c.due <= now)
                .values(status="ready", topic=None, updated=now)
            )
            for lane, free in claim.free.items():
                if free <= 0:
                    continue
                query = sa.select(job).where(job.c.status == "ready", job.c.lane == lane)
                if not claim.ignore_due:
                    query = query.where(sa.or_(job.c.due.is_(None), job.c.due <= now))
                if claim.stages is not None:
                    query = query.where(job.c.stage.in_(claim.stages))
                query = query.where(_about(claim.subjects))
                rows = (
                    (await connection.execute(query.order_by(job.c.due, job.c.id).limit(free)))
                    .mappings()
                    .all()
                )
                taken += rows
            if taken:
                await connection.execute(
                    sa.update(job)
                    .where(job.c.id.in_([row["id"] for row in taken]))
                    .values(status="running", woken=None, updated=now)
                )
        return taken

    async def move(self, job_id: str, values: Mapping[str, Any], log: Mapping[str, Any]) -> Row:
        """Set columns and write the log line together; a signal that came meanwhile ends a wait at once."""
        now = self._clock.now()
        async with self._store.write() as connection:
            changes = {**values, "updated": now}
            if changes.get("status") == "waiting":
                woken = (
                    await connection.execute(sa.select(job.c.woken).where(job.c.id == job_id))
                ).scalar_one()
                if woken is not None and woken == changes.get("topic"):
                    changes |= {"status": "ready", "due": now, "topic": None}
            statement = sa.update(job).where(job.c.id == job_id).values(**changes).returning(*job.c)
            row = (await connection.execute(statement)).mappings().one()
            await connection.execute(sa.insert(job_log).values(job_id=job_id, at=now, **log))
        return row

    async def signal(self, connection: AsyncConnection, topic: str, subject: str) -> None:
        """End waits on `topic` in the transaction that made it true; running rows hear it too."""
        now = self._clock.now()
        await connection.execute(
            sa.update(job)
            .where(job.c.status == "waiting", job.c.topic == topic)
            .values(status="ready", due=now, topic=None, updated=now)
        )
        await connection.execute(
            sa.update(job).where(job.c.status == "running", job.c.subject == subject).values(woken=topic)
        )

    async def release_waits(self, topics: str) -> None:
        """Make every row waiting on a topic with this prefix ready (at start: secrets may have changed)."""
        now = self._clock.now()
        async with self._store.write() as connection:
            await connection.execute(
                sa.update(job)
                .where(job.c.status == "waiting", job.c.topic.startswith(topics, autoescape=True))
                .values(status="ready", due=now, topic=None, updated=now)
            )

    async def recover(self) -> int:
        """Make rows ready that were running when the last process ended; returns how many."""
        now = self._clock.now()
        async with self._store.write() as connection:
            result = await connection.execute(
                sa.update(job).where(job.c.status == "running").values(status="ready", due=now, updated=now)
            )
        return int(result.rowcount)

    async def next_due(self, claim: Claim) -> datetime | None:
        """When the earliest row becomes runnable, or None when nothing is planned."""
        query = sa.select(sa.func.min(job.c.due)).where(
            job.c.status.in_(("ready", "waiting")), job.c.due.is_not(None)
        )
        roomy = [lane for lane, free in claim.free.items() if free > 0]
        query = query.where(sa.or_(job.c.status == "waiting", job.c.lane.in_(roomy)))
        async with self._store.read() as connection:
            due: datetime | None = (await connection.execute(query)).scalar_one()
        return due

    async def get(self, kind: str, subject: str) -> Row | None:
        query = sa.select(job).where(job.c.kind == kind, job.c.subject == subject)
        async with self._store.read() as connection:
            return (await connection.execute(query)).mappings().one_or_none()

    async def busy(self, subjects: frozenset[str] | None) -> bool:
        """Whether any job (of these subjects) is running or about to."""
        due_now = sa.and_(
            job.c.status == "ready", sa.or_(job.c.due.is_(None), job.c.due <= self._clock.now())
        )
        at_work = sa.or_(job.c.status == "running", due_now)
        query = sa.select(job.c.id).where(at_work, _about(subjects)).limit(1)
        async with self._store.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def hurry(self, subjects: frozenset[str] | None, stages: frozenset[str] | None) -> None:
        """Make due at once what was put off till later."""
        now = self._clock.now()
        chosen = [job.c.status == "ready", job.c.due > now, _about(subjects)]
        if stages is not None:
            chosen.append(job.c.stage.in_(stages))
        async with self._store.write() as connection:
            await connection.execute(sa.update(job).where(*chosen).values(due=now))

    async def remember(self, job_id: str, data: Mapping[str, Any]) -> None:
        """Merge into a job's data outside its stages."""
        async with self._store.write() as connection:
            kept = (await connection.execute(sa.select(job.c.data).where(job.c.id == job_id))).scalar_one()
            await connection.execute(sa.update(job).where(job.c.id == job_id).values(data={**kept, **data}))

    async def log_of(self, job_ids: Iterable[str]) -> list[Row]:
        """The timeline of some jobs, oldest first."""
        query = sa.select(job_log).where(job_log.c.job_id.in_(list(job_ids))).order_by(job_log.c.id)
        async with self._store.read() as connection:
            return list((await connection.execute(query)).mappings().all())

    async def used_since(self, lane: str, since: datetime) -> list[datetime]:
        """When a rate-limited lane was used, oldest first."""
        query = (
            sa.select(lane_use.c.at)
            .where(lane_use.c.lane == lane, lane_use.c.at > since)
            .order_by(lane_use.c.at)
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def note_use(self, lane: str, keep: timedelta) -> None:
        """Record one use of a rate-limited lane and forget those no longer counted."""
        now = self._clock.now()
        async with self._store.write() as connection:
            await connection.execute(
                sa.delete(lane_use).where(lane_use.c.lane == lane, lane_use.c.at < now - keep)
            )
            await connection.execute(sa.insert(lane_use).values(lane=lane, at=now))

    async def forget_log(self, before: datetime) -> int:
        """Delete log lines older than the retention; returns how many."""
        async with self._store.write() as connection:
            result = await connection.execute(sa.delete(job_log).where(job_log.c.at < before))
        return int(result.rowcount)


def _about(subjects: frozenset[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if subjects is None else job.c.subject.in_(subjects)
