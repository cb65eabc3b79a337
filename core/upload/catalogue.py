"""A metadata source with patience and a memory: breaker around it, its answers kept in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.breaker import Breakers
from core.domain.answer import BookAnswer
from core.domain.book import BookFacts, Chapter
from core.store.small import CacheStore
from core.upload.cascade import ChapterSource, Source

BOOK_AGE = timedelta(days=7)  # Audnex itself re-reads a book no sooner
SEARCH_AGE = timedelta(days=1)


class RememberedSource:
    """The same questions, asked once a week; while the source is away nothing is asked."""

    def __init__(
        self, name: str, connect: Callable[[], Source], cache: CacheStore, breakers: Breakers
    ) -> None:
        self.name = name
        self._connect = connect
        self._connected: Source | None = None
        self._cache = cache
        self._breakers = breakers

    async def by_asin(self, asin: str) -> BookAnswer | None:
        """The book, remembered once found; a book that was not found is asked for again."""
        if (kept := await self._cache.get(self.name, f"book:{asin}", BOOK_AGE)) is not None:
            return _loaded(kept)
        answer = await self._breakers.call(self.name, lambda: self._source().by_asin(asin))
        if answer is not None:
            await self._cache.put(self.name, f"book:{asin}", _kept(answer))
        return answer

    async def search(self, title: str, author: str | None = None) -> list[BookAnswer]:
        """What the source finds, remembered for a day when it found something."""
        key = f"search:{title[:90]}:{(author or '')[:90]}"
        if (kept := await self._cache.get(self.name, key, SEARCH_AGE)) is not None:
            return [_loaded(item) for item in kept]
        answers = await self._breakers.call(self.name, lambda: self._source().search(title, author))
        if answers:
            await self._cache.put(self.name, key, [_kept(answer) for answer in answers])
        return answers

    async def chapters(self, asin: str, region: str) -> list[Chapter] | None:
        """The chapters, where the source knows any; not remembered, they are asked for once a release."""
        source = self._source()
        if not isinstance(source, ChapterSource):
            return None
        return await self._breakers.call(self.name, lambda: source.chapters(asin, region))

    def _source(self) -> Source:
        # made with the first question: a start that asks nobody loads no HTTP client
        if self._connected is None:
            self._connected = self._connect()
        return self._connected


def _kept(answer: BookAnswer) -> dict[str, Any]:
    facts = answer.facts.model_dump(exclude_defaults=True)
    return {"facts": facts, "raw": answer.raw, "region": answer.region}


def _loaded(kept: dict[str, Any]) -> BookAnswer:
    return BookAnswer(BookFacts.model_validate(kept["facts"]), kept["raw"], kept["region"])
