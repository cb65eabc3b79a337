"""The program itself: its settings shown without secrets, backup and restore, a bundle for support."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.config import Configuration
from core.errors import NeedsPerson
from core.http import program_version
from core.integrations import registry
from core.log import Scrubber
from core.services.alerts import Alerts
from core.services.config_view import config_document
from core.services.doctor import Doctor, doctor_document
from core.services.shelf import Shelf
from core.services.views import Document
from core.store import schema

DATABASE = "mousekeeper.db"  # its name in an archive
SQLITE_HEADER = b"SQLite format 3\0"
LOG_TAIL = 2_000  # lines of the log that go into a support bundle


class System:
    """Doctor, configuration, backup, support."""

    def __init__(
        self, config: Configuration, doctor: Doctor, shelf: Shelf, alerts: Alerts, scrub: Scrubber
    ) -> None:
        self._config = config
        self._doctor = doctor
        self._shelf = shelf
        self._alerts = alerts
        self._scrub = scrub

    async def doctor(self, *, alert: bool = False) -> Document:
        """Every check's findings, with the versions in use; `alert` also sends a test to every service."""
        document = doctor_document(await self._doctor.findings(), await self._alerts.test() if alert else ())
        document["version"] = program_version()
        document["python"] = platform.python_version()
        document["config_file"] = str(self._config.config_file) if self._config.config_file else None
        document["data"] = str(self._config.data)
        document["integrations"] = [
            {"domain": room.domain, "name": room.name, "kind": room.kind} for room in registry.manifests()
        ]
        return document

    async def backup(self, target: str | None = None) -> Document:
        """Write one archive with the database and config.yaml; secrets are not in it."""
        path = await asyncio.to_thread(self._write_backup, target)
        return {"backup": path}

    async def support(self, target: str | None = None) -> Document:
        """Write a scrubbed bundle for asking help: versions, settings, findings, states, the log's end."""
        parts = {
            "doctor.json": await self.doctor(),
            "config.json": config_document(self._config),
            "status.json": await self._shelf.status(),
        }
        path = await asyncio.to_thread(self._write_support, target, parts)
        return {"bundle": path, "files": [*parts, "log.txt"]}

    def _write_backup(self, target: str | None) -> str:
        if not self._config.database.exists():
            raise NeedsPerson("There is no database yet, so there is nothing to back up.")
        path = target or str(self._config.data / f"mousekeeper-backup-{_stamp()}.tar.gz")
        beside = f"{path}.new"
        with (
            _told("written"),
            tempfile.TemporaryDirectory(dir=self._config.database.parent, prefix="backup-") as folder,
        ):
            copy = Path(folder) / DATABASE
            schema.copy_to(self._config.database, copy)
            with tarfile.open(beside, "w:gz") as archive:
                archive.add(copy, DATABASE)
                if self._config.config_file:
                    archive.add(self._config.config_file, "config.yaml")
            os.chmod(beside, 0o600)
            os.replace(beside, path)
        return path

    def _write_support(self, target: str | None, parts: dict[str, Any]) -> str:
        path = target or str(self._config.data / f"mousekeeper-support-{_stamp()}.zip")
        with _told("written"):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
                for name, content in parts.items():
                    bundle.writestr(name, self._scrub(json.dumps(content, indent=1)))
                bundle.writestr("log.txt", self._scrub(self._log_tail()))
            os.chmod(path, 0o600)
        return path

    def _log_tail(self) -> str:
        log = self._config.data / "logs" / "mousekeeper.log"
        try:
            lines = log.read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-LOG_TAIL:])


def restore(config: Configuration, archive: str) -> Document:
    """Put a backup's database in place of the present one, which is kept beside the other backups.

    The caller holds the data folder's lock. Raises NeedsPerson when the archive is not ours or is damaged.
    """
    content = _database_in(archive)
    fresh = config.database.with_name(f"{config.database.name}.restored")
    with _told("restored"):
        config.database.parent.mkdir(parents=True, exist_ok=True)
        _write_through(fresh, content)
        try:
            schema.require_ours(fresh)
        except schema.SchemaError as error:
            fresh.unlink()
            raise NeedsPerson(f"{archive} cannot be restored: {error.message}") from error
        kept = str(_set_aside(config)) if config.database.exists() else None
        os.replace(fresh, config.database)
    return {"restored": str(config.database), "kept": kept}


def _set_aside(config: Configuration) -> Path:
    """A copy of the present database, which stays where it is until another takes its place in one step."""
    folder = config.data / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"mousekeeper-{_stamp()}-replaced.db"
    try:  # a copy without the write-ahead log, where the database still can be read
        schema.copy_to(config.database, kept)
    except sqlite3.Error:
        shutil.copy(config.database, kept)
    for ending in ("-wal", "-shm"):  # or the old log would be taken for the new database's
        Path(f"{config.database}{ending}").unlink(missing_ok=True)
    return kept


def _write_through(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _told(what: str) -> Iterator[None]:
    """A disk or database that refuses, as a sentence."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or str(error)
        where = f" at {error.filename}" if isinstance(error, OSError) and error.filename else ""
        raise NeedsPerson(
            f"It could not be {what}: {why}{where}.",
            hint="Check that the folder exists, is writable for this user, and has room.",
        ) from error


def _database_in(archive: str) -> bytes:
    """Out of an archive of ours, or the bare database file that was kept before a migration."""
    try:
        with open(archive, "rb") as file:
            if file.read(len(SQLITE_HEADER)) == SQLITE_HEADER:
                file.seek(0)
                return file.read()
        with tarfile.open(archive, "r:gz") as tar:
            member = tar.extractfile(DATABASE)
            content = member.read() if member else b""
    except (OSError, tarfile.TarError, zlib.error, KeyError, EOFError) as error:
        raise NeedsPerson(
            f"{archive} is no backup of Mousekeeper.",
            hint="Name a file made by `mousekeeper backup`, or a .db file of data/backups.",
        ) from error
    return content


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
