"""The guard's own rows: the ratio's mode, what is frozen, what it changed in the torrent client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.domain.guard.emergency import Change
from core.domain.guard.ratio_policy import Mode, ModeState
from core.store.engine import Store
from core.store.jobs import Row
from core.store.tables import client_change, freeze, ratio_mode

Scope = Literal["paid", "all", "spending"]
"""paid: nothing that costs ratio · all: nothing new at all · spending: no points but for VIP."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A time spent in one mode; `ended` is None for the present one, `data` says what was done meanwhile."""

    id: int
    mode: Mode
    since: datetime
    better_since: datetime | None
    ended: datetime | None
    lowest: float | None
    data: dict[str, Any]

    @property
    def state(self) -> ModeState:
        return ModeState(self.mode, self.since, self.better_since)


class ModeStore:
    """Which mode the ratio put us in, now and before."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def current(self) -> Episode | None:
        """The present mode, None before the first look at the account."""
        query = sa.select(ratio_mode).where(ratio_mode.c.ended.is_(None)).order_by(ratio_mode.c.id.desc())
        async with self._store.read() as connection:
            row = (await connection.execute(query.limit(1))).mappings().one_or_none()
        return _episode(row) if row else None

    async def move(self, before: Episode | None, state: ModeState, lowest: float | None) -> Episode:
        """Keep the state: as a new episode when the mode is another one, else in the present one."""
        same = before is not None and before.mode == state.mode
        async with self._store.write() as connection:
            if before is not None and same:
                statement = (
                    sa.update(ratio_mode)
                    .where(ratio_mode.c.id == before.id)
                    .values(better_since=state.better_since, lowest=_least(before.lowest, lowest))
                    .returning(*ratio_mode.c)
                )
                return _episode((await connection.execute(statement)).mappings().one())
            ended = sa.update(ratio_mode).where(ratio_mode.c.ended.is_(None)).values(ended=state.since)
            await connection.execute(ended)
            begun = sa.insert(ratio_mode).values(
                mode=state.mode, since=state.since, better_since=state.better_since, lowest=lowest
            )
            return _episode((await connection.execute(begun.returning(*ratio_mode.c))).mappings().one())

    async def note(self, episode: Episode, **data: Any) -> None:
        """Add to what was done in an episode."""
        async with self._store.write() as connection:
            known = sa.select(ratio_mode.c.data).where(ratio_mode.c.id == episode.id)
            merged = {**(await connection.execute(known)).scalar_one(), **data}
            await connection.execute(
                sa.update(ratio_mode).where(ratio_mode.c.id == episode.id).values(data=merged)
            )

    async def since(self, moment: datetime) -> list[Episode]:
        """The episodes that went on after then, oldest first."""
        going_on = sa.or_(ratio_mode.c.ended.is_(None), ratio_mode.c.ended >= moment)
        query = sa.select(ratio_mode).where(going_on).order_by(ratio_mode.c.id)
        async with self._store.read() as connection:
            return [_episode(row) for row in (await connection.execute(query)).mappings()]


@dataclass(frozen=True, slots=True)
class Freeze:
    """Something that must not happen at present; without `until` it lasts until it is lifted."""

    scope: Scope
    reason: str
    by: str
    since: datetime
    until: datetime | None


class FreezeStore:
    """What is frozen. Whoever takes or spends asks here in the second before."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, scope: Scope, reason: str, *, by: str, until: datetime | None = None) -> bool:
        """Freeze in the name of `by`; one that is there keeps its beginning. Whether it is new."""
        same = sa.and_(freeze.c.scope == scope, freeze.c.by == by)
        async with self._store.write() as connection:
            changed = sa.update(freeze).where(same).values(reason=reason, until=until)
            if (await connection.execute(changed)).rowcount:
                return False
            now = self._store.clock.now()
            await connection.execute(
                sa.insert(freeze).values(scope=scope, by=by, reason=reason, since=now, until=until)
            )
            return True

    async def lift(self, scope: Scope, *, by: str | None = None) -> bool:
        """End it for everybody, or only what `by` froze. Whether there was one."""
        whose = freeze.c.scope == scope if by is None else sa.and_(freeze.c.scope == scope, freeze.c.by == by)
        async with self._store.write() as connection:
            return (await connection.execute(sa.delete(freeze).where(whose))).rowcount > 0

    async def active(self) -> list[Freeze]:
        """What is frozen now, the oldest first."""
        lasting = sa.or_(freeze.c.until.is_(None), freeze.c.until > self._store.clock.now())
        async with self._store.read() as connection:
            rows = await connection.execute(sa.select(freeze).where(lasting).order_by(freeze.c.since))
            return [Freeze(**row) for row in rows.mappings()]


class ClientChangeStore:
    """What must be put back as it was."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, changes: Iterable[Change]) -> None:
        """Keep what is about to be changed, before it is; a `before` that is kept already stays."""
        now = self._store.clock.now()
        async with self._store.write() as connection:
            for change in changes:
                updated = sa.update(client_change).where(_same(change)).values(after=change.after)
                if not (await connection.execute(updated)).rowcount:
                    values = {name: getattr(change, name) for name in Change.__slots__}
                    await connection.execute(sa.insert(client_change).values(at=now, **values))

    async def applied(self, changes: Iterable[Change]) -> None:
        """The client has taken these: whoever changes them from now on is a person."""
        async with self._store.write() as connection:
            for change in changes:
                await connection.execute(sa.update(client_change).where(_same(change)).values(applied=True))

    async def all(self) -> list[Change]:
        query = sa.select(client_change).order_by(client_change.c.infohash, client_change.c.field)
        async with self._store.read() as connection:
            return [
                Change(**{name: row[name] for name in Change.__slots__})
                for row in (await connection.execute(query)).mappings()
            ]

    async def forget(self, changes: Iterable[Change]) -> None:
        async with self._store.write() as connection:
            for change in changes:
                await connection.execute(sa.delete(client_change).where(_same(change)))


def _same(change: Change) -> sa.ColumnElement[bool]:
    return sa.and_(client_change.c.infohash == change.infohash, client_change.c.field == change.field)


def _episode(row: Row) -> Episode:
    return Episode(**{name: row[name] for name in Episode.__slots__})


def _least(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)
