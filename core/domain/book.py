"""What is known about a book's edition, field by field, with the source of each field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict


class Person(BaseModel):
    """An author as a catalogue names them; translators and the like are left out earlier."""

    model_config = ConfigDict(frozen=True)

    name: str
    asin: str | None = None


class SeriesRef(BaseModel):
    """A place in a series; `position` is text because catalogues say "1", "1.5", "1-3" and worse."""

    model_config = ConfigDict(frozen=True)

    name: str
    position: str | None = None
    asin: str | None = None


class Chapter(BaseModel):
    """A chapter's start (milliseconds from the beginning of its file) and title."""

    model_config = ConfigDict(frozen=True)

    start_ms: int
    title: str


class BookFacts(BaseModel):
    """Facts about one edition. Empty means unknown; `sources` maps a field to who said it.

    Sources in descending authority: edit, sidecar, audnex, audible, folder, tags, mediainfo.
    (pydantic copies an empty list for each; a default factory would cost a third of a millisecond a field.)
    """

    asin: str | None = None
    isbn: str | None = None
    title: str | None = None
    subtitle: str | None = None
    authors: list[Person] = []
    narrators: list[str] = []
    series: list[SeriesRef] = []
    year: int | None = None
    release_date: str | None = None  # ISO date
    publisher: str | None = None
    copyright: str | None = None
    language: str | None = None  # English name, lower case, as Audible gives it: "english"
    region: str | None = None
    description: str | None = None  # HTML as given by the source; sanitised where it is rendered
    runtime_min: int | None = None
    abridged: bool | None = None
    dramatized: bool | None = None
    adult: bool | None = None
    cover_url: str | None = None
    rating: str | None = None
    literature_type: str | None = None  # "fiction" | "nonfiction"
    genres: list[str] = []
    category_ladders: list[list[str]] = []
    sources: dict[str, str] = {}

    def named(self, source: str) -> BookFacts:
        """The same facts, every known field credited to `source`."""
        known = {name: source for name in FACT_FIELDS if getattr(self, name) not in (None, "", [])}
        return self.model_copy(update={"sources": known})


FACT_FIELDS = tuple(name for name in BookFacts.model_fields if name != "sources")


def merge_facts(in_order: Iterable[BookFacts]) -> BookFacts:
    """Field by field, the first known value wins and keeps its source."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for facts in in_order:
        for name in FACT_FIELDS:
            value = getattr(facts, name)
            if name not in values and value not in (None, "", []):
                values[name] = value
                if name in facts.sources:
                    sources[name] = facts.sources[name]
    return BookFacts(**values, sources=sources)
