"""What an audio file says about itself, whoever read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.domain.book import BookFacts, Chapter


@dataclass(frozen=True, slots=True)
class MediaReport:
    """One inspected audio file: it has an audio track and a length, or there would be no report.

    `raw` is MediaInfo's JSON document without paths and file dates, fit to be shown to others;
    `tags` are the facts of its tags, credited to "tags".
    """

    file: str  # base name, surrogate-escaped
    duration_s: float
    format: str  # "AAC", "USAC", "MPEG Audio", "Opus" ...
    codec: str | None = None  # codec id as the container names it: "mp4a-40-2"
    profile: str | None = None  # "LC", "Layer 3", "xHE-AAC"
    bitrate: int | None = None  # bits a second
    bitrate_mode: str | None = None  # "CBR" | "VBR"
    channels: int | None = None
    sampling_rate: int | None = None  # Hz
    chapters: tuple[Chapter, ...] = ()
    tags: BookFacts = field(default_factory=BookFacts)
    has_cover: bool = False
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
