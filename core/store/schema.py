"""Brings a database file to the schema of this version, or says why not; never deletes one.

Opening is synchronous and short. Alembic is imported only when there is something to migrate.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from core.errors import MousekeeperError

HEAD = "0003"  # the newest revision in migrations/versions; a test compares
BACKUPS_KEPT = 5
MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(MousekeeperError):
    """The database file is damaged, unreadable, or of another version."""


def make_ready(path: Path) -> None:
    """Create, check and migrate. Raises SchemaError; the file is left as it was in that case."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            os.chmod(path, 0o600)
            _check_integrity(connection, path)
            connection.execute("PRAGMA journal_mode=WAL")
            revision = _revision(connection)
        if revision == HEAD:
            return
        _refuse_newer(revision, path)
        if revision is not None:
            back_up(path, path.parent / "backups", f"before-{HEAD}")
        _migrate(path)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    except OSError as error:
        raise SchemaError(
            f"The data folder {path.parent} cannot be used ({error.strerror}).",
            hint="Check that it exists, is writable for this user, and has space left.",
        ) from error


def require_current(path: Path) -> None:
    """Raise SchemaError unless the file has this version's schema. Writes nothing."""
    try:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            revision = _revision(connection)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    _refuse_newer(revision, path)
    if revision != HEAD:
        raise SchemaError(
            f"The database {path} is of an older version and has not been migrated yet.",
            hint="Start `mousekeeper run`, or any command that changes something, once.",
        )


def require_ours(path: Path) -> None:
    """Raise SchemaError unless the file is a whole database of this program that this version can open."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            _check_integrity(connection, path)
            revision = _revision(connection)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    if revision is None:
        raise SchemaError(f"The database {path} is not one of this program.")
    _refuse_newer(revision, path)


def copy_to(path: Path, target: Path) -> None:
    """A complete, consistent copy, also while the database is in use; only its owner may read it."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error:
        target.unlink(missing_ok=True)  # half a copy is none
        raise
    os.chmod(target, 0o600)


def back_up(path: Path, folder: Path, label: str) -> Path:
    """A copy beside the newest few of its kind; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = folder / f"mousekeeper-{stamp}-{label}.db"
    copy_to(path, target)
    for old in sorted(folder.glob("mousekeeper-*.db"))[:-BACKUPS_KEPT]:
        old.unlink()
    return target


def _check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise SchemaError(
            f"The database {path} is damaged ({verdict}).",
            hint=f"Stop the program, then `mousekeeper restore` a copy from {path.parent / 'backups'}.",
        )


def _revision(connection: sqlite3.Connection) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()
    if not known:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _refuse_newer(revision: str | None, path: Path) -> None:
    if revision is not None and revision > HEAD:
        raise SchemaError(
            f"The database {path} was written by a newer version (schema {revision}; this one knows {HEAD}).",
            hint="Install that version again, or restore the backup made before the upgrade.",
        )


def _migrate(path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import SQLAlchemyError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = create_engine(
        f"sqlite:///file:{quote(str(path.absolute()))}?uri=true",
        connect_args={"isolation_level": None, "timeout": 30.0},
    )
    # the driver would not open a transaction before DDL; all revisions are to land together or not at all
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError) as error:
        cause = getattr(error, "orig", None) or error
        raise SchemaError(
            f"The database {path} could not be brought to schema {HEAD} and is as it was ({cause}).",
            hint="Check the disk's free space; if it is some other file, `mousekeeper restore` a copy.",
        ) from error
    finally:
        engine.dispose()


def _unusable(path: Path, error: sqlite3.Error) -> SchemaError:
    return SchemaError(
        f"The database {path} cannot be used ({error}).",
        hint=f"If it is damaged, `mousekeeper restore` a copy from {path.parent / 'backups'}; "
        "if the disk is full or read-only, mend that first.",
    )
