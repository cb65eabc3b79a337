"""Standing rules: what a person decided for all that is alike, such as every book of an author."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.store.engine import Store
from core.store.jobs import new_id
from core.store.tables import standing_rule


@dataclass(frozen=True, slots=True)
class Rule:
    """A verb that is carried out by itself for everything of this kind and key, and who said so."""

    id: str
    kind: str
    key: str
    value: str
    verb: str
    made_by: str
    created: datetime


class RuleStore:
    """The rules people made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def make(self, kind: str, value: str, *, key: str, verb: str, by: str) -> Rule:
        """Add a rule; the one that is there already for this key stays and is returned."""
        same = sa.and_(standing_rule.c.kind == kind, standing_rule.c.key == key)
        async with self._store.write() as connection:
            row = (await connection.execute(sa.select(standing_rule).where(same))).mappings().one_or_none()
            if row is None:
                values = {"kind": kind, "key": key, "value": value, "verb": verb, "made_by": by}
                statement = (
                    sa.insert(standing_rule)
                    .values(id=new_id(), created=self._store.clock.now(), **values)
                    .returning(*standing_rule.c)
                )
                row = (await connection.execute(statement)).mappings().one()
        return Rule(**row)

    async def all(self, kind: str | None = None) -> list[Rule]:
        query = sa.select(standing_rule).order_by(standing_rule.c.id)
        if kind is not None:
            query = query.where(standing_rule.c.kind == kind)
        async with self._store.read() as connection:
            return [Rule(**row) for row in (await connection.execute(query)).mappings()]

    async def match(self, kind: str, keys: Iterable[str]) -> Rule | None:
        """The oldest rule for any of these keys."""
        query = (
            sa.select(standing_rule)
            .where(standing_rule.c.kind == kind, standing_rule.c.key.in_(list(keys)))
            .order_by(standing_rule.c.id)
            .limit(1)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return Rule(**row) if row else None

    async def remove(self, rule_id: str) -> bool:
        """Whether there was such a rule."""
        async with self._store.write() as connection:
            result = await connection.execute(sa.delete(standing_rule).where(standing_rule.c.id == rule_id))
        return result.rowcount == 1
