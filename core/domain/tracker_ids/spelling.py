"""How ids and names are compared: numbers by value, names without case, blanks and signs."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = re.compile(r"[\W_]+")


def plain(name: str) -> str:
    """`name` reduced to its letters and digits: "Sci-Fi / Tech" -> "scifitech"."""
    folded = unicodedata.normalize("NFKD", name.replace("&", "and")).casefold()
    return _SIGNS.sub("", "".join(mark for mark in folded if not unicodedata.combining(mark)))


def as_id(value: object) -> int | None:
    """The number in an int or a string of digits; None for everything else, booleans too."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,6}\s*", value):
        return int(value)
    return None
