"""Audnex as it answers: regions, its error objects of today and of old, its rate limit, and what it lacks.

Source of the shapes: audnexus 1.15.2, and reports about the answers of older deployments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.clock import Clock, SystemClock
from tests.world.catalogue import AUDNEX_REGIONS, Book, Catalogue, chapter_titles
from tests.world.outside import outside_app

ASIN = re.compile(r"(B[\dA-Z]{9}|\d{9}(X|\d))")
INTRO_MS, OUTRO_MS = 2043, 5061
WINDOW = 60.0  # seconds in which `limit` requests are allowed
MAX_RESULTS = 10


@dataclass
class Audnex:
    """One deployment; `search` and `old` say which, and may change while it runs."""

    catalogue: Catalogue
    clock: Clock
    search: bool = True
    old: bool = False
    limit: int = 100
    window_began: float = float("-inf")
    used: int = 0


STATE: web.AppKey[Audnex] = web.AppKey("audnex", Audnex)


def create_app(
    catalogue: Catalogue | None = None,
    *,
    clock: Clock | None = None,
    search: bool = True,
    old: bool = False,
    limit: int = 100,
) -> web.Application:
    """`search`: it has /books/search (since 1.15). `old`: it says 500 where a region lacks a book."""
    app = outside_app()
    app[STATE] = Audnex(catalogue or Catalogue.load(), clock or SystemClock(), search, old, limit)
    app.middlewares.append(_limited)
    app.router.add_get("/health", _health)
    app.router.add_get("/books/search", _search)
    app.router.add_get("/books/{asin}", _one_book)
    app.router.add_get("/books/{asin}/chapters", _chapters)
    app.router.add_get("/authors", _authors)
    app.router.add_get("/authors/{asin}", _author)
    return app


class Refusal(Exception):
    """An answer other than 200; today's `code`, and the plain message old deployments give."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details

    def answer(self, old: bool) -> web.Response:
        if old:
            status = 500 if self.code in ("REGION_UNAVAILABLE", "PRODUCT_DELISTED") else self.status
            reason = {400: "Bad Request", 404: "Not Found", 422: "Unprocessable Entity"}.get(status)
            body = {"statusCode": status, "error": reason or "Internal Server Error", "message": self.message}
            return web.json_response(body, status=status)
        error = {"code": self.code, "message": self.message, "details": self.details or None}
        return web.json_response({"error": error}, status=self.status)


@web.middleware
async def _limited(request: web.Request, handler: Any) -> web.StreamResponse:
    state = request.app[STATE]
    now = state.clock.monotonic()
    if now - state.window_began >= WINDOW:
        state.window_began, state.used = now, 0
    state.used += 1
    reset = str(max(1, round(state.window_began + WINDOW - now)))
    if state.used > state.limit:
        error = Refusal(429, "RATE_LIMIT_EXCEEDED", "Rate limit reached. Please try again later.")
        response: web.StreamResponse = error.answer(old=False)
        response.headers["retry-after"] = reset
    else:
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = refusal.answer(state.old)
    if not response.prepared:
        response.headers["x-ratelimit-limit"] = str(state.limit)
        response.headers["x-ratelimit-remaining"] = str(max(0, state.limit - state.used))
        response.headers["x-ratelimit-reset"] = reset
    return response


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _one_book(request: web.Request) -> web.Response:
    return web.json_response(audnex_book(*_wanted(request)))


async def _chapters(request: web.Request) -> web.Response:
    book, region = _wanted(request)
    if not book.chapters:
        raise Refusal(404, "NOT_FOUND", f"{book.asin} has no chapters", asin=book.asin)
    return web.json_response(audnex_chapters(book, region))


async def _search(request: web.Request) -> web.Response:
    if not request.app[STATE].search:
        raise Refusal(400, "BAD_REQUEST", "Bad ASIN")  # "search" is taken for an ASIN
    if not (words := request.query.get("q", "").lower().split()):
        return web.json_response({"error": "Bad Request", "message": "q is required"}, status=400)
    region = _region(request)
    found = [book for book in request.app[STATE].catalogue.sold_in(region) if _mentions(book, words)]
    return web.json_response([audnex_book(book, region) for book in found[:MAX_RESULTS]])


async def _authors(request: web.Request) -> web.Response:
    name = request.query.get("name", "").lower()
    if not name:
        raise Refusal(422, "VALIDATION_ERROR", "name is required")
    region = _region(request)
    people = {pair for book in request.app[STATE].catalogue.sold_in(region) for pair in book.authors}
    found = sorted((who, asin or "") for asin, who in people if name in who.lower())
    return web.json_response([{"asin": asin, "name": who} for who, asin in found])


async def _author(request: web.Request) -> web.Response:
    asin, region = _asin(request), _region(request)
    for book in request.app[STATE].catalogue:
        for author_asin, name in book.authors:
            if author_asin == asin:
                about = f"{name} writes books that nobody else has written."
                return web.json_response(
                    {
                        "asin": asin,
                        "name": name,
                        "description": about,
                        "genres": [],
                        "region": region,
                        "similar": [],
                    }
                )
    raise Refusal(404, "NOT_FOUND", f"Author not found: {asin}", asin=asin)


def _wanted(request: web.Request) -> tuple[Book, str]:
    asin, region = _asin(request), _region(request)
    book = request.app[STATE].catalogue.get(asin)
    facts = {"asin": asin, "region": region}
    if book is not None and book.state == "podcast":
        raise Refusal(400, "CONTENT_TYPE_MISMATCH", f"Item is a podcast, not a book: {asin}", **facts)
    if book is not None and book.state == "delisted":
        raise Refusal(404, "PRODUCT_DELISTED", f"Product was delisted: {asin}", **facts)
    if book is None or book.state == "placeholder" or region not in book.regions:
        text = f"Item not available in region '{region}' for ASIN: {asin}"
        raise Refusal(404, "REGION_UNAVAILABLE", text, **facts)
    return book, region


def _asin(request: web.Request) -> str:
    asin = request.match_info["asin"]
    if not ASIN.fullmatch(asin):
        raise Refusal(400, "BAD_REQUEST", "Bad ASIN")
    return asin


def _region(request: web.Request) -> str:
    region = request.query.get("region", "us")
    if region not in AUDNEX_REGIONS:
        raise Refusal(422, "VALIDATION_ERROR", "Invalid region", region=region)
    return region


def _mentions(book: Book, words: list[str]) -> bool:
    names = " ".join((book.title, *(name for _, name in book.authors), *book.narrators)).lower()
    return all(word in names for word in words)


def audnex_book(book: Book, region: str) -> dict[str, Any]:
    """The answer to /books/{asin}; what is unknown is absent."""
    steps = [
        (step, "genre" if depth == 0 else "tag")
        for ladder in book.ladders
        for depth, step in enumerate(ladder)
    ]
    unique = dict(steps[::-1])
    series = [{"asin": asin, "name": name, "position": at} for asin, name, at in book.series]
    answer: dict[str, Any] = {
        "asin": book.asin,
        "authors": [{"asin": asin, "name": name} if asin else {"name": name} for asin, name in book.authors],
        "copyright": book.year,
        "description": book.teaser,
        "formatType": book.format_type,
        "genres": [
            {"asin": f"18{number:09}", "name": name, "type": unique[name]}
            for number, name in enumerate(dict.fromkeys(step for step, _ in steps), 580_606_001)
        ],
        "image": f"https://m.media-amazon.com/images/I/{book.asin}L.jpg",
        "isAdult": book.adult,
        "isbn": book.isbn,
        "language": book.language,
        "literatureType": book.literature,
        "narrators": [{"name": name} for name in book.narrators],
        "publisherName": book.publisher,
        "rating": "4.6",
        "region": region,
        "releaseDate": f"{book.release_date}T00:00:00.000Z",
        "runtimeLengthMin": book.runtime_min,
        "seriesPrimary": series[0] if series else None,
        "seriesSecondary": series[1] if len(series) > 1 else None,
        "subtitle": book.subtitle,
        "summary": book.summary,
        "title": book.title,
    }
    return {key: value for key, value in answer.items() if value not in (None, [])}


def audnex_chapters(book: Book, region: str) -> dict[str, Any]:
    """The answer to /books/{asin}/chapters."""
    return {
        "asin": book.asin,
        "brandIntroDurationMs": INTRO_MS,
        "brandOutroDurationMs": OUTRO_MS,
        "chapters": [
            {"lengthMs": length, "startOffsetMs": start, "startOffsetSec": start // 1000, "title": title}
            for title, start, length in chapter_times(book)
        ],
        "isAccurate": True,
        "region": region,
        "runtimeLengthMs": book.runtime_min * 60_000,
        "runtimeLengthSec": book.runtime_min * 60,
    }


def chapter_times(book: Book) -> list[tuple[str, int, int]]:
    """(title, start, length) in milliseconds: chapters of equal length over the book's runtime."""
    titles = chapter_titles(book)
    total = book.runtime_min * 60_000
    starts = [total * number // len(titles) for number in range(len(titles))] if titles else []
    ends = [*starts[1:], total]
    return [(title, start, end - start) for title, start, end in zip(titles, starts, ends, strict=False)]
