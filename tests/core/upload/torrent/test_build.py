"""A torrent from a folder: the same as independent builders make, the same each time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
import torf
from bencode2 import bdecode
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.metainfo import Metainfo
from core.errors import ConfigError, NeedsPerson, NotNow
from core.upload.torrent import build_torrent, verify_against_disk
from tests.core.upload.torrent.books import ANNOUNCE, KIB, MIB, make_book, plain_pieces

PIECE = 32 * KIB  # the least that mktorrent makes
LAYOUTS: dict[str, dict[str | bytes, int]] = {
    "parts and cover": {"Book - Part 10.m4b": 70_000, "Book - Part 9.m4b": 50_001, "cover.jpg": 999},
    "one file": {"Book.m4b": 100_000},
    "piece borders": {"1": PIECE, "2": PIECE - 1, "3": PIECE + 1, "4": 1, "5": 3 * PIECE},
    "folders that sort like names": {
        "CD 1/01.mp3": 5,
        "CD 1.txt": 40_000,
        "CD 10/01.mp3": 7,
        "CD!/x": 20_000,
    },
    "odd names": {
        "ü é.m4b": 20_000,
        "日本語.m4b": 1,
        "e\u0301 [1] * ?.m4b": 2,
        "-dash '\"\n.m4b": 3,
        " .m4b": 4,
    },
}


def pieces_of(data: bytes) -> bytes:
    pieces = bdecode(data)[b"info"][b"pieces"]
    assert isinstance(pieces, bytes)
    return pieces


def by_mktorrent(root: str, output: Path) -> Metainfo:
    options = ["-l", "15", "-p", "-d", "-s", "MAM", "-t", "2", "-a", ANNOUNCE, "-o", str(output)]
    subprocess.run(["mktorrent", *options, root], check=True, capture_output=True)
    return Metainfo.parse(output.read_bytes())


# torf compares names part by part, mktorrent and mkbrr (and so we) by the whole path.
SORTED_ALIKE = [name for name in LAYOUTS if name != "folders that sort like names"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_is_the_torrent_that_mktorrent_makes(tmp_path: Path, layout: str) -> None:
    root = make_book(tmp_path / "The Book vol_01 (2020)", LAYOUTS[layout])
    built = build_torrent(root, announce=ANNOUNCE, source="MAM", piece_length=PIECE)
    assert pieces_of(built.data) == plain_pieces(root, PIECE)
    assert built.metainfo.infohash == by_mktorrent(root, tmp_path / "theirs.torrent").infohash
    assert verify_against_disk(built.metainfo, root, announce_host="127.0.0.1", source="MAM") == ()


@pytest.mark.parametrize("layout", SORTED_ALIKE)
def test_is_the_torrent_that_torf_makes(tmp_path: Path, layout: str) -> None:
    root = make_book(tmp_path / "The Book vol_01 (2020)", LAYOUTS[layout])
    theirs = torf.Torrent(root, trackers=[ANNOUNCE], private=True, source="MAM", piece_size=PIECE)
    theirs.generate()
    built = build_torrent(root, announce=ANNOUNCE, source="MAM", piece_length=PIECE)
    assert built.metainfo.infohash == theirs.infohash


def test_names_that_are_no_utf8_are_carried_byte_for_byte(tmp_path: Path) -> None:
    name = b"caf\xe9 \xff.m4b"
    root = make_book(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"B\xfcch")), {name: 40_000})
    built = build_torrent(root, announce=ANNOUNCE, source="MAM", piece_length=PIECE)
    assert built.metainfo.infohash == by_mktorrent(root, tmp_path / "theirs.torrent").infohash
    assert os.fsencode(built.metainfo.files[0].path[0]) == name
    assert verify_against_disk(built.metainfo, root) == ()


sizes = st.one_of(
    st.sampled_from([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE]), st.integers(0, 3 * PIECE + 5)
)
names = st.binary(min_size=1, max_size=12).filter(
    lambda name: name not in {b".", b".."} and not set(name) & {0, 0x2F} and b"torrent" not in name.lower()
)
layouts = st.dictionaries(
    st.lists(names, min_size=1, max_size=2).map(lambda parts: b"d" + b"/f".join(parts)),
    sizes,
    min_size=1,
    max_size=6,
).filter(
    lambda files: any(files.values()) and not any(b"/" in f and f.split(b"/")[0] in files for f in files)
)


@settings(max_examples=60, deadline=None)
@given(layouts, st.integers(1, 3))
def test_any_layout_hashes_as_its_files_laid_end_to_end(files: dict[str | bytes, int], threads: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = make_book(Path(scratch) / "Book", files)
        built = build_torrent(root, piece_length=PIECE, threads=threads)
        assert pieces_of(built.data) == plain_pieces(root, PIECE)
        assert built.metainfo.total_size == sum(files.values())
        assert verify_against_disk(built.metainfo, root) == ()


def test_pieces_longer_than_a_read_are_hashed_whole(tmp_path: Path) -> None:
    root = make_book(tmp_path / "Book", {"a": 3 * MIB + 7, "b": 2 * MIB, "c": 1})
    built = build_torrent(root, piece_length=2 * MIB)
    assert pieces_of(built.data) == plain_pieces(root, 2 * MIB)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    files: dict[str | bytes, int] = {"b.m4b": 90_000, "a/c.m4b": 50_000, "empty.cue": 0}
    one = build_torrent(make_book(tmp_path / "1" / "Book", files), announce=ANNOUNCE, source="MAM", threads=1)
    two = build_torrent(
        make_book(tmp_path / "2" / "Book", files) + "/", announce=ANNOUNCE, source="MAM", threads=4
    )
    assert one.data == two.data


def test_is_private_and_tagged_and_tells_neither_time_nor_program(tmp_path: Path) -> None:
    built = build_torrent(make_book(tmp_path / "Book", {"a": 9}), announce=ANNOUNCE, source="MAM")
    assert (built.metainfo.private, built.metainfo.source) == (True, "MAM")
    assert set(bdecode(built.data)) == {b"announce", b"info"}
    assert set(bdecode(built.data)[b"info"]) == {
        b"files",
        b"name",
        b"piece length",
        b"pieces",
        b"private",
        b"source",
    }


def test_without_a_tracker_url_it_is_the_same_torrent_without_announce(tmp_path: Path) -> None:
    root = make_book(tmp_path / "Book", {"a": 9})
    bare = build_torrent(root, source="MAM")
    assert bare.metainfo.announce is None
    assert bare.metainfo.infohash == build_torrent(root, announce=ANNOUNCE, source="MAM").metainfo.infohash


def test_a_folder_of_one_file_keeps_its_name(tmp_path: Path) -> None:
    built = build_torrent(make_book(tmp_path / "The Release", {"Book.m4b": 9}))
    assert (built.metainfo.name, built.metainfo.single_file) == ("The Release", False)


def test_what_file_managers_leave_is_passed_by(tmp_path: Path) -> None:
    litter = ("@eaDir/a.m4b/thumb.jpg", ".DS_Store", "Thumbs.db", "old.torrent")
    root = make_book(tmp_path / "Book", dict.fromkeys(("a.m4b", *litter), 5))
    assert [file.path for file in build_torrent(root).metainfo.files] == [("a.m4b",)]


class TestRefused:
    def test_a_folder_without_files(self, tmp_path: Path) -> None:
        (tmp_path / "Book" / "inner").mkdir(parents=True)
        with pytest.raises(NeedsPerson, match="contains no files"):
            build_torrent(str(tmp_path / "Book"))

    def test_a_folder_of_empty_files(self, tmp_path: Path) -> None:
        with pytest.raises(NeedsPerson, match="are empty"):
            build_torrent(make_book(tmp_path / "Book", {"a": 0, "b": 0}))

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NotNow, match="Book vanished"):
            build_torrent(str(tmp_path / "Book"))

    def test_a_file_for_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NeedsPerson, match="is no folder"):
            build_torrent(os.path.join(make_book(tmp_path / "Book", {"a": 1}), "a"))

    def test_the_root_of_the_file_system(self) -> None:
        with pytest.raises(NeedsPerson, match="no name"):
            build_torrent("/")

    @pytest.mark.parametrize("target", ["a.m4b", ".", "/nowhere/at all"])
    def test_a_link_even_one_that_turns_in_circles(self, tmp_path: Path, target: str) -> None:
        root = make_book(tmp_path / "Book", {"a.m4b": 1})
        os.symlink(target, os.path.join(root, "link"))
        with pytest.raises(NeedsPerson, match="link is no regular file"):
            build_torrent(root)

    def test_a_pipe(self, tmp_path: Path) -> None:
        root = make_book(tmp_path / "Book", {"a.m4b": 1})
        os.mkfifo(os.path.join(root, "pipe"))
        with pytest.raises(NeedsPerson, match="pipe is no regular file"):
            build_torrent(root)

    def test_an_impossible_piece_size(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="12345 bytes"):
            build_torrent(make_book(tmp_path / "Book", {"a": 1}), piece_length=12345)
