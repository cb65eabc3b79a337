"""Describes a book from everything that speaks of it: each field from the best source that knows it.

The order is the person's edit, the sidecar, the catalogues, the folder's name, the tags. Catalogues
are asked one after another within one time limit, each with a fair share of what is left; one that
fails is noted for a later look and never holds the book.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from core.domain.answer import BookAnswer
from core.domain.book import BookFacts, Chapter, merge_facts
from core.domain.matching import TITLE_DIFFERS, Match, best_title_ratio, compare, durations_agree
from core.errors import BadReply, IntegrationError, RateLimited, Unreachable
from core.upload.sidecar import Sidecar

TIME_LIMIT = 20.0  # seconds for all catalogues together
RUNTIME_SHARE = CHAPTERS_SHARE = 0.05
RUNTIME_SLACK_S = 60.0  # catalogues round to minutes
NEW_RELEASE = timedelta(days=30)
ENRICH_AFTER = timedelta(days=14)  # catalogues add the series one or two weeks after the release
SERIES_MISSING = "No source names a series; a new release often gets its series a week or two later."
_RETRY = ((Unreachable, 900.0), (BadReply, 3_600.0), (IntegrationError, 86_400.0))  # seconds
# A further catalogue is asked only while one of these is unknown.
_WORTH_ASKING = (
    *("title", "authors", "narrators", "runtime_min", "release_date", "description", "language"),
    *("cover_url", "category_ladders"),
)


class Source(Protocol):
    """A catalogue of books; both ways of asking may raise an IntegrationError."""

    @property
    def name(self) -> str: ...

    async def by_asin(self, asin: str) -> BookAnswer | None: ...

    async def search(self, title: str, author: str | None = None) -> list[BookAnswer]: ...


@runtime_checkable
class ChapterSource(Protocol):
    """A catalogue that knows chapters too."""

    async def chapters(self, asin: str, region: str) -> list[Chapter] | None: ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known without asking anybody: `duration_s` and `chapters` are those of all audio files."""

    folder: BookFacts = field(default_factory=BookFacts)
    sidecar: Sidecar = field(default_factory=lambda: Sidecar(BookFacts()))
    tags: BookFacts = field(default_factory=BookFacts)
    edit: BookFacts = field(default_factory=BookFacts)
    duration_s: float | None = None
    chapters: int | None = None

    def merged(self, answers: Sequence[BookAnswer] = ()) -> BookFacts:
        """Field by field the most trusted value, with `answers` in their place of the order."""
        online = (answer.facts for answer in answers)
        return merge_facts([self.edit, self.sidecar.facts, *online, self.folder, self.tags])


@dataclass(frozen=True, slots=True)
class Pending:
    """A catalogue that could not be asked properly now; worth another try in `retry_after` seconds."""

    source: str
    reason: str
    retry_after: float


@dataclass(frozen=True, slots=True)
class Description:
    """The facts with their sources, sentences for the person, and what is still to be asked."""

    facts: BookFacts
    chapters: tuple[Chapter, ...] = ()
    raw_audnex: dict[str, Any] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()


@dataclass(slots=True)
class _Notes:
    warnings: list[str] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)


async def describe(
    evidence: Evidence, sources: Sequence[Source], now: datetime, *, timeout: float = TIME_LIMIT
) -> Description:
    """Merge what is known with what `sources`, in their order, answer within `timeout` seconds.

    The first source is always asked; a further one while something it could add is unknown.
    """
    notes = _Notes([evidence.sidecar.warning] if evidence.sidecar.warning else [])
    deadline = asyncio.get_running_loop().time() + timeout
    answers: list[BookAnswer] = []
    chapters = evidence.sidecar.chapters
    raw_audnex = None
    for position, source in enumerate(sources):
        known = evidence.merged(answers)
        if position and all(getattr(known, name) for name in _WORTH_ASKING):
            break
        share = (deadline - asyncio.get_running_loop().time()) / (len(sources) - position)
        async with _share(source.name, share, notes):
            answer = await _find(source, known, evidence.duration_s, notes)
            if answer is None:
                continue
            answers.append(answer)
            raw_audnex = answer.raw if source.name == "audnex" else raw_audnex
            if not chapters and evidence.chapters and isinstance(source, ChapterSource):
                chapters = await _chapters(source, answer)
    facts = evidence.merged(answers)
    told = [evidence.sidecar.facts, *(answer.facts for answer in answers)]
    notes.warnings += _doubts(evidence, facts, told)
    notes.warnings += _chapter_doubts(evidence.chapters, len(chapters))
    if not facts.series and _is_new(facts.release_date, now):
        notes.warnings.append(SERIES_MISSING)
    return Description(facts, chapters, raw_audnex, tuple(notes.warnings), tuple(notes.pending))


def needs_enrichment(
    facts: BookFacts, warnings: Sequence[str], release_date: str | None, now: datetime
) -> datetime | None:
    """When the catalogues are worth another look for a missing series, None when they are not."""
    if facts.series or SERIES_MISSING not in warnings or not _is_new(release_date, now):
        return None
    return now + ENRICH_AFTER


@asynccontextmanager
async def _share(source: str, seconds: float, notes: _Notes) -> AsyncIterator[None]:
    """A source's share of the time: what it raises, or running over, becomes a note."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            yield
    except TimeoutError:
        reason = f"{source} did not answer within {seconds:.0f} seconds."
        notes.pending.append(Pending(source, reason, dict(_RETRY)[Unreachable]))
    except IntegrationError as error:
        notes.pending.append(Pending(source, error.message, _retry_after(error)))


async def _find(
    source: Source, known: BookFacts, duration_s: float | None, notes: _Notes
) -> BookAnswer | None:
    """The book by its ASIN, else a confirmed find by title; an unconfirmed one is only reported."""
    if known.asin and (answer := await source.by_asin(known.asin)):
        return answer
    if not known.title:
        return None
    author = known.authors[0].name if known.authors else None
    found = [(compare(known, one.facts, duration_s), one) for one in await source.search(known.title, author)]
    if not found:
        return None
    match, answer = max(found, key=_fitness)
    if not match.confirmed:
        notes.warnings.append(_unconfirmed(source.name, match, answer.facts))
        return None
    if known.asin:  # another edition's number must not displace the one we hold
        return replace(answer, facts=answer.facts.model_copy(update={"asin": None}))
    return answer


def _fitness(found: tuple[Match, BookAnswer]) -> tuple[bool, bool, float]:
    match, _ = found
    return match.confirmed, match.duration is True, match.title


def _unconfirmed(source: str, match: Match, facts: BookFacts) -> str:
    people = ", ".join(person.name for person in facts.authors) or "an unknown author"
    return f"Unconfirmed match: {source} offers “{facts.title}” by {people}, not used because {match.doubts}."


async def _chapters(source: ChapterSource, answer: BookAnswer) -> tuple[Chapter, ...]:
    if not answer.facts.asin or not answer.region:
        return ()
    return tuple(await source.chapters(answer.facts.asin, answer.region) or ())


def _doubts(evidence: Evidence, facts: BookFacts, told: Sequence[BookFacts]) -> list[str]:
    """Where the folder's title or the audio's length speaks against what the sources tell."""
    doubts = [
        f"The folder's title “{evidence.folder.title}” hardly resembles “{other.title}”"
        f" from {_teller(other, 'title')}."
        for other in told
        if evidence.folder.title and other.title and best_title_ratio(evidence.folder, other) < TITLE_DIFFERS
    ]
    if (
        evidence.duration_s
        and facts.runtime_min
        and not durations_agree(
            evidence.duration_s, facts.runtime_min * 60, share=RUNTIME_SHARE, slack_s=RUNTIME_SLACK_S
        )
    ):
        doubts.append(
            f"The audio is {evidence.duration_s / 60:.0f} min long, {_teller(facts, 'runtime_min')} says"
            f" {facts.runtime_min} min: is a part missing, or is it another edition?"
        )
    return doubts


def _chapter_doubts(in_audio: int | None, told: int) -> list[str]:
    if not in_audio or not told or durations_agree(in_audio, told, share=CHAPTERS_SHARE, slack_s=0):
        return []
    return [f"The audio has {in_audio} chapters where {told} are expected."]


def _teller(facts: BookFacts, name: str) -> str:
    return facts.sources.get(name, "the metadata")


def _is_new(release_date: str | None, now: datetime) -> bool:
    """Whether a book came out within the last month, or is still to come."""
    if release_date is None:
        return False
    try:
        released = date.fromisoformat(release_date[:10])
    except ValueError:
        return False
    return released >= (now - NEW_RELEASE).date()


def _retry_after(error: IntegrationError) -> float:
    if isinstance(error, RateLimited):
        return error.retry_after
    return next(seconds for kind, seconds in _RETRY if isinstance(error, kind))
