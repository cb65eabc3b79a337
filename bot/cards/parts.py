"""Texts for cards: made harmless where they come from outside, and cut where a message has an end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

CUT = "…"
BESIDE_A_LETTER = 2  # combining marks that stay; a title with more climbs over its neighbours

_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"([\\*_~|`\[\]<>#])")
_LINK = re.compile(r"(?<=[A-Za-z]):(?=//)")
_LIST = re.compile(r"^(\d+)(?=[.)]\s)|^(?=[-+]\s)")
_AT = re.compile(r"@(?=\S)")
ZERO_WIDTH = "\u200b"


def escape(text: str, limit: int = 200) -> str:
    """One line of a text from outside that shows as it is written and does nothing.

    No markup, mention, link, list or heading comes of it; control and invisible characters and orders of
    direction are gone. `limit` counts what people see; with the backslashes it may be twice as long.
    """
    plain = cut(_visible(text), limit)
    plain = _MARKUP.sub(r"\\\1", plain)
    plain = _LINK.sub(r"\\:", plain)
    plain = _LIST.sub(lambda found: f"{found[1]}\\" if found[1] else "\\", plain)
    return _AT.sub(f"@{ZERO_WIDTH}", plain)


def cut(text: str, limit: int) -> str:
    """The text, its end left out where it is too long."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + CUT


def fit(lines: Sequence[str], budget: int, more: Callable[[int], str]) -> str:
    """As many whole lines as `budget` characters hold; `more(count)` tells how many are left out."""
    if sum(map(weight, lines)) + len(lines) <= budget + 1:
        return "\n".join(lines)
    left = budget - weight(more(len(lines)))
    taken = 0
    while taken < len(lines) and weight(lines[taken]) + 1 <= left:
        left -= weight(lines[taken]) + 1
        taken += 1
    return "\n".join((*lines[:taken], more(len(lines) - taken)))


def weight(text: str) -> int:
    """Its length as a client counts it, in UTF-16: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category == "Cs":
            kept.append("\N{REPLACEMENT CHARACTER}")
        elif category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category != "Cf" and marks <= BESIDE_A_LETTER:
            kept.append(char)
    return _SPACE.sub(" ", "".join(kept)).strip()
