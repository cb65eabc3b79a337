"""Rows of jobs and their log: every change of a job writes its log line in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    """Which rows may be taken: so many a lane, perhaps only some stages or subjects."""

    free: Mapping[str, int] = field(default_factory=dict)  # lane -> free places
    rated: Mapping[str, timedelta] = field(default_factory=dict)  # lane -> how long its uses are counted
    stages: frozenset[str] | None = None
    subjects: frozenset[str] | None = None


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
        async with self._store.write() as connection:
            await connection.execute(
                sa.update(job)
                .where(job.c.status == "waiting", job.c.due <= now)
                .values(status="ready", topic=None, updated=now)
            )
            places = [_first_due(claim, lane, free, now) for lane, free in claim.free.items() if free > 0]
            if not places:
                return []
            statement = (
                sa.update(job)
                .where(job.c.id.in_(sa.union_all(*places)))
                .values(status="running", woken=None, updated=now)
                .returning(*job.c)
            )
            taken = list((await connection.execute(statement)).mappings())
            await _count_uses(connection, taken, claim.rated, now)
        return sorted(taken, key=lambda row: (row["due"], row["id"]))

    async def move(self, job_id: str, values: Mapping[str, Any], log: Mapping[str, Any]) -> Row:
        """Set columns and write the log line together; a signal that came meanwhile ends a wait at once."""
        now = self._clock.now()
        async with self._store.write() as connection:
            changes = {**values, "updated": now}
            if changes.get("status") == "waiting":
                woken = (
                    await connection.execute(sa.select(job.c.woken).where(job.c.id == job_id))
                ).scalar_one()
                if woken is not None:  # whatever it was about: the stage looks again
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

    async def recover(self, ids: Iterable[str] | None = None, *, after: timedelta = timedelta()) -> int:
        """Make rows (these) ready that nobody runs although they say so; returns how many."""
        now = self._clock.now()
        stranded = sa.true() if ids is None else job.c.id.in_(list(ids))
        async with self._store.write() as connection:
            result = await connection.execute(
                sa.update(job)
                .where(job.c.status == "running", stranded)
                .values(status="ready", due=now + after, updated=now)
            )
        return int(result.rowcount)

    async def agree_lanes(self, lanes: Mapping[tuple[str, str], str], otherwise: str) -> None:
        """Put open rows into the lane their kind and stage have now; unknown ones where somebody looks."""
        at = (job.c.kind, job.c.stage, job.c.lane)
        is_open = job.c.status.in_(("ready", "running", "waiting"))
        async with self._store.write() as connection:
            for kind, stage, lane in (
                await connection.execute(sa.select(*at).where(is_open).distinct())
            ).all():
                present = lanes.get((kind, stage), otherwise)
                if lane != present:
                    moved = sa.and_(is_open, *(c == v for c, v in zip(at, (kind, stage, lane), strict=True)))
                    await connection.execute(sa.update(job).where(moved).values(lane=present))

    async def next_due(self, lanes: Iterable[str]) -> dict[str, datetime]:
        """When the earliest row of each of these lanes becomes runnable; others are left out."""
        earliest = [  # one look into the index each, however many rows there are
            sa.select(sa.literal(lane).label("lane"), sa.func.min(job.c.due).label("due")).where(
                job.c.status == status, job.c.lane == lane, job.c.due.is_not(None)
            )
            for lane in lanes
            for status in ("ready", "waiting")
        ]
        due: dict[str, datetime] = {}
        async with self._store.read() as connection:
            for row in await connection.execute(sa.union_all(*earliest)):
                if row.due is not None:
                    due[row.lane] = min(row.due, due.get(row.lane, row.due))
        return due

    async def get(self, kind: str, subject: str) -> Row | None:
        query = sa.select(job).where(job.c.kind == kind, job.c.subject == subject)
        async with self._store.read() as connection:
            return (await connection.execute(query)).mappings().one_or_none()

    async def busy(self, subjects: frozenset[str] | None, stages: frozenset[str] | None = None) -> bool:
        """Whether any job (of these subjects, at these stages) is running or about to."""
        due_now = sa.and_(
            job.c.status == "ready", sa.or_(job.c.due.is_(None), job.c.due <= self._clock.now())
        )
        at_work = sa.or_(job.c.status == "running", due_now)
        here = sa.true() if stages is None else job.c.stage.in_(stages)
        query = sa.select(job.c.id).where(at_work, _about(subjects), here).limit(1)
        async with self._store.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def hurry(self, subjects: frozenset[str] | None, stages: frozenset[str] | None) -> None:
        """Make due at once what was put off till later, or is looked at again from time to time."""
        now = self._clock.now()
        chosen = [job.c.status.in_(("ready", "waiting")), job.c.due > now, _about(subjects)]
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
        """When a rate-limited lane was used, oldest first; uses noted by a clock gone wrong do not count."""
        query = (
            sa.select(lane_use.c.at)
            .where(lane_use.c.lane == lane, lane_use.c.at > since, lane_use.c.at <= self._clock.now())
            .order_by(lane_use.c.at)
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def forget_log(self, before: datetime) -> int:
        """Delete log lines older than the retention; returns how many."""
        async with self._store.write() as connection:
            result = await connection.execute(sa.delete(job_log).where(job_log.c.at < before))
        return int(result.rowcount)


def _first_due(claim: Claim, lane: str, free: int, now: datetime) -> sa.Select[Any]:
    """Ids of the rows a lane takes next."""
    due = [job.c.status == "ready", job.c.lane == lane, job.c.due <= now, _about(claim.subjects)]
    if claim.stages is not None:
        due.append(job.c.stage.in_(claim.stages))
    first = sa.select(job.c.id).where(*due).order_by(job.c.due, job.c.id).limit(free).subquery()
    return sa.select(first.c.id)


async def _count_uses(
    connection: AsyncConnection, taken: Sequence[Row], rated: Mapping[str, timedelta], now: datetime
) -> None:
    """Note each use of a rate-limited lane, and forget those no longer counted."""
    for lane, keep in rated.items():
        uses = [{"lane": lane, "at": now} for row in taken if row["lane"] == lane]
        if uses:
            old = sa.and_(lane_use.c.lane == lane, lane_use.c.at < now - keep)
            await connection.execute(sa.delete(lane_use).where(old))
            await connection.execute(sa.insert(lane_use), uses)


def _about(subjects: frozenset[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if subjects is None else job.c.subject.in_(subjects)
