"""Counts and positions of jobs for people who only glance: small answers however many rows there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.domain.release import count_states, release_state
from core.store.engine import Store
from core.store.releases import KIND
from core.store.tables import job, release


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job whose stage is at work, and since when."""

    kind: str
    subject: str
    stage: str
    since: datetime


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
