"""Reading torrents: what torf wrote, what trackers rewrote, what somebody hostile sent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torf
from bencode2 import bdecode, bencode
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.building import BuiltTorrent
from core.domain.metainfo import (
    MAX_TORRENT,
    BadTorrent,
    Metainfo,
    TorrentFile,
    host_of,
    piece_length_for,
    with_announce,
)
from core.errors import ConfigError

PASSKEY = "0123456789abcdefPASSKEY"
ANNOUNCE = f"http://127.0.0.1:8080/{PASSKEY}/announce"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def info(**changes: Any) -> dict[str, Any]:
    """An info dictionary of one 5-byte file in a folder; underscores in keys stand for blanks."""
    plain: dict[str, Any] = {
        "files": [{"length": 5, "path": ["a.m4b"]}],
        "name": "Book",
        "piece length": 16 * KIB,
        "pieces": b"x" * 20,
        "private": 1,
        "source": "MAM",
    }
    changed = plain | {key.replace("_", " "): value for key, value in changes.items()}
    return {key: value for key, value in changed.items() if value is not None}


def torrent(**changes: Any) -> bytes:
    return bencode({"announce": ANNOUNCE, "info": info(**changes)})


GOOD = torrent()


class TestReading:
    def test_says_what_an_independent_builder_wrote(self, tmp_path: Path) -> None:
        book = tmp_path / "Ein Hörbuch vol_01"
        (book / "CD 1").mkdir(parents=True)
        (book / "CD 1" / "01 ü.mp3").write_bytes(b"a" * 40_000)
        (book / "cover.jpg").write_bytes(b"b" * 10)
        theirs = torf.Torrent(
            book,
            trackers=[ANNOUNCE],
            private=True,
            source="MAM",
            piece_size=16 * KIB,
            created_by="torf",
            creation_date=1_600_000_000,
        )
        theirs.generate()

        ours = Metainfo.parse(theirs.dump())

        assert ours.infohash == theirs.infohash
        assert (ours.name, ours.private, ours.source, ours.created_by) == (book.name, True, "MAM", "torf")
        assert (ours.piece_length, ours.piece_count, ours.total_size) == (16 * KIB, 3, 40_010)
        assert ours.files == (TorrentFile(("CD 1", "01 ü.mp3"), 40_000), TorrentFile(("cover.jpg",), 10))
        assert (ours.announce, ours.announce_host) == (ANNOUNCE, "127.0.0.1")
        assert ours.creation_date == 1_600_000_000
        assert not ours.single_file

    def test_a_single_file_is_its_own_name(self) -> None:
        metainfo = Metainfo.parse(torrent(files=None, length=5, name="a.m4b"))
        assert metainfo.single_file
        assert metainfo.files == (TorrentFile(("a.m4b",), 5),)

    def test_names_that_are_no_utf8_keep_their_bytes(self) -> None:
        raw = b"caf\xe9 \xff"
        metainfo = Metainfo.parse(torrent(name=raw, files=[{"length": 5, "path": [raw]}]))
        assert metainfo.name.encode("utf-8", "surrogateescape") == raw
        assert metainfo.files[0].path == (metainfo.name,)

    def test_everything_optional_may_be_missing(self) -> None:
        metainfo = Metainfo.parse(bencode({"info": info(private=None, source=None)}))
        assert (metainfo.private, metainfo.source, metainfo.announce, metainfo.announce_host) == (
            False,
            None,
            None,
            None,
        )

    def test_the_infohash_is_of_the_very_bytes_whatever_the_order_around_them(self) -> None:
        raw_info = bencode(info())
        rewritten = b"d4:info" + raw_info + b"8:announce" + bencode(ANNOUNCE) + b"e\r\n"
        metainfo = Metainfo.parse(rewritten)
        assert metainfo.infohash == hashlib.sha1(raw_info).hexdigest()
        assert metainfo.announce == ANNOUNCE

    def test_every_tracker_is_known_once(self) -> None:
        other = "udp://tracker.example:6969"
        data = bencode({"announce": ANNOUNCE, "announce-list": [[ANNOUNCE], [other, 7], 9], "info": info()})
        assert Metainfo.parse(data).trackers == (ANNOUNCE, other)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no torrent file"),
        (b"<!DOCTYPE html><title>Login</title>", "web page"),
        (b"de", "no info dictionary"),
        (GOOD[:-30], "cut off"),
        (b"d4:infoi1ee", "no dictionary"),
        (b"d4:infod1:b0:1:a0:ee", "not canonically encoded"),
        (b"di1e4:infoe", "damaged"),
        (b"d4:infode4:infodee", "damaged"),
        (b"d4:info" + b"l" * 100_000 + b"e" * 100_000 + b"e", "damaged"),
        (b"d4:infoi" + b"9" * 5000 + b"ee", "damaged"),
        (b"d999999999:info", "cut off"),
        (b"d" + b"0:" * MAX_TORRENT, "too large"),
        (torrent(meta_version=2), "version 2"),
        (torrent(file_tree={}), "version 2"),
        (torrent(pieces=b"x" * 19), "cut off"),
        (torrent(pieces=None), "no pieces"),
        (torrent(piece_length=0), "piece length"),
        (torrent(piece_length=b"1"), "piece length"),
        (torrent(piece_length=1 << 65), "piece length"),
        (torrent(name=None), "name"),
        (torrent(name=".."), "out of its folder"),
        (torrent(files=[]), "no files"),
        (torrent(files=[7]), "no dictionary"),
        (torrent(files=[{"length": 1}]), "no path"),
        (torrent(files=[{"length": -1, "path": ["a"]}]), "length"),
        (torrent(files=[{"length": 1, "path": ["..", "etc", "passwd"]}]), "out of its folder"),
        (torrent(files=[{"length": 1, "path": ["a/b"]}]), "out of its folder"),
        (torrent(files=[{"length": 1, "path": [""]}]), "out of its folder"),
        (torrent(files=[{"length": 1, "path": ["a\0"]}]), "out of its folder"),
    ],
)
def test_what_is_no_usable_torrent_is_refused_with_a_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(BadTorrent, match=reason) as caught:
        Metainfo.parse(data)
    assert PASSKEY not in str(caught.value)
    assert caught.value.message.endswith(".")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


@given(st.integers(0, len(GOOD)), st.binary(max_size=6), st.integers(0, 6))
@example(at=len(GOOD), put=b"", drop=0)
def test_a_damaged_torrent_is_read_or_refused(at: int, put: bytes, drop: int) -> None:
    _read_or_refuse(GOOD[:at] + put + GOOD[at + drop :])


VALUES = st.recursive(
    st.integers() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.binary(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(info())), VALUES)
def test_any_value_in_any_place_is_read_or_refused(key: str, value: Any) -> None:
    _read_or_refuse(bencode({"announce": value, "announce-list": value, "info": info() | {key: value}}))


def _read_or_refuse(data: bytes) -> None:
    try:
        metainfo = Metainfo.parse(data)
    except BadTorrent:
        pass
    else:
        assert all(part not in {"", ".", ".."} and "/" not in part for f in metainfo.files for part in f.path)
        assert len(metainfo.infohash) == 40
        host_of(metainfo.announce)


class TestSecrets:
    def test_no_repr_shows_the_passkey(self) -> None:
        metainfo = Metainfo.parse(GOOD)
        assert PASSKEY not in repr(metainfo)
        assert PASSKEY not in repr(BuiltTorrent(GOOD, metainfo, 1.0))

    def test_another_or_no_announce_leaves_the_infohash(self) -> None:
        data = bencode({"announce": ANNOUNCE, "announce-list": [[ANNOUNCE]], "comment": "x", "info": info()})
        bare = with_announce(data, None)
        assert PASSKEY.encode() not in bare
        assert Metainfo.parse(bare).announce is None

        other = Metainfo.parse(with_announce(bare, "http://127.0.0.2/announce"))
        assert other.trackers == ("http://127.0.0.2/announce",)
        assert other.infohash == Metainfo.parse(data).infohash
        assert bdecode(bare)[b"comment"] == b"x"

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            (ANNOUNCE, "127.0.0.1"),
            ("https://User:Secret@Tracker.Example:443/x", "tracker.example"),
            ("http://[::1]:80/x", "::1"),
            ("http://[broken/x", None),
            ("no url", None),
            ("", None),
            (None, None),
        ],
    )
    def test_only_the_host_is_shown(self, url: str | None, host: str | None) -> None:
        assert host_of(url) == host


class TestPieceLength:
    @pytest.mark.parametrize(
        ("total", "length"),
        [
            (0, 32 * KIB),
            (1, 32 * KIB),
            (64 * MIB, 32 * KIB),
            (64 * MIB + 1, 64 * KIB),
            (512 * MIB, 256 * KIB),
            (1 * GIB, 512 * KIB),
            (1 * GIB + 1, 1 * MIB),
            (2 * GIB, 1 * MIB),
            (16 * GIB, 8 * MIB),
            (16 * GIB + 1, 16 * MIB),
            (900 * GIB, 16 * MIB),
        ],
    )
    def test_follows_the_table(self, total: int, length: int) -> None:
        assert piece_length_for(total) == length

    @given(st.integers(0, 1 << 45), st.integers(0, 1 << 45))
    def test_grows_with_the_data_and_stays_possible(self, one: int, other: int) -> None:
        low, high = sorted((one, other))
        assert 16 * KIB <= piece_length_for(low) <= piece_length_for(high) <= 16 * MIB

    @pytest.mark.parametrize("exponent", range(14, 25))
    def test_a_power_of_two_in_bounds_is_taken(self, exponent: int) -> None:
        assert piece_length_for(1, 1 << exponent) == 1 << exponent

    @pytest.mark.parametrize("override", [-1, 0, 1, 8 * KIB, 3 * 16 * KIB, 16 * MIB + 1, 32 * MIB])
    def test_anything_else_is_a_fault_of_the_settings(self, override: int) -> None:
        with pytest.raises(ConfigError, match=f"{override} bytes"):
            piece_length_for(1, override)

    def test_a_size_that_makes_too_many_pieces_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="too small"):
            piece_length_for(20 * GIB, 16 * KIB)
