"""Makes a torrent's bytes from a folder: survey, hash, survey again, encode, read back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from bencode2 import bencode

from core.domain.building import BuiltTorrent, Progress
from core.domain.metainfo import Metainfo, piece_length_for
from core.errors import NeedsPerson
from core.upload.torrent.faults import shown
from core.upload.torrent.hashing import Meter, default_threads, hash_pieces
from core.upload.torrent.survey import SourceFile, require_unchanged, survey


def build_torrent(
    root: str,
    *,
    announce: str | None = None,
    source: str | None = None,
    piece_length: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BuiltTorrent:
    """A private torrent of the folder `root`, without date or creator: same input, same bytes.

    Blocks for as long as hashing takes, so call it in a thread; `progress` and `cancelled` are called from
    others. Raises NotNow naming a file that changed, vanished or came meanwhile, NeedsPerson for one that may
    not be read and for a folder without content, ConfigError for an impossible `piece_length` (bytes).
    """
    began = time.perf_counter()
    name = os.path.basename(os.path.abspath(os.fsencode(root)))
    if not name:
        raise NeedsPerson(
            f"{shown(root)} has no name that a torrent could bear.", hint="Name a book's folder."
        )
    files = survey(root)
    total = sum(file.size for file in files)
    length = piece_length_for(total, piece_length)
    pieces = hash_pieces(
        files,
        length,
        threads=threads or default_threads(),
        meter=Meter(total, progress),
        cancelled=cancelled or (lambda: False),
    )
    require_unchanged(files, survey(root))
    data = _encode(name, files, length, pieces, announce, source)
    return BuiltTorrent(data, Metainfo.parse(data), time.perf_counter() - began)


def _encode(
    name: bytes,
    files: tuple[SourceFile, ...],
    piece_length: int,
    pieces: bytes,
    announce: str | None,
    source: str | None,
) -> bytes:
    """The torrent's bytes; a folder of one file stays a folder, as its name is the release's."""
    info: dict[str, Any] = {
        "files": [{"length": file.size, "path": list(file.parts)} for file in files],
        "name": name,
        "piece length": piece_length,
        "pieces": pieces,
        "private": 1,
    }
    if source:
        info["source"] = source
    return bencode({"announce": announce, "info": info} if announce else {"info": info})
