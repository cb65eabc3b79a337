"""Releases with the position of their job; decisions are compare-and-set here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.book import BookFacts
from core.domain.release import ANNOUNCED, Release, StagedFile
from core.store.engine import Store
from core.store.jobs import JobStore, Row, new_id
from core.store.tables import job, job_log, release

KIND = "upload"
BATCH = 500  # rows a transaction
PATHS = ("source_dir", "staging_dir", "torrent_path")
_OWN_JOB = sa.and_(job.c.subject == release.c.id, job.c.kind == KIND)
WISHED = "wished"  # what a baseline release waits for: that somebody asks


def topic(name: str, release_id: str) -> str:
    """The name of a wait about one release."""
    return f"{name}:{release_id}"


class ReleaseStore:
    """The release table, read together with each release's job."""

    def __init__(self, store: Store, jobs: JobStore) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = store.clock

    async def add(self, rows: Sequence[Mapping[str, Any]], *, stage: str, lane: str) -> list[str]:
        """New releases, each with a job that waits until it is wished for; returns their ids.

        A first library may have a hundred thousand: they come in batches, so that others get their turn.
        """
        ids: list[str] = []
        for start in range(0, len(rows), BATCH):
            ids += await self._add(rows[start : start + BATCH], stage, lane)
        return ids

    async def _add(self, rows: Sequence[Mapping[str, Any]], stage: str, lane: str) -> list[str]:
        now = self._clock.now()
        complete = [{"id": new_id(), "created": now, "updated": now, **_encoded(row)} for row in rows]
        async with self._store.write() as connection:
            if complete:
                await connection.execute(sa.insert(release), complete)
                await self._jobs.add(
                    connection,
                    [
                        {
                            "kind": KIND,
                            "subject": row["id"],
                            "stage": stage,
                            "lane": lane,
                            "status": "waiting",
                            "topic": topic(WISHED, row["id"]),
                            "due": None,
                        }
                        for row in complete
                    ],
                )
        return [row["id"] for row in complete]

    async def take_over(
        self, rows: Sequence[Mapping[str, Any]], *, last: str, first: str, lane: str
    ) -> list[str]:
        """Releases another tool has dealt with (done or failed); those whose ASIN is known are left alone."""
        now = self._clock.now()
        added: list[str] = []
        async with self._store.write() as connection:
            for row in rows:
                known = sa.select(release.c.id).where(release.c.asin == row["asin"])
                if (await connection.execute(known)).first():
                    continue
                release_id = new_id()
                facts = BookFacts.model_validate(
                    {"asin": row["asin"], "title": row["title"], "authors": _people(row.get("author"))}
                )
                values = _encoded(
                    {
                        "asin": row["asin"],
                        "title": row["title"],
                        "facts": facts.named("imported").model_dump(exclude_defaults=True),
                        "staging_dir": row["staging_dir"],
                        "torrent_path": row["torrent_path"],
                        "infohash": row["infohash"],
                    }
                )
                await connection.execute(
                    sa.insert(release).values(id=release_id, created=now, updated=now, **values)
                )
                done = row["status"] == "done"
                await self._jobs.add(
                    connection,
                    [
                        {
                            "kind": KIND,
                            "subject": release_id,
                            "stage": last if done else first,
                            "lane": lane,
                            "status": row["status"],
                            "due": None,
                            "error": row["error"],
                            "attempts": row["attempts"],
                        }
                    ],
                )
                added.append(release_id)
        return added

    async def all(self, ids: Sequence[str] | None = None) -> list[Release]:
        """Every release, or those named, oldest first."""
        async with self._store.read() as connection:
            if ids is None:
                rows = list((await connection.execute(_query())).mappings())
            else:
                rows = []
                for start in range(0, len(ids), BATCH):
                    query = _query().where(release.c.id.in_(ids[start : start + BATCH]))
                    rows += (await connection.execute(query)).mappings()
        # many are read in a thread: the loop has presses to acknowledge meanwhile
        return await asyncio.to_thread(_releases, rows) if len(rows) > BATCH else _releases(rows)

    async def failed(self, ids: Sequence[str] | None = None) -> set[str]:
        """Ids of the releases (among those named) that stopped without success."""
        query = sa.select(job.c.subject).where(job.c.kind == KIND, job.c.status == "failed")
        if ids is not None:
            query = query.where(job.c.subject.in_(ids))
        async with self._store.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def put_off(self, stages: Iterable[str], ids: Sequence[str] | None = None) -> dict[str, str]:
        """Releases (among those named) that could not go on at one of these stages, and at which."""
        later = sa.and_(job.c.status == "ready", job.c.attempts > 0)
        refused = sa.and_(job.c.status == "waiting", job.c.topic.startswith("secret:"))
        query = sa.select(job.c.subject, job.c.stage).where(
            job.c.kind == KIND, job.c.stage.in_(list(stages)), sa.or_(later, refused)
        )
        if ids is not None:
            query = query.where(job.c.subject.in_(ids))
        async with self._store.read() as connection:
            return {row.subject: row.stage for row in await connection.execute(query)}

    async def find(self, reference: str) -> list[Release]:
        """By id, ASIN, or an id's first six or more characters (only those may find several)."""
        wanted = reference.strip().upper()
        query = _query().where(sa.or_(release.c.id == wanted, release.c.asin == wanted))
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            if not rows and len(wanted) >= 6:
                beginning = _query().where(release.c.id.startswith(wanted, autoescape=True))
                rows = (await connection.execute(beginning)).mappings().all()
        return [_release(row) for row in rows]

    async def get(self, release_id: str) -> Release:
        """Exactly one, by its full id."""
        async with self._store.read() as connection:
            row = (await connection.execute(_query().where(release.c.id == release_id))).mappings().one()
        return _release(row)

    async def keys(self) -> list[Row]:
        """Id, ASIN, folder identity and fingerprint of every release: what discovery compares with."""
        columns = ("id", "asin", "source_dir", "dev", "ino", "fingerprint", "gone", "baseline")
        query = sa.select(*(release.c[name] for name in columns), job.c.stage, job.c.status).join(
            job, _OWN_JOB
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).mappings().all())

    async def waiting_to_begin(self) -> list[str]:
        """Ids nobody had to ask for and nobody began yet, oldest first; baseline ones are left out."""
        query = (
            sa.select(release.c.id)
            .join(job, _OWN_JOB)
            .where(job.c.status == "waiting", job.c.topic.startswith(f"{WISHED}:"))
            .where(release.c.baseline.is_(sa.false()), release.c.gone.is_(sa.false()))
            .order_by(release.c.id)
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def under_way(self, stages: Iterable[str]) -> int:
        """How many releases stand at one of these stages, begun and neither ended nor put aside."""
        begun = sa.or_(job.c.topic.is_(None), ~job.c.topic.startswith(f"{WISHED}:"))
        query = (
            sa.select(sa.func.count())
            .select_from(release)
            .join(job, _OWN_JOB)
            .where(job.c.stage.in_(list(stages)), job.c.status.in_(("ready", "running", "waiting")), begun)
            .where(sa.or_(release.c.decision.is_(None), release.c.decision != "hold"))
        )
        async with self._store.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def at_stages(self, stages: Iterable[str]) -> list[Release]:
        """The releases whose job stands at one of these stages, oldest first."""
        query = _query().where(job.c.stage.in_(list(stages)))
        async with self._store.read() as connection:
            return [_release(row) for row in (await connection.execute(query)).mappings()]

    async def not_announced(self) -> set[str]:
        """Infohashes of torrents that must not run yet: no upload form was submitted for them."""
        query = (
            sa.select(release.c.infohash)
            .join(job, _OWN_JOB)
            .where(release.c.infohash.is_not(None), job.c.stage.not_in(ANNOUNCED))
        )
        async with self._store.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def twins(self, release_id: str, infohash: str) -> list[Release]:
        """Other releases with the same torrent."""
        query = _query().where(release.c.infohash == infohash, release.c.id != release_id)
        async with self._store.read() as connection:
            return [_release(row) for row in (await connection.execute(query)).mappings()]

    async def update(self, release_id: str, **values: Any) -> None:
        """Set columns by name; paths as text, facts as models."""
        changes = {"updated": self._clock.now(), **_encoded(values)}
        async with self._store.write() as connection:
            await connection.execute(sa.update(release).where(release.c.id == release_id).values(**changes))

    async def move(self, folders: Mapping[str, str]) -> None:
        """Give releases (by id) their books' new folders, all at once, as books may change places.

        A release whose folder is now another's has lost it: where its book is, is not known.
        """
        new = {release_id: os.fsencode(folder) for release_id, folder in folders.items()}
        taken = sa.or_(release.c.id.in_(list(new)), release.c.source_dir.in_(list(new.values())))
        async with self._store.write() as connection:
            await connection.execute(sa.update(release).where(taken).values(source_dir=None, gone=True))
            for release_id, folder in new.items():
                await connection.execute(
                    sa.update(release)
                    .where(release.c.id == release_id)
                    .values(source_dir=folder, gone=False, updated=self._clock.now())
                )

    async def wish_for(self, ids: Iterable[str] | None = None) -> int:
        """End the wait of releases (all of them) nobody had asked for yet; returns how many began."""
        now = self._clock.now()
        asked = (
            job.c.topic.startswith(f"{WISHED}:")
            if ids is None
            else job.c.topic.in_([topic(WISHED, release_id) for release_id in ids])
        )
        async with self._store.write() as connection:
            result = await connection.execute(
                sa.update(job)
                .where(job.c.status == "waiting", asked)
                .values(status="ready", due=now, topic=None, updated=now)
            )
        return int(result.rowcount)

    async def forget(self, release_id: str) -> None:
        """Delete the release, its job and its log."""
        async with self._store.write() as connection:
            ids = sa.select(job.c.id).where(job.c.kind == KIND, job.c.subject == release_id)
            await connection.execute(sa.delete(job_log).where(job_log.c.job_id.in_(ids)))
            await connection.execute(sa.delete(job).where(job.c.kind == KIND, job.c.subject == release_id))
            await connection.execute(sa.delete(release).where(release.c.id == release_id))

    async def note(self, release_id: str, event: str, text: str) -> None:
        """A line in the release's timeline."""
        async with self._store.write() as connection:
            await write_note(connection, self._clock.now(), release_id, event, text)


def _query() -> sa.Select[Any]:
    position = [job.c[name] for name in ("stage", "status", "attempts", "due", "topic", "error", "context")]
    return sa.select(release, job.c.id.label("job_id"), *position).join(job, _OWN_JOB).order_by(release.c.id)


def _encoded(row: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(row)
    for name in PATHS:
        if isinstance(values.get(name), str):
            values[name] = os.fsencode(values[name])
    for name, value in values.items():
        if isinstance(value, BookFacts):
            values[name] = value.model_dump(exclude_defaults=True)
    if "staged" in values:
        values["staged"] = [list(asdict(file).values()) for file in values["staged"]]
    return values


def _releases(rows: Sequence[Row]) -> list[Release]:
    return [_release(row) for row in rows]


def _release(row: Row) -> Release:
    values = {name: row[name] for name in Release.__dataclass_fields__ if name in row}
    for name in PATHS:
        values[name] = os.fsdecode(row[name]) if row[name] is not None else None
    values["files"] = tuple((str(path), int(size), str(kind)) for path, size, kind in row["files"])
    values["facts"] = BookFacts.model_validate(row["facts"])
    values["described"] = BookFacts.model_validate(row["described"])
    values["media"] = tuple(row["media"])
    values["warnings"] = tuple(row["warnings"])
    values["staged"] = tuple(StagedFile(*item) for item in row["staged"])
    return Release(**values)


async def write_note(
    connection: AsyncConnection, at: datetime, release_id: str, event: str, text: str
) -> None:
    """A line in a release's timeline, in the transaction of what it tells of."""
    query = sa.select(job.c.id, job.c.stage).where(job.c.kind == KIND, job.c.subject == release_id)
    row = (await connection.execute(query)).one()
    await connection.execute(
        sa.insert(job_log).values(job_id=row.id, at=at, stage=row.stage, event=event, text=text)
    )


def _people(author: str | None) -> list[dict[str, str]]:
    return [{"name": name.strip()} for name in (author or "").split(",") if name.strip()]
