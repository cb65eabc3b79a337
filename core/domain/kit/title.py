"""The form's one title out of title and subtitle."""

from __future__ import annotations

from core.domain.book import BookFacts
from core.domain.lint.title_text import (
    is_format_word,
    is_just_a_number,
    is_reading_line,
    names_series,
    series_key,
)
from core.domain.tracker_ids import NONFICTION


def form_title(facts: BookFacts, main_cat: int | None) -> str | None:
    """ "Title: Subtitle", as the site's own fill joins them; only the title where the subtitle adds no name.

    Reading lines, mentions of the series and what the title says already add none.
    """
    title, subtitle = (facts.title or "").strip(), (facts.subtitle or "").strip()
    if not title or not subtitle or _adds_nothing(title, subtitle, facts, main_cat):
        return title or None
    return f"{title}: {subtitle}"


def _adds_nothing(title: str, subtitle: str, facts: BookFacts, main_cat: int | None) -> bool:
    keys = {series_key(series.name) for series in facts.series} - {""}
    return (
        is_reading_line(subtitle, fiction=main_cat != NONFICTION)
        or is_format_word(subtitle)
        or is_just_a_number(subtitle)
        or names_series(subtitle, keys)
        or series_key(subtitle) in series_key(title)
        or subtitle.lower() in ("null", "none")
    )
