"""Audible's catalogue over a real loopback server, with its traps."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import BadReply, RateLimited, Rejected, Unreachable
from core.http import new_session
from core.integrations.audible.client import Audible
from tests.world.clock import SimulatedClock

ASIN = "B08G9PRS1K"
PRODUCT = {
    "asin": ASIN,
    "title": "Project Hail Mary",
    "authors": [{"asin": "B00G0WYW92", "name": "Andy Weir"}],
    "narrators": [{"name": "Ray Porter"}],
    "release_date": "2021-05-04",
    "runtime_length_min": 970,
    "category_ladders": [{"ladder": [{"id": "1", "name": "Science Fiction"}], "root": "Genres"}],
    "content_type": "Product",
}


class Host:
    """A catalogue whose answers a test sets; it remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.answer: Callable[[], web.Response] = lambda: web.json_response({"product": PRODUCT})

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return self.answer()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
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
def audible(host: Host, session: aiohttp.ClientSession, clock: SimulatedClock) -> Audible:
    return Audible(session, clock, base_url=host.url, min_interval=0, timeout=5)


async def test_a_book_comes_with_its_ladders(audible: Audible, host: Host) -> None:
    answer = await audible.by_asin(ASIN)
    assert answer is not None
    assert answer.facts.category_ladders == [["Science Fiction"]]
    assert answer.facts.sources["title"] == "audible"
    assert (answer.region, answer.raw) == ("us", PRODUCT)
    request = host.asked[0]
    assert request.path == f"/1.0/catalog/products/{ASIN}"
    assert "category_ladders" in request.query["response_groups"]
    assert "product_desc" in request.query["response_groups"]
    assert request.headers["User-Agent"].startswith("Mousekeeper/")


@pytest.mark.parametrize(
    "product",
    [
        {"asin": ASIN},
        PRODUCT | {"content_type": "Podcast"},
        PRODUCT | {"sku": "PL_HLDR_77", "release_date": "2200-01-01"},
    ],
    ids=["stub", "podcast", "placeholder"],
)
async def test_stubs_podcasts_and_announcements_are_no_books(
    audible: Audible, host: Host, product: dict
) -> None:
    host.answer = lambda: web.json_response({"product": product})
    assert await audible.by_asin(ASIN) is None
    host.answer = lambda: web.json_response({"products": [product, PRODUCT], "total_results": 2})
    assert [answer.raw for answer in await audible.search("Project Hail Mary")] == [PRODUCT]


async def test_unknown_and_impossible_numbers(audible: Audible, host: Host) -> None:
    host.answer = lambda: web.json_response({"message": "no"}, status=404)
    assert await audible.by_asin(ASIN) is None
    assert await audible.by_asin("../../x") is None
    assert len(host.asked) == 1


async def test_search_asks_for_title_and_author(audible: Audible, host: Host) -> None:
    host.answer = lambda: web.json_response({"products": [PRODUCT], "total_results": 1})
    assert len(await audible.search("Project Hail Mary", "Andy Weir")) == 1
    query = host.asked[0].query
    assert (query["title"], query["author"], query["page"]) == ("Project Hail Mary", "Andy Weir", "0")
    host.answer = lambda: web.json_response({"products": [], "total_results": 0})
    assert await audible.search("Nothing") == []


async def test_an_empty_list_of_many_is_throttling(
    audible: Audible, host: Host, clock: SimulatedClock
) -> None:
    host.answer = lambda: web.json_response({"products": [], "total_results": 12})
    with pytest.raises(RateLimited) as caught:
        await audible.search("Dune")
    host.answer = lambda: web.json_response({"products": [PRODUCT], "total_results": 1})
    with pytest.raises(RateLimited):
        await audible.search("Dune")
    assert len(host.asked) == 1
    clock.shift(caught.value.retry_after)
    assert len(await audible.search("Dune")) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (lambda: web.Response(status=429, headers={"Retry-After": "9"}), RateLimited),
        (lambda: web.Response(status=503), Unreachable),
        (lambda: web.Response(status=403), Rejected),
        (lambda: web.Response(text="<html>", content_type="text/html"), BadReply),
        (lambda: web.Response(text='{"product": {"ti', content_type="application/json"), BadReply),
        (lambda: web.json_response(["x"]), BadReply),
        (lambda: web.json_response({"x": 1}), BadReply),
    ],
)
async def test_each_failure_has_its_kind_and_passes(
    audible: Audible, host: Host, clock: SimulatedClock, reply, error
) -> None:
    host.answer = reply
    with pytest.raises(error):
        await audible.by_asin(ASIN)
    clock.shift(9)
    host.answer = lambda: web.json_response({"product": PRODUCT})
    assert await audible.by_asin(ASIN) is not None


async def test_requests_keep_a_second_apart(
    host: Host, session: aiohttp.ClientSession, clock: SimulatedClock
) -> None:
    audible = Audible(session, clock, base_url=host.url)
    asking = asyncio.gather(*(audible.by_asin(ASIN) for _ in range(3)))
    await clock.run_until(lambda: len(host.asked) == 3)
    assert clock.monotonic() == 2
    assert all(await asking)


async def test_nobody_listening_is_unreachable(session: aiohttp.ClientSession, clock: SimulatedClock) -> None:
    audible = Audible(session, clock, base_url="http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="cannot be reached"):
        await audible.by_asin(ASIN)
    with pytest.raises(Unreachable, match="a moment ago"):
        await audible.by_asin(ASIN)
