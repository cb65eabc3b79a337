"""Small real folders of data, and torrents of them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bencode2 import bencode

from core.domain.metainfo import Metainfo
from tests.core.integrations.qbittorrent.conftest import ANNOUNCE

PIECE = 32 * 1024


@dataclass(frozen=True)
class Book:
    """A folder with data, and its torrent."""

    root: Path
    torrent: bytes

    @property
    def infohash(self) -> str:
        return Metainfo.parse(self.torrent).infohash

    @property
    def size(self) -> int:
        return Metainfo.parse(self.torrent).total_size


def make_book(
    parent: Path,
    name: str = "A Book",
    *,
    sizes: tuple[int, ...] = (100_000, 30_000),
    announce: str = ANNOUNCE,
) -> Book:
    """Write `<parent>/<name>/NN.mp3` with random content and build a private torrent of it."""
    root = parent / name
    root.mkdir(parents=True)
    parts = [os.urandom(size) for size in sizes]
    for number, part in enumerate(parts):
        (root / f"{number:02}.mp3").write_bytes(part)
    whole = b"".join(parts)
    pieces = b"".join(hashlib.sha1(whole[at : at + PIECE]).digest() for at in range(0, len(whole), PIECE))
    return Book(root, torrent_of(name, sizes, pieces, announce))


def torrent_of(name: str, sizes: tuple[int, ...], pieces: bytes, announce: str = ANNOUNCE) -> bytes:
    """A .torrent with these piece hashes, right or wrong."""
    info = {
        b"files": [{b"length": size, b"path": [f"{n:02}.mp3".encode()]} for n, size in enumerate(sizes)],
        b"name": name.encode(),
        b"piece length": PIECE,
        b"pieces": pieces,
        b"private": 1,
    }
    return bencode({b"announce": announce.encode(), b"info": info})
