"""Purchases as rows: an intent is written before anything is sent, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.guard.account import Account
from core.domain.guard.purchase import ATTEMPTS, OPEN, Kind, Purchase, Status
from core.store.engine import Store
from core.store.jobs import Row, new_id
from core.store.tables import purchase

FIELDS = tuple(column.name for column in purchase.c if column.name != "slot")
DAY = timedelta(days=1)
ON_THE_WAY: tuple[Status, ...] = ("sent", "unknown")


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants to buy, and why."""

    kind: Kind
    amount: float
    price: float
    reason: str
    by: str
    door: str


class PurchaseStore:
    """One row a purchase; the rows are the audit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clock = store.clock

    async def intend(self, intent: Intent, *, per_day: int, asking: bool = False) -> Purchase | None:
        """Write the intent; None when one of its kind is open or the day's limit is reached."""
        now = self._clock.now()
        async with self._store.write() as connection:
            if await self._open(connection, intent.kind) or not await self._within(
                connection, intent.kind, per_day
            ):
                return None
            values = {
                "id": new_id(),
                "kind": intent.kind,
                "slot": intent.kind,
                "amount": intent.amount,
                "price": intent.price,
                "status": "asked" if asking else "planned",
                "reason": intent.reason,
                "by": intent.by,
                "door": intent.door,
                "created": now,
            }
            row = await connection.execute(sa.insert(purchase).values(**values).returning(*purchase.c))
            return _purchase(row.mappings().one())

    async def agree(self, purchase_id: str, *, by: str, door: str, no: bool = False) -> bool:
        """A person's answer to one that is asked: compare-and-set. Whether this answer counted."""
        decided = (
            {"status": "dropped", "slot": None, "finished": self._clock.now()}
            if no
            else {"status": "planned"}
        )
        return await self._change(purchase_id, ("asked",), by=by, door=door, **decided) is not None

    async def begin(self, purchase_id: str, before: Account, amount: float, price: float) -> Purchase | None:
        """Mark it sent, with the figures to look it up by and what it is about to be now.

        None unless it is planned and nothing else is on its way.
        """
        other = purchase.alias()
        busy = sa.select(other.c.id).where(other.c.status.in_(ON_THE_WAY), other.c.finished.is_(None))
        return await self._change(
            purchase_id,
            ("planned",),
            ~busy.exists(),
            status="sent",
            sent=self._clock.now(),
            amount=amount,
            price=price,
            balance_before=before.points,
            vip_until_before=before.vip_until,
            uploaded_before=before.uploaded,
        )

    async def lost(self, purchase_id: str, error: str) -> None:
        """The answer did not come: only the account can tell what became of it."""
        await self._change(purchase_id, ("sent",), status="unknown", error=error)

    async def answered(self, purchase_id: str) -> None:
        """The site said yes."""
        await self._change(purchase_id, ("sent",), answered=True)

    async def finish(self, purchase_id: str, status: Status, **known: Any) -> bool:
        """Close it; `known` are the columns that came with the end."""
        changed = await self._change(
            purchase_id, OPEN, status=status, slot=None, finished=self._clock.now(), **known
        )
        return changed is not None

    async def open(self, *kinds: Kind) -> list[Purchase]:
        """What is not finished, oldest first."""
        async with self._store.read() as connection:
            return await self._open(connection, *kinds)

    async def since(self, moment: datetime) -> list[Purchase]:
        """All that were made up from then on, oldest first."""
        query = sa.select(purchase).where(purchase.c.created >= moment).order_by(purchase.c.id)
        async with self._store.read() as connection:
            return [_purchase(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, purchase_id: str) -> Purchase | None:
        query = sa.select(purchase).where(purchase.c.id == purchase_id)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _purchase(row) if row else None

    async def _open(self, connection: AsyncConnection, *kinds: Kind) -> list[Purchase]:
        query = sa.select(purchase).where(purchase.c.slot.is_not(None)).order_by(purchase.c.id)
        if kinds:
            query = query.where(purchase.c.kind.in_(kinds))
        return [_purchase(row) for row in (await connection.execute(query)).mappings()]

    async def _within(self, connection: AsyncConnection, kind: Kind, per_day: int) -> bool:
        # by their making, not their sending: a clock set back must not open the day again
        made = purchase.c.status.in_(ATTEMPTS)
        today = sa.select(sa.func.count()).where(
            purchase.c.kind == kind, made, purchase.c.created > self._clock.now() - DAY
        )
        return int((await connection.execute(today)).scalar_one()) < per_day

    async def _change(
        self, purchase_id: str, before: Iterable[Status], *conditions: sa.ColumnElement[bool], **values: Any
    ) -> Purchase | None:
        statement = (
            sa.update(purchase)
            .where(purchase.c.id == purchase_id, purchase.c.status.in_(list(before)), *conditions)
            .where(purchase.c.finished.is_(None))
            .values(**values)
            .returning(*purchase.c)
        )
        async with self._store.write() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return _purchase(row) if row else None


def _purchase(row: Row) -> Purchase:
    return Purchase(**{name: row[name] for name in FIELDS})
