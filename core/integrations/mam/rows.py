"""A row of the tracker's search, whatever types its values have today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from core.domain.asin import parse_asin
from core.domain.tolerant import web_address
from core.integrations.mam import values

ABRIDGED = 1 << 5
JSON_FIELDS = ("author_info", "narrator_info", "series_info", "categories", "mediainfo", "ownership")
SECRET_FIELDS = ("dl",)  # a link that needs no session is a credential
_OVER = datetime.fromtimestamp(0, UTC)

Line = Annotated[str, BeforeValidator(values.line)]
Prose = Annotated[str, BeforeValidator(values.prose)]
Yes = Annotated[bool, BeforeValidator(values.yes)]
Count = Annotated[int, BeforeValidator(lambda value: values.count(value) or 0)]
Id = Annotated[int | None, BeforeValidator(values.identity)]
Moment = Annotated[datetime | None, BeforeValidator(values.moment)]


class Entity(BaseModel):
    """A person as the site knows them."""

    model_config = ConfigDict(frozen=True)

    id: int | None
    name: str


class SeriesEntry(BaseModel):
    """A series and the torrent's place in it, as text: "1", "01-16, 13.5"; None where it says none."""

    model_config = ConfigDict(frozen=True)

    id: int | None
    name: str
    number: str | None = None


class TorrentRow(BaseModel):
    """One torrent. Every field but `id` has a default, as each has been seen missing."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: int
    title: Line = Field("", validation_alias=AliasChoices("title", "name"))
    authors: tuple[Entity, ...] = Field((), alias="author_info")
    narrators: tuple[Entity, ...] = Field((), alias="narrator_info")
    series: tuple[SeriesEntry, ...] = Field((), alias="series_info")
    category: Id = None
    category_name: Line = Field("", alias="catname")
    main_category: Id = Field(None, alias="main_cat")  # 13 audiobooks to 16 radio
    media_type: Id = Field(None, alias="mediatype")
    fiction: Id = Field(None, alias="maincat")  # 1 fiction, 2 non-fiction
    categories: tuple[int, ...] = ()  # of the newer scheme, where 41 is religion
    language: Id = None
    language_code: Annotated[str, BeforeValidator(lambda v: values.line(v).upper())] = Field(
        "", alias="lang_code"
    )
    size: Annotated[int | None, BeforeValidator(values.size)] = None  # bytes
    file_count: Count = Field(0, alias="numfiles")
    file_types: tuple[str, ...] = Field((), validation_alias=AliasChoices("filetype", "filetypes"))
    added: Moment = None
    tags: Line = ""
    description: Prose = ""
    isbn: Line = ""
    media_info: dict[str, Any] = Field(default_factory=dict, alias="mediainfo")
    flags: Count = Field(0, alias="browseflags")
    seeders: Count = 0
    leechers: Count = 0
    snatched: Count = Field(0, alias="times_completed")
    uploader: Entity | None = Field(None, alias="ownership")
    thumbnail: Annotated[str | None, BeforeValidator(web_address)] = None
    free: Yes = False
    vip: Yes = False
    fl_vip: Yes = False
    vip_expire: datetime | None = None
    personal_freeleech: Yes = False
    my_snatched: Yes = False

    @field_validator("id", mode="before")
    @classmethod
    def _id(cls, value: object) -> object:
        return values.identity(value)

    @field_validator("authors", "narrators", mode="before")
    @classmethod
    def _people(cls, value: object) -> object:
        found = ((values.identity(key), values.line(name)) for key, name in _pairs(value))
        return tuple({"id": key, "name": name} for key, name in found if name)

    @field_validator("series", mode="before")
    @classmethod
    def _series(cls, value: object) -> object:
        return tuple(entry for key, details in _pairs(value) if (entry := _series_entry(key, details)))

    @field_validator("categories", mode="before")
    @classmethod
    def _categories(cls, value: object) -> object:
        listed = values.inner(value)
        found = map(values.identity, listed if isinstance(listed, list) else ())
        return tuple(number for number in found if number)

    @field_validator("file_types", mode="before")
    @classmethod
    def _file_types(cls, value: object) -> object:
        return tuple(values.line(value).lower().replace(",", " ").split())

    @field_validator("media_info", mode="before")
    @classmethod
    def _media_info(cls, value: object) -> object:
        found = values.inner(value)
        return {str(key): entry for key, entry in found.items()} if isinstance(found, dict) else {}

    @field_validator("uploader", mode="before")
    @classmethod
    def _uploader(cls, value: object) -> object:
        match values.inner(value):
            case [owner, name, *_] if values.line(name):
                return {"id": values.identity(owner), "name": values.line(name)}
        return None

    @field_validator("vip_expire", mode="before")
    @classmethod
    def _vip_expire(cls, value: object) -> object:
        """0 is for good, as is a missing one; what cannot be read counts as over, which costs nothing."""
        if value is None or value == "" or values.number(value) == 0:
            return None
        return values.moment(value) or _OVER

    @property
    def asin(self) -> str | None:
        """The ASIN, which the site keeps in the ISBN's place as "ASIN:B0…"."""
        prefix, _, rest = self.isbn.partition(":")
        return parse_asin(rest) if prefix.strip().upper() == "ASIN" else None

    @property
    def abridged(self) -> bool:
        return bool(self.flags & ABRIDGED)


def parse_row(row: object) -> TorrentRow | None:
    """The row; None for what is no row: no object, or without an id. Never raises."""
    if not isinstance(row, Mapping) or values.identity(row.get("id")) is None:
        return None
    # the older way to tell the uploader; the newer one replaces it
    owner = row.get("ownership") or [row.get("owner"), row.get("owner_name")]
    named = {name: value for name, value in row.items() if value is not None or name == "vip_expire"}
    if not values.line(row.get("title")):
        named.pop("title", None)
    return TorrentRow.model_validate({**named, "ownership": owner})


def decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as the site sent it, its inner JSON decoded and its secret link left out."""
    open_row = {name: value for name, value in row.items() if name not in SECRET_FIELDS}
    return {
        name: inner if name in JSON_FIELDS and (inner := values.inner(value)) is not None else value
        for name, value in open_row.items()
    }


def _pairs(value: object) -> list[tuple[object, object]]:
    """(id, what is said of it), from `{id: …}` or, as other answers have it, `[{"id", "name"}]`."""
    found = values.inner(value)
    if isinstance(found, dict):
        return list(found.items())
    listed = found if isinstance(found, list) else []
    return [
        (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, entry) for entry in listed
    ]


def _series_entry(key: object, details: object) -> dict[str, object] | None:
    name, number = (*details, None, None)[:2] if isinstance(details, list) else (details, None)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    named = values.line(name)
    return (
        {"id": values.identity(key), "name": named, "number": values.line(number) or None} if named else None
    )
