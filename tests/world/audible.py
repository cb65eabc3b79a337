"""Audible's catalogue as it answers, with the traps that cost others their matches.

One application is one marketplace: an ASIN it does not sell is a stub with status 200, not a 404.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.world.audnex import INTRO_MS, OUTRO_MS, chapter_times
from tests.world.catalogue import Book, Catalogue
from tests.world.outside import Fault, Handler, outside_app

MAX_BATCH = 50
MAX_PAGES = 10
CATEGORY = "18580606011"

# What a reply holds depends on the groups that were asked for; `asin` is always there.
GROUPS: dict[str, tuple[str, ...]] = {
    "product_desc": (
        *("title", "subtitle", "publisher_summary", "merchandising_summary"),
        *("publication_name", "issue_date"),
    ),
    "product_attrs": (
        *(
            "title",
            "subtitle",
            "language",
            "format_type",
            "publisher_name",
            "release_date",
            "runtime_length_min",
        ),
        *("content_type", "content_delivery_type", "is_adult_product", "is_preorderable", "sku", "isbn"),
    ),
    "contributors": ("authors", "narrators", "publisher_name"),
    "media": ("product_images",),
    "series": ("series", "publication_name"),
    "category_ladders": ("category_ladders",),
    "rating": ("rating",),
    "relationships": ("relationships",),
}


@dataclass
class Audible:
    """One marketplace over a catalogue."""

    catalogue: Catalogue
    marketplace: str


STATE: web.AppKey[Audible] = web.AppKey("audible", Audible)


def create_app(catalogue: Catalogue | None = None, *, marketplace: str = "us") -> web.Application:
    app = outside_app()
    app[STATE] = Audible(catalogue or Catalogue.load(), marketplace)
    app.router.add_get("/1.0/catalog/products", _products)
    app.router.add_get("/1.0/catalog/products/{asin}", _product)
    return app


def throttled(total: int = 37) -> Fault:
    """How Audible says "too fast": everything is well, there are results, and none is shown."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.json_response(
            {"products": [], "response_groups": ["always-returned"], "total_results": total}
        )

    return fault


async def _product(request: web.Request) -> web.Response:
    asin = request.match_info["asin"]
    return web.json_response({"product": _shown(request, asin), "response_groups": _groups(request)})


async def _products(request: web.Request) -> web.Response:
    if asins := request.query.get("asins"):
        wanted = asins.split(",")
        if len(wanted) > MAX_BATCH:
            return web.json_response({"message": f"asins: at most {MAX_BATCH} are allowed"}, status=400)
        return _page(request, [_shown(request, asin) for asin in wanted], len(wanted))
    found = _found(request)
    size = min(int(request.query.get("num_results", "10")), MAX_BATCH)
    page = int(request.query.get("page", "0"))  # the first is 0
    shown = found[page * size : (page + 1) * size] if page <= MAX_PAGES else []
    return _page(request, [_shown(request, book.asin) for book in shown], len(found))


def _page(request: web.Request, products: list[dict[str, Any]], total: int) -> web.Response:
    return web.json_response(
        {"products": products, "response_groups": _groups(request), "total_results": total}
    )


def _found(request: web.Request) -> list[Book]:
    state = request.app[STATE]
    query = {
        key: request.query.get(key, "").lower().split() for key in ("keywords", "title", "author", "narrator")
    }
    if not any(query.values()):
        return []
    found = [
        book
        for book in state.catalogue
        if state.marketplace in book.regions and book.state != "delisted" and _fits(book, query)
    ]
    if request.query.get("products_sort_by") == "-ReleaseDate":
        found.sort(key=lambda book: book.release_date, reverse=True)
    return found


def _fits(book: Book, query: dict[str, list[str]]) -> bool:
    authors, narrators = " ".join(name for _, name in book.authors).lower(), " ".join(book.narrators).lower()
    title = f"{book.title} {book.subtitle or ''}".lower()
    where = {
        "keywords": f"{title} {authors} {narrators}",
        "title": title,
        "author": authors,
        "narrator": narrators,
    }
    return all(word in where[key] for key, words in query.items() for word in words)


def _groups(request: web.Request) -> list[str]:
    asked = request.query.get("response_groups", "").split(",")
    return ["always-returned", *(group for group in asked if group)]


def _shown(request: web.Request, asin: str) -> dict[str, Any]:
    """The product as far as the asked groups show it; a stub where this marketplace does not know it."""
    state = request.app[STATE]
    whole = None
    if (book := state.catalogue.get(asin)) is not None and state.marketplace in book.regions:
        whole = None if book.state == "delisted" else audible_product(book)
    elif (name := state.catalogue.series_name(asin)) is not None:
        whole = _series_product(state.catalogue, asin, name)
    if whole is None:
        return {"asin": asin}
    keys = {key for group in _groups(request) for key in GROUPS.get(group, ())}
    return {"asin": asin} | {key: value for key, value in whole.items() if key in keys}


def _series_product(catalogue: Catalogue, asin: str, name: str) -> dict[str, Any]:
    relations = [
        {
            "asin": book.asin,
            "sequence": sequence,
            "sort": str(number),
            "relationship_to_product": "child",
            "relationship_type": "series",
        }
        for number, (sequence, book) in enumerate(catalogue.series_members(asin), 1)
    ]
    return {"asin": asin, "title": name, "content_delivery_type": "BookSeries", "relationships": relations}


def audible_product(book: Book) -> dict[str, Any]:
    """The whole product, every group of it, as sidecars hold it too."""
    podcast = book.state == "podcast"
    placeholder = book.state == "placeholder"
    image = f"https://m.media-amazon.com/images/I/{book.asin}"
    return {
        "asin": book.asin,
        "authors": [{"asin": asin, "name": name} for asin, name in book.authors],
        "category_ladders": [
            {
                "ladder": [{"id": f"{CATEGORY}{i}", "name": step} for i, step in enumerate(ladder)],
                "root": "Genres",
            }
            for ladder in book.ladders
        ],
        "content_delivery_type": "PodcastParent" if podcast else "SinglePartBook",
        "content_type": "Podcast" if podcast else "Product",
        "format_type": book.format_type,
        "is_adult_product": book.adult,
        "is_preorderable": placeholder,
        "isbn": book.isbn,
        "issue_date": book.release_date,
        "language": book.language,
        "merchandising_summary": f"<p>{book.teaser}</p>",
        "narrators": [{"name": name} for name in book.narrators],
        "product_images": {size: f"{image}._SL{size}_.jpg" for size in ("500", "1024")},
        "publication_name": book.series[0][1] if book.series else None,
        "publisher_name": book.publisher,
        "publisher_summary": book.summary,
        "rating": {
            "num_reviews": 12,
            "overall_distribution": {"display_average_rating": "4.6", "num_ratings": 87},
        },
        "relationships": [],
        "release_date": book.release_date,
        "runtime_length_min": None if placeholder else book.runtime_min,
        "series": [
            {
                "asin": asin,
                "sequence": at,
                "title": name,
                "url": f"/pd/{name.replace(' ', '-')}-Audiobook/{asin}",
            }
            for asin, name, at in book.series
        ],
        "sku": f"PL_HLDR_{book.asin}" if placeholder else f"BK_LANT_{book.asin[-6:]}",
        "subtitle": book.subtitle,
        "title": book.title,
    }


def sidecar(book: Book) -> dict[str, Any]:
    """What Libation writes as `<name>.metadata.json`: the product, its chapters, and where it came from."""
    chapters = [
        {"length_ms": length, "start_offset_ms": start, "start_offset_sec": start // 1000, "title": title}
        for title, start, length in chapter_times(book)
    ]
    info = {
        "brandIntroDurationMs": INTRO_MS,
        "brandOutroDurationMs": OUTRO_MS,
        "chapters": chapters,
        "is_accurate": True,
        "runtime_length_ms": book.runtime_min * 60_000,
        "runtime_length_sec": book.runtime_min * 60,
    }
    reference = {"acr": f"CR!{book.asin}", "asin": book.asin, "codec": "mp4a.40.2", "version": "1"}
    return audible_product(book) | {"ChapterInfo": info, "ContentReference": reference}
