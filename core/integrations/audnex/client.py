"""Asks Audnex for books by ASIN over the marketplaces, for chapters, and by title where the host can."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from core.clock import Clock
from core.domain.answer import BookAnswer
from core.domain.asin import parse_asin
from core.domain.audible_product import chapters_from_info
from core.domain.book import Chapter
from core.errors import BadReply, RateLimited, Rejected, Unreachable
from core.http import Reply, fetch, user_agent
from core.integrations.audnex.models import Book, Fault
from core.pace import Pace

if TYPE_CHECKING:
    import aiohttp

SYSTEM = "audnex"
REGIONS = ("us", "uk", "ca", "au", "de", "fr", "es", "it", "in", "jp")
_GATEWAY_FAULTS = frozenset({502, 503, 504})  # the host itself is down: other regions would fail alike
_NO_SEARCH = frozenset({400, 404, 405, 422, 501})  # how hosts without /books/search answer it


class _NotHere(Exception):
    """This region does not have the book; `anywhere` is False when none can."""

    def __init__(self, *, anywhere: bool) -> None:
        self.anywhere = anywhere


class Audnex:
    """A client of one Audnex host.

    Every method raises Unreachable, RateLimited (also by itself, without asking, while the host's limit
    is used up), Rejected or BadReply.
    """

    name = SYSTEM

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        base_url: str = "https://api.audnex.us",
        regions: Sequence[str] = REGIONS,
        timeout: float = 20.0,
    ) -> None:
        self._session = session
        self._clock = clock
        self._base = base_url.rstrip("/")
        self._regions = tuple(regions) or REGIONS
        self._timeout = timeout
        self._pace = Pace(SYSTEM, clock)
        self._can_search: bool | None = None
        self._probe = asyncio.Lock()

    async def by_asin(self, asin: str) -> BookAnswer | None:
        """The book from the first region that has it; None when every region says it has not.

        A region that fails is passed over; its error is raised only if no other region has the book.
        """
        if (asin := parse_asin(asin) or "") == "":
            return None
        failed: Unreachable | None = None
        for region in self._regions:
            try:
                return self._book(await self._get(f"/books/{asin}", {"region": region}), region, asin)
            except _NotHere as absent:
                if not absent.anywhere:
                    return None
            except _RegionFailed as error:
                failed = error
        if failed is not None:
            raise failed
        return None

    async def chapters(self, asin: str, region: str) -> list[Chapter] | None:
        """The chapters of an edition; None while Audnex has none, as for many new releases."""
        try:
            info = await self._get(f"/books/{asin}/chapters", {"region": region})
        except _NotHere:
            return None
        if not isinstance(info, dict) or not isinstance(info.get("chapters"), list):
            raise BadReply(SYSTEM, f"audnex answered something else than chapters for {asin}.")
        return list(chapters_from_info(info))

    async def search(self, title: str, author: str | None = None) -> list[BookAnswer]:
        """Up to ten books for a title, in the host's order; empty where the host has no search.

        Whether it has one is found out once.
        """
        async with self._probe:
            if self._can_search is False:
                return []
            found = await self._search(f"{title} {author or ''}".strip())
            self._can_search = found is not None
        return [self._book(entry, self._regions[0]) for entry in found or () if _is_book(entry)]

    async def _search(self, query: str) -> list[Any] | None:
        try:
            found = await self._get("/books/search", {"q": query, "region": self._regions[0]})
        except _NotHere:
            return [] if self._can_search else None
        except Rejected as error:
            if error.status in _NO_SEARCH and not self._can_search:
                return None
            raise
        if not isinstance(found, list):
            raise BadReply(SYSTEM, "audnex answered a search with something else than a list.")
        return found

    def _book(self, body: object, region: str, asin: str | None = None) -> BookAnswer:
        if not isinstance(body, dict) or not _is_book(body):
            raise BadReply(SYSTEM, f"audnex answered something else than a book for {asin or 'a search'}.")
        try:
            facts = Book.model_validate(body).facts(region)
        except ValidationError as error:
            raise BadReply(SYSTEM, f"audnex sent a book that cannot be read ({asin}).") from error
        if asin and facts.asin not in (None, asin):
            raise BadReply(SYSTEM, f"audnex answered with {facts.asin} when asked for {asin}.")
        return BookAnswer(facts, body, facts.region)

    async def _get(self, path: str, params: Mapping[str, str]) -> Any:
        """One request. Raises _NotHere besides the public errors."""
        await self._pace.turn()
        try:
            reply = await fetch(
                self._session,
                SYSTEM,
                "GET",
                self._base + path,
                params=params,
                headers={"User-Agent": user_agent(), "Accept": "application/json"},
                timeout=self._timeout,
            )
        except (Unreachable, asyncio.CancelledError):  # cancelled: it took longer than the caller had
            self._pace.silent()
            raise
        self._note_limit(reply)
        if reply.status == 200:
            return reply.json()
        raise self._fault(reply)

    def _note_limit(self, reply: Reply) -> None:
        if reply.headers.get("x-ratelimit-remaining", "").strip() == "0":
            self._pace.limited(reply.retry_after(self._clock.now()))

    def _fault(self, reply: Reply) -> Exception:
        try:
            fault = Fault.parse(reply.json())
        except BadReply:
            fault = Fault()
        if reply.status == 429:
            wait = reply.retry_after(self._clock.now(), fault.retry_after or 60.0)
            self._pace.limited(wait)
            return RateLimited(SYSTEM, f"audnex wants no request for {wait:.0f} s.", retry_after=wait)
        if fault.is_no_book:
            return _NotHere(anywhere=False)
        if reply.status == 404 or fault.is_elsewhere:
            return _NotHere(anywhere=True)
        if reply.status in _GATEWAY_FAULTS:
            return Unreachable(SYSTEM, f"audnex is out of order ({reply.status}).")
        if reply.status >= 500:
            return _RegionFailed(SYSTEM, f"audnex failed inside ({reply.status}).")
        return Rejected(
            SYSTEM,
            f"audnex refused the request ({reply.status}{', ' + fault.code if fault.code else ''}).",
            status=reply.status,
        )


class _RegionFailed(Unreachable):
    """One region's request failed inside the host; another region may do."""


def _is_book(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("title"), str) and "asin" in body
