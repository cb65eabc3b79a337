"""Opens the database and hands out transactions: one writer, separate readers.

SQLite's defaults lose updates in silence when two coroutines read, think and write; here every write
transaction takes the write lock before it reads (BEGIN IMMEDIATE) and there is one writer connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.clock import Clock, SystemClock
from core.errors import MousekeeperError
from core.store import schema

T = TypeVar("T")


class StoreError(MousekeeperError):
    """The database cannot be used as it is."""


class Store:
    """The database of one data folder.

    `write()` and `read()` are the only ways in; both commit or roll back as a whole, and raise StoreError for
    what is wrong with the file, its disk or its lock.
    """

    def __init__(self, writer: AsyncEngine | None, reader: AsyncEngine, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self.clock = clock

    @classmethod
    async def open(cls, path: Path, clock: Clock | None = None) -> Self:
        """Open for reading and writing: check integrity, back up and migrate an older schema.

        Raises SchemaError when the file is damaged, newer than this program, or not writable.
        """
        schema.make_ready(path)
        return cls(_engine(path, writable=True), _engine(path, writable=False), clock or SystemClock())

    @classmethod
    async def open_readonly(cls, path: Path, clock: Clock | None = None) -> Self:
        """Open for looking only: takes no lock, never migrates. The file must exist at the present schema."""
        schema.require_current(path)
        return cls(None, _engine(path, writable=False), clock or SystemClock())

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction holding the write lock from its first statement."""
        if self._writer is None:
            raise StoreError("The database was opened for looking only.")
        with _in_words():
            async with _connected(self._writer) as connection:
                yield connection
                await finished(connection.commit())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view that never waits for the writer."""
        with _in_words():
            async with _connected(self._reader) as connection:
                yield connection

    async def close(self) -> None:
        # the writer last: only a connection that may write folds the log back into the file
        for engine in (self._reader, self._writer):
            if engine is not None:
                await engine.dispose()


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of database work, which is carried through although the caller is cancelled meanwhile.

    Interrupted in the middle, the driver leaves a statement behind that keeps its transaction, and with that
    the write lock, until the garbage collector comes by.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # seen; who is cancelled hears of that alone
        raise


class Unbroken(AsyncConnection):
    """A connection whose statements run to their end. The first one begins the transaction."""

    async def execute(self, *args: Any, **options: Any) -> sa.CursorResult[Any]:
        return await finished(super().execute(*args, **options))

    async def exec_driver_sql(self, *args: Any, **options: Any) -> sa.CursorResult[Any]:
        return await finished(super().exec_driver_sql(*args, **options))


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[Unbroken]:
    connection = Unbroken(engine)
    try:
        await finished(connection.start())
        yield connection
    finally:
        await finished(connection.close())  # rolls back what was not committed


def _engine(path: Path, *, writable: bool) -> AsyncEngine:
    mode = "rw" if writable else "ro"
    engine = create_async_engine(
        f"sqlite+aiosqlite:///file:{_uri_path(path)}?mode={mode}&uri=true",
        connect_args={"isolation_level": None, "timeout": 30.0},
        pool_size=1 if writable else 4,
        max_overflow=0,
        pool_timeout=60,
    )
    begin = "BEGIN IMMEDIATE" if writable else "BEGIN"

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _uri_path(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


@contextmanager
def _in_words() -> Iterator[None]:
    """What the database itself complains of, as a sentence; what the caller did wrong stays as it is."""
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        raise StoreError(_sentence(error), hint=_HINT) from error
    except sa.exc.DatabaseError as error:
        if type(error) is not sa.exc.DatabaseError:  # a constraint, a type: the program's own fault
            raise
        raise StoreError(_sentence(error), hint=_HINT) from error


_HINT = "Check the data folder's disk: its free space, its permissions, its health."


def _sentence(error: sa.exc.SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or "it was busy for too long"
    return f"The database cannot be used at present ({cause})."
