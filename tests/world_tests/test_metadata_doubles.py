"""The doubles against the facts: what a client is told must be what the real systems would say."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from core.domain.asin import parse_asin
from core.domain.audible_product import chapters_from_info, facts_from_product, is_placeholder, is_podcast
from core.http import fetch
from tests.world import audible, audnex, tracker
from tests.world.audible import sidecar
from tests.world.catalogue import Catalogue, chapter_titles, invent
from tests.world.clock import SimulatedClock
from tests.world.outside import Served, serving

REQUIRED = "asin authors description formatType language publisherName rating region releaseDate runtimeLengthMin summary title"
GROUPS = "product_desc,product_attrs,contributors,series,relationships"


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
async def served(catalogue: Catalogue, clock: SimulatedClock) -> AsyncIterator[Served]:
    async with serving(audnex.create_app(catalogue, clock=clock)) as double:
        yield double


@pytest.fixture
async def shop(catalogue: Catalogue) -> AsyncIterator[Served]:
    async with serving(audible.create_app(catalogue)) as double:
        yield double


async def ask(session: aiohttp.ClientSession, double: Served, path: str) -> tuple[int, Any]:
    reply = await fetch(session, "double", "GET", double.url + path)
    return reply.status, reply.json()


async def test_every_sold_book_has_what_audnex_always_gives(
    served: Served, session: aiohttp.ClientSession, catalogue: Catalogue
) -> None:
    for book in catalogue.sold_in("de"):
        status, answer = await ask(session, served, f"/books/{book.asin}?region=de")
        assert status == 200
        assert set(REQUIRED.split()) <= set(answer)
        assert parse_asin(answer["asin"]) == book.asin
    assert {book.asin for book in catalogue.sold_in("de")} == {"B0MKB00008", "B0MKB00014"}


@pytest.mark.parametrize(
    ("path", "old", "status", "says"),
    [
        ("/books/B0MKB00009", False, 404, "REGION_UNAVAILABLE"),
        ("/books/B0MKB00020", False, 404, "PRODUCT_DELISTED"),
        ("/books/B0MKB00019", False, 400, "CONTENT_TYPE_MISMATCH"),
        ("/books/nonsense", False, 400, "Bad ASIN"),
        ("/books/B0MKB00001?region=xx", False, 422, "VALIDATION_ERROR"),
        ("/books/B0MKB00023/chapters", False, 404, "B0MKB00023 has no chapters"),
        ("/books/search", False, 400, "q is required"),
        ("/books/B0MKB00009", True, 500, "Item not available in region 'us' for ASIN: B0MKB00009"),
        ("/books/B0MKB00023/chapters", True, 404, "has no chapters"),
    ],
)
async def test_what_audnex_does_not_have_it_refuses_in_its_own_words(
    served: Served, session: aiohttp.ClientSession, path: str, old: bool, status: int, says: str
) -> None:
    served.app[audnex.STATE].old = old
    reply = await fetch(session, "audnex", "GET", served.url + path)
    assert (reply.status, says in reply.text()) == (status, True)


async def test_search_exists_only_where_the_host_has_it(
    served: Served, session: aiohttp.ClientSession
) -> None:
    status, found = await ask(session, served, "/books/search?q=wren+cottage+hartvelt")
    assert (status, [book["asin"] for book in found]) == (200, ["B0MKB00008"])
    served.app[audnex.STATE].search = False
    status, answer = await ask(session, served, "/books/search?q=wren")
    assert (status, answer["error"]["message"]) == (400, "Bad ASIN")


async def test_the_limit_is_counted_down_and_lifted_after_a_minute(
    served: Served, session: aiohttp.ClientSession, clock: SimulatedClock
) -> None:
    served.app[audnex.STATE].limit = 2
    replies = [await fetch(session, "audnex", "GET", served.url + "/health") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert [reply.headers["x-ratelimit-remaining"] for reply in replies] == ["1", "0", "0"]
    assert replies[2].json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert replies[2].retry_after(clock.now()) == 60
    clock.shift(60)
    assert (await fetch(session, "audnex", "GET", served.url + "/health")).status == 200


async def test_a_series_that_arrives_late(
    served: Served, session: aiohttp.ClientSession, catalogue: Catalogue
) -> None:
    assert "seriesPrimary" not in (await ask(session, served, "/books/B0MKB00023"))[1]
    catalogue.change("B0MKB00023", series=(("B0MKS00003", "The Ninth House Saga", "Book 3"),))
    _, answer = await ask(session, served, "/books/B0MKB00023")
    assert answer["seriesPrimary"] == {
        "asin": "B0MKS00003",
        "name": "The Ninth House Saga",
        "position": "Book 3",
    }


async def test_authors_are_found_by_name_and_asin(served: Served, session: aiohttp.ClientSession) -> None:
    _, found = await ask(session, served, "/authors?name=quince")
    assert found == [{"asin": "B0MKA00001", "name": "Marlow Quince"}]
    assert (await ask(session, served, "/authors/B0MKA00001"))[1]["name"] == "Marlow Quince"
    assert (await ask(session, served, "/authors/B0MKA99999"))[0] == 404


async def test_audible_shows_what_was_asked_for_and_a_stub_for_what_it_does_not_sell(
    shop: Served, session: aiohttp.ClientSession
) -> None:
    _, answer = await ask(session, shop, "/1.0/catalog/products/B0MKB00001?response_groups=series")
    assert "title" not in answer["product"]
    assert answer["product"]["series"][0]["sequence"] == "1"
    for elsewhere in ("B0MKB00014", "B000000000", "B0MKB00020"):
        assert (await ask(session, shop, f"/1.0/catalog/products/{elsewhere}"))[1]["product"] == {
            "asin": elsewhere
        }


async def test_audible_pages_from_zero_and_throttles_by_silence(
    shop: Served, session: aiohttp.ClientSession, catalogue: Catalogue
) -> None:
    catalogue.add(*invent(12))
    query = f"/1.0/catalog/products?title=the&num_results=5&response_groups={GROUPS}"
    first, last, beyond = [(await ask(session, shop, f"{query}&page={page}"))[1] for page in (0, 3, 11)]
    assert len(first["products"]) == 5
    assert 5 < first["total_results"] == last["total_results"]
    assert first["products"] != last["products"]
    assert beyond["products"] == []
    shop.outside.fail("*", audible.throttled())
    _, answer = await ask(session, shop, query)
    assert (answer["products"], answer["total_results"] > 0) == ([], True)


async def test_a_series_leads_to_every_edition_of_its_books(
    shop: Served, session: aiohttp.ClientSession
) -> None:
    _, answer = await ask(session, shop, f"/1.0/catalog/products/B0MKS00001?response_groups={GROUPS}")
    children = [(child["asin"], child["sequence"]) for child in answer["product"]["relationships"]]
    assert [sequence for _, sequence in children] == [
        "1",
        "2",
        "2.5",
        "3",
        "1-3",
        "3, Dramatized Adaptation",
        "4",
        "5",
    ]
    asins = ",".join(asin for asin, _ in children)
    _, batch = await ask(session, shop, f"/1.0/catalog/products?asins={asins}&response_groups={GROUPS}")
    products = {product["asin"]: product for product in batch["products"]}
    assert list(products) == asins.split(",")
    assert is_placeholder(products["B0MKB00021"])
    _, many = await ask(session, shop, "/1.0/catalog/products?asins=" + ",".join(["B000000000"] * 51))
    assert "message" in many


def test_a_sidecar_is_the_same_product_with_its_chapters(catalogue: Catalogue) -> None:
    for book in (*catalogue, *invent(30, seed=7)):
        product = sidecar(book)
        facts = facts_from_product(product, "sidecar")
        assert (facts.asin, facts.title is not None) == (book.asin, True)
        chapters = chapters_from_info(product["ChapterInfo"])
        assert [chapter.title for chapter in chapters] == list(chapter_titles(book))
        assert is_podcast(product) == (book.state == "podcast")


async def test_a_torrent_is_unregistered_until_it_is_registered(session: aiohttp.ClientSession) -> None:
    infohash = bytes(range(240, 256)) + b"a+%~"
    quoted = "".join(f"%{byte:02X}" for byte in infohash)
    async with serving(tracker.create_app()) as double:
        from yarl import URL

        async def announce(url: str) -> bytes:
            async with session.get(URL(f"{url}?info_hash={quoted}", encoded=True)) as response:
                return await response.read()

        ours = tracker.announce_url(double.url)
        assert b"not registered" in await announce(ours)
        async with session.post(f"{double.url}/registered/{infohash.hex()}") as response:
            assert response.status == 204
        assert b"8:interval" in await announce(ours)
        assert b"unrecognized" in await announce(ours.replace("0123", "9999"))
