"""A torrent held against the folder it claims to describe: every disagreement is a sentence."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from core.domain.metainfo import Metainfo, TorrentFile
from core.errors import NotNow
from core.upload.torrent import build_torrent, verify_against_disk
from tests.core.upload.torrent.books import ANNOUNCE, PASSKEY, make_book


@pytest.fixture
def root(tmp_path: Path) -> str:
    return make_book(tmp_path / "Book", {"1.m4b": 50_000, "cover.jpg": 10})


@pytest.fixture
def metainfo(root: str) -> Metainfo:
    return build_torrent(root, announce=ANNOUNCE, source="MAM").metainfo


def check(metainfo: Metainfo, root: str) -> tuple[str, ...]:
    return verify_against_disk(metainfo, root, announce_host="127.0.0.1", source="MAM")


def test_agreement_is_silent(metainfo: Metainfo, root: str) -> None:
    assert check(metainfo, root + "/") == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Buch"}, "The torrent is named Buch, the folder Book."),
        ({"private": False}, "The torrent is not private."),
        ({"source": None}, "The torrent's source tag is None, not 'MAM'."),
        ({"source": "RED"}, "The torrent's source tag is 'RED', not 'MAM'."),
        ({"piece_count": 1}, "The torrent has 1 pieces where its files need 2."),
        ({"single_file": True}, "The torrent holds a single file without its folder."),
        ({"trackers": ()}, "The torrent has no announce URL; it should have one on 127.0.0.1."),
        (
            {"trackers": (ANNOUNCE, f"http://other.example/{PASSKEY}")},
            "The torrent announces to other.example, not to 127.0.0.1.",
        ),
        ({"trackers": ("junk",)}, "The torrent announces to an unreadable address, not to 127.0.0.1."),
    ],
)
def test_each_disagreement_is_one_sentence(
    metainfo: Metainfo, root: str, change: dict[str, Any], sentence: str
) -> None:
    assert check(dataclasses.replace(metainfo, **change), root) == (sentence,)


def test_what_is_not_known_is_not_compared(metainfo: Metainfo, root: str) -> None:
    assert verify_against_disk(metainfo, root) == ()


def test_files_are_compared_by_name_and_length(metainfo: Metainfo, root: str) -> None:
    os.rename(os.path.join(root, "cover.jpg"), os.path.join(root, "folder.jpg"))
    os.truncate(os.path.join(root, "1.m4b"), 49_999)
    assert check(metainfo, root) == (
        "1.m4b has 49999 bytes; the torrent says 50000.",
        "cover.jpg is in the torrent and not in the folder.",
        "folder.jpg is in the folder and not in the torrent.",
    )


def test_a_file_listed_twice_is_told(metainfo: Metainfo, root: str) -> None:
    twice = dataclasses.replace(metainfo, files=(*metainfo.files, metainfo.files[1]))
    assert check(twice, root) == ("The torrent lists a file more than once.",)


def test_a_wholly_other_torrent_takes_no_thousand_sentences(metainfo: Metainfo, root: str) -> None:
    foreign = tuple(TorrentFile((f"{number}.mp3",), 1) for number in range(1000))
    faults = check(dataclasses.replace(metainfo, files=foreign, piece_count=1), root)
    assert len(faults) == 11
    assert faults[-1] == "And 992 more files differ."


def test_a_folder_that_is_gone_is_no_disagreement_but_an_error(metainfo: Metainfo, tmp_path: Path) -> None:
    with pytest.raises(NotNow, match="vanished"):
        check(metainfo, str(tmp_path / "nowhere" / "Book"))
