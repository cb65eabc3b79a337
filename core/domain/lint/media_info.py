"""Looking into a form's MediaInfo: is it JSON, does it tell of audio, does it tell where it lay on a disk?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_ABSOLUTE = re.compile(r"/(?:[^/\0]+/)+[^/\0]*|[A-Za-z]:[\\/].*|\\\\[^\\]+\\.*|file:///?.*")
_FILE_KEYS = re.compile(r"@ref|complete_?name.*|folder_?name.*|file_?name.*", re.IGNORECASE)


def parsed(value: object) -> Any:
    """The document in a text or object; None if it is no JSON object. Raises nothing."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def tells_audio(document: Mapping[str, Any]) -> bool:
    """Whether there is an audio track, or at least a general one with a length.

    MediaInfo answers for a missing file with an empty document and for junk with a track that says nothing.
    """
    media = document.get("media", document)
    if not isinstance(media, Mapping):
        return False
    tracks = media.get("track")
    if isinstance(tracks, Mapping):
        tracks = [tracks]
    if isinstance(tracks, list):
        named = [(str(track.get("@type", "")), track) for track in tracks if isinstance(track, Mapping)]
    else:  # the shape of the site's own rows: {"General": {...}, "Audio1": {...}}
        named = [(str(key), track) for key, track in media.items() if isinstance(track, Mapping)]
    return any(
        kind.lower().startswith("audio") or (kind.lower() == "general" and track.get("Duration"))
        for kind, track in named
    )


def shows_path(document: object) -> bool:
    """Whether any value tells a folder."""
    return _scrubbed(document, "") != document


def without_paths(value: object) -> object:
    """The MediaInfo with file names in place of paths, as a text if it came as one."""
    document = parsed(value)
    if document is None or not shows_path(document):
        return value
    clean = _scrubbed(document, "")
    return json.dumps(clean, ensure_ascii=False) if isinstance(value, str) else clean


def _scrubbed(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        return {name: _scrubbed(entry, str(name)) for name, entry in value.items()}
    if isinstance(value, list):
        return [_scrubbed(entry, key) for entry in value]
    if isinstance(value, str) and _tells_folder(value, key):
        return (
            ""
            if key.lower().replace("_", "") == "foldername"
            else re.split(r"[\\/]", value.rstrip("\\/"))[-1]
        )
    return value


def _tells_folder(value: str, key: str) -> bool:
    if _FILE_KEYS.fullmatch(key):
        return "/" in value or "\\" in value
    return _ABSOLUTE.fullmatch(value) is not None
