"""Discovery: which folders are books, and what their names and sidecars say."""

from __future__ import annotations

import json
import os

import pytest

from core.upload.found import FoundFile
from core.upload.sidecar import read_sidecar
from tests.core.upload.shelf import EXTENSIONS, Shelf, names, series

ASIN = "B00DA6YEKS"


@pytest.fixture
def shelf(tmp_path: object) -> Shelf:
    return Shelf(f"{tmp_path}/library")


# --- layouts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "title", "authors", "in_series"),
    [
        ("Words (2014) (Ann Lee) {ASIN.B00DA6YEKS}", "Words", ["Ann Lee"], []),
        ("Words", "Words", [], []),
        ("Ann Lee/Words", "Words", ["Ann Lee"], []),
        ("Lee, Ann/Words", "Words", ["Ann Lee"], []),
        ("Ann Lee/Saga/Words", "Words", ["Ann Lee"], [("Saga", None)]),
        ("Ann Lee/Saga/Words vol_01 (2014)", "Words", ["Ann Lee"], [("Saga", "1")]),
        ("Ann Lee/Saga/Words vol_01-03", "Words", ["Ann Lee"], [("Saga", "1-3")]),
        ("Ann Lee/Words vol_01 (2014)", "Words", ["Ann Lee"], []),
        ("Someone/Saga/Words (2014) (Ann Lee, Bo Ray)", "Words", ["Ann Lee", "Bo Ray"], [("Saga", None)]),
        ("Someone/Words vol_02 (2014) (Ann Lee)", "Words", ["Ann Lee"], []),
        ("Fantasy/Ann Lee/Words (2014) (Ann Lee)", "Words", ["Ann Lee"], []),
        ("Fantasy/Ann Lee/Saga/Words (2014) (Ann Lee)", "Words", ["Ann Lee"], [("Saga", None)]),
        ("English/Fantasy/Ann Lee/Saga/Words", "Words", ["Ann Lee"], [("Saga", None)]),
        ("Saga/Saga vol_02 The Arc (2014) (Ann Lee)", "Saga", ["Ann Lee"], [("Saga", "2")]),
        ("Ann Lee/Words (2014) (Bo Ray - translator)", "Words", ["Ann Lee"], []),
    ],
)
def test_author_and_series_levels(
    shelf: Shelf, path: str, title: str, authors: list[str], in_series: list[tuple[str, str | None]]
) -> None:
    shelf.put(f"{path}/part.m4b")
    book = shelf.only()
    assert book.source_dir == f"{shelf.root}/{path}"
    assert (book.facts.title, names(book), series(book)) == (title, authors, in_series)
    assert set(book.facts.sources.values()) == {"folder"}


def test_every_part_of_a_folder_name(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Saga/Words vol_01.5 The Arc (2014) (Ann Lee) {ASIN.030640615X} [Tag]/part.m4b")
    book = shelf.only()
    assert (book.asin, book.tag, book.facts.year, book.facts.subtitle) == (
        "030640615X",
        "Tag",
        2014,
        "The Arc",
    )


def test_without_an_asin_it_is_still_a_book(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Words {ASIN.WRONG}/part.m4b")
    assert shelf.only().asin is None


@pytest.mark.parametrize("extension", ["m4b", "m4a", "mp3", "opus", "flac", "M4B", "Mp3"])
def test_every_kind_of_audio_makes_a_book(shelf: Shelf, extension: str) -> None:
    shelf.put(f"Words/part.{extension}")
    assert shelf.only().files == (FoundFile(f"part.{extension}", 5, "audio"),)


def test_identity_is_the_folders_own(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Words/CD1/1.mp3")
    book, status = shelf.only(), os.stat(f"{shelf.root}/Ann Lee/Words")
    assert (book.dev, book.ino) == (status.st_dev, status.st_ino)


@pytest.mark.parametrize(
    "discs", [("CD1", "CD2", "CD10"), ("Disc 1", "disc 2", "Disc 10"), ("Part 1", "Part 2", "Part 10")]
)
def test_disc_folders_belong_to_the_book_in_natural_order(shelf: Shelf, discs: tuple[str, ...]) -> None:
    for disc in reversed(discs):
        shelf.put(f"Ann Lee/Words/{disc}/10.mp3")
        shelf.put(f"Ann Lee/Words/{disc}/2.mp3")
    book = shelf.only()
    assert [file.path for file in book.files] == [
        f"{disc}/{track}.mp3" for disc in discs for track in (2, 10)
    ]
    assert (book.facts.title, book.parts) == ("Words", 6)


def test_discs_with_the_title_before_them_and_audio_beside_them(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Words (2014)/Words - CD 1/a.mp3")
    shelf.put("Ann Lee/Words (2014)/Words [Disc 2 of 2]/a.mp3")
    shelf.put("Ann Lee/Words (2014)/intro.mp3")
    assert shelf.only().parts == 3


def test_parts_that_are_sold_one_by_one_are_books(shelf: Shelf) -> None:
    for part in (1, 2):
        shelf.put(f"Ann Lee/Words/Part {part}/a.m4b")
        shelf.put(f"Ann Lee/Words/Part {part}/a.metadata.json", {"asin": f"B00000000{part}"})
    assert {book.asin for book in shelf.found().values()} == {"B000000001", "B000000002"}


def test_folders_without_audio_belong_to_the_book(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Words/a.m4b")
    shelf.put("Ann Lee/Words/Scans/cover.jpg")
    shelf.put("Ann Lee/Words/Scans/more/map.pdf")
    book = shelf.only()
    assert [file.path for file in book.files] == ["a.m4b", "Scans/cover.jpg", "Scans/more/map.pdf"]


def test_a_marked_book_takes_unmarked_folders_with_audio(shelf: Shelf) -> None:
    shelf.put(f"Ann Lee/Words {{ASIN.{ASIN}}}/Audio/a.mp3")
    shelf.put(f"Ann Lee/Words {{ASIN.{ASIN}}}/Bonus/b.mp3")
    book = shelf.only()
    assert (book.asin, book.parts) == (ASIN, 2)


def test_a_marked_book_inside_a_marked_book_is_its_own(shelf: Shelf) -> None:
    shelf.put("Box {ASIN.B000000001}/a.m4b")
    shelf.put("Box {ASIN.B000000001}/Words {ASIN.B000000002}/a.m4b")
    assert {book.asin: book.parts for book in shelf.found().values()} == {"B000000001": 1, "B000000002": 1}


def test_audio_beside_book_folders_is_passed_over_and_the_books_are_taken(shelf: Shelf) -> None:
    shelf.put("Ann Lee/interview.mp3")
    shelf.put("Ann Lee/Words/a.m4b")
    scan = shelf.scan()
    assert [shelf.inside(book.source_dir) for book in scan.found] == ["Ann Lee/Words"]
    assert "audio of its own" in shelf.skipped(scan)["Ann Lee"]


def test_a_series_folder_with_a_year_does_not_swallow_its_books(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Saga (1990)/One/a.m4b")
    shelf.put("Ann Lee/Saga (1990)/Two/a.m4b")
    assert {series(book)[0][0] for book in shelf.found().values()} == {"Saga"}


def test_kinds_and_what_no_release_may_contain(shelf: Shelf) -> None:
    for name in (
        "a.m4b",
        "cover.jpg",
        "back.png",
        "map.pdf",
        "a.cue",
        "notes.txt",
        "a.metadata.json",
        "noextension",
    ):
        shelf.put(f"Words/{name}", "{}" if name.endswith("json") else "x")
    kinds = {file.path: file.kind for file in shelf.only().files}
    assert kinds == {
        "a.m4b": "audio",
        "back.png": "image",
        "cover.jpg": "image",
        "map.pdf": "document",
        "a.cue": "cue",
        **dict.fromkeys(("a.metadata.json", "noextension", "notes.txt"), "other"),
    }


def test_the_settings_decide_what_is_allowed(shelf: Shelf) -> None:
    shelf.put("Words/a.ogg")
    assert "not contain (ogg)" in shelf.skipped(shelf.scan())["Words"]
    assert [book.parts for book in shelf.scan(extensions=[*EXTENSIONS, ".OGG"]).found] == [1]


# --- the sidecar -------------------------------------------------------------------------------------------------


def test_sidecar_and_folder_are_merged_field_by_field(shelf: Shelf) -> None:
    product = {"asin": "B000000001", "title": "The Words", "authors": [{"name": "Ann Lee"}], "subtitle": ""}
    shelf.put("Somebody/Saga/Words vol_02 (2014) (Bo Ray) {ASIN.B000000002}/a.m4b")
    path = shelf.put("Somebody/Saga/Words vol_02 (2014) (Bo Ray) {ASIN.B000000002}/a.metadata.json", product)
    book = shelf.only()
    assert read_sidecar(path).facts.asin == book.asin == "B000000001"
    assert (book.facts.title, names(book), book.facts.year) == ("The Words", ["Ann Lee"], 2014)
    assert series(book) == [("Saga", "2")]
    sources = book.facts.sources
    assert (sources["asin"], sources["authors"], sources["series"], sources["year"]) == (
        *("sidecar", "sidecar"),
        *("folder", "folder"),
    )


def test_a_series_without_a_number_takes_the_folders(shelf: Shelf) -> None:
    shelf.put("Ann Lee/Saga/Words vol_02/a.m4b")
    shelf.put(
        "Ann Lee/Saga/Words vol_02/a.metadata.json", {"series": [{"title": "The Saga", "sequence": ""}]}
    )
    assert series(shelf.only()) == [("The Saga", "2")]


def test_the_author_in_the_sidecar_finds_the_authors_folder(shelf: Shelf) -> None:
    shelf.put("Fantasy/Ann Lee/Words/a.m4b")
    shelf.put("Fantasy/Ann Lee/Words/a.metadata.json", {"authors": [{"name": "Ann Lee"}]})
    assert series(shelf.only()) == []


@pytest.mark.parametrize("broken", ["{", "[]", "<html>", ""])
def test_a_broken_sidecar_is_a_warning(shelf: Shelf, broken: str) -> None:
    shelf.put(f"Words [{ASIN}]/a.m4b")
    shelf.put(f"Words [{ASIN}]/a.metadata.json", broken)
    book = shelf.only()
    assert book.asin == ASIN
    assert "sidecar a.metadata.json" in book.warnings[0]


def test_an_empty_product_changes_nothing(shelf: Shelf) -> None:
    shelf.put(f"Words [{ASIN}]/a.m4b")
    shelf.put(f"Words [{ASIN}]/a.metadata.json", json.dumps({}))
    book = shelf.only()
    assert (book.asin, book.warnings) == (ASIN, ())


# --- the fingerprint ---------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_releasable_names_and_sizes(shelf: Shelf) -> None:
    shelf.put("Words/a.m4b", "12345")
    first = shelf.only().fingerprint
    shelf.put("Words/notes.txt")
    assert shelf.only().fingerprint == first
    shelf.put("Words/a.m4b", "54321")
    assert not {book.fingerprint for book in shelf.scan(full=True).found} - {first}
    shelf.put("Words/a.m4b", "123456")
    grown = shelf.scan(full=True).found[0].fingerprint
    shelf.put("Words/b.m4b", "1")
    assert len({first, grown, shelf.only().fingerprint}) == 3
