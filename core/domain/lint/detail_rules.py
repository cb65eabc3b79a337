"""Rules for tags, MediaInfo, flags, poster, ISBN, description and language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from core.domain.asin import ASIN
from core.domain.lint.form import Form
from core.domain.lint.media_info import parsed, shows_path, tells_audio, without_paths
from core.domain.lint.rule import LintOptions, Note, Rule
from core.domain.tracker_ids import find_flag, find_language, find_media_type, find_old

_LENGTH = re.compile(
    r"\d+\s*(?:h|hr|hrs|hours?|m|min|mins|minutes?|std)\b|\b\d{1,3}:\d{2}(?::\d{2})?\b", re.IGNORECASE
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".replace(" ", "|")
_DATE = re.compile(
    r"\b\d{4}-\d{2}(?:-\d{2})?\b|\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b"
    rf"|\b(?:{_MONTHS})[a-z]*\.? .*\d{{4}}\b"
    r"|\b(?:releas\w*|publish\w*|date|published)\b[^|]*\b(?:1[5-9]|20)\d{2}\b",
    re.IGNORECASE,
)
# The container, the codec, or at least the bitrate, which many write in place of them.
_FORMAT = re.compile(
    r"\b(?:m4b|m4a|mp3|mp4|flac|opus|ogg|vorbis|wma|aac|usac|xhe-aac|e-?ac-?3|ac-?4|format\s*:\s*\w+)\b|\d+\s*kb(?:ps|it|/s)",
    re.IGNORECASE,
)
_ASIN_PREFIX = re.compile(r"\s*asin\s*[:#=]?\s*", re.IGNORECASE)
_ISBN_PREFIX = re.compile(r"\s*isbn(?:-?1[03])?\s*[:#=]?\s*(?=[\dX-])", re.IGNORECASE)
_ABRIDGED = re.compile(r"(?<!un)(?<!un-)(?<!not )(?<!non-)\babridged\b(?!\s*:\s*(?:no|false))", re.IGNORECASE)
_ABRIDGED_TEXT = re.compile(r"\babridged (?:edition|version|recording|audio ?book|reading)\b", re.IGNORECASE)
_AUDIO = frozenset((1, 8))


def _is_audio(form: Form) -> bool:
    media_type, old = find_media_type(form.media_type), find_old(form.category)
    return media_type in _AUDIO or (media_type is None and (old is None or old.group == "Audiobooks"))


def _check_abridged(form: Form, _: LintOptions) -> Iterator[Note]:
    if _lacks_abridged(form):
        yield Note("flags", "The book is abridged, but the flag is not set.")


def _lacks_abridged(form: Form) -> bool:
    if any((flag := find_flag(name)) and flag.key == "abridged" for name in form.flags):
        return False
    told = any(_ABRIDGED.search(text) for text in (form.title, form.subtitle, form.tags))
    return told or _ABRIDGED_TEXT.search(form.description) is not None


def _set_abridged(form: Form) -> Form:
    return replace(form, flags=(*form.flags, "abridged")) if _lacks_abridged(form) else form


def _check_flags(form: Form, _: LintOptions) -> Iterator[Note]:
    for name in form.flags:
        if find_flag(name) is None:
            yield Note("flags", f"The form knows no such flag: {name}")


def _check_tags(form: Form, _: LintOptions) -> Iterator[Note]:
    if not form.tags.strip(" |,"):
        yield Note("tags", "There are no tags: give length, release date and format.")


def _check_tags_complete(form: Form, _: LintOptions) -> Iterator[Note]:
    if not form.tags.strip(" |,") or not _is_audio(form):
        return
    wanted = (("length", _LENGTH), ("release date", _DATE), ("format", _FORMAT))
    missing = [name for name, pattern in wanted if not pattern.search(form.tags)]
    if missing:
        yield Note("tags", f"The tags do not tell: {', '.join(missing)}.")


def _has_media_info(form: Form) -> bool:
    return bool(form.media_info.strip() if isinstance(form.media_info, str) else form.media_info is not None)


def _check_media_info(form: Form, _: LintOptions) -> Iterator[Note]:
    if _is_audio(form) and not _has_media_info(form):
        yield Note("media_info", "Audiobooks need MediaInfo as JSON.")


def _check_media_json(form: Form, _: LintOptions) -> Iterator[Note]:
    if _has_media_info(form) and parsed(form.media_info) is None:
        yield Note(
            "media_info", "MediaInfo is wanted as JSON (mediainfo --Output=JSON), this is something else."
        )


def _check_media_content(form: Form, _: LintOptions) -> Iterator[Note]:
    document = parsed(form.media_info)
    if _is_audio(form) and document is not None and not tells_audio(document):
        yield Note("media_info", "MediaInfo tells of no audio: was the file missing or broken?")


def _check_media_path(form: Form, _: LintOptions) -> Iterator[Note]:
    document = parsed(form.media_info)
    if document is not None and shows_path(document):
        yield Note("media_info", "MediaInfo shows a folder of your computer.")


def _check_poster(form: Form, _: LintOptions) -> Iterator[Note]:
    if not form.thumbnail.strip():
        yield Note("thumbnail", "There is no poster: give a cover's address or file.")


def plain_isbn(text: str) -> str:
    """An ASIN as "ASIN:B0…", an ISBN without its prefix; anything else as it came."""
    bare = text.strip()
    without = _ASIN_PREFIX.sub("", bare, count=1).replace("-", "").upper()
    if ASIN.fullmatch(without) and (without[0] == "B" or _ASIN_PREFIX.match(bare)):
        return f"ASIN:{without}"
    if re.fullmatch(r"97[89]\d{10}", without) and _ASIN_PREFIX.match(bare):
        return without
    return _ISBN_PREFIX.sub("", bare, count=1)


def _check_isbn_prefix(form: Form, _: LintOptions) -> Iterator[Note]:
    if form.isbn.strip() and plain_isbn(form.isbn) != form.isbn:
        yield Note("isbn", f"An ASIN is written ASIN:B0…, an ISBN as bare digits: {form.isbn.strip()}")


def _check_isbn(form: Form, _: LintOptions) -> Iterator[Note]:
    bare = plain_isbn(form.isbn).replace("-", "").replace(" ", "")
    if bare and not bare.startswith("ASIN:") and not re.fullmatch(r"\d{9}[\dXx]|\d{13}", bare):
        yield Note("isbn", f"This is neither an ISBN nor an ASIN: {form.isbn.strip()}")


def _check_description(form: Form, _: LintOptions) -> Iterator[Note]:
    if not re.sub(r"<[^>]*>|&nbsp;|\[/?\w+\]", "", form.description).strip():
        yield Note("description", "There is no description.")


def _check_language(form: Form, _: LintOptions) -> Iterator[Note]:
    if not form.language.strip():
        yield Note("language", "There is no language.")


def _check_language_known(form: Form, _: LintOptions) -> Iterator[Note]:
    if form.language.strip() and find_language(form.language) is None:
        yield Note("language", f"The form knows no such language: {form.language.strip()}")


FLAG_RULES = (
    Rule("FLAG_ABRIDGED_MISSING", _check_abridged, _set_abridged),
    Rule("FLAG_UNKNOWN", _check_flags),
)
DETAIL_RULES = (
    Rule("TAGS_MISSING", _check_tags),
    Rule("TAGS_INCOMPLETE", _check_tags_complete),
    Rule("MEDIAINFO_MISSING", _check_media_info),
    Rule("MEDIAINFO_NOT_JSON", _check_media_json),
    Rule("MEDIAINFO_EMPTY", _check_media_content),
    Rule("MEDIAINFO_PATH", _check_media_path, lambda f: replace(f, media_info=without_paths(f.media_info))),
    Rule("POSTER_MISSING", _check_poster),
    Rule(
        "ISBN_PREFIX",
        _check_isbn_prefix,
        lambda f: replace(f, isbn=plain_isbn(f.isbn) if f.isbn.strip() else f.isbn),
    ),
    Rule("ISBN_INVALID", _check_isbn),
    Rule("DESCRIPTION_MISSING", _check_description),
    Rule("LANGUAGE_MISSING", _check_language),
    Rule("LANGUAGE_UNKNOWN", _check_language_known),
)
