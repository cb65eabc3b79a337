"""The catalogue's replies; the products inside stay plain JSON, read by `core.domain.audible_product`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from core.domain.audible_product import is_placeholder, is_podcast
from core.domain.tolerant import text, whole_number

MARKETPLACES = {
    "us": "https://api.audible.com",
    "uk": "https://api.audible.co.uk",
    "ca": "https://api.audible.ca",
    "au": "https://api.audible.com.au",
    "de": "https://api.audible.de",
    "fr": "https://api.audible.fr",
    "es": "https://api.audible.es",
    "it": "https://api.audible.it",
    "in": "https://api.audible.in",
    "jp": "https://api.audible.co.jp",
}
# What a book's facts need; "title" comes with product_desc.
BOOK_GROUPS = (
    *("category_ladders", "contributors", "media", "product_attrs", "product_desc", "product_details"),
    *("product_extended_attrs", "rating", "series"),
)


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int:
    return whole_number(value) or 0


class Catalogue(BaseModel):
    """GET /1.0/catalog/products (a list) and /products/{asin} (one)."""

    product: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(default_factory=dict)
    products: Annotated[list[dict[str, Any]], BeforeValidator(_objects)] = Field(default_factory=list)
    total_results: Annotated[int, BeforeValidator(_count)] = 0

    @property
    def is_throttled(self) -> bool:
        """Audible's way of saying "too often": results are counted and none is given."""
        return not self.products and self.total_results > 0


def is_known(product: dict[str, Any]) -> bool:
    """Whether the marketplace knows it: for a foreign or invented ASIN it sends a stub without a title."""
    return text(product.get("title")) is not None


def is_book(product: dict[str, Any]) -> bool:
    """A published book one can own: no stub, no podcast, no announcement without a date."""
    return is_known(product) and not is_podcast(product) and not is_placeholder(product)
