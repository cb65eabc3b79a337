"""What the account looked like, and when: every look for 90 days, the last one of each day for ever."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain.guard.account import Account
from core.store.engine import Store
from core.store.jobs import Row
from core.store.tables import account_log

FIELDS = tuple(column.name for column in account_log.c if column.name not in ("id", "day", "ratio"))


class AccountLog:
    """The account's history."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, account: Account) -> None:
        values = {name: getattr(account, name) for name in FIELDS}
        values |= {"day": f"{account.at.astimezone(UTC):%Y-%m-%d}", "ratio": account.stated_ratio}
        values["counts"] = dict(account.counts)
        async with self._store.write() as connection:
            await connection.execute(sa.insert(account_log).values(**values))

    async def last(self) -> Account | None:
        """The newest look."""
        query = sa.select(account_log).order_by(account_log.c.id.desc()).limit(1)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _account(row) if row else None

    async def since(self, moment: datetime) -> list[Account]:
        """The looks from then on, oldest first."""
        query = sa.select(account_log).where(account_log.c.at >= moment).order_by(account_log.c.id)
        async with self._store.read() as connection:
            return [_account(row) for row in (await connection.execute(query)).mappings()]

    async def last_vip_until(self) -> datetime | None:
        """The end of VIP that was seen last, for an account that does not say one any more."""
        query = (
            sa.select(account_log.c.vip_until)
            .where(account_log.c.vip_until.is_not(None))
            .order_by(account_log.c.id.desc())
            .limit(1)
        )
        async with self._store.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def thin(self, before: datetime) -> None:
        """Of the days before then keep the last look each."""
        async with self._store.write() as connection:
            kept = sa.select(sa.func.max(account_log.c.id)).group_by(account_log.c.day)
            await connection.execute(
                sa.delete(account_log).where(account_log.c.at < before, account_log.c.id.not_in(kept))
            )


def _account(row: Row) -> Account:
    return Account(**{name: row[name] for name in FIELDS}, stated_ratio=row["ratio"])
