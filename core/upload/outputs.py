"""Where a release's torrent and metadata files lie: one folder a release, outside the seeded one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from core.domain.release import Release
from core.errors import MousekeeperError, NotNow


def output_folder(torrent_output: Path, release: Release) -> str:
    """The release's folder; named like the staged one."""
    name = os.path.basename(release.staging_dir or release.id)
    return os.path.join(str(torrent_output), name)


def torrent_file(torrent_output: Path, release: Release) -> str:
    """The exact path of its torrent; never looked for by pattern."""
    name = os.path.basename(release.staging_dir or release.id)
    stem = name if len(os.fsencode(name)) <= 247 else release.id
    return os.path.join(output_folder(torrent_output, release), f"{stem}.torrent")


def make_folder(folder: str) -> None:
    """Make a folder and those above it. Raises NotNow when the disk refuses."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_json(folder: str, name: str, document: Any) -> str:
    """Write a JSON file whole or not at all; returns its path. Raises NotNow when the disk refuses."""
    return write_whole(folder, name, as_json(document))


def as_json(document: Any) -> bytes:
    """A document as our JSON files have it."""
    return json.dumps(document, ensure_ascii=True, indent=1).encode("ascii")


def write_whole(folder: str, name: str, content: bytes) -> str:
    """Write beside and rename, so that a reader sees the old file or the new one."""
    path = os.path.join(folder, name)
    beside = f"{path}.new"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return path


def _unwritable(folder: str, error: OSError) -> MousekeeperError:
    return NotNow(
        f"{os.fsencode(folder).decode('utf-8', 'replace')} cannot be written ({error.strerror}).",
        hint="Make room on that disk, or check the folder's permissions.",
    )
