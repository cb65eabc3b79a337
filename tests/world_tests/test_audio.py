"""What the studio makes is heard by an independent reader, and differs where it must."""

import hashlib
import os
from pathlib import Path
from typing import Any

import mutagen
import pytest

from core.domain.asin import parse_asin
from tests.fixtures_audio import Library
from tests.world.audio import Plan, make_book, make_library
from tests.world.catalogue import Catalogue, chapter_titles
from tests.world.oddities import BROKEN, ODD_NAMES, break_book, broken_books, odd_books
from tests.world.studio import FORMATS, Studio

pytestmark = pytest.mark.audio


def test_a_library_holds_playable_books_of_a_minute(library: Library) -> None:
    assert len(library.books) == 12
    assert {os.path.splitext(book.audio[0])[1][1:] for book in library.books} == set(FORMATS)
    for book in library.books:
        length = sum(mutagen.File(os.path.join(book.folder, name)).info.length for name in book.audio)
        assert length == pytest.approx(60, abs=3), book.folder
        assert all(size > 0 for size in book.sizes.values())


def test_an_m4b_has_tags_chapters_and_a_cover(studio: Studio, tmp_path: Path) -> None:
    (book,) = (book for book in Catalogue.load() if book.asin == "B0MKB00001")
    made = make_book(tmp_path, book, Plan("series", "m4b"), studio=studio)
    assert made.folder.endswith(
        "Marlow Quince/The Tidewater Atlas/The Salt Cartographer vol_01 (2019) (Marlow Quince) {ASIN.B0MKB00001}"
    )
    audio: Any = mutagen.File(os.path.join(made.folder, made.audio[0]))
    assert audio["\xa9nam"] == ["The Salt Cartographer"]
    assert audio["\xa9wrt"] == ["Odile Farrant"]
    assert audio["covr"]
    assert [chapter.title for chapter in audio.chapters] == list(chapter_titles(book))


def test_hundreds_of_books_are_stamped_and_none_equals_another(studio: Studio, tmp_path: Path) -> None:
    books = make_library(tmp_path, books=200, seconds=2, studio=studio)
    files = [os.path.join(book.folder, name) for book in books for name in book.audio]
    digests = {hashlib.sha256(Path(file).read_bytes()).digest() for file in files}
    assert len(digests) == len(files)
    assert len({book.folder for book in books}) == 200
    assert all(parse_asin(book.book.asin) for book in books)
    one_a_kind = {file.rpartition(".")[2]: file for file in files}
    assert set(one_a_kind) == set(FORMATS)
    assert all(mutagen.File(file).info.length > 0.1 for file in one_a_kind.values())


def test_the_same_seed_makes_the_same_bytes(studio: Studio, tmp_path: Path) -> None:
    def contents(place: str) -> dict[str, bytes]:
        root = tmp_path / place
        make_library(root, seed=3, books=3, seconds=2, studio=studio)
        return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}

    assert contents("one") == contents("two")


def test_a_clip_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Studio(tmp_path).clip("mp3", 1)
    assert Studio(tmp_path).clip("mp3", 1) == first
    before = first.stat().st_mtime_ns
    Studio(tmp_path).clip("mp3", 1)
    assert first.stat().st_mtime_ns == before
    assert {file.suffix for file in tmp_path.iterdir()} == {".wav", ".mp3"}


def test_odd_names_exist_as_they_were_meant(studio: Studio, tmp_path: Path) -> None:
    books = odd_books(tmp_path, studio=studio)
    assert set(books) == set(ODD_NAMES)
    assert len(os.listdir(os.fsencode(tmp_path))) == len(ODD_NAMES)
    assert len(os.fsencode(os.path.basename(books["255 bytes"].folder))) == 255
    with pytest.raises(UnicodeDecodeError):
        os.fsencode(books["not utf-8"].folder).decode()
    assert all(os.path.isfile(os.path.join(book.folder, book.audio[0])) for book in books.values())


def test_broken_books_are_broken(studio: Studio, tmp_path: Path) -> None:
    made = broken_books(tmp_path, studio=studio)
    assert set(made) == set(BROKEN)
    for what in ("text renamed", "truncated"):
        (audio,) = Path(made[what]).glob("*.m4b")
        assert not _readable(audio)
    (empty,) = Path(made["zero byte"]).iterdir()
    assert empty.stat().st_size == 0
    assert not list(Path(made["no audio"]).glob("*.m4b"))
    assert list(Path(break_book(tmp_path / "more", ".aax", studio=studio)).glob("*.aax"))


def _readable(audio: Path) -> bool:
    try:
        return mutagen.File(audio) is not None
    except mutagen.MutagenError:
        return False
