"""What people correct, take back and hand in; several may do so at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.app import App
from core.errors import NeedsPerson, NotNow
from core.upload.edits import parse_assignments
from core.upload.torrent.builtin import BuiltinBuilder
from tests.core.services.conftest import found, staged, stands_at

WHO = {"by": "ada", "door": "test"}


async def test_edits_of_several_people_all_stay(app: App, library: Path) -> None:
    release_id = await found(app, library)
    edits = ({"title": "T"}, {"tags": "a, b"}, {"language": "German"}, {"description": "D"})
    await asyncio.gather(*(app.uploads.edit(release_id, edit, **WHO) for edit in edits))
    assert set((await app.shelf.one(release_id)).edits) == {"title", "tags", "language", "description"}


@pytest.mark.parametrize(
    ("assignment", "names"),
    [
        ("authors=[1, 2]", "authors"),
        ('authors={"name": "A"}', "authors"),
        ("title=[1]", "title"),
        ("series=[5]", "series"),
        ('categories=["x"]', "categories"),
    ],
)
async def test_an_edit_of_the_wrong_kind_is_refused(
    app: App, library: Path, assignment: str, names: str
) -> None:
    release_id = await found(app, library)
    with pytest.raises(NeedsPerson, match=f"The field {names} takes"):
        await app.uploads.edit(release_id, parse_assignments([assignment]), **WHO)
    assert (await app.shelf.one(release_id)).edits == {}


@pytest.mark.parametrize("status", ["failed", "waiting"])
@pytest.mark.parametrize("stage", ["start", "seed"])
async def test_what_may_be_seeding_is_not_forgotten_whatever_failed(
    app: App, library: Path, tmp_path: Path, stage: str, status: str
) -> None:
    release_id, folder = await staged(app, library)
    await stands_at(app, release_id, stage, status)
    with pytest.raises(NeedsPerson, match="seeding"):
        await app.uploads.forget(release_id)
    assert (folder / "book.m4b").exists()


async def test_what_is_being_worked_on_is_not_forgotten(app: App, library: Path, tmp_path: Path) -> None:
    release_id, folder = await staged(app, library)
    await stands_at(app, release_id, "build", "running")
    with pytest.raises(NotNow):
        await app.uploads.forget(release_id)
    assert (folder / "book.m4b").exists()


async def test_forgetting_leaves_nothing_of_ours(app: App, library: Path, tmp_path: Path) -> None:
    release_id, folder = await staged(app, library)
    await app.uploads.forget(release_id)
    assert not folder.exists()
    assert list(app.config.torrent_output.iterdir()) == []
    assert (await app.shelf.status())["releases"] == []


async def test_a_described_release_leaves_its_metadata_behind_no_more_than_a_built_one(
    app: App, library: Path, tmp_path: Path
) -> None:
    release_id, _ = await staged(app, library)
    torrent = app.config.torrent_output / "One" / "One.torrent"
    torrent.unlink()
    await app.uploads._releases.update(release_id, torrent_path=None, infohash=None)
    await app.uploads.forget(release_id)
    assert list(app.config.torrent_output.iterdir()) == []


async def test_only_the_first_torrent_handed_back_counts(app: App, library: Path, tmp_path: Path) -> None:
    release_id, folder = await staged(app, library)
    await stands_at(app, release_id, "confirm", "waiting")
    returned = [tmp_path / f"{name}.torrent" for name in ("first", "second")]
    for path in returned:
        builder = BuiltinBuilder(announce=None, source=path.stem, piece_length=None)
        await builder.build(str(folder), str(path))
    await app.uploads.uploaded(release_id, torrent=str(returned[0]), **WHO)
    with pytest.raises(NeedsPerson, match="already"):
        await app.uploads.uploaded(release_id, torrent=str(returned[1]), **WHO)
    kept = (await app.shelf.one(release_id)).uploaded or {}
    assert Path(kept["torrent_path"]).read_bytes() == returned[0].read_bytes()
