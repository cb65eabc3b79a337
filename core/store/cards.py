"""Discord's cards: which message mirrors what, and what it shows at present."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.engine import Store
from core.store.jobs import Row, new_id
from core.store.releases import KIND as UPLOAD
from core.store.tables import card, job, release


@dataclass(frozen=True, slots=True)
class Card:
    """One message of ours.

    `message` is None until Discord has said its id; `attempted` says since when it may be there.
    `nonce` names the message towards Discord, so that a repeated send within minutes posts nothing twice.
    """

    id: str
    kind: str
    subject: str
    channel: int
    message: int | None
    nonce: str
    attempted: datetime | None
    digest: str | None
    closed: bool
    error: str | None
    data: dict[str, Any]
    created: datetime
    updated: datetime


class CardStore:
    """One row a mirrored thing; a thing has at most one card of a kind."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def want(self, kind: str, subject: str, channel: int) -> Card:
        """The card of this thing, made if there is none yet; an existing one keeps its channel."""
        now = self._store.clock.now()
        async with self._store.write() as connection:
            same = sa.and_(card.c.kind == kind, card.c.subject == subject)
            row = (await connection.execute(sa.select(card).where(same))).mappings().one_or_none()
            if row is None:
                card_id = new_id()
                values = {
                    "id": card_id,
                    "kind": kind,
                    "subject": subject,
                    "channel": str(channel),
                    "nonce": card_id[:25],
                    "created": now,
                    "updated": now,
                }
                statement = sa.insert(card).values(**values).returning(*card.c)
                row = (await connection.execute(statement)).mappings().one()
        return _card(row)

    async def open(self, kind: str | None = None) -> list[Card]:
        """Every card that still follows its thing, oldest first."""
        query = sa.select(card).where(card.c.closed.is_(sa.false())).order_by(card.c.id)
        if kind is not None:
            query = query.where(card.c.kind == kind)
        return await self._all(query)

    async def of(self, kind: str, subject: str) -> Card | None:
        """The card of this thing, open or closed."""
        found = await self._all(sa.select(card).where(card.c.kind == kind, card.c.subject == subject))
        return found[0] if found else None

    async def by_message(self, message: int) -> Card | None:
        """The card whose message this is."""
        found = await self._all(sa.select(card).where(card.c.message == str(message)))
        return found[0] if found else None

    async def subjects(self, kind: str, subjects: Iterable[str]) -> set[str]:
        """Which of these things have a card of this kind, open or closed."""
        query = sa.select(card.c.subject).where(card.c.kind == kind, card.c.subject.in_(list(subjects)))
        async with self._store.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def releases_without(self, kind: str, stages: Iterable[str]) -> list[str]:
        """Ids of releases at work at one of these stages that have no card of this kind, oldest first."""
        own = sa.select(card.c.id).where(card.c.kind == kind, card.c.subject == job.c.subject)
        query = (
            sa.select(job.c.subject)
            .where(job.c.kind == UPLOAD, job.c.stage.in_(list(stages)), ~own.exists())
            .where(job.c.status.in_(("ready", "running", "waiting")))
            .order_by(job.c.subject)
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def changes(self, kind: str) -> dict[str, tuple[Any, ...]]:
        """What each release that its card has to follow last changed at; equal values: nothing changed.

        Besides open cards these are closed ones whose release goes on, was decided anew, or is no more.
        """
        goes_on = sa.or_(
            release.c.id.is_(None),
            job.c.status.not_in(("done", "cancelled")),
            release.c.decided_at > card.c.updated,
        )
        query = (
            sa.select(card.c.subject, release.c.updated, job.c.updated.label("moved"))
            .outerjoin(release, release.c.id == card.c.subject)
            .outerjoin(job, sa.and_(job.c.subject == card.c.subject, job.c.kind == UPLOAD))
            .where(card.c.kind == kind, sa.or_(card.c.closed.is_(sa.false()), goes_on))
        )
        async with self._store.read() as connection:
            return {row.subject: (row.updated, row.moved) for row in await connection.execute(query)}

    async def attempt(self, card_id: str) -> Card:
        """Note that the card is about to be sent, before it is; a time noted before stays."""
        now = self._store.clock.now()
        return await self._set(card_id, attempted=sa.func.coalesce(card.c.attempted, now))

    async def posted(self, card_id: str, message: int, digest: str, *, closed: bool) -> Card:
        """Discord has the message and shows this."""
        return await self._set(card_id, message=str(message), digest=digest, closed=closed, error=None)

    async def unsure(self, card_id: str) -> Card:
        """An edit is on its way: what the message shows is known again when Discord has answered."""
        return await self._set(card_id, digest=None)

    async def lost(self, card_id: str) -> Card:
        """The message is gone: the card is to be sent anew, under another nonce."""
        values = {"message": None, "attempted": None, "digest": None, "nonce": new_id()[:25]}
        return await self._set(card_id, **values)

    async def move(self, card_id: str, channel: int) -> Card:
        """Post it in another channel from now on; its old message is given up."""
        await self.lost(card_id)
        return await self._set(card_id, channel=str(channel))

    async def reopen(self, card_id: str) -> Card:
        """Follow its thing again, which goes on after all."""
        return await self._set(card_id, closed=False)

    async def failed(self, card_id: str, error: str) -> Card:
        """Discord refused it; the sentence is for people."""
        return await self._set(card_id, error=error)

    async def keep(self, card_id: str, **data: Any) -> Card:
        """Merge values of the card's own, such as a page number."""
        now = self._store.clock.now()
        async with self._store.write() as connection:
            kept = (await connection.execute(sa.select(card.c.data).where(card.c.id == card_id))).scalar_one()
            statement = (
                sa.update(card)
                .where(card.c.id == card_id)
                .values(data={**kept, **data}, updated=now)
                .returning(*card.c)
            )
            return _card((await connection.execute(statement)).mappings().one())

    async def forget(self, card_id: str) -> None:
        """Remove the row; its message, if any, is nobody's from now on."""
        async with self._store.write() as connection:
            await connection.execute(sa.delete(card).where(card.c.id == card_id))

    async def _set(self, card_id: str, **values: Any) -> Card:
        now = self._store.clock.now()
        statement = (
            sa.update(card).where(card.c.id == card_id).values(**values, updated=now).returning(*card.c)
        )
        async with self._store.write() as connection:
            return _card((await connection.execute(statement)).mappings().one())

    async def _all(self, query: sa.Select[Any]) -> list[Card]:
        async with self._store.read() as connection:
            return [_card(row) for row in (await connection.execute(query)).mappings()]


def _card(row: Row) -> Card:
    values = dict(row)
    values["channel"] = int(row["channel"])
    values["message"] = int(row["message"]) if row["message"] else None
    return Card(**values)
