"""The tracker's values: numbers as text, text as numbers, JSON in a string in JSON, HTML escaped twice.

None of these raises, whatever it is given.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

from core.domain import tolerant

LARGEST = 2**63 - 1  # what a database holds
LONGEST_TEXT = 200_000  # characters
DEEPEST = 3  # JSON within strings of JSON

_TRUE = frozenset({"1", "yes", "true", "on"})
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?([eE][+-]?\d{1,3})?")
_SIZE = re.compile(r"([\d,.]+)\s*([KMGTPE]?)(i?)B?", re.IGNORECASE)
_POWERS = {letter: power for power, letter in enumerate(" KMGTPE") if power} | {"": 0}
_INFINITE = frozenset({"∞", "inf", "infinity", "&infin;"})


def line(value: object) -> str:
    """One line of clean text, unescaped twice; empty where there is none."""
    return tolerant.text(unescape(value[:LONGEST_TEXT]) if isinstance(value, str) else value) or ""


def prose(value: object) -> str:
    """A text of several lines, unescaped twice; numbers are taken as text."""
    if not isinstance(value, str):
        return line(value)
    return unescape(unescape(value[:LONGEST_TEXT])).replace("\0", " ").encode("utf-8", "replace").decode()


def yes(value: object) -> bool:
    """A flag that is set: 1, "1", "yes" or true."""
    if isinstance(value, str):
        return value.strip().lower() in _TRUE
    return isinstance(value, (bool, int, float)) and value == 1


def number(value: object) -> float | None:
    """A finite number, from a number or text with or without thousands' commas."""
    if isinstance(value, str):
        text = value.strip()
        value = float(text.replace(",", "")) if len(text) < 64 and _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(value: object) -> int | None:
    """A whole number from 0 on that a database can hold; None for everything else."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 24:
        whole = int(value)
    elif isinstance(value, int):
        whole = value
    elif (real := number(value)) is not None:
        whole = int(real)
    else:
        return None
    return whole if 0 <= whole <= LARGEST else None


def identity(value: object) -> int | None:
    """An id: a whole number above 0."""
    return None if isinstance(value, bool) else count(value) or None


def ratio(value: object) -> float | None:
    """Infinite for "∞"; None for "---" and whatever is no ratio."""
    if isinstance(value, str) and value.strip().lower() in _INFINITE:
        return math.inf
    if isinstance(value, float) and value == math.inf:
        return math.inf
    real = number(value)
    return real if real is not None and real >= 0 else None


def size(value: object) -> int | None:
    """Bytes, from bytes (as a number or text) or a size such as "1,018.3 KiB"."""
    if (exact := count(value)) is not None and not isinstance(value, bool):
        return exact
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    real = number(match[1]) if match else None
    if match is None or real is None:
        return None
    return count(real * (1024 if match[3] or not match[2] else 1000) ** _POWERS[match[2].upper()])


def moment(value: object) -> datetime | None:
    """UTC, from `YYYY-MM-DD HH:MM:SS` (naive UTC), ISO 8601 or a unix time; None for 0 and nonsense."""
    seconds = number(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if found is None:
            return None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def inner(value: object) -> Any:
    """What JSON in a string says, decoded as often as it was encoded; None for what is no JSON.

    A list or object that came as itself is given back.
    """
    for _ in range(DEEPEST):
        if not isinstance(value, str):
            break
        value = _decoded(value)
    return value if isinstance(value, (dict, list)) else None


def _decoded(text: str) -> Any:
    for form in (text, unescape(text)):
        try:
            return json.loads(form)
        except (ValueError, RecursionError):
            continue
    return None
