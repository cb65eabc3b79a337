"""Figures as people read them, coarse on purpose: what has not visibly changed is not worth an edit."""

from __future__ import annotations

import math
from datetime import datetime

FULL, EMPTY = "▰", "▱"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
MINUTE, HOUR, DAY = 60, 3600, 86_400
JOINED = "\u00a0"  # a space at which no line breaks: a number stays with its unit
COMMA = frozenset({"de"})  # languages that write 1,5


def bar(fraction: float, width: int = 12) -> str:
    """A bar of `width` cells; it is full only when all is done, and empty only when nothing is."""
    share = _bounded(fraction)
    cells = math.floor(share * width)
    if share > 0 and cells == 0:
        cells = 1
    return FULL * cells + EMPTY * (width - cells)


def percent(fraction: float) -> str:
    """Whole percent, rounded down: 100 % is the end and nothing less."""
    return f"{math.floor(_bounded(fraction) * 100 + 1e-9)}{JOINED}%"


def decimal(value: float, places: int, language: str) -> str:
    """A number with its language's decimal mark."""
    text = f"{value:.{places}f}"
    return text.replace(".", ",") if language in COMMA else text


def count(number: int, language: str) -> str:
    """A whole number in groups of three digits."""
    text = f"{number:,}"
    return text.replace(",", ".") if language in COMMA else text


def size(count: float, language: str) -> str:
    """Bytes in the fitting binary unit: `9.4 GiB`, `412 GiB`."""
    value, unit = max(0.0, float(count)), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value /= 1024
        unit += 1
    places = 1 if unit and value < 9.95 else 0
    return f"{decimal(value, places, language)}{JOINED}{UNITS[unit]}"


def speed(count: float, language: str) -> str:
    """Bytes a second."""
    return f"{size(count, language)}/s"


def duration(seconds: float) -> str:
    """A length of time in steps that grow with it: `< 1 min`, `7 min`, `25 min`, `2 h 15 min`, `3 d 4 h`."""
    if seconds < MINUTE:
        text = "< 1 min"
    elif seconds < 10 * MINUTE:
        text = f"{round(seconds / MINUTE)} min"
    elif seconds < 57.5 * MINUTE:
        text = f"{round(seconds / (5 * MINUTE)) * 5} min"
    elif seconds < DAY:
        text = _two(round(seconds / (15 * MINUTE)) * 15, 60, "h", "min")
    elif seconds <= 99 * DAY:
        text = _two(round(seconds / HOUR), 24, "d", "h")
    else:
        text = "> 99 d"
    return text.replace(" ", JOINED)


def relative(moment: datetime) -> str:
    """A moment that Discord itself shows as `in 5 minutes` and keeps current, without an edit of ours."""
    return f"<t:{int(moment.timestamp())}:R>"


def date(moment: datetime) -> str:
    """A day, in the reader's own form and time zone."""
    return f"<t:{int(moment.timestamp())}:d>"


def _two(count: int, per: int, large: str, small: str) -> str:
    whole, rest = divmod(count, per)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def _bounded(fraction: float) -> float:
    return min(1.0, max(0.0, fraction)) if math.isfinite(fraction) else 0.0
