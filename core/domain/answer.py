"""What a metadata source answers about one book."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.domain.book import BookFacts


@dataclass(frozen=True, slots=True)
class BookAnswer:
    """Facts credited to their source, the source's own JSON, and the region that had it."""

    facts: BookFacts
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    region: str | None = None
