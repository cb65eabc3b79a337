"""The kit as files beside the torrent: `kit.json` for the form's fast fill, and the cover."""

from __future__ import annotations

import asyncio
import os

from core.domain.release import Release
from core.upload.outputs import output_folder, write_json, write_whole
from core.upload.rooms import UploadRooms

PICTURES = (".jpg", ".jpeg", ".png")
LARGEST_COVER = 20 * 2**20
SIGNATURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png"}


async def write_kit(rooms: UploadRooms, release: Release) -> None:
    """Write both for what is known now; an earlier `kit.json` is replaced. Raises NotNow for a full disk."""
    # the form's rules are loaded with the first kit, not with the program
    from core.domain.kit import export_kit
    from core.upload.kit import kit_of

    folder = output_folder(rooms.config.torrent_output, release)
    kit = await asyncio.to_thread(kit_of, release, rooms.config)
    await asyncio.to_thread(write_json, folder, "kit.json", export_kit(kit.form))
    picture = await _cover(rooms, release)
    if picture is not None:
        extension = next((end for start, end in SIGNATURES.items() if picture.startswith(start)), ".img")
        await asyncio.to_thread(write_whole, folder, f"cover{extension}", picture)


async def _cover(rooms: UploadRooms, release: Release) -> bytes | None:
    """The largest staged picture, else the one embedded in the first audio file."""
    root = release.staging_dir or ""
    pictures = [file for file in release.staged if file.staged.lower().endswith(PICTURES)]
    if pictures:
        largest = max(pictures, key=lambda file: file.size)
        return await asyncio.to_thread(_read, os.path.join(root, largest.staged))
    first = next((report["file"] for report in release.media if report.get("has_cover")), None)
    return await rooms.inspector.cover(os.path.join(root, first)) if first else None


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_COVER + 1)
    except OSError:
        return None
    return content if len(content) <= LARGEST_COVER else None
