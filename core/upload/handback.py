"""The .torrent a site gives back after the form was submitted: kept beside ours."""

from __future__ import annotations

import os
from hashlib import blake2b

from core.domain.metainfo import Metainfo
from core.domain.release import Release
from core.errors import NeedsPerson
from core.upload.torrent.write import write_torrent

LARGEST = 32 * 1024 * 1024


def keep_torrent(release: Release, path: str) -> str:
    """Copy the file at `path` beside the release's own torrent; returns the copy's path.

    Raises NeedsPerson when it cannot be read, is no torrent, or describes other files than were staged.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST)
    except OSError as error:
        raise NeedsPerson(f"{path} cannot be read ({error.strerror}).") from error
    metainfo = Metainfo.parse(data)
    ours = sorted(file.size for file in release.staged)
    if sorted(file.length for file in metainfo.files) != ours:
        raise NeedsPerson(
            "That torrent describes other files than this release has.",
            hint="Name the .torrent downloaded from this very upload's page.",
        )
    if release.torrent_path is None:
        raise NeedsPerson(
            "This release has no torrent of its own yet.", hint="Run `mousekeeper prepare` first."
        )
    copy = os.path.join(os.path.dirname(release.torrent_path), f"{_mark(data)}.site.torrent")
    write_torrent(data, copy)
    return copy


def _mark(data: bytes) -> str:
    """A name of its own for each file, so that a second one never takes the place of the one that counts."""
    return blake2b(data, digest_size=8).hexdigest()
