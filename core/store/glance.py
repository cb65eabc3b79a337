"""Counts and positions of jobs for people who only glance: small answers however many rows there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.domain.release import STATE_AT_STAGE, count_states, release_state
from core.store.engine import Store
from core.store.releases import KIND
from core.store.tables import job, job_log, release


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job whose stage is at work, and since when."""

    kind: str
    subject: str
    stage: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A release in a list."""

    id: str
    title: str
    state: str


class GlanceStore:
    """Reads only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def running(self) -> list[RunningJob]:
        """Every job at work, longest first."""
        columns = (job.c.kind, job.c.subject, job.c.stage, job.c.updated)
        query = sa.select(*columns).where(job.c.status == "running").order_by(job.c.updated, job.c.id)
        async with self._store.read() as connection:
            return [RunningJob(*row) for row in await connection.execute(query)]

    async def last_line(self) -> int:
        """The number of the newest line in any job's log: another one means that something has moved."""
        async with self._store.read() as connection:
            return int((await connection.execute(sa.select(sa.func.max(job_log.c.id)))).scalar() or 0)

    async def upload_counts(self) -> dict[str, int]:
        """How many releases are in each state, in the order of a release's life."""
        position = (job.c.stage, job.c.status, release.c.decision)
        query = (
            sa.select(*position, sa.func.count())
            .select_from(release)
            .join(job, sa.and_(job.c.subject == release.c.id, job.c.kind == KIND))
            .group_by(*position)
        )
        counts: Counter[str] = Counter()
        async with self._store.read() as connection:
            for stage, status, decision, count in await connection.execute(query):
                counts[release_state(stage, status, decision)] += count
        return count_states(counts)  # a Counter of a Counter keeps its counts

    async def releases_in(self, states: Collection[str]) -> list[Listed]:
        """The releases in one of these states, oldest first."""
        stages = {stage for stage, state in STATE_AT_STAGE.items() if state in states or stage == "approve"}
        at = sa.or_(job.c.stage.in_(stages), job.c.status == "failed")
        found = await self._listed(at, release.c.id, None)
        return [each for each in found if each.state in states]

    async def titled(self, typed: str, *, limit: int, retryable: bool = False) -> list[tuple[str, str]]:
        """Releases whose title, ASIN or id begins with or holds what was typed: what to show, and the id.

        With `retryable` only those that failed, were rejected or are delayed. The newest come first.
        """
        wanted = typed.strip()
        fits = sa.or_(
            release.c.title.icontains(wanted, autoescape=True),
            release.c.asin.istartswith(wanted, autoescape=True),
            release.c.id.istartswith(wanted, autoescape=True),
        )
        if retryable:
            delayed = sa.and_(job.c.status == "ready", job.c.attempts > 0)
            fits = sa.and_(fits, sa.or_(job.c.status.in_(("failed", "cancelled")), delayed))
        found = await self._listed(fits, release.c.id.desc(), limit)
        return [(f"{each.title} ({each.state.replace('_', ' ')})", each.id) for each in found]

    async def _listed(
        self, condition: sa.ColumnElement[bool], order: sa.ColumnElement[Any], limit: int | None
    ) -> list[Listed]:
        columns = (release.c.id, release.c.title, release.c.edits, job.c.stage, job.c.status)
        query = (
            sa.select(*columns, release.c.decision)
            .join(job, sa.and_(job.c.subject == release.c.id, job.c.kind == KIND))
            .where(condition)
            .order_by(order)
            .limit(limit)
        )
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Listed(row.id, row.edits.get("title") or row.title, release_state(*row[3:6])) for row in rows]
