"""Audnex over a real loopback server: what it answers, and each way in which it does not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.domain.book import Chapter, Person, SeriesRef
from core.errors import BadReply, RateLimited, Rejected, Unreachable
from core.http import new_session
from core.integrations.audnex.client import Audnex
from tests.world.clock import SimulatedClock

ASIN = "B08G9PRS1K"
BOOK = {
    "asin": ASIN,
    "authors": [{"asin": "B00G0WYW92", "name": "Andy Weir"}, {"name": "Ann Lee - translator"}],
    "copyright": 2021,
    "description": "A short teaser",
    "formatType": "unabridged",
    "genres": [
        {"asin": "1", "name": "Science Fiction & Fantasy", "type": "genre"},
        {"asin": "2", "name": "Space Opera", "type": "tag"},
    ],
    "image": "https://m.example/i.jpg",
    "isAdult": False,
    "isbn": "9781603935470",
    "language": "english",
    "literatureType": "fiction",
    "narrators": [{"name": "Ray Porter"}],
    "publisherName": "Audible Studios",
    "rating": "4.9",
    "region": "us",
    "releaseDate": "2021-05-04T00:00:00.000Z",
    "runtimeLengthMin": 970,
    "seriesPrimary": {"asin": "B00SERIES1", "name": "Alone", "position": "Book 1"},
    "summary": "<p>All of it</p>",
    "title": "Project Hail Mary",
}
OLD_MISS = {
    "statusCode": 500,
    "error": "Internal Server Error",
    "message": f"Item not available in region 'us' for ASIN: {ASIN}",
}
LIMITED = {"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "Rate limit reached.", "details": None}}


def fault(code: str, message: str = "") -> dict:
    return {"error": {"code": code, "message": message, "details": {}}}


class Host:
    """An Audnex whose answers a test sets; it remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[web.Request], web.StreamResponse] = lambda _: web.json_response(BOOK)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query)))
        reply = self.answer(request)
        return await reply if asyncio.iscoroutine(reply) else reply

    @property
    def regions(self) -> list[str]:
        return [query["region"] for _, query in self.asked]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", host.handle)
    async with TestServer(app) as server:
        host.url = str(server.make_url(""))
        yield host


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as session:
        yield session


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def audnex(host: Host, session: aiohttp.ClientSession, clock: SimulatedClock) -> Audnex:
    return Audnex(session, clock, base_url=host.url, regions=("us", "uk", "de"), timeout=5)


async def test_a_book_is_read_with_its_source_and_kept_raw(audnex: Audnex, host: Host) -> None:
    answer = await audnex.by_asin(ASIN.lower())
    assert answer is not None
    facts = answer.facts
    assert (facts.title, facts.asin, facts.runtime_min, facts.year) == ("Project Hail Mary", ASIN, 970, 2021)
    assert facts.authors == [Person(name="Andy Weir", asin="B00G0WYW92")]
    assert facts.series == [SeriesRef(name="Alone", position="1", asin="B00SERIES1")]
    assert facts.genres == ["Science Fiction & Fantasy", "Space Opera"]
    assert (facts.description, facts.copyright, facts.abridged) == ("<p>All of it</p>", "2021", False)
    assert (facts.literature_type, facts.cover_url) == ("fiction", "https://m.example/i.jpg")
    assert set(facts.sources.values()) == {"audnex"}
    assert answer.raw == BOOK
    assert answer.region == "us"
    assert host.asked == [(f"/books/{ASIN}", {"region": "us"})]


async def test_wrong_types_unknown_fields_and_missing_ones_are_borne(audnex: Audnex, host: Host) -> None:
    strange = {
        "asin": ASIN,
        "title": "T",
        "rating": 4.9,
        "isbn": 978,
        "authors": "x",
        "narrators": [1, {"name": 7}],
    }
    strange |= {"genres": {}, "seriesPrimary": "no", "releaseDate": 5, "runtimeLengthMin": "970", "new": [1]}
    host.answer = lambda _: web.json_response(strange)
    answer = await audnex.by_asin(ASIN)
    assert answer is not None
    assert (answer.facts.rating, answer.facts.isbn, answer.facts.runtime_min) == ("4.9", "978", 970)
    assert (answer.facts.authors, answer.facts.narrators, answer.facts.series) == ([], ["1", "7"], [])


async def test_what_is_no_asin_is_not_asked_for(audnex: Audnex, host: Host) -> None:
    assert await audnex.by_asin("../authors") is None
    assert host.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, fault("NOT_FOUND")),
        (404, fault("REGION_UNAVAILABLE")),
        (404, fault("PRODUCT_DELISTED")),
        (404, {}),
        (500, OLD_MISS),
    ],
)
async def test_a_region_without_the_book_leads_to_the_next(
    audnex: Audnex, host: Host, status: int, body: dict
) -> None:
    def answer(request: web.Request) -> web.Response:
        if request.query["region"] == "de":
            return web.json_response(BOOK | {"region": "de"})
        return web.json_response(body, status=status)

    host.answer = answer
    found = await audnex.by_asin(ASIN)
    assert found is not None
    assert found.region == "de"
    assert host.regions == ["us", "uk", "de"]
    host.answer = lambda _: web.json_response(body, status=status)
    assert await audnex.by_asin(ASIN) is None
    assert host.regions == ["us", "uk", "de"] * 2


@pytest.mark.parametrize("body", [fault("CONTENT_TYPE_MISMATCH"), fault("BAD_REQUEST", "Bad ASIN")])
async def test_a_podcast_or_bad_asin_is_nowhere_and_asked_for_once(
    audnex: Audnex, host: Host, body: dict
) -> None:
    host.answer = lambda _: web.json_response(body, status=400)
    assert await audnex.by_asin(ASIN) is None
    assert host.regions == ["us"]


async def test_one_failing_region_does_not_hide_the_book(audnex: Audnex, host: Host) -> None:
    def answer(request: web.Request) -> web.Response:
        if request.query["region"] == "us":
            return web.Response(status=500, text="oops")
        return web.json_response(BOOK | {"region": "uk"})

    host.answer = answer
    found = await audnex.by_asin(ASIN)
    assert found is not None
    assert found.region == "uk"


async def test_a_failing_region_is_told_when_no_other_has_the_book(audnex: Audnex, host: Host) -> None:
    def answer(request: web.Request) -> web.Response:
        if request.query["region"] == "us":
            return web.Response(status=500)
        return web.json_response(fault("NOT_FOUND"), status=404)

    host.answer = answer
    with pytest.raises(Unreachable, match="500"):
        await audnex.by_asin(ASIN)


async def test_a_host_out_of_order_is_asked_once(audnex: Audnex, host: Host) -> None:
    host.answer = lambda _: web.Response(status=503, text="<html>busy")
    with pytest.raises(Unreachable, match="503"):
        await audnex.by_asin(ASIN)
    assert host.regions == ["us"]
    host.answer = lambda _: web.json_response(BOOK)
    assert await audnex.by_asin(ASIN) is not None


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "7"}, LIMITED, 7),
        ({"x-ratelimit-reset": "42"}, LIMITED, 42),
        ({}, {"error": {"code": "RATE_LIMIT_EXCEEDED", "details": {"retryAfterSeconds": 13}}}, 13),
        ({}, LIMITED, 60),
    ],
)
async def test_the_limit_is_honoured_without_asking_again(
    audnex: Audnex, host: Host, clock: SimulatedClock, headers: dict, body: dict, wait: float
) -> None:
    host.answer = lambda _: web.json_response(body, status=429, headers=headers)
    with pytest.raises(RateLimited) as caught:
        await audnex.by_asin(ASIN)
    assert caught.value.retry_after == wait
    host.answer = lambda _: web.json_response(BOOK)
    clock.shift(wait - 1)
    with pytest.raises(RateLimited) as caught:
        await audnex.by_asin(ASIN)
    assert caught.value.retry_after == pytest.approx(1)
    assert len(host.asked) == 1
    clock.shift(1)
    assert await audnex.by_asin(ASIN) is not None


async def test_the_last_allowed_request_is_followed_by_a_pause(
    audnex: Audnex, host: Host, clock: SimulatedClock
) -> None:
    headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}
    host.answer = lambda _: web.json_response(BOOK, headers=headers)
    assert await audnex.by_asin(ASIN) is not None
    with pytest.raises(RateLimited):
        await audnex.by_asin(ASIN)
    assert len(host.asked) == 1
    clock.shift(30)
    assert await audnex.by_asin(ASIN) is not None


@pytest.mark.parametrize(
    "reply",
    [
        lambda: web.Response(text="<html>hello</html>", content_type="text/html"),
        lambda: web.Response(text='{"asin": "B08', content_type="application/json"),
        lambda: web.json_response([BOOK]),
        lambda: web.json_response({}),
        lambda: web.json_response({"asin": ASIN, "title": None}),
        lambda: web.json_response(BOOK | {"asin": "B000000000"}),
    ],
    ids=["html", "half", "list", "empty", "untitled", "another"],
)
async def test_what_is_no_book_is_a_bad_reply(audnex: Audnex, host: Host, reply) -> None:
    host.answer = lambda _: reply()
    with pytest.raises(BadReply):
        await audnex.by_asin(ASIN)


async def test_a_refusal_names_the_status(audnex: Audnex, host: Host) -> None:
    host.answer = lambda _: web.json_response(fault("VALIDATION_ERROR"), status=422)
    with pytest.raises(Rejected, match="422, VALIDATION_ERROR"):
        await audnex.by_asin(ASIN)


async def test_a_silent_host_rests_for_a_minute(
    session: aiohttp.ClientSession, host: Host, clock: SimulatedClock
) -> None:
    release = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.json_response(BOOK)

    host.answer = hang
    audnex = Audnex(session, clock, base_url=host.url, regions=("us",), timeout=0.05)
    with pytest.raises(Unreachable, match=r"within 0\.05 seconds"):
        await audnex.by_asin(ASIN)
    with pytest.raises(Unreachable, match="a moment ago"):
        await audnex.by_asin(ASIN)
    assert len(host.asked) == 1
    release.set()
    host.answer = lambda _: web.json_response(BOOK)
    clock.shift(60)
    assert await audnex.by_asin(ASIN) is not None


async def test_nobody_listening_is_unreachable(session: aiohttp.ClientSession, clock: SimulatedClock) -> None:
    audnex = Audnex(session, clock, base_url="http://127.0.0.1:1")
    with pytest.raises(Unreachable):
        await audnex.by_asin(ASIN)


async def test_chapters_or_none_yet(audnex: Audnex, host: Host) -> None:
    host.answer = lambda _: web.json_response(
        {"asin": ASIN, "chapters": [{"lengthMs": 9, "startOffsetMs": 0, "startOffsetSec": 0, "title": "One"}]}
    )
    assert await audnex.chapters(ASIN, "uk") == [Chapter(start_ms=0, title="One")]
    assert host.asked == [(f"/books/{ASIN}/chapters", {"region": "uk"})]
    host.answer = lambda _: web.json_response({"message": f"{ASIN} has no chapters"}, status=404)
    assert await audnex.chapters(ASIN, "uk") is None
    host.answer = lambda _: web.json_response({"asin": ASIN})
    with pytest.raises(BadReply):
        await audnex.chapters(ASIN, "uk")


async def test_search_gives_the_books_of_the_host(audnex: Audnex, host: Host) -> None:
    host.answer = lambda _: web.json_response([BOOK, {"asin": "B000000000"}, "junk"])
    found = await audnex.search("Project Hail Mary", "Andy Weir")
    assert [answer.facts.title for answer in found] == ["Project Hail Mary"]
    assert host.asked == [("/books/search", {"q": "Project Hail Mary Andy Weir", "region": "us"})]
    host.answer = lambda _: web.json_response({"books": []})
    with pytest.raises(BadReply):
        await audnex.search("Dune")


@pytest.mark.parametrize(
    ("status", "body"), [(400, fault("BAD_REQUEST", "Bad ASIN")), (404, {}), (422, fault("X"))]
)
async def test_a_host_without_search_is_asked_once(
    audnex: Audnex, host: Host, status: int, body: dict
) -> None:
    host.answer = lambda _: web.json_response(body, status=status)
    assert await asyncio.gather(*(audnex.search(title) for title in ("Dune", "Emma", "It"))) == [[], [], []]
    assert len(host.asked) == 1


async def test_a_failing_search_says_nothing_about_the_host(audnex: Audnex, host: Host) -> None:
    host.answer = lambda _: web.Response(status=502)
    with pytest.raises(Unreachable):
        await audnex.search("Dune")
    host.answer = lambda _: web.json_response([BOOK])
    assert len(await audnex.search("Dune")) == 1
