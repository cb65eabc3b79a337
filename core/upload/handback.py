"""The .torrent a site gives back after the form was submitted: kept beside ours."""

from __future__ import annotations

import os

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
    copy = f"{release.torrent_path.removesuffix('.torrent')}.site.torrent"
    if len(os.fsencode(os.path.basename(copy))) > 255:
        copy = os.path.join(os.path.dirname(copy), "site.torrent")
    write_torrent(data, copy)
    return copy
