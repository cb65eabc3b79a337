"""Opening: old databases are brought up, damaged and newer ones refused, and no file is harmed by it."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.clock import SystemClock
from core.domain.release import STATES
from core.services.views import release_document
from core.store import schema
from core.store.engine import Store, StoreError
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore
from core.store.schema import HEAD, SchemaError
from core.store.small import LibraryStore, ScheduleStore, StateStore, WishStore
from core.store.tables import metadata
from tests.databases import make

DATABASES = sorted(make.FOLDER.glob("[0-9]*.db"))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "mousekeeper.db"
    schema.make_ready(path)
    return path


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


# --- the schema itself -------------------------------------------------------------------------------------------


def test_head_is_the_newest_revision() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert script.get_heads() == [HEAD]
    names = [revision.revision for revision in script.walk_revisions()]
    assert names == sorted(names, reverse=True), "newer versions are told by comparing names"


def test_the_migrations_make_exactly_the_tables(fresh: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{fresh}")
    try:
        with engine.connect() as connection:
            differences = compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )
    finally:
        engine.dispose()
    assert differences == []


def test_every_version_has_left_a_database() -> None:
    revisions = [revision.revision for revision in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()]
    assert [file.stem for file in DATABASES] == sorted(revisions)


def test_a_database_is_its_owners_alone(fresh: Path) -> None:
    assert fresh.stat().st_mode & 0o777 == 0o600


# --- old databases -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", DATABASES, ids=lambda file: file.stem)
async def test_an_old_database_opens_with_everything_in_it(tmp_path: Path, old: Path) -> None:
    path = tmp_path / "mousekeeper.db"
    shutil.copy(old, path)
    store = await Store.open(path, SystemClock())
    try:
        jobs = JobStore(store)
        releases = await ReleaseStore(store, jobs).all()
        documents = {found.title: release_document(found) for found in releases}
        assert {title for title, *_ in make.BOOKS} | {"From Another Tool"} == set(documents)
        states = {document["state"] for document in documents.values()}
        assert states == {
            "discovered",
            "awaiting_approval",
            "approved",
            "rejected",
            "failed",
            "complete",
        } & set(STATES)
        assert documents["The Lantern Keeper"]["series"] == [{"name": "Lantern", "position": "1.5"}]
        assert documents["El Farol"]["source_dir"] == make.NOT_UTF8
        assert documents["Broken Compass"]["error"] == "A file vanished."
        assert await jobs.log_of([found.job_id for found in releases])
        assert (await StateStore(store).get("autopilot"))["on"] is True
        assert {row["name"]: row["spec"] for row in await ScheduleStore(store).all()}[
            "full_read"
        ] == "0 4 * * *"
        assert [row["kind"] for row in await WishStore(store).open()] == ["discover"]
        index, full_read = await LibraryStore(store).index(make.LIBRARY)
        assert index == bytes(range(256)) * 8
        assert full_read is not None
        assert len(await LibraryStore(store).passed_over()) == 2
    finally:
        await store.close()


# --- migrating: a newer version, simulated by a revision of the test's own -------------------------------------------

NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", "{before}"

def upgrade():
    op.execute("UPDATE state SET value = '\\"migrated\\"'")
    with op.batch_alter_table("wish") as batch:
        batch.add_column(sa.Column("added_{revision}", sa.Text))
    {last}
"""


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return folder


def add_revisions(migrations: Path, monkeypatch: pytest.MonkeyPatch, *lasts: str) -> None:
    """One revision after HEAD for each text, which stands at its end."""
    for number, last in enumerate(lasts, 1):
        names = {"revision": f"{int(HEAD) + number:04}", "before": f"{int(HEAD) + number - 1:04}"}
        file = migrations / "versions" / f"{names['revision']}_next.py"
        file.write_text(NEXT_REVISION.format(last=last, **names))
    monkeypatch.setattr(schema, "HEAD", f"{int(HEAD) + len(lasts):04}")


@pytest.fixture
async def old(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "mousekeeper.db"
    store = await Store.open(path)
    await StateStore(store).put("marker", "as it was")
    await store.close()
    return path


async def test_a_migration_backs_up_first(
    old: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(old)
    add_revisions(migrations, monkeypatch, "", "")
    store = await Store.open(old)
    try:
        assert await StateStore(store).get("marker") == "migrated"
    finally:
        await store.close()
    [backup] = (old.parent / "backups").iterdir()
    assert content(backup) == before
    assert backup.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("last", ["raise ValueError('a bug')", "op.execute('SELECT nonsense')"])
def test_a_failing_migration_leaves_the_file_as_it_was(
    old: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """The first of two revisions is fine: both land or none."""
    before = content(old)
    add_revisions(migrations, monkeypatch, "", last)
    with pytest.raises((SchemaError, ValueError)):
        schema.make_ready(old)
    assert content(old) == before
    monkeypatch.undo()
    schema.make_ready(old)


def test_an_up_to_date_database_is_neither_migrated_nor_backed_up(old: Path) -> None:
    schema.make_ready(old)
    assert not (old.parent / "backups").exists()


async def test_looking_at_an_older_database_does_not_migrate_it(
    old: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(old)
    add_revisions(migrations, monkeypatch, "")
    with pytest.raises(SchemaError, match="not been migrated"):
        await Store.open_readonly(old)
    assert content(old) == before


def test_five_backups_are_kept_the_newest(old: Path) -> None:
    folder = old.parent / "backups"
    made = [schema.back_up(old, folder, "test") for _ in range(7)]
    assert sorted(folder.iterdir()) == sorted(made[-5:])


# --- files that are not to be used -------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", [f"{int(HEAD) + 1:04d}", "9999"])
async def test_a_newer_schema_is_refused(old: Path, revision: str) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    before = content(old)
    for opening in (Store.open(old), Store.open_readonly(old)):
        with pytest.raises(SchemaError, match="written by a newer version") as caught:
            await opening
        assert revision in str(caught.value)
        assert "Install that version" in caught.value.hint
    assert content(old) == before


def test_a_revision_nobody_knows_is_a_sentence(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    before = content(old)
    with pytest.raises(SchemaError, match="could not be brought to schema"):
        schema.make_ready(old)
    assert content(old) == before


def damaged(path: Path) -> Iterator[bytes]:
    whole = path.read_bytes()
    yield b"this is no database at all" * 300
    yield whole[: len(whole) // 2]
    yield whole[:5000]
    yield whole[:1000] + os.urandom(20_000) + whole[21_000:]
    yield b"SQLite format 3\0" + bytes(5000)


@pytest.mark.parametrize("kind", range(5), ids=["garbage", "half", "a page", "overwritten", "header only"])
async def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "mousekeeper.db"
    path.write_bytes(next(itertools.islice(damaged(DATABASES[0]), kind, None)))
    before = path.read_bytes()
    with pytest.raises(SchemaError) as caught:
        await Store.open(path)
    assert str(path) in str(caught.value)
    assert "restore" in caught.value.hint
    assert path.read_bytes() == before


async def test_damage_found_while_reading_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mousekeeper.db"
    shutil.copy(DATABASES[-1], path)
    with closing(sqlite3.connect(path)) as connection:
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'release'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    store = await Store.open_readonly(path)
    try:
        with pytest.raises(StoreError, match="cannot be used at present"):
            await ReleaseStore(store, JobStore(store)).all()
    finally:
        await store.close()


def test_a_data_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SchemaError, match="data folder"):
        schema.make_ready(tmp_path / "data" / "mousekeeper.db")


# --- disks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 KiB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        reason = f"no file system of its own could be mounted (as root only): {done.stderr.decode().strip()}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(disk: Path) -> None:
    with open(disk / "filler", "wb", buffering=0) as file:
        for size in (4096, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break


def test_a_full_disk_at_the_first_start_is_a_sentence(small_disk: Path) -> None:
    fill_up(small_disk)
    with pytest.raises(SchemaError) as caught:
        schema.make_ready(small_disk / "mousekeeper.db")
    assert "full" in str(caught.value) or "space" in str(caught.value)
    (small_disk / "filler").unlink()
    schema.make_ready(small_disk / "mousekeeper.db")


async def test_a_full_disk_while_writing_is_a_sentence_and_passes(small_disk: Path) -> None:
    store = await Store.open(small_disk / "mousekeeper.db")
    try:
        await StateStore(store).put("before", 1)
        fill_up(small_disk)
        with pytest.raises(StoreError, match="full") as caught:
            await StateStore(store).put("big", "x" * 300_000)
        assert "free space" in caught.value.hint
        assert await StateStore(store).get("before") == 1
        (small_disk / "filler").unlink()
        await StateStore(store).put("after", 2)
        assert await StateStore(store).get("after") == 2
    finally:
        await store.close()


def test_no_room_for_the_backup_means_no_migration(
    small_disk: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_disk / "mousekeeper.db"
    schema.make_ready(path)
    before = content(path)
    fill_up(small_disk)
    add_revisions(migrations, monkeypatch, "")
    with pytest.raises(SchemaError):
        schema.make_ready(path)
    assert content(path) == before
    assert not list(small_disk.glob("backups/*"))


async def test_a_read_only_disk_is_a_sentence(small_disk: Path) -> None:
    store = await Store.open(small_disk / "mousekeeper.db")
    await store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for path in (small_disk / "mousekeeper.db", small_disk / "data" / "mousekeeper.db"):
        with pytest.raises(SchemaError) as caught:
            await Store.open(path)
        assert "read-only" in str(caught.value).lower()
