"""Keeps failing systems from being asked too often; delays grow, survive restarts, shrink step by step."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from core.domain.timing import delay_for
from core.errors import AuthFailed, BadReply, RateLimited, Rejected, Unreachable
from core.events import Events, SystemState
from core.store.engine import Store
from core.store.tables import breaker

LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a system has been doing: `since` when it is away, asked again at `until`.

    `failures` steps down one on each success, so a system that flaps is not hammered again at once.
    """

    system: str
    failures: int = 0
    until: datetime | None = None
    since: datetime | None = None
    error: str | None = None


class Breakers:
    """One standing a system, kept in the database."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._clock = store.clock
        self._events = events
        self._standings: dict[str, Standing] = {}
        self._refused: dict[str, AuthFailed] = {}  # not kept: a restart may bring another secret

    async def load(self) -> None:
        """Read what the last run left."""
        async with self._store.read() as connection:
            rows = (await connection.execute(sa.select(breaker))).mappings().all()
        self._standings = {row["system"]: Standing(**row) for row in rows}

    def away(self) -> list[Standing]:
        """Every system that does not answer at present."""
        return [standing for standing in self._standings.values() if standing.since]

    def standings(self) -> list[Standing]:
        """Every system that was ever asked, by name."""
        return [self._standings[name] for name in sorted(self._standings)]

    def pausing(self, system: str) -> bool:
        """Whether it is being left alone at present."""
        until = self._standings.get(system, Standing(system)).until
        return until is not None and until > self._clock.now()

    def refused(self) -> list[AuthFailed]:
        """Every system that refuses our credentials."""
        return list(self._refused.values())

    def ask_again(self, *systems: str) -> None:
        """End the pause of these systems (of all), as a person wants something now; failures stay counted."""
        for name in systems or tuple(self._standings):
            if name in self._standings:
                self._standings[name] = replace(self._standings[name], until=None)

    async def call(self, system: str, ask: Callable[[], Awaitable[T]], *, now: bool = False) -> T:
        """Ask unless the system is being left alone; `now` asks although it is (a person wants it).

        Raises RateLimited with the time to the next try while it is left alone, AuthFailed without asking
        once credentials were refused, else what `ask` raises.
        """
        if system in self._refused:
            raise self._refused[system]
        standing = self._standings.setdefault(system, Standing(system))
        if not now and standing.until is not None and standing.until > self._clock.now():
            wait = (standing.until - self._clock.now()).total_seconds()
            raise RateLimited(system, standing.error or f"{system} does not answer.", retry_after=wait)
        try:
            answer = await ask()
        except AuthFailed as error:
            if system not in self._refused:
                self._went(system, error, error.secret)
            self._refused[system] = error
            raise
        except (Unreachable, BadReply) as error:
            await self._failed(standing, error)
            raise
        except Rejected:  # a no is an answer
            await self._answered(standing)
            raise
        await self._answered(standing)
        return answer

    async def _failed(self, before: Standing, error: Unreachable | BadReply) -> None:
        if self._standings[before.system] is not before:
            return  # asked by several at once, and the first of them has told it
        now = self._clock.now()
        if before.since is None:
            self._went(before.system, error)
        await self._save(
            Standing(
                before.system,
                failures=before.failures + 1,
                until=now + timedelta(seconds=delay_for(before.failures)),
                since=before.since or now,
                error=error.message,
            )
        )

    async def _answered(self, before: Standing) -> None:
        if not before.failures or self._standings[before.system] is not before:
            return
        if before.since is not None:
            LOG.info("%s answers again", before.system)
            self._events.publish(SystemState(before.system, up=True, text=f"{before.system} answers again."))
        await self._save(Standing(before.system, failures=before.failures - 1))

    def _went(self, system: str, error: Exception, secret: str | None = None) -> None:
        LOG.warning("%s", error)
        self._events.publish(SystemState(system, up=False, text=str(error), secret=secret))

    async def _save(self, standing: Standing) -> None:
        self._standings[standing.system] = standing
        async with self._store.write() as connection:
            await connection.execute(sa.delete(breaker).where(breaker.c.system == standing.system))
            await connection.execute(sa.insert(breaker).values(**asdict(standing)))
