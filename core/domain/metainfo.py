"""What a .torrent file says, read from its bytes (BEP 3, version 1) and never trusted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bencode2 import bdecode, bencode

from core.errors import ConfigError, NeedsPerson

PIECE_MIN, PIECE_MAX = 16 * 1024, 16 * 1024 * 1024  # bytes
MAX_PIECES = 1 << 20
MAX_TORRENT = 32 * 1024 * 1024  # bytes: so many pieces and a long list of files
_MAX_DEPTH = 64
_TOKEN = re.compile(rb"(?P<length>[0-9]{1,9}):|i-?[0-9]{1,20}e|(?P<open>[dl])|(?P<close>e)")


class BadTorrent(NeedsPerson):
    """The bytes are no torrent we can use; the message says why and never quotes an announce URL."""


@dataclass(frozen=True, slots=True)
class TorrentFile:
    """A file of the torrent: its path below the root folder, part by part, and its length in bytes."""

    path: tuple[str, ...]
    length: int


@dataclass(frozen=True, slots=True)
class Metainfo:
    """A parsed torrent. Names are file-system strings: bytes that are no UTF-8 became surrogate escapes.

    `trackers` (every announce URL, the first being the main one) holds the passkey, so it is in no repr.
    `single_file` is BEP 3's form without a folder; then the one file's path is `(name,)`.
    """

    infohash: str  # 40 lower-case hex digits
    name: str
    files: tuple[TorrentFile, ...]
    piece_length: int
    piece_count: int
    private: bool
    source: str | None
    single_file: bool = False
    creation_date: int | None = None  # Unix seconds
    created_by: str | None = None
    trackers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def announce(self) -> str | None:
        """The main announce URL, passkey included: for the torrent client's ears only."""
        return self.trackers[0] if self.trackers else None

    @property
    def announce_host(self) -> str | None:
        """The host of the main announce URL, which may be shown to anybody."""
        return host_of(self.announce)

    @property
    def total_size(self) -> int:
        return sum(file.length for file in self.files)

    @classmethod
    def parse(cls, data: bytes) -> Metainfo:
        """Read a .torrent file's bytes; raises BadTorrent with a sentence for anything that is not one.

        The outer dictionary may be in any order, as trackers that rewrite it are not always careful; the
        info dictionary must be canonical, as two programs could else differ about its infohash.
        """
        outer = _outer_values(data)
        if b"info" not in outer:
            raise BadTorrent("This torrent has no info dictionary.")
        raw_info = outer[b"info"]
        info = _dictionary(_decode(raw_info), "The info dictionary")
        if b"meta version" in info or b"file tree" in info:
            raise BadTorrent("This is a version 2 or hybrid torrent.", hint="Make it again as version 1.")
        pieces = _bytes(info, b"pieces")
        if len(pieces) % 20:
            raise BadTorrent("The piece hashes of this torrent are cut off.")
        name = _component(info.get(b"name"))
        return cls(
            infohash=hashlib.sha1(raw_info, usedforsecurity=False).hexdigest(),
            name=name,
            files=tuple(_files(info, name)),
            piece_length=_size(info, b"piece length", least=1),
            piece_count=len(pieces) // 20,
            private=info.get(b"private") == 1,
            source=_text(info.get(b"source")),
            single_file=b"files" not in info,
            creation_date=_integer(_value(outer, b"creation date")),
            created_by=_text(_value(outer, b"created by")),
            trackers=tuple(dict.fromkeys(_trackers(outer))),
        )


def host_of(url: str | None) -> str | None:
    """The host name in a URL, lower case; None where there is none to be found."""
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def with_announce(data: bytes, announce: str | None) -> bytes:
    """The same torrent, infohash included, for another tracker URL, or for none (fit to be shown around)."""
    outer = _outer_values(data)
    outer.pop(b"announce-list", None)
    outer.pop(b"announce", None)
    if announce is not None:
        outer[b"announce"] = bencode(announce)
    return b"d" + b"".join(bencode(key) + outer[key] for key in sorted(outer)) + b"e"


def piece_length_for(total_size: int, override: int | None = None) -> int:
    """The piece length in bytes for so much data: between 1024 and 2048 pieces, 32 KiB to 16 MiB each.

    These are mkbrr's own steps (up to 64 MiB: 32 KiB, 1 GiB: 512 KiB, 2 GiB: 1 MiB, beyond 16 GiB: 16 MiB),
    so that both builders make the same torrent. Raises ConfigError for an override that is not a power of
    two from 16 KiB to 16 MiB or would make more than a million pieces.
    """
    if override is None:
        return 1 << min(max((total_size - 1).bit_length() - 11, 15), 24)
    hint = "Use a power of two from 16384 (16 KiB) to 16777216 (16 MiB), or leave the choice to the program."
    if not PIECE_MIN <= override <= PIECE_MAX or override.bit_count() != 1:
        raise ConfigError(f"A piece size of {override} bytes is not possible.", hint=hint)
    if total_size > override * MAX_PIECES:
        raise ConfigError(f"A piece size of {override} bytes is too small for {total_size} bytes.", hint=hint)
    return override


def _outer_values(data: bytes) -> dict[bytes, bytes]:
    """The outer dictionary's values as they stand, undecoded, so that the info bytes are the exact ones."""
    if len(data) > MAX_TORRENT:
        raise BadTorrent(f"A torrent file of {len(data)} bytes is too large to be one of ours.")
    if not data.startswith(b"d"):
        raise BadTorrent("This is no torrent file.", hint="It may be a web page that was saved as one.")
    values: dict[bytes, bytes] = {}
    at = 1
    while data[at : at + 1] != b"e":
        value_at = _end_of_value(data, at)
        end = _end_of_value(data, value_at)
        key = _decode(data[at:value_at])
        if not isinstance(key, bytes) or key in values:
            raise BadTorrent("This torrent file is damaged: a key is no text or occurs twice.")
        values[key] = data[value_at:end]
        at = end
    return values


def _end_of_value(data: bytes, at: int) -> int:
    """Where the bencoded value beginning at `at` ends."""
    depth = 0
    while (token := _TOKEN.match(data, at)) and depth <= _MAX_DEPTH:
        at = token.end() + int(token["length"] or 0)
        depth += bool(token["open"]) - bool(token["close"])
        if depth <= 0:
            break
    if token is None or depth or at > len(data):
        raise BadTorrent("This torrent file is damaged or cut off.")
    return at


def _decode(data: bytes) -> Any:
    try:
        return bdecode(data)
    except ValueError:  # the library's own error and Python's limit on digits
        raise BadTorrent("This torrent file is damaged or not canonically encoded.") from None


def _value(outer: dict[bytes, bytes], key: bytes) -> Any:
    return _decode(outer[key]) if key in outer else None


def _trackers(outer: dict[bytes, bytes]) -> Iterator[str]:
    tiers = _value(outer, b"announce-list")
    tiers = tiers if isinstance(tiers, list) else []
    urls = [_value(outer, b"announce"), *(url for tier in tiers if isinstance(tier, list) for url in tier)]
    yield from (text for url in urls if (text := _text(url)))


def _files(info: dict[bytes, Any], name: str) -> Iterator[TorrentFile]:
    if b"files" not in info:
        yield TorrentFile((name,), _size(info, b"length", least=0))
        return
    if not isinstance(info[b"files"], list) or not info[b"files"]:
        raise BadTorrent("This torrent lists no files.")
    for item in info[b"files"]:
        entry = _dictionary(item, "A file entry")
        parts = entry.get(b"path")
        if not isinstance(parts, list) or not parts:
            raise BadTorrent("A file in this torrent has no path.")
        yield TorrentFile(tuple(map(_component, parts)), _size(entry, b"length", least=0))


def _component(raw: Any) -> str:
    """One part of a path; what could lead out of the folder is refused."""
    if not isinstance(raw, bytes) or raw in {b"", b".", b".."} or b"/" in raw or b"\0" in raw:
        raise BadTorrent("A name in this torrent is missing or could lead out of its folder.")
    return raw.decode("utf-8", "surrogateescape")


def _dictionary(value: Any, what: str) -> dict[bytes, Any]:
    if not isinstance(value, dict):
        raise BadTorrent(f"{what} of this torrent is no dictionary.")
    return value


def _bytes(info: dict[bytes, Any], key: bytes) -> bytes:
    value = info.get(key)
    if not isinstance(value, bytes):
        raise BadTorrent(f"This torrent has no {key.decode()}.")
    return value


def _size(info: dict[bytes, Any], key: bytes, *, least: int) -> int:
    value = _integer(info.get(key))
    if value is None or not least <= value < 1 << 63:
        raise BadTorrent(f"This torrent has no usable {key.decode()}.")
    return value


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None
