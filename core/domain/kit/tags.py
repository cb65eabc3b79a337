"""The tags line: length, release date, format and the like, separated by bars, as uploaders write it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from core.domain.book import BookFacts
from core.domain.media import MediaReport

_NAMES = {"MPEG Audio": "MP3", "USAC": "xHE-AAC", "Vorbis": "Vorbis"}
_AUDIO = frozenset(("m4b", "m4a", "mp3", "opus", "flac", "ogg", "mp4", "aac"))


def tags_line(
    facts: BookFacts, media: Sequence[MediaReport], files: Sequence[str] = (), *, origin: str | None = None
) -> str | None:
    """ "Length: 16h 10m | Release date: … | Format: M4B, AAC LC | Chapterized | Publisher: … | 64 kbps | …".

    `origin` is where the files come from, such as "Libation". What is unknown is left out; None if all is.
    """
    minutes = length_min(facts, media)
    audio = audio_format(media, files)
    bitrate = average_bitrate(media)
    parts = (
        f"Length: {length_text(minutes)}" if minutes else None,
        f"Release date: {facts.release_date or facts.year}" if facts.release_date or facts.year else None,
        f"Format: {audio}" if audio else None,
        "Chapterized" if is_chapterized(media) else None,
        f"Publisher: {_one_line(facts.publisher)}" if facts.publisher else None,
        f"{bitrate} kbps" if bitrate else None,
        origin,
        "Abridged" if facts.abridged else None,
    )
    return " | ".join(part for part in parts if part) or None


def length_min(facts: BookFacts, media: Sequence[MediaReport]) -> int | None:
    """The whole length in minutes: measured where there are files, else as the catalogue says."""
    measured = sum(report.duration_s for report in media)
    return max(1, round(measured / 60)) if measured else facts.runtime_min


def length_text(minutes: int) -> str:
    """ "16h 10m", "45m"."""
    hours, rest = divmod(minutes, 60)
    return f"{hours}h {rest}m" if hours else f"{rest}m"


def audio_format(media: Sequence[MediaReport], files: Sequence[str] = ()) -> str | None:
    """Container and codec of most files: "M4B, AAC LC", "MP3"."""
    names = [*files] or [report.file for report in media]
    extensions = [
        extension for name in names if (extension := os.path.splitext(name)[1][1:].lower()) in _AUDIO
    ]
    container = _most(extensions)
    codec = _most([_codec(report) for report in media])
    known = [name for name in (container.upper() if container else None, codec) if name]
    return ", ".join(dict.fromkeys(known)) or None


def average_bitrate(media: Sequence[MediaReport]) -> int | None:
    """In kbit/s, weighed by length."""
    rated = [report for report in media if report.bitrate and report.duration_s]
    seconds = sum(report.duration_s for report in rated)
    if not seconds:
        return None
    return round(sum((report.bitrate or 0) * report.duration_s for report in rated) / seconds / 1000) or None


def is_chapterized(media: Sequence[MediaReport]) -> bool:
    """Whether every file has chapters."""
    return bool(media) and all(len(report.chapters) > 1 for report in media)


def _codec(report: MediaReport) -> str:
    name = _NAMES.get(report.format, report.format)
    profile = report.profile if name == "AAC" and report.profile and len(report.profile) <= 8 else None
    return f"{name} {profile}" if profile else name


def _most(values: Sequence[str]) -> str | None:
    return Counter(values).most_common(1)[0][0] if values else None


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
