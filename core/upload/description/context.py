"""What a description template may use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.book import BookFacts, Chapter
from core.domain.kit.tags import audio_format, average_bitrate, length_min, length_text
from core.domain.media import MediaReport
from core.domain.tracker_ids import find_language

_MOST_CHAPTERS = 2000
_CHANNELS = {1: "Mono", 2: "Stereo"}


@dataclass(frozen=True, slots=True)
class ChapterLine:
    """A chapter as listed: its start "H:MM:SS" counted from the book's beginning, and its title."""

    time: str
    title: str


def template_context(
    facts: BookFacts, media: Sequence[MediaReport], files: Sequence[str], origin: str | None
) -> dict[str, Any]:
    """The names a template knows: `book`, `book_info` and `audio_info` (rows of label and value), `chapters`.

    `synopsis` comes with the renderer, in its language.
    """
    return {
        "book": facts,
        "book_info": [row for row in _book_rows(facts) if row[1]],
        "audio_info": [row for row in _audio_rows(facts, media, files, origin) if row[1]],
        "chapters": _chapters(media),
    }


def _book_rows(facts: BookFacts) -> list[tuple[str, str]]:
    language = find_language(facts.language)
    return [
        ("Title", ": ".join(filter(None, (facts.title, facts.subtitle)))),
        ("Author", ", ".join(author.name for author in facts.authors)),
        ("Narrator", ", ".join(facts.narrators)),
        ("Series", "; ".join(_series_text(s.name, s.position) for s in facts.series)),
        ("Publisher", facts.publisher or ""),
        ("Release date", facts.release_date or (str(facts.year) if facts.year else "")),
        ("Language", language.name if language else (facts.language or "").title()),
        ("Abridged", "yes" if facts.abridged else ""),
        ("Copyright", facts.copyright or ""),
        ("ASIN", facts.asin or ""),
        ("ISBN", facts.isbn or ""),
    ]


def _audio_rows(
    facts: BookFacts, media: Sequence[MediaReport], files: Sequence[str], origin: str | None
) -> list[tuple[str, str]]:
    minutes, bitrate = length_min(facts, media), average_bitrate(media)
    first = media[0] if media else None
    mode = first.bitrate_mode if first and first.bitrate_mode else ""
    return [
        ("Length", length_text(minutes) if minutes else ""),
        ("Format", audio_format(media, files) or ""),
        ("Bitrate", f"{bitrate} kbps {mode}".strip() if bitrate else ""),
        ("Channels", _CHANNELS.get(first.channels or 0, str(first.channels or "")) if first else ""),
        ("Sampling rate", f"{first.sampling_rate / 1000:g} kHz" if first and first.sampling_rate else ""),
        ("Files", str(len(media)) if len(media) > 1 else ""),
        ("Chapters", str(sum(len(report.chapters) for report in media) or "")),
        ("Source", origin or ""),
    ]


def _series_text(name: str, position: str | None) -> str:
    return f"{name} #{position}" if position else name


def _chapters(media: Sequence[MediaReport]) -> list[ChapterLine]:
    lines: list[ChapterLine] = []
    offset = 0.0
    for report in media:
        chapters: Sequence[Chapter] = report.chapters
        if not chapters and len(media) > 1:
            name = os.path.splitext(os.fsencode(report.file).decode("utf-8", "replace"))[0]
            chapters = [Chapter(start_ms=0, title=name)]
        lines += [ChapterLine(_clock(offset + c.start_ms / 1000), c.title) for c in chapters]
        offset += report.duration_s
    return lines[:_MOST_CHAPTERS]


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
