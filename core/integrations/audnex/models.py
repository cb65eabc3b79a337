"""Audnex's JSON, read tolerantly: every field may be missing, of another type, or joined by new ones."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from core.domain.asin import parse_asin
from core.domain.audible_product import clean_position, people
from core.domain.book import BookFacts, Person, SeriesRef
from core.domain.tolerant import flag, iso_date, names, text, web_address, whole_number

Text = Annotated[str | None, BeforeValidator(text)]
Asin = Annotated[str | None, BeforeValidator(parse_asin)]

_ABRIDGED = {"unabridged": False, "abridged": True}


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


class Series(BaseModel):
    """A series and the book's place in it."""

    asin: Asin = None
    name: Text = None
    position: Annotated[str | None, BeforeValidator(clean_position)] = None


class Genre(BaseModel):
    """A genre, or a finer "tag"; Audible's tree is flattened."""

    name: Text = None
    type: Text = None


class Book(BaseModel):
    """GET /books/{asin}."""

    asin: Asin = None
    title: Text = None
    subtitle: Text = None
    authors: Annotated[list[Person], BeforeValidator(people)] = Field(default_factory=list)
    narrators: Annotated[list[str], BeforeValidator(names)] = Field(default_factory=list)
    primary: Annotated[Series | None, BeforeValidator(_object)] = Field(None, alias="seriesPrimary")
    secondary: Annotated[Series | None, BeforeValidator(_object)] = Field(None, alias="seriesSecondary")
    genres: Annotated[list[Genre], BeforeValidator(_objects)] = Field(default_factory=list)
    release_date: Annotated[str | None, BeforeValidator(iso_date)] = Field(None, alias="releaseDate")
    runtime_min: Annotated[int | None, BeforeValidator(whole_number)] = Field(None, alias="runtimeLengthMin")
    publisher: Text = Field(None, alias="publisherName")
    description: Text = Field(None, validation_alias=AliasChoices("summary", "description"))
    image: Annotated[str | None, BeforeValidator(web_address)] = None
    language: Text = None
    region: Text = None
    format_type: Text = Field(None, alias="formatType")
    literature_type: Text = Field(None, alias="literatureType")
    adult: Annotated[bool | None, BeforeValidator(flag)] = Field(None, alias="isAdult")
    copyright: Text = None
    isbn: Text = None
    rating: Text = None

    def facts(self, region: str) -> BookFacts:
        """The book's facts, credited to "audnex"; `region` stands where the reply names none."""
        series = (ref for ref in (self.primary, self.secondary) if ref is not None and ref.name)
        return BookFacts(
            asin=self.asin,
            isbn=self.isbn,
            title=self.title,
            subtitle=self.subtitle,
            authors=self.authors,
            narrators=self.narrators,
            series=[SeriesRef(name=ref.name or "", position=ref.position, asin=ref.asin) for ref in series],
            year=int(self.release_date[:4]) if self.release_date else None,
            release_date=self.release_date,
            publisher=self.publisher,
            copyright=self.copyright,
            language=self.language.lower() if self.language else None,
            region=self.region or region,
            description=self.description,
            runtime_min=self.runtime_min,
            abridged=_ABRIDGED.get((self.format_type or "").lower()),
            adult=self.adult,
            cover_url=self.image,
            rating=self.rating,
            literature_type=self.literature_type.lower() if self.literature_type else None,
            genres=list(dict.fromkeys(genre.name for genre in self.genres if genre.name)),
        ).named("audnex")


class Fault(BaseModel):
    """An error body of either style: `{"error": {"code", "message", "details"}}` since v1.9, flat before."""

    code: str = ""
    message: str = ""
    retry_after: float | None = None

    @classmethod
    def parse(cls, body: object) -> Fault:
        """The fault in a body; an empty one where there is none."""
        if not isinstance(body, dict):
            return cls()
        nested = body.get("error")
        if not isinstance(nested, dict):
            return cls(message=text(body.get("message")) or "")
        details = nested.get("details")
        seconds = whole_number(details.get("retryAfterSeconds")) if isinstance(details, dict) else None
        return cls(
            code=text(nested.get("code")) or "",
            message=text(nested.get("message")) or "",
            retry_after=seconds,
        )

    @property
    def is_elsewhere(self) -> bool:
        """Only this region lacks the book: also what old servers say with status 500."""
        return "not available in region" in self.message or self.code in {
            "NOT_FOUND",
            "REGION_UNAVAILABLE",
            "PRODUCT_DELISTED",
        }

    @property
    def is_no_book(self) -> bool:
        """No region has it as a book: a podcast, or no valid ASIN."""
        return self.code == "CONTENT_TYPE_MISMATCH" or "bad asin" in self.message.lower()
