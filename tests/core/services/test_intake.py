"""What a reading of the library does to the releases."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from core.app import App
from tests.core.services.conftest import put


async def folders(app: App) -> dict[str | None, str | None]:
    """Every release's folder by its ASIN; None where it is not known."""
    return {release["asin"]: release["source_dir"] for release in (await app.shelf.status())["releases"]}


async def test_two_readings_at_once_find_a_book_once(app: App, library: Path) -> None:
    put(library, "One [B000000001]")
    both = await asyncio.gather(app.uploads.discover(), app.uploads.discover())
    assert sorted(len(document["releases"]) for document in both) == [0, 1]


async def test_a_book_may_take_the_place_of_one_that_is_gone(app: App, library: Path) -> None:
    first, second = put(library, "One"), put(library, "Two")
    found = (await app.uploads.discover())["releases"]
    ids = {release["source_dir"]: release["id"] for release in found}
    shutil.rmtree(first)
    await app.uploads.discover()
    os.rename(second, first)
    assert (await app.uploads.discover())["releases"] == []
    releases = (await app.shelf.status())["releases"]
    assert {release["id"]: release["source_dir"] for release in releases} == {
        ids[second]: first,
        ids[first]: None,
    }


async def test_books_may_change_places(app: App, library: Path) -> None:
    first, second = put(library, "One [B000000001]"), put(library, "Two [B000000002]")
    await app.uploads.discover()
    os.rename(first, library / "aside")
    os.rename(second, first)
    os.rename(library / "aside", second)
    await app.uploads.discover(rescan=True)
    found = await folders(app)
    assert len(found) == 2
    assert set(found.values()) == {first, second}


async def test_a_book_copied_elsewhere_stays_the_same_release(app: App, library: Path) -> None:
    old = put(library, "One [B000000001]")
    await app.uploads.discover()
    new = shutil.copytree(old, library / "Another Author" / "One [B000000001]")
    shutil.rmtree(old)
    assert (await app.uploads.discover())["releases"] == []
    assert await folders(app) == {"B000000001": os.fspath(new)}


async def test_a_forgotten_book_waits_until_somebody_asks_and_no_other_does(app: App, library: Path) -> None:
    put(library, "One [B000000001]")
    put(library, "Three [B000000003]")
    await app.uploads.discover()
    await app.uploads.forget("B000000001")
    put(library, "Two [B000000002]")
    found = (await app.uploads.discover())["releases"]
    ids = {release["asin"]: release["id"] for release in found}
    assert sorted(ids) == ["B000000001", "B000000002"]
    await app.regular.admit()
    begun = {asin: await app.jobs.get("upload", ids[asin]) for asin in ids}
    assert {asin: job["status"] for asin, job in begun.items() if job} == {
        "B000000001": "waiting",
        "B000000002": "ready",
    }
