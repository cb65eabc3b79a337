"""Backups: what comes back, what is refused, and what is kept."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.app import App
from core.config import Configuration, load
from core.errors import NeedsPerson
from core.services.system import restore
from core.store import schema


@pytest.fixture
def config(tmp_path: Path) -> Configuration:
    """Settings with a database at the present schema."""
    (tmp_path / "config.yaml").write_text("timezone: UTC\n")
    loaded = load(tmp_path / "config.yaml", {})
    schema.make_ready(loaded.database)
    return loaded


def a_database(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return str(path)


NEWER = ("CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('9999')")


@pytest.mark.parametrize("statements", [("CREATE TABLE films (id)",), NEWER], ids=["foreign", "newer"])
def test_a_database_this_version_cannot_use_is_not_restored(
    config: Configuration, tmp_path: Path, statements: tuple[str, ...]
) -> None:
    before = config.database.read_bytes()
    with pytest.raises(NeedsPerson, match="cannot be restored"):
        restore(config, a_database(tmp_path / "other.db", *statements))
    assert config.database.read_bytes() == before
    assert not list(config.data.glob("*.restored"))


def test_a_broken_archive_is_no_backup(config: Configuration, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    packed = bytearray(gzip.compress(bytes(range(256)) * 64))
    packed[12:40] = bytes(28)
    broken.write_bytes(packed)
    with pytest.raises(NeedsPerson, match="no backup"):
        restore(config, str(broken))


def test_a_present_database_that_cannot_be_read_is_kept_too(config: Configuration, tmp_path: Path) -> None:
    good = tmp_path / "good.db"
    schema.copy_to(config.database, good)
    config.database.write_bytes(b"ruined")
    restored = restore(config, str(good))
    assert Path(restored["kept"]).read_bytes() == b"ruined"
    schema.require_current(config.database)


async def test_a_backup_to_a_folder_there_is_not_says_so(app: App, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "backup.tar.gz"
    with pytest.raises(NeedsPerson, match="No such file or directory"):
        await app.system.backup(str(target))
