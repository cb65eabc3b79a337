"""Values from other people's JSON, where numbers come as text, text as numbers, and anything as null."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLACEHOLDER_YEAR = 2200  # "some day" in Audible's calendar


def text(value: object) -> str | None:
    """One line of clean text; None if there is none.

    Entities are decoded, blanks collapsed, unpaired surrogates replaced. Numbers are taken where text
    belongs; anything else is no text.
    """
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        value = str(value)
    if "&" in value and "<" not in value:  # with tags it is HTML, whose entities keep their meaning
        value = unescape(value)
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode("utf-8")
    return " ".join(value.replace("\0", " ").split()) or None


def whole_number(value: object, *, zero: bool = False) -> int | None:
    """A count from a number or digits; None for nothing, negatives, endless values and (unless `zero`) 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = int(value) if isinstance(value, int) else int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if number > 0 or (zero and number == 0) else None


def flag(value: object) -> bool | None:
    """A yes or no; None for everything else."""
    return value if isinstance(value, bool) else None


def names(value: object) -> list[str]:
    """The names in `[{"name": …}]` or `["…"]`, each once."""
    if not isinstance(value, list):
        return []
    found = (text(entry.get("name") if isinstance(entry, Mapping) else entry) for entry in value)
    return list(dict.fromkeys(name for name in found if name))


def iso_date(value: object) -> str | None:
    """The date a text begins with, "YYYY-MM-DD"; None for placeholders such as the year 2200."""
    match = _ISO_DATE.match(value) if isinstance(value, str) else None
    if match is None or not 1000 < int(match[0][:4]) < _PLACEHOLDER_YEAR:
        return None
    return match[0]


def web_address(value: object) -> str | None:
    """An http(s) address; None for everything else."""
    address = text(value)
    return address if address and address.startswith(("http://", "https://")) else None
