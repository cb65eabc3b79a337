"""Intake: which books of a library are a baseline, and which are passed over by the owner's rules."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.config import load
from core.store.engine import Store
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore
from core.store.small import LibraryStore, StateStore
from core.upload.intake import LOANS, Librarian
from tests.world.clock import SimulatedClock


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "data" / "mousekeeper.db", clock)
    yield store
    await store.close()


class Desk:
    """A librarian with a library of its own."""

    def __init__(self, folder: Path, store: Store, upload: str = "{}") -> None:
        self.library = folder / "library"
        self.library.mkdir(exist_ok=True)
        file = folder / "config.yaml"
        file.write_text(
            f"paths: {{data: {folder / 'data'}, libation_library_root: {self.library}}}\nupload: {upload}\n"
        )
        self.state = StateStore(store)
        self.releases = ReleaseStore(store, JobStore(store))
        self.index = LibraryStore(store)
        self._librarian = Librarian(load(file, {}), self.releases, self.index, self.state)
        self._clock = store.clock

    def shelve(self, *names: str) -> None:
        for name in names:
            (self.library / name).mkdir()
            (self.library / name / "book.m4b").write_bytes(b"audio")

    async def read(self) -> list[str]:
        """Titles of the baseline after one more reading."""
        self.last = await self._librarian.read(self._clock.now())
        return sorted(release.title for release in await self.releases.all() if release.baseline)

    async def titles(self) -> list[str]:
        return sorted(release.title for release in await self.releases.all())


async def test_books_behind_a_mount_that_came_late_are_still_the_baseline(
    tmp_path: Path, store: Store
) -> None:
    desk = Desk(tmp_path, store)
    assert await desk.read() == []
    desk.shelve("First (2020) (Ann Author)")
    assert await desk.read() == ["First"]
    desk.shelve("Second (2021) (Ann Author)")
    assert await desk.read() == ["First"]
    assert await desk.titles() == ["First", "Second"]


async def test_a_first_reading_that_was_killed_half_way_leaves_no_book_outside_the_baseline(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, store)
    desk.shelve(*(f"Book {number} (2020) (Ann Author)" for number in range(1, 6)))
    monkeypatch.setattr("core.store.releases.BATCH", 2)
    add = desk.releases._add
    calls = 0

    async def killed_at_the_second_batch(*given: object) -> list[str]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return await add(*given)  # type: ignore[arg-type]

    desk.releases._add = killed_at_the_second_batch  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await desk.read()
    desk.releases._add = add  # type: ignore[method-assign]
    assert len(await desk.read()) == 5


async def test_all_means_all(tmp_path: Path, store: Store) -> None:
    desk = Desk(tmp_path, store, "{first_run: all}")
    desk.shelve("First (2020) (Ann Author)")
    assert await desk.read() == []
    assert await desk.titles() == ["First"]


@pytest.mark.parametrize("name", ["J R R Tolkien", "J. R. R. Tolkien", "J.R.R. Tolkien", "J.R.R. TOLKIEN"])
async def test_barred_authors_are_passed_over_however_they_are_spelled(
    tmp_path: Path, store: Store, name: str
) -> None:
    desk = Desk(tmp_path, store)
    desk.shelve(f"A Book (1937) ({name})", "Another (1938) (J R R Talkien)")
    await desk.read()
    assert await desk.titles() == ["Another"]
    [(path, reason)] = desk.last.skipped
    assert path.endswith(f"({name})")
    assert "must not be uploaded" in reason
    await desk.read()
    assert [path for path, _ in desk.last.skipped] == [path]
    assert desk.last.newly_skipped == []


async def test_a_loan_that_became_ours_is_taken(tmp_path: Path, store: Store) -> None:
    desk = Desk(tmp_path, store)
    desk.shelve("Lent (2020) (Ann Author) {ASIN.B000000001}")
    await desk.state.put(LOANS, ["B000000001"])
    await desk.read()
    assert await desk.titles() == []
    assert "loan" in desk.last.skipped[0][1]
    await desk.state.put(LOANS, [])
    await desk.read()
    assert await desk.titles() == ["Lent"]
    assert desk.last.skipped == []


async def test_a_moved_book_keeps_its_release(tmp_path: Path, store: Store) -> None:
    desk = Desk(tmp_path, store)
    desk.shelve("Wanderer (2020) (Ann Author)")
    await desk.read()
    [before] = await desk.releases.all()
    (desk.library / "Ann Author").mkdir()
    shutil.move(desk.library / "Wanderer (2020) (Ann Author)", desk.library / "Ann Author")
    await desk.read()
    [after] = await desk.releases.all()
    assert after.id == before.id
    assert after.source_dir == str(desk.library / "Ann Author" / "Wanderer (2020) (Ann Author)")
    assert not after.gone
