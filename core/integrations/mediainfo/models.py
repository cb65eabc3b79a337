"""MediaInfo's JSON: scrubbed for the eyes of others, judged by its content, and read into a MediaReport."""

from __future__ import annotations

import re
from typing import Any

from core.domain.asin import parse_asin
from core.domain.audible_product import clean_position
from core.domain.book import BookFacts, Chapter, Person, SeriesRef
from core.domain.media import MediaReport
from core.domain.people import authors_only, split_names
from core.domain.tolerant import text, whole_number
from core.errors import NeedsPerson

Track = dict[str, Any]

# Where the file lay and when it was touched is the owner's business.
_PRIVATE = frozenset({"CompleteName", "FolderName", "FileName", "FileNameExtension", "CompleteName_Last"})
_PRIVATE_DATES = re.compile(r"(?:File_(?:Created|Modified)|Encoded|Tagged|Mastered)_Date(?:_Local)?")
_CHAPTER_KEY = re.compile(r"_(\d+)_(\d\d)_(\d\d)_(\d{3})")
_MPEG4 = frozenset({"MPEG-4", "QuickTime"})
_STREAM_SLACK = 1.01  # streams are said to be this much larger than a whole file at most

_LANGUAGES = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "ja": "japanese",
    "nl": "dutch",
    "pt": "portuguese",
    "sv": "swedish",
    "da": "danish",
    "no": "norwegian",
    "fi": "finnish",
    "pl": "polish",
    "ru": "russian",
    "zh": "chinese",
    "hi": "hindi",
    "cs": "czech",
    "hu": "hungarian",
}


def scrubbed(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document with the base name for the path and without file dates, ready to be shown."""
    media = document.get("media")
    if not isinstance(media, dict):
        return document
    shown = name.encode("utf-8", "replace").decode()
    tracks = [
        {key: value for key, value in track.items() if not _is_private(key)} for track in _tracks(media)
    ]
    return {**document, "media": {**media, "@ref": shown, "track": tracks}}


def report(document: dict[str, Any], name: str) -> MediaReport:
    """The report on the file called `name`.

    Raises NeedsPerson where the content shows that it is no whole audio file: MediaInfo itself finds
    nothing wrong with a missing file or a text.
    """
    shown = repr(name.encode("utf-8", "replace").decode())
    media = document.get("media")
    if not isinstance(media, dict):
        raise NeedsPerson(f"MediaInfo finds nothing to read in {shown}.", hint="Is the file still there?")
    clean = scrubbed(document, name)
    tracks = clean["media"]["track"]
    general = _first(tracks, "General") or {}
    audio = _first(tracks, "Audio")
    size = whole_number(general.get("FileSize")) or 0
    if size == 0 and audio is None:
        raise NeedsPerson(f"{shown} is empty (0 bytes).", hint="Liberate or copy the book again.")
    if audio is None:
        cut = _is_cut(general, {}, size)
        why = "is cut off before its index" if cut else "holds no audio track; it is no audio file or damaged"
        raise NeedsPerson(f"{shown} {why}.", hint="Liberate or copy the book again.")
    duration = _seconds(general.get("Duration")) or _seconds(audio.get("Duration"))
    if not duration:
        raise NeedsPerson(f"{shown} has audio without a length; it is damaged.", hint="Copy the book again.")
    if _is_cut(general, audio, size):
        raise NeedsPerson(
            f"{shown} is cut off: {size} bytes are less than its own index promises.",
            hint="Liberate or copy the book again.",
        )
    return MediaReport(
        file=name,
        duration_s=duration,
        format=text(audio.get("Format")) or text(general.get("Format")) or "unknown",
        codec=text(audio.get("CodecID")),
        profile=text(audio.get("Format_Profile")) or text(audio.get("Format_AdditionalFeatures")),
        bitrate=whole_number(audio.get("BitRate")) or whole_number(general.get("OverallBitRate")),
        bitrate_mode=text(audio.get("BitRate_Mode")) or text(general.get("OverallBitRate_Mode")),
        channels=whole_number(audio.get("Channels")),
        sampling_rate=whole_number(audio.get("SamplingRate")),
        chapters=_chapters(tracks),
        tags=_tags(general, audio),
        has_cover=str(general.get("Cover", "")).startswith("Yes"),
        raw=clean,
    )


def _is_private(key: str) -> bool:
    return key in _PRIVATE or _PRIVATE_DATES.fullmatch(key) is not None


def _tracks(media: dict[str, Any]) -> list[Track]:
    tracks = media.get("track")
    return [track for track in tracks if isinstance(track, dict)] if isinstance(tracks, list) else []


def _first(tracks: list[Track], kind: str) -> Track | None:
    return next((track for track in tracks if track.get("@type") == kind), None)


def _extra(track: Track) -> dict[str, Any]:
    extra = track.get("extra")
    return extra if isinstance(extra, dict) else {}


def _seconds(value: object) -> float:
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return 0.0


def _is_cut(general: Track, audio: Track, size: int) -> bool:
    """Whether the file ends before its content does.

    MP3 files often end within a frame and play well, so there only missing audio counts.
    """
    if _extra(general).get("IsTruncated") == "Yes" and general.get("Format") in _MPEG4:
        return True
    return (whole_number(audio.get("StreamSize")) or 0) > size * _STREAM_SLACK


def _chapters(tracks: list[Track]) -> tuple[Chapter, ...]:
    """The chapters of the first menu that has any: QuickTime and Nero lists often stand side by side."""
    for menu in (track for track in tracks if track.get("@type") == "Menu"):
        chapters = [
            Chapter(start_ms=_start_ms(mark), title=text(title) or "")
            for key, title in _extra(menu).items()
            if (mark := _CHAPTER_KEY.fullmatch(key))
        ]
        if chapters:
            return tuple(chapters)
    return ()


def _start_ms(match: re.Match[str]) -> int:
    hours, minutes, seconds, milliseconds = (int(group) for group in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def _tags(general: Track, audio: Track) -> BookFacts:
    """What the tags say, as audiobook software writes them: the narrator is the "composer"."""
    extra = {key.upper(): value for key, value in _extra(general).items()}
    authors = text(general.get("Performer")) or text(general.get("Album_Performer")) or ""
    date = text(general.get("Recorded_Date")) or text(general.get("Released_Date")) or ""
    year = re.search(r"\b(1[5-9]|20)\d\d\b", date)
    series = text(extra.get("SERIES"))
    code = (text(audio.get("Language")) or text(general.get("Language")) or "")[:2].lower()
    asins = (parse_asin(extra.get(key)) for key in ("ASIN", "AUDIBLE_ASIN", "CDEK"))
    return BookFacts(
        asin=next((asin for asin in asins if asin), None),
        title=text(general.get("Album")) or text(general.get("Title")),
        authors=[Person(name=name) for name in authors_only(split_names(authors))],
        narrators=split_names(text(general.get("Composer")) or ""),
        series=[SeriesRef(name=series, position=clean_position(extra.get("SERIES-PART")))] if series else [],
        year=int(year[0]) if year else None,
        publisher=text(general.get("Publisher")) or text(general.get("Label")),
        copyright=text(general.get("Copyright")),
        language=_LANGUAGES.get(code),
        description=text(general.get("Description")) or text(general.get("Comment")),
        genres=[part for part in re.split(r"\s*[;/]\s*", text(general.get("Genre")) or "") if part],
    ).named("tags")
