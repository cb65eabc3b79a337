"""Asks Audible's catalogue for books by ASIN over the marketplaces, or by title and author."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from core.clock import Clock
from core.domain.answer import BookAnswer
from core.domain.asin import parse_asin
from core.domain.audible_product import facts_from_product
from core.errors import BadReply, RateLimited, Rejected, Unreachable
from core.http import Reply, fetch, user_agent
from core.integrations.audible.models import BOOK_GROUPS, MARKETPLACES, Catalogue, is_book, is_known
from core.pace import Pace

if TYPE_CHECKING:
    import aiohttp

SYSTEM = "audible"
MIN_INTERVAL = 1.0  # seconds between requests, whatever the marketplace
THROTTLE_REST = 300.0  # seconds; an empty list names no time
_GROUPS = {"response_groups": ",".join(BOOK_GROUPS), "image_sizes": "500,1024"}


class Audible:
    """A client of the public, undocumented catalogue: no account, an honest name, a low rate.

    Every method raises Unreachable, RateLimited, Rejected or BadReply. With `base_url` that one host is
    asked in the place of the marketplaces.
    """

    name = SYSTEM

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        base_url: str | None = None,
        regions: Sequence[str] = tuple(MARKETPLACES),
        timeout: float = 20.0,
        min_interval: float = MIN_INTERVAL,
    ) -> None:
        self._session = session
        self._clock = clock
        self._timeout = timeout
        known = [region for region in regions if region in MARKETPLACES] or ["us"]
        self._hosts = (
            {known[0]: base_url.rstrip("/")}
            if base_url
            else {region: MARKETPLACES[region] for region in known}
        )
        self._pace = Pace(SYSTEM, clock, min_interval=min_interval)

    async def by_asin(self, asin: str) -> BookAnswer | None:
        """The book from the first marketplace that knows it; None when none does or it is no book."""
        if (asin := parse_asin(asin) or "") == "":
            return None
        for region in self._hosts:
            catalogue = await self._request(region, f"/{asin}", _GROUPS)
            if catalogue is not None and is_known(catalogue.product):
                return self._answer(catalogue.product, region) if is_book(catalogue.product) else None
        return None

    async def search(self, title: str, author: str | None = None) -> list[BookAnswer]:
        """Up to ten books of the first marketplace, best first as Audible sees it."""
        region = next(iter(self._hosts))
        query = {"title": title, "num_results": "10", "page": "0", "products_sort_by": "Relevance", **_GROUPS}
        if author:
            query["author"] = author
        catalogue = await self._request(region, "", query)
        return [
            self._answer(entry, region)
            for entry in (catalogue.products if catalogue else ())
            if is_book(entry)
        ]

    def _answer(self, product: dict[str, Any], region: str) -> BookAnswer:
        return BookAnswer(facts_from_product(product, SYSTEM, region), product, region)

    async def _request(self, region: str, path: str, params: Mapping[str, str]) -> Catalogue | None:
        """One paced request; None for 404 and for what Audible calls an invalid ASIN."""
        await self._pace.turn()
        try:
            reply = await fetch(
                self._session,
                SYSTEM,
                "GET",
                f"{self._hosts[region]}/1.0/catalog/products{path}",
                params=params,
                headers={"User-Agent": user_agent(), "Accept": "application/json"},
                timeout=self._timeout,
            )
        except (Unreachable, asyncio.CancelledError):  # cancelled: it took longer than the caller had
            self._pace.silent()
            raise
        if path and reply.status in {400, 404}:
            return None
        if reply.status != 200:
            raise self._fault(reply)
        catalogue = _parse(reply)
        if catalogue.is_throttled:
            raise self._limited(THROTTLE_REST)
        return catalogue

    def _fault(self, reply: Reply) -> Exception:
        if reply.status == 429:
            return self._limited(reply.retry_after(self._clock.now(), THROTTLE_REST))
        if reply.status >= 500:
            return Unreachable(SYSTEM, f"audible is out of order ({reply.status}).")
        return Rejected(SYSTEM, f"audible refused the request ({reply.status}).", status=reply.status)

    def _limited(self, wait: float) -> RateLimited:
        self._pace.limited(wait)
        return RateLimited(SYSTEM, f"audible wants no request for {wait:.0f} s.", retry_after=wait)


def _parse(reply: Reply) -> Catalogue:
    body = reply.json()
    if not isinstance(body, dict) or not ("product" in body or "products" in body):
        raise BadReply(SYSTEM, "audible answered something else than products.")
    try:
        return Catalogue.model_validate(body)
    except ValidationError as error:
        raise BadReply(SYSTEM, "audible sent products that cannot be read.") from error
