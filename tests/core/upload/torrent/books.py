"""Folders to make torrents of, and a plain second way to hash them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20
PASSKEY = "0123456789abcdefPASSKEY"
ANNOUNCE = f"http://127.0.0.1:8080/{PASSKEY}/announce"
LONG_AGO = 1_500_000_000


def make_book(folder: Path | str, files: Mapping[str | bytes, int]) -> str:
    """A folder with files of these sizes, each with its own bytes, all last changed long ago."""
    top = os.fsencode(folder)
    os.makedirs(top, exist_ok=True)
    for number, (name, size) in enumerate(files.items()):
        path = os.path.join(top, os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content(number, size))
        os.utime(path, (LONG_AGO, LONG_AGO))
    return os.fsdecode(top)


def content(number: int, size: int) -> bytes:
    return hashlib.shake_128(b"%d" % number).digest(size)


def sparse_book(folder: Path, size: int) -> str:
    """A folder with one large file of nothing, made in no time."""
    folder.mkdir()
    with open(folder / "big.m4b", "wb") as file:
        file.truncate(size)
    return str(folder)


def plain_pieces(root: str, piece_length: int) -> bytes:
    """The piece hashes in the slow and obvious way."""
    top = os.fsencode(root)
    found = (os.path.join(here, name) for here, _, names in os.walk(top) for name in names)
    together = b"".join(Path(os.fsdecode(path)).read_bytes() for path in sorted(found))
    bites = (together[at : at + piece_length] for at in range(0, len(together), piece_length))
    return b"".join(hashlib.sha1(bite).digest() for bite in bites)
