"""Staging: every file under its name, linked and proven, whole or not at all, as often as one likes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.domain.release import StagedFile
from core.errors import NeedsPerson, NotNow
from core.upload.found import FoundBook
from core.upload.stage import BUILDING, StagedTree, building_name, materialise, sweep_staging, unstage
from core.upload.staging_plan import StagingPlan, plan_staging
from tests.core.upload.shelf import EXTENSIONS, Shelf

BOOK = "Ann Lee/Saga/Words vol_01 (2014) (Ann Lee) {ASIN.B00DA6YEKS} [Tag]"
NAME = "Words (2014) (Ann Lee) {ASIN.B00DA6YEKS}"


class Table:
    """A library with one book, a staging folder, and the plan that leads from one to the other."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder / "library")
        self.staging = folder / "staging"
        self.put(
            "Ann Lee/Words (2014) {ASIN.B00DA6YEKS}", "CD1/1.mp3", "CD2/1.mp3", "CD10/1.mp3", "a.jpg", "b.jpg"
        )

    def put(self, book: str, *files: str) -> None:
        for file in files:
            self.shelf.put(f"{book}/{file}", f"content of {file}")

    def book(self) -> FoundBook:
        self.shelf.content = b""
        return self.shelf.scan().found[0]

    def plan(self, tag: str | None = None) -> StagingPlan:
        book = self.book()
        return plan_staging(book.source_dir, book.files, book.facts, extensions=EXTENSIONS, tag=tag)

    def strays(self) -> list[str]:
        return [name for name in os.listdir(self.staging) if name.startswith(".")]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def content(folder: str | Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in Path(folder).iterdir()}


def records(tree: StagedTree) -> list[StagedFile]:
    return [StagedFile(file.source, file.staged, file.size) for file in tree.files]


# --- the plan ----------------------------------------------------------------------------------------------------


def test_every_allowed_file_is_planned_and_the_rest_is_named(table: Table) -> None:
    table.put("Ann Lee/Words (2014) {ASIN.B00DA6YEKS}", "notes.txt", "x.metadata.json", "bare")
    plan = table.plan("Tag")
    assert plan.name == f"{NAME} [Tag]"
    assert {os.path.relpath(i.source, table.shelf.root).partition("}/")[2]: i.staged for i in plan.items} == {
        "CD1/1.mp3": f"{NAME} - 01.mp3",
        "CD2/1.mp3": f"{NAME} - 02.mp3",
        "CD10/1.mp3": f"{NAME} - 03.mp3",
        "a.jpg": f"{NAME} - 01.jpg",
        "b.jpg": f"{NAME} - 02.jpg",
    }
    assert {path for path, _ in plan.left_out} == {"notes.txt", "x.metadata.json", "bare"}
    assert plan.size == sum(item.size for item in plan.items)


def test_a_plan_without_audio_is_refused(table: Table) -> None:
    book = table.book()
    with pytest.raises(NeedsPerson, match="no audio that a release may contain"):
        plan_staging(book.source_dir, book.files, book.facts, extensions=["jpg", "m4b"])


def test_releases_without_an_asin_do_not_share_a_folder(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put("Ann Lee/Words/a.mp3")
    shelf.put("Ann Lee/Other/Words/a.mp3")
    plans = [plan_staging(b.source_dir, b.files, b.facts, extensions=EXTENSIONS) for b in shelf.scan().found]
    assert len({plan.name.casefold() for plan in plans}) == 2


# --- links ---------------------------------------------------------------------------------------------------------


def test_every_file_is_a_proven_hardlink(table: Table) -> None:
    plan = table.plan()
    seen: list[tuple[int, int]] = []
    tree = materialise(plan, table.staging, progress=lambda done, whole: seen.append((done, whole)))
    assert tree.staging_dir == str(table.staging / NAME)
    assert content(tree.staging_dir) == {item.staged: Path(item.source).read_text() for item in plan.items}
    for file in tree.files:
        status = os.stat(os.path.join(tree.staging_dir, file.staged))
        assert os.path.samestat(status, os.stat(file.source))
        assert (file.dev, file.ino, file.size, file.copied) == (
            status.st_dev,
            status.st_ino,
            status.st_size,
            False,
        )
    assert (tree.copied_bytes, tree.note, table.strays()) == (0, None, [])
    assert seen[-1] == (plan.size, plan.size)
    assert seen == sorted(seen)


def test_again_it_is_accepted_and_nothing_is_touched(table: Table) -> None:
    first = materialise(table.plan(), table.staging)
    changed = os.stat(first.staging_dir).st_mtime_ns
    assert materialise(table.plan(), table.staging) == first
    assert os.stat(first.staging_dir).st_mtime_ns == changed


def test_an_empty_folder_in_its_place_is_nobodys(table: Table) -> None:
    os.makedirs(table.staging / NAME)
    assert len(os.listdir(materialise(table.plan(), table.staging).staging_dir)) == 5


@pytest.mark.parametrize("strange", ["more", "less", "foreign", "replaced", "folder"])
def test_a_folder_that_is_not_this_release_needs_a_person(table: Table, strange: str) -> None:
    tree = materialise(table.plan(), table.staging)
    first = Path(tree.staging_dir) / tree.files[0].staged
    if strange == "more":
        (Path(tree.staging_dir) / "theirs.mp3").write_text("theirs")
    elif strange == "folder":
        (Path(tree.staging_dir) / "sub").mkdir()
        (Path(tree.staging_dir) / "sub/theirs.mp3").write_text("theirs")
    else:
        first.unlink()
    if strange == "foreign":
        first.write_text("x" * tree.files[0].size)
    if strange == "replaced":
        first.symlink_to(tree.files[0].source)
    before = sorted(os.listdir(tree.staging_dir))
    with pytest.raises(NeedsPerson, match="is not this release as it is now"):
        materialise(table.plan(), table.staging)
    assert sorted(os.listdir(tree.staging_dir)) == before
    assert table.strays() == []


def test_a_file_in_its_place_needs_a_person(table: Table) -> None:
    table.staging.mkdir()
    (table.staging / NAME).write_text("theirs")
    with pytest.raises(NeedsPerson, match="it is no folder"):
        materialise(table.plan(), table.staging)
    assert (table.staging / NAME).read_text() == "theirs"


def test_a_source_replaced_after_staging_is_noticed(table: Table) -> None:
    tree = materialise(table.plan(), table.staging)
    os.unlink(tree.files[0].source)
    Path(tree.files[0].source).write_text("x" * tree.files[0].size)
    with pytest.raises(NeedsPerson, match="differs"):
        materialise(table.plan(), table.staging)


# --- sources that do not hold still -------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["grown", "vanished"])
def test_a_source_that_changes_is_not_now_and_leaves_nothing(table: Table, change: str) -> None:
    plan = table.plan()
    last = Path(plan.items[-1].source)
    kept = last.read_text()
    if change == "grown":
        last.write_text(kept + "more")
    else:
        last.unlink()
    with pytest.raises(NotNow, match="changed since it was found" if change == "grown" else "vanished"):
        materialise(plan, table.staging)
    assert os.listdir(table.staging) == []
    last.write_text(kept)
    assert len(materialise(plan, table.staging).files) == 5


def test_a_source_that_became_a_folder_needs_a_person(table: Table) -> None:
    plan = table.plan()
    os.unlink(plan.items[0].source)
    os.mkdir(plan.items[0].source)
    with pytest.raises(NeedsPerson, match="no plain file"):
        materialise(plan, table.staging)


def test_a_linked_source_is_staged_as_the_file_it_leads_to(tmp_path: Path) -> None:
    table = Table(tmp_path)
    shared = table.shelf.put("shared (2001)/real.mp3", "real")
    os.symlink(shared, f"{table.shelf.root}/Ann Lee/Words (2014) {{ASIN.B00DA6YEKS}}/CD2/2.mp3")
    plan = table.plan()
    tree = materialise(plan, table.staging, library_root=table.shelf.root)
    staged = next(file for file in tree.files if file.source.endswith("CD2/2.mp3"))
    status = os.lstat(os.path.join(tree.staging_dir, staged.staged))
    assert stat.S_ISREG(status.st_mode)
    assert os.path.samestat(status, os.stat(shared))
    assert materialise(plan, table.staging, library_root=table.shelf.root) == tree


def test_a_link_out_of_the_library_is_refused(table: Table, tmp_path: Path) -> None:
    plan = table.plan()
    secret = tmp_path / "secret"
    secret.write_text("x" * plan.items[0].size)
    os.unlink(plan.items[0].source)
    os.symlink(secret, plan.items[0].source)
    with pytest.raises(NeedsPerson, match="leads out of the library"):
        materialise(plan, table.staging, library_root=table.shelf.root)
    assert os.listdir(table.staging) == []


# --- after an interruption ------------------------------------------------------------------------------------------------


def test_what_an_earlier_attempt_left_is_removed(table: Table) -> None:
    plan = table.plan()
    half = table.staging / building_name(plan.name) / plan.name
    half.mkdir(parents=True)
    os.link(plan.items[0].source, half / plan.items[0].staged)
    (half / "half a copy.mp3").write_text("ha")
    tree = materialise(plan, table.staging)
    assert (len(tree.files), table.strays()) == (5, [])
    assert Path(plan.items[0].source).exists()


def test_strays_are_swept_but_not_those_that_are_wanted(table: Table) -> None:
    tree = materialise(table.plan(), table.staging)
    for name in (building_name("one"), building_name("two"), f"{BUILDING}old"):
        (table.staging / name / "x").mkdir(parents=True)
        (table.staging / name / "x/a.mp3").write_text("a")
    removed = sweep_staging(table.staging, keep=["two"])
    assert {os.path.basename(path) for path in removed} == {building_name("one"), f"{BUILDING}old"}
    assert set(os.listdir(table.staging)) == {building_name("two"), os.path.basename(tree.staging_dir)}
    assert sweep_staging(table.staging / "nowhere") == []


# --- taking it back ----------------------------------------------------------------------------------------------------


def test_unstaging_removes_links_and_leaves_the_library(table: Table) -> None:
    tree = materialise(table.plan(), table.staging)
    assert unstage(tree.staging_dir, records(tree)) == []
    assert os.listdir(table.staging) == []
    assert all(os.path.exists(file.source) for file in tree.files)
    assert unstage(tree.staging_dir, records(tree)) == []


def test_unstaging_keeps_the_last_link_and_what_is_not_ours(table: Table) -> None:
    tree = materialise(table.plan(), table.staging)
    (Path(tree.staging_dir) / "theirs.txt").write_text("theirs")
    os.unlink(tree.files[0].source)
    kept = unstage(tree.staging_dir, records(tree))
    assert sorted(kept) == sorted([tree.files[0].staged, "theirs.txt"])
    assert sorted(os.listdir(tree.staging_dir)) == sorted(kept)
