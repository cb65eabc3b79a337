"""Takes back what was prepared for a release that never went out: its links and its output files."""

from __future__ import annotations

import os
from pathlib import Path

from core.domain.release import Release
from core.upload.outputs import output_folder
from core.upload.stage import unstage

OURS = ("audnex.json", "mediainfo.json", "kit.json", "cover.jpg", "cover.png", "cover.img")


def withdraw(release: Release, torrent_output: Path) -> list[str]:
    """Remove the staged folder and the torrent's folder; the library's own files are never touched.

    Returns the removed folders. Only files this program made are removed; a folder with anything else stays.
    """
    removed: list[str] = []
    if release.staging_dir and os.path.isdir(release.staging_dir):
        kept = unstage(release.staging_dir, release.staged)
        removed += [] if kept else [release.staging_dir]
    folder = output_folder(torrent_output, release)
    torrents = (release.torrent_path, (release.uploaded or {}).get("torrent_path"))
    for path in (*torrents, *(os.path.join(folder, name) for name in OURS)):
        if path and os.path.dirname(path) == folder and os.path.isfile(path):
            os.unlink(path)
    if os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        removed.append(folder)
    return removed
