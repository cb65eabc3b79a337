"""Text that every file system we meet can hold as a name: ext4, NTFS, exFAT, SMB shares."""

from __future__ import annotations

import re
import unicodedata

# What NTFS and SMB forbid, as near as a name can say it; braces could forge our own {ASIN.x}.
_AS_NEAR = {":": " - ", '"': "'", "/": "-", "\\": "-", "|": "-", "{": "(", "}": ")", "\ufffd": "_"}
# Direction marks and overrides, zero-width blanks, soft hyphen: unseen, and good for forgeries only.
_UNSEEN = "\u061c\u200b\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_REPLACED = str.maketrans(_AS_NEAR | dict.fromkeys("<>?*" + _UNSEEN, ""))
_SURROGATES = re.compile("[\ud800-\udfff]+")  # bytes that were not UTF-8
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE
)
_JOINER = "\u200d"


def safe_text(text: str) -> str:
    """One clean line in NFC: nothing illegal, no control or direction characters, single blanks."""
    if text.isascii() and text.isalnum():
        return text
    text = unicodedata.normalize("NFC", _SURROGATES.sub("_", text)).translate(_REPLACED)
    text = "".join(_plain(char) for char in text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def first_safe(name: str) -> str:
    """`name` fit to stand at the front of a file name: no leading dash, dot, mark, no DOS device name."""
    name = name.lstrip(" .-–—_~")
    while name and unicodedata.category(name[0])[0] == "M":
        name = name[1:].lstrip(" .-–—_~")
    return f"_{name}" if _RESERVED.match(name) else name


def byte_length(text: str) -> int:
    """Bytes in UTF-8, what ext4 counts."""
    return len(text) if text.isascii() else len(text.encode())


def cut(text: str, characters: int, size: int) -> str:
    """The longest beginning of at most so many characters and UTF-8 bytes that splits no visible sign."""
    if len(text) <= characters and byte_length(text) <= size:
        return text
    end = max(0, min(characters, len(text)))
    while end and byte_length(text[:end]) > size:
        end -= 1
    while end and end < len(text) and _within_sign(text, end):
        end -= 1
    return text[:end]


def _plain(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() else " "
    category = unicodedata.category(char)
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "_" if ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF else char


def _within_sign(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` would part one visible sign: marks, joined emoji, skin tones, flags."""
    here, before = text[at], text[at - 1]
    if _JOINER in (here, before) or unicodedata.category(here)[0] == "M":
        return True
    if 0x1F3FB <= ord(here) <= 0x1F3FF:
        return True
    if not _is_flag_letter(here):
        return False
    run = 0
    while run < at and _is_flag_letter(text[at - 1 - run]):
        run += 1
    return run % 2 == 1


def _is_flag_letter(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF
