"""Alerts on their way: the same again is one message, what could not be sent is tried again.

A row is `waiting` (to be sent when due), `held` (the same went out a moment ago: sent when its spacing has
passed, unless the thing is back to what people know by then), `sent`, `dropped` or `failed` (given up).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.alert_plan import AlertPlan
from core.domain.timing import delay_for
from core.events import Alert, AlertSeverity
from core.store.engine import Store
from core.store.jobs import Row
from core.store.tables import alert

OPEN = ("waiting", "held")
GIVEN_UP_AFTER = timedelta(days=3)  # whoever could not be told by then looks elsewhere


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert with what became of it. `repeats` counts the same again; `reached` are labels of services."""

    id: int
    event: str
    key: str
    severity: AlertSeverity
    title: str
    text: str
    reached: tuple[str, ...]
    status: str
    repeats: int
    attempts: int
    due: datetime | None
    error: str | None
    created: datetime
    sent: datetime | None


class AlertStore:
    """The alert table. `plan` says what is told and how far apart; `scrub` takes secrets out of texts."""

    def __init__(self, store: Store, plan: AlertPlan, scrub: Callable[[str], str] = str) -> None:
        self._store = store
        self._clock = store.clock
        self._plan = plan
        self._scrub = scrub

    async def add(
        self, new: Alert, connection: AsyncConnection | None = None, *, since: datetime | None = None
    ) -> bool:
        """Write an alert down; whether a message will come of it.

        With a `connection` it is part of the caller's transaction, who publishes `AlertsWritten` once that is
        committed. With `since` nothing is written if the same was told after that moment already. Without a
        service, or where no rule wants the event, nothing is written either.
        """
        if not self._plan.tags(new.event):
            return False
        if connection is not None:
            return await self._add(connection, new, since)
        async with self._store.write() as own:
            return await self._add(own, new, since)

    async def _add(self, connection: AsyncConnection, new: Alert, since: datetime | None) -> bool:
        now = self._clock.now()
        history = await self._history(connection, new.key)
        same = [row for row in history if row["event"] == new.event]
        if since is not None and any(row["created"] >= since for row in same):
            return False
        if history and history[0]["status"] == "held" and history[0]["event"] != new.event:
            # it changed back before anybody was told that it had changed
            await _set(connection, [history.pop(0)["id"]], status="dropped", due=None)
        latest = history[0] if history else None
        if latest and latest["event"] == new.event and _is_fresh(latest, now - self._plan.spacing(new.event)):
            await _set(connection, [latest["id"]], repeats=alert.c.repeats + 1)
            return False
        flaps = bool(same) and _is_fresh(same[0], now - self._plan.cool_down)
        held = flaps and new.severity != "urgent"
        due = _told(same[0]) + self._plan.cool_down if held else now
        await connection.execute(
            sa.insert(alert).values(
                event=new.event,
                key=new.key,
                severity=new.severity,
                title=self._scrub(new.title),
                text=self._scrub(new.text),
                status="held" if held else "waiting",
                due=due,
                created=now,
            )
        )
        return True

    async def _history(self, connection: AsyncConnection, key: str) -> list[Row]:
        """What there was about this thing, newest first."""
        query = (
            sa.select(alert)
            .where(alert.c.key == key, alert.c.status != "dropped")
            .order_by(alert.c.id.desc())
            .limit(20)
        )
        return list((await connection.execute(query)).mappings())

    async def due(self) -> list[StoredAlert]:
        """What is to be sent now, urgent ones first, else in the order it happened."""
        urgent_first = sa.case((alert.c.severity == "urgent", 0), else_=1)
        return await self._all(
            sa.select(alert)
            .where(alert.c.status.in_(OPEN), alert.c.due <= self._clock.now())
            .order_by(urgent_first, alert.c.id)
        )

    async def claim(self, ids: Iterable[int]) -> set[int]:
        """Those of them that are still to be sent; from now on a change back is an alert of its own."""
        async with self._store.write() as connection:
            statement = (
                sa.update(alert)
                .where(alert.c.id.in_(list(ids)), alert.c.status.in_(OPEN))
                .values(status="waiting")
                .returning(alert.c.id)
            )
            return set((await connection.execute(statement)).scalars())

    async def next_due(self) -> datetime | None:
        """When the next one is to be sent; None while nothing waits."""
        query = sa.select(sa.func.min(alert.c.due)).where(alert.c.status.in_(OPEN))
        async with self._store.read() as connection:
            due: datetime | None = (await connection.execute(query)).scalar_one()
            return due

    async def open(self) -> list[StoredAlert]:
        """Everything that is not sent yet, oldest first."""
        return await self._all(sa.select(alert).where(alert.c.status.in_(OPEN)).order_by(alert.c.id))

    async def recent(self, limit: int = 50) -> list[StoredAlert]:
        """The last alerts, newest first, whatever became of them."""
        return await self._all(sa.select(alert).order_by(alert.c.id.desc()).limit(limit))

    async def sent(self, reached: Mapping[int, Sequence[str]]) -> None:
        """Every service these (by id) were meant for has taken them."""
        now = self._clock.now()
        async with self._store.write() as connection:
            for row_id, labels in reached.items():
                values = {"status": "sent", "sent": now, "due": None, "error": None, "reached": [*labels]}
                await _set(connection, [row_id], **values)

    async def drop(self, ids: Iterable[int]) -> None:
        """No rule wants these any more."""
        await self._write(ids, status="dropped", due=None)

    async def postpone(self, ids: Iterable[int], due: datetime) -> None:
        """Send these later, without a try having failed."""
        await self._write(ids, due=due)

    async def missed(
        self, rows: Sequence[StoredAlert], error: str, reached: Mapping[int, Sequence[str]]
    ) -> None:
        """Some service did not take these: try again after a delay that grows, for three days."""
        now = self._clock.now()
        async with self._store.write() as connection:
            for row in rows:
                attempts = row.attempts + 1
                due = now + timedelta(seconds=delay_for(attempts))
                given_up = due - row.created > GIVEN_UP_AFTER
                await _set(
                    connection,
                    [row.id],
                    status="failed" if given_up else "waiting",
                    attempts=attempts,
                    due=None if given_up else due,
                    error=self._scrub(error),
                    reached=[*reached[row.id]],
                )

    async def forget(self, before: datetime) -> None:
        """Delete what is older, sent or not."""
        async with self._store.write() as connection:
            await connection.execute(sa.delete(alert).where(alert.c.created < before))

    async def _write(self, ids: Iterable[int], **values: object) -> None:
        async with self._store.write() as connection:
            await _set(connection, ids, **values)

    async def _all(self, query: sa.Select[tuple[object, ...]]) -> list[StoredAlert]:
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [StoredAlert(**{**row, "reached": tuple(row["reached"])}) for row in rows]


def _told(row: Row) -> datetime:
    told: datetime = row["sent"] or row["created"]
    return told


def _is_fresh(row: Row, since: datetime) -> bool:
    """Not sent yet, or sent so lately that the same again is no news."""
    return row["status"] in OPEN or _told(row) > since


async def _set(connection: AsyncConnection, ids: Iterable[int], **values: object) -> None:
    await connection.execute(sa.update(alert).where(alert.c.id.in_(list(ids))).values(**values))
