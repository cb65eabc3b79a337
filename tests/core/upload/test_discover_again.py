"""Discovery the second time: nothing is read twice, nothing changed is missed, nothing is lost on the way."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from core.upload.discover import LibraryIndex, scan_library
from tests.core.upload.shelf import EXTENSIONS, TIMES, Shelf


@pytest.fixture
def shelf(tmp_path: object) -> Shelf:
    """Three books that are known already."""
    shelf = Shelf(f"{tmp_path}/library")
    shelf.put("Ann Lee/Saga/One [B000000001]/a.m4b")
    shelf.put("Ann Lee/Saga/Two [B000000002]/CD1/a.mp3")
    shelf.put("Bo Ray/Three [B000000003]/a.m4b")
    shelf.settle()
    assert len(shelf.scan().found) == 3
    return shelf


def touch(*folders: str) -> None:
    """The folder's time moves on, but not to now."""
    for folder in folders:
        when = next(TIMES)
        os.utime(folder, (when, when))


def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that are listed from now on."""
    seen: list[str] = []
    original = os.scandir

    def scandir(path: Any) -> Any:
        seen.append(os.fspath(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return seen


def test_an_unchanged_library_is_not_read_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    content, seen = shelf.content, listed(monkeypatch)
    scan = shelf.scan()
    assert (scan.unchanged, scan.found, scan.gone, scan.skipped, seen) == (3, [], [], [], [])
    assert scan.index.to_bytes() == content


def test_only_what_changed_is_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("Bo Ray/Three [B000000003]/b.m4b")
    touch(f"{shelf.root}/Bo Ray/Three [B000000003]")
    seen = listed(monkeypatch)
    scan = shelf.scan()
    assert [book.parts for book in scan.found] == [2]
    assert (scan.unchanged, len(seen)) == (2, 1)


def test_a_new_book_deep_down(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Saga/Four/a.m4b")
    touch(f"{shelf.root}/Ann Lee/Saga")
    scan = shelf.scan()
    assert ([book.facts.title for book in scan.found], scan.unchanged) == (["Four"], 3)


def test_a_changed_disc_folder_changes_the_book(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Saga/Two [B000000002]/CD1/b.mp3")
    touch(f"{shelf.root}/Ann Lee/Saga/Two [B000000002]/CD1")
    assert {book.asin: book.parts for book in shelf.scan().found} == {"B000000002": 2}


def test_a_touched_folder_with_the_same_content_is_unchanged(shelf: Shelf) -> None:
    touch(f"{shelf.root}/Bo Ray/Three [B000000003]")
    assert shelf.scan().unchanged == 3


def test_what_times_do_not_show_is_seen_by_a_full_reading(shelf: Shelf) -> None:
    with open(f"{shelf.root}/Bo Ray/Three [B000000003]/a.m4b", "ab") as file:
        file.write(b"more")
    assert shelf.scan().found == []
    assert [book.asin for book in shelf.scan(full=True).found] == ["B000000003"]
    assert shelf.scan(full=True).found == []


def test_an_edited_sidecar_is_seen_by_a_full_reading(shelf: Shelf) -> None:
    sidecar = "Bo Ray/Three [B000000003]/a.metadata.json"
    shelf.put(sidecar, {"title": "Tree"})
    when = shelf.settle()
    assert [book.facts.title for book in shelf.scan(full=True).found] == ["Tree"]
    shelf.put(sidecar, {"title": "Free"})
    shelf.settle(when)
    assert shelf.scan().found == []
    assert [book.facts.title for book in shelf.scan(full=True).found] == ["Free"]


def test_a_folder_written_to_just_now_is_read_again(shelf: Shelf) -> None:
    shelf.put("Bo Ray/Five/a.m4b", "half")
    assert [book.facts.title for book in shelf.scan().found] == ["Five"]
    time = os.stat(f"{shelf.root}/Bo Ray/Five").st_mtime_ns
    shelf.put("Bo Ray/Five/a.m4b", "half and half")
    os.utime(f"{shelf.root}/Bo Ray/Five", ns=(time, time))
    assert [book.files[0].size for book in shelf.scan().found] == [13]


def test_removed_books_are_gone_once(shelf: Shelf) -> None:
    shutil.rmtree(f"{shelf.root}/Ann Lee/Saga/One [B000000001]")
    touch(f"{shelf.root}/Ann Lee/Saga")
    scan = shelf.scan()
    assert (scan.gone, scan.unchanged) == ([f"{shelf.root}/Ann Lee/Saga/One [B000000001]"], 2)
    assert shelf.scan().gone == []


def test_a_removed_author_takes_all_books_along(shelf: Shelf) -> None:
    shutil.rmtree(f"{shelf.root}/Ann Lee")
    touch(shelf.root)
    assert len(shelf.scan().gone) == 2


def test_a_moved_book_is_told_as_moved(shelf: Shelf) -> None:
    old, new = f"{shelf.root}/Bo Ray/Three [B000000003]", f"{shelf.root}/Ann Lee/Saga/3 [B000000003]"
    os.rename(old, new)
    touch(f"{shelf.root}/Bo Ray", f"{shelf.root}/Ann Lee/Saga")
    scan = shelf.scan()
    assert (scan.moved, scan.gone) == ([(old, new)], [])
    assert [(book.source_dir, book.moved_from) for book in scan.found] == [(new, old)]
    assert shelf.scan().unchanged == 3


def test_a_renamed_author_moves_every_book(shelf: Shelf) -> None:
    os.rename(f"{shelf.root}/Ann Lee", f"{shelf.root}/Zoe Lee")
    touch(shelf.root)
    scan = shelf.scan()
    assert (len(scan.moved), scan.gone, len(scan.found)) == (2, [], 2)


def test_another_book_in_the_same_inode_is_no_move(shelf: Shelf) -> None:
    old = f"{shelf.root}/Bo Ray/Three [B000000003]"
    new = f"{shelf.root}/Bo Ray/Other [B000000009]"
    os.rename(old, new)
    os.rename(f"{new}/a.m4b", f"{new}/other.m4b")
    touch(f"{shelf.root}/Bo Ray", new)
    scan = shelf.scan()
    assert (scan.moved, scan.gone, [book.asin for book in scan.found]) == ([], [old], ["B000000009"])


# --- two folders of one ASIN ---------------------------------------------------------------------------------------


def test_the_first_in_natural_order_is_taken_and_named(tmp_path: object) -> None:
    shelf = Shelf(f"{tmp_path}/library")
    shelf.put("Book 10 [B000000001]/a.m4b")
    shelf.put("Book 2 [B000000001]/a.m4b")
    scan = shelf.scan()
    assert [shelf.inside(book.source_dir) for book in scan.found] == ["Book 2 [B000000001]"]
    reason = shelf.skipped(scan)["Book 10 [B000000001]"]
    assert reason.startswith("is a second folder of B000000001")
    assert "Book 2 [B000000001]" in reason


def test_the_known_one_stays_the_first(shelf: Shelf) -> None:
    shelf.put("Aa/Again [B000000003]/a.m4b")
    shelf.settle()
    for full in (False, True, False):
        scan = shelf.scan(full=full)
        assert (scan.found, list(shelf.skipped(scan))) == ([], ["Aa/Again [B000000003]"])
        assert "Bo Ray/Three" in scan.skipped[0].reason


def test_the_second_takes_the_place_of_a_first_that_is_gone(shelf: Shelf) -> None:
    shelf.put("Aa/Again [B000000003]/a.m4b")
    shelf.settle()
    shelf.scan()
    shutil.rmtree(f"{shelf.root}/Bo Ray/Three [B000000003]")
    touch(f"{shelf.root}/Bo Ray")
    scan = shelf.scan()
    assert ([shelf.inside(book.source_dir) for book in scan.found], len(scan.gone)) == (
        ["Aa/Again [B000000003]"],
        1,
    )
    assert scan.skipped == [] or list(shelf.skipped(scan)) == ["Bo Ray"]
    again = shelf.scan()
    assert (again.found, again.unchanged) == ([], 3)


def test_of_three_the_next_takes_the_place_and_the_last_names_it(shelf: Shelf) -> None:
    shelf.put("Y 2 [B000000003]/a.m4b")
    shelf.put("Y 10 [B000000003]/a.m4b")
    shelf.settle()
    shelf.scan()
    shutil.rmtree(f"{shelf.root}/Bo Ray")
    touch(shelf.root)
    scan = shelf.scan()
    assert [shelf.inside(book.source_dir) for book in scan.found] == ["Y 2 [B000000003]"]
    assert "Y 2" in shelf.skipped(scan)["Y 10 [B000000003]"]


def test_the_second_takes_the_place_of_a_first_that_became_another_book(shelf: Shelf) -> None:
    shelf.put("Aa/Again [B000000003]/a.m4b")
    shelf.settle()
    shelf.scan()
    shelf.put("Bo Ray/Three [B000000003]/a.metadata.json", {"asin": "B000000008"})
    touch(f"{shelf.root}/Bo Ray/Three [B000000003]")
    scan = shelf.scan()
    assert {book.asin for book in scan.found} == {"B000000008", "B000000003"}
    assert scan.skipped == []


def test_the_asin_in_a_sidecar_counts_for_doubles(shelf: Shelf) -> None:
    shelf.put("Aa/Another/a.m4b")
    shelf.put("Aa/Another/a.metadata.json", {"asin": "B000000003"})
    shelf.settle()
    assert list(shelf.skipped(shelf.scan())) == ["Aa/Another"]


# --- passed over for a while -----------------------------------------------------------------------------------------


def test_a_finished_download_becomes_a_book(shelf: Shelf) -> None:
    path = shelf.put("Bo Ray/Six/a.m4b.part")
    when = shelf.settle()
    assert "a.m4b.part is not finished" in shelf.skipped(shelf.scan())["Bo Ray/Six"]
    os.rename(path, path.removesuffix(".part"))
    shelf.settle(when)  # the folder's time is the same as before: it is looked at nevertheless
    assert [book.facts.title for book in shelf.scan().found] == ["Six"]


def test_filled_audio_becomes_a_book(shelf: Shelf) -> None:
    shelf.put("Bo Ray/Six/a.m4b", "")
    when = shelf.settle()
    assert "empty" in shelf.skipped(shelf.scan())["Bo Ray/Six"]
    shelf.put("Bo Ray/Six/a.m4b", "audio")
    shelf.settle(when)
    assert [book.facts.title for book in shelf.scan().found] == ["Six"]


def test_a_known_book_that_is_passed_over_is_not_gone_until_it_is(shelf: Shelf) -> None:
    folder = f"{shelf.root}/Bo Ray/Three [B000000003]"
    path = shelf.put("Bo Ray/Three [B000000003]/b.m4b.part")
    touch(folder)
    scan = shelf.scan()
    assert (scan.gone, list(shelf.skipped(scan))) == ([], ["Bo Ray/Three [B000000003]"])
    os.unlink(path)
    touch(folder)
    assert [book.source_dir for book in shelf.scan().found] == [folder]
    shelf.put("Bo Ray/Three [B000000003]/b.m4b.part")
    touch(folder)
    shelf.scan()
    shutil.rmtree(folder)
    touch(f"{shelf.root}/Bo Ray")
    assert shelf.scan().gone == [folder]


def test_what_is_passed_over_is_told_every_time(shelf: Shelf) -> None:
    shelf.put("Bo Ray/Notes/readme.txt")
    os.makedirs(f"{shelf.root}/Bo Ray/Nothing")
    shelf.put("loose.mp3")
    shelf.settle()
    first, second = shelf.skipped(shelf.scan()), shelf.skipped(shelf.scan())
    assert first == second
    assert set(first) == {"Bo Ray/Notes", "Bo Ray/Nothing", "loose.mp3"}


# --- the index --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign", "other version"])
def test_a_damaged_index_is_an_empty_one(shelf: Shelf, damage: str) -> None:
    content = shelf.content
    middle = len(content) // 2
    shelf.content = {
        "empty": b"",
        "cut": content[:-3],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "foreign": b"SQLite format 3\0" * 4,
        "other version": b"MKL0" + content[4:],
    }[damage]
    assert not LibraryIndex.from_bytes(shelf.content).root
    assert len(shelf.scan().found) == 3


def test_other_settings_judge_everything_anew(shelf: Shelf) -> None:
    shelf.put("Bo Ray/Seven/a.ogg")
    shelf.settle()
    shelf.scan()
    scan = shelf.scan(extensions=[*EXTENSIONS, "ogg"])
    assert ([book.facts.title for book in scan.found], scan.unchanged) == (["Seven"], 3)


def test_an_index_survives_strange_names(shelf: Shelf) -> None:
    shelf.put('Bo Ray/bad\udce9 \u2028 "q"/a.m4b')
    shelf.settle()
    assert len(shelf.scan().found) == 1
    assert shelf.scan().unchanged == 4


def test_books_can_be_handed_over_one_by_one(shelf: Shelf) -> None:
    books: list[str | None] = []
    scan = scan_library(
        shelf.root, LibraryIndex(), extensions=EXTENSIONS, on_found=lambda book: books.append(book.asin)
    )
    assert (books, scan.found) == (["B000000001", "B000000002", "B000000003"], [])


def test_a_library_that_lost_everything_at_once_is_taken_for_unmounted(shelf: Shelf) -> None:
    for name in os.listdir(shelf.root):
        os.rename(f"{shelf.root}/{name}", f"{shelf.root}.{name}")
    scan = shelf.scan()
    assert (scan.gone, scan.found) == ([], [])
    assert "mounted" in scan.notes[0]
    for name in ("Ann Lee", "Bo Ray"):
        os.rename(f"{shelf.root}.{name}", f"{shelf.root}/{name}")
    assert (scan := shelf.scan()).unchanged == 3
    assert scan.notes == []
