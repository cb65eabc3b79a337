"""Audible's and Amazon's item numbers."""

from __future__ import annotations

import re

# Audnex's own rule: a B-number, or an ISBN-10 whose check digit may be X.
ASIN = re.compile(r"(?:B[0-9A-Z]{9}|[0-9]{9}[0-9X])")


def parse_asin(text: object) -> str | None:
    """The ASIN in `text` if that is all there is (blanks and case apart), else None."""
    if not isinstance(text, str):
        return None
    candidate = text.strip().upper()
    return candidate if ASIN.fullmatch(candidate) else None
