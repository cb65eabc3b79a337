"""Small tables: named values, schedules, wishes, the library's index, cached answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.store.engine import Store
from core.store.jobs import Row, new_id
from core.store.tables import library_index, metadata_cache, passed_over, schedule, state, wish


class StateStore:
    """Named JSON values that outlive the process, such as whether the autopilot is on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str, default: Any = None) -> Any:
        async with self._store.read() as connection:
            query = sa.select(state.c.value).where(state.c.key == key)
            row = (await connection.execute(query)).one_or_none()
        return default if row is None else row.value

    async def put(self, key: str, value: Any) -> None:
        async with self._store.write() as connection:
            await connection.execute(sa.delete(state).where(state.c.key == key))
            await connection.execute(
                sa.insert(state).values(key=key, value=value, updated=self._store.clock.now())
            )


class ScheduleStore:
    """When what ran last, and whether it may run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def agree(self, specs: Mapping[str, str]) -> None:
        """Make the rows equal to the configured schedules, keeping what is known of their past."""
        now = self._store.clock.now()
        async with self._store.write() as connection:
            known = set((await connection.execute(sa.select(schedule.c.name))).scalars())
            for name, spec in specs.items():
                if name in known:
                    await connection.execute(
                        sa.update(schedule).where(schedule.c.name == name).values(spec=spec)
                    )
                else:
                    await connection.execute(
                        sa.insert(schedule).values(name=name, spec=spec, enabled=True, created=now)
                    )
            gone = [name for name in known if name not in specs]
            await connection.execute(sa.delete(schedule).where(schedule.c.name.in_(gone)))

    async def all(self) -> list[Row]:
        async with self._store.read() as connection:
            return list((await connection.execute(sa.select(schedule).order_by(schedule.c.name))).mappings())

    async def ran(self, name: str, error: str | None) -> None:
        async with self._store.write() as connection:
            await connection.execute(
                sa.update(schedule)
                .where(schedule.c.name == name)
                .values(last_run=self._store.clock.now(), last_error=error)
            )


class WishStore:
    """What people asked for through a door that does not run stages itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, kind: str, args: Mapping[str, Any], *, door: str) -> str:
        wish_id = new_id()
        async with self._store.write() as connection:
            await connection.execute(
                sa.insert(wish).values(
                    id=wish_id,
                    kind=kind,
                    args=dict(args),
                    status="open",
                    door=door,
                    created=self._store.clock.now(),
                )
            )
        return wish_id

    async def open(self) -> list[Row]:
        """What is not finished yet, oldest first; a wish interrupted by a crash is among them."""
        query = sa.select(wish).where(wish.c.status == "open").order_by(wish.c.id)
        async with self._store.read() as connection:
            return list((await connection.execute(query)).mappings())

    async def finish(self, wish_id: str, *, result: Any, error: str | None, exit_code: int) -> None:
        async with self._store.write() as connection:
            await connection.execute(
                sa.update(wish)
                .where(wish.c.id == wish_id)
                .values(
                    status="finished",
                    result=result,
                    error=error,
                    exit_code=exit_code,
                    finished=self._store.clock.now(),
                )
            )

    async def get(self, wish_id: str) -> Row:
        async with self._store.read() as connection:
            return (await connection.execute(sa.select(wish).where(wish.c.id == wish_id))).mappings().one()

    async def forget(self, before: datetime) -> None:
        async with self._store.write() as connection:
            await connection.execute(sa.delete(wish).where(wish.c.finished < before))


class LibraryStore:
    """What discovery remembers between two readings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def index(self, root: str) -> tuple[bytes, datetime | None]:
        """The index of a library (empty when it was never read) and when it was last read in full."""
        query = sa.select(library_index).where(library_index.c.root == os.fsencode(root))
        async with self._store.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return (row["content"], row["full_read"]) if row else (b"", None)

    async def save_index(self, root: str, content: bytes, full_read: datetime | None) -> None:
        encoded = os.fsencode(root)
        async with self._store.write() as connection:
            await connection.execute(sa.delete(library_index).where(library_index.c.root == encoded))
            await connection.execute(
                sa.insert(library_index).values(
                    root=encoded, content=content, full_read=full_read, updated=self._store.clock.now()
                )
            )

    async def forget_index(self) -> None:
        """Read everything again next time."""
        async with self._store.write() as connection:
            await connection.execute(sa.delete(library_index))

    async def pass_over(self, skipped: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Remember what is passed over now; returns what is new or has another reason than before."""
        now = self._store.clock.now()
        async with self._store.write() as connection:
            rows = (await connection.execute(sa.select(passed_over))).mappings().all()
            before = {os.fsdecode(row["source_dir"]): (row["reason"], row["since"]) for row in rows}
            await connection.execute(sa.delete(passed_over))
            values = [
                {
                    "source_dir": os.fsencode(path),
                    "reason": reason,
                    "since": before[path][1] if path in before else now,
                }
                for path, reason in dict(skipped).items()
            ]
            if values:
                await connection.execute(sa.insert(passed_over), values)
        return [(path, reason) for path, reason in skipped if before.get(path, ("",))[0] != reason]

    async def passed_over(self) -> list[tuple[str, str]]:
        query = sa.select(passed_over).order_by(passed_over.c.source_dir)
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [(os.fsdecode(row["source_dir"]), row["reason"]) for row in rows]


class CacheStore:
    """Answers of metadata services, kept so that they are not asked the same thing twice."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, provider: str, key: str, max_age: timedelta) -> Any:
        oldest = self._store.clock.now() - max_age
        query = sa.select(metadata_cache.c.body).where(
            metadata_cache.c.provider == provider,
            metadata_cache.c.key == key,
            metadata_cache.c.fetched >= oldest,
        )
        async with self._store.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def put(self, provider: str, key: str, body: Any) -> None:
        same = sa.and_(metadata_cache.c.provider == provider, metadata_cache.c.key == key)
        async with self._store.write() as connection:
            await connection.execute(sa.delete(metadata_cache).where(same))
            await connection.execute(
                sa.insert(metadata_cache).values(
                    provider=provider, key=key, body=body, fetched=self._store.clock.now()
                )
            )

    async def forget(self, before: datetime, providers: Iterable[str] | None = None) -> None:
        old = metadata_cache.c.fetched < before
        if providers is not None:
            old = sa.and_(old, metadata_cache.c.provider.in_(list(providers)))
        async with self._store.write() as connection:
            await connection.execute(sa.delete(metadata_cache).where(old))
