"""Discovery of what no library should hold: it is told with a reason, and the rest goes on."""

from __future__ import annotations

import json
import os

import pytest

from core.errors import NeedsPerson
from core.upload.discover import LibraryIndex, scan_library
from core.upload.library_walk import MAX_DEPTH
from tests.core.upload.shelf import EXTENSIONS, Shelf, as_nobody, open_to_all

ODD_NAMES = [
    "with [brackets] and {braces}",
    "star * and what?",
    "quotes ' and \"",
    "line\nbreak",
    "-leading dash",
    "trailing dot.",
    "trailing space ",
    "emoji 🐭👩‍👩‍👧",
    "combining e\u0301\u0323 marks",
    "\u202eright to left עברית",
    "not utf-8 \udcff\udc80",
    "x" * 255,
    "é" * 127,
    "con",
    "$(reboot) `x` && ;",
]


@pytest.fixture
def shelf(tmp_path: object) -> Shelf:
    """A library with one sound book."""
    shelf = Shelf(f"{tmp_path}/library")
    shelf.put("Sound/a.m4b")
    return shelf


def reason(shelf: Shelf, path: str) -> str:
    """Why `path` is passed over; the sound book is found nevertheless."""
    scan = shelf.scan()
    assert [shelf.inside(book.source_dir) for book in scan.found] == ["Sound"]
    return shelf.skipped(scan)[path]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_folders_and_files(shelf: Shelf, name: str) -> None:
    file = os.fsdecode(os.fsencode(name)[:251]) + ".m4b"
    path = os.path.join(os.fsencode(shelf.root), os.fsencode(name))
    os.makedirs(path)
    with open(os.path.join(path, os.fsencode(file)), "wb") as audio:
        audio.write(b"audio")
    shelf.settle()
    book = shelf.found()[name]
    assert [found.path for found in book.files] == [file]
    assert os.path.samestat(os.stat(book.source_dir), os.stat(path))
    assert json.loads(book.facts.model_dump_json())["title"]
    assert shelf.scan().unchanged == 2


# --- passed over, with the reason ------------------------------------------------------------------------------------


def test_no_audio(shelf: Shelf) -> None:
    shelf.put("Cover only/cover.jpg")
    shelf.put("Cover only (2014)/Scans/1.jpg")
    os.makedirs(f"{shelf.root}/Author/Empty")
    skipped = shelf.skipped(shelf.scan())
    assert skipped == {
        "Author/Empty": "is empty",
        "Cover only": "has no audio",
        "Cover only (2014)": "has no audio",
    }


def test_all_audio_empty(shelf: Shelf) -> None:
    shelf.put("Zero/CD1/a.mp3", "")
    shelf.put("Zero/CD2/a.mp3", "")
    assert reason(shelf, "Zero") == "all its audio is empty (0 bytes)"


def test_some_audio_empty_is_a_warning(shelf: Shelf) -> None:
    shelf.put("Sound/b.m4b", "")
    assert shelf.only().warnings == ("1 of its audio files is empty (0 bytes).",)


@pytest.mark.parametrize(
    "name",
    [
        "a.m4b.part",
        "a.mp3.tmp",
        "a.m4b.!qB",
        "a.aax",
        "a.AAXC",
        "CD2/b.mp3.crdownload",
        ".syncthing.a.m4b.tmp",
    ],
)
def test_unfinished_parts(shelf: Shelf, name: str) -> None:
    shelf.put("Half/CD1/a.mp3")
    shelf.put(f"Half/{name}")
    assert reason(shelf, "Half") == f"{os.path.basename(name)} is not finished (or not decrypted)"


def test_audio_directly_in_the_library(shelf: Shelf) -> None:
    shelf.put("one.mp3")
    shelf.put("two.mp3")
    shelf.put("readme.txt")
    assert set(shelf.skipped(shelf.scan())) == {"one.mp3", "two.mp3"}


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "lost+found",
        ".Trash-1000",
        "System Volume Information",
        ".AppleDouble",
        "@Recycle",
    ],
)
def test_hidden_and_litter_folders_are_ignored(shelf: Shelf, name: str) -> None:
    shelf.put(f"{name}/Book/a.m4b")
    shelf.put(f"Sound/{name}/a.m4b")
    shelf.put("Sound/._a.m4b")
    shelf.put("Sound/Thumbs.db")
    scan = shelf.scan()
    assert ([[file.path for file in book.files] for book in scan.found], scan.skipped) == ([["a.m4b"]], [])


def test_a_staging_folder_inside_the_library_is_left_out(shelf: Shelf) -> None:
    shelf.put("staging/Words/a.m4b")
    scan = shelf.scan(exclude=[f"{shelf.root}/staging"])
    assert ([book.facts.title for book in scan.found], scan.skipped) == (["Sound"], [])


def test_folders_without_end_are_left_at_some_depth(shelf: Shelf) -> None:
    shelf.put("/".join(["deep"] * (MAX_DEPTH + 5)) + "/a.m4b")
    scan = shelf.scan()
    assert [book.facts.title for book in scan.found] == ["Sound"]
    assert "folders deep" in scan.skipped[0].reason


# --- links ---------------------------------------------------------------------------------------------------------


def test_links_to_folders_are_listed_and_not_followed(shelf: Shelf, tmp_path: object) -> None:
    os.makedirs(f"{tmp_path}/elsewhere")
    os.symlink(shelf.root, f"{shelf.root}/loop")
    os.makedirs(f"{shelf.root}/Author")
    os.symlink("..", f"{shelf.root}/Author/up")
    os.symlink(f"{tmp_path}/elsewhere", f"{shelf.root}/Author/out")
    os.symlink(".", f"{shelf.root}/Sound/self")
    scan = shelf.scan()
    assert [book.facts.title for book in scan.found] == ["Sound"]
    skipped = shelf.skipped(scan)
    assert set(skipped) == {"loop", "Author/up", "Author/out", "Sound/self"}
    assert all("link to a folder" in text for text in skipped.values())


def test_a_linked_disc_leaves_the_book_incomplete(shelf: Shelf) -> None:
    shelf.put("Words/CD1/a.mp3")
    shelf.put("elsewhere (2014)/a.mp3")
    os.symlink("../elsewhere (2014)", f"{shelf.root}/Words/CD2")
    assert "CD2 is a link" in shelf.skipped(shelf.scan())["Words"]


def test_linked_files_inside_the_library_count(shelf: Shelf) -> None:
    shelf.put("Words/a.mp3", "four")
    os.symlink("../Sound/a.m4b", f"{shelf.root}/Words/b.m4b")
    assert [(file.path, file.size) for file in shelf.found()["Words"].files] == [("a.mp3", 4), ("b.m4b", 5)]


def test_linked_files_out_of_the_library_keep_the_book_back(shelf: Shelf) -> None:
    os.makedirs(f"{shelf.root}/Words")
    os.symlink("/etc/passwd", f"{shelf.root}/Words/a.m4b")
    assert reason(shelf, "Words") == "a.m4b is a link that leads out of the library"


@pytest.mark.parametrize("target", ["nowhere", "a.m4b"])
def test_broken_and_looping_links_to_files(shelf: Shelf, target: str) -> None:
    shelf.put("Words/b.m4b")
    os.symlink(target, f"{shelf.root}/Words/a.m4b")
    assert reason(shelf, "Words") == "a.m4b is a link that leads nowhere"


def test_a_pipe_is_no_audio(shelf: Shelf) -> None:
    os.makedirs(f"{shelf.root}/Words")
    os.mkfifo(f"{shelf.root}/Words/a.m4b")
    assert reason(shelf, "Words") == "a.m4b is no plain file"


# --- rights ----------------------------------------------------------------------------------------------------------

SCAN = """
shelf = Shelf(sys.argv[1])
shelf.content = bytes.fromhex(sys.argv[2])
scan = shelf.scan()
print([book.facts.title for book in scan.found], shelf.skipped(scan), scan.gone, scan.unchanged)
"""


def test_folders_without_permission_are_passed_over_and_not_gone() -> None:
    with open_to_all() as folder:
        shelf = Shelf(folder / "library")
        shelf.put("Open/Book/a.m4b")
        shelf.put("Closed author/Book/a.m4b")
        shelf.put("Open/Closed book/a.m4b")
        shelf.put("Open/Half closed (2014)/CD1/a.mp3")
        shelf.put("Open/Half closed (2014)/CD2/a.mp3")
        shelf.settle()
        shelf.scan()
        closed = [
            f"{shelf.root}/{path}"
            for path in ("Closed author", "Open/Closed book", "Open/Half closed (2014)/CD2")
        ]
        for path in closed:
            os.chmod(path, 0)
        fresh = as_nobody(SCAN, shelf.root, "").strip()
        known = as_nobody(SCAN, shelf.root, shelf.content.hex()).strip()
        for path in closed:
            os.chmod(path, 0o755)
    denied = "cannot be read (Permission denied)"
    skipped = {
        "Closed author": denied,
        "Open/Closed book": denied,
        "Open/Half closed (2014)": f"its folder CD2 {denied}",
    }
    assert fresh == f"['Book'] {skipped} [] 0"
    # what is known to be unchanged needs no reading; what cannot even be looked at is not taken for gone
    assert known == f"[] {{'Closed author/Book': '{denied}'}} [] 3"


def test_a_library_without_permission_needs_a_person() -> None:
    code = "try:\n    Shelf(sys.argv[1]).scan()\nexcept NeedsPerson as error:\n    print(error)"
    with open_to_all() as folder:
        shelf = Shelf(folder / "library")
        os.chmod(shelf.root, 0)
        said = as_nobody(code, shelf.root)
        os.chmod(shelf.root, 0o755)
    assert f"The library {shelf.root} cannot be read (Permission denied)." in said


# --- the library itself -----------------------------------------------------------------------------------------------


def test_an_empty_library_is_told(tmp_path: object) -> None:
    scan = Shelf(f"{tmp_path}/library").scan()
    assert (scan.found, scan.notes) == ([], [f"The library {tmp_path}/library is empty."])


@pytest.mark.parametrize("kind", ["missing", "file", "below a file"])
def test_no_library(tmp_path: object, kind: str) -> None:
    path = f"{tmp_path}/library"
    if kind != "missing":
        with open(path, "w", encoding="utf-8") as file:
            file.write("x")
    with pytest.raises(NeedsPerson, match="library") as told:
        scan_library(f"{path}/x" if kind == "below a file" else path, LibraryIndex(), extensions=EXTENSIONS)
    assert "paths.libation_library_root" in told.value.hint
