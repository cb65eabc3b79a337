"""What the client's methods give back; the larger ones live in `rows.py`, `account.py` and `query.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.integrations.mam import values
from core.integrations.mam.account import AccountStatus, Tally
from core.integrations.mam.query import SearchQuery
from core.integrations.mam.rows import Entity, SeriesEntry, TorrentRow, parse_row

__all__ = [
    "AccountStatus",
    "BonusEvent",
    "Entity",
    "NetworkIdentity",
    "Purchase",
    "SearchPage",
    "SeedboxUpdate",
    "SeriesEntry",
    "Tally",
    "TorrentRow",
]

Real = Annotated[float | None, BeforeValidator(values.number)]
Number = Annotated[int | None, BeforeValidator(values.count)]
Line = Annotated[str | None, BeforeValidator(lambda value: values.line(value) or None)]

MOST_ROWS_IN_A_PAGE = 1000  # the most anybody may ask for; reading a flood of them would stall the program
NOTHING_FOUND = "nothing returned, out of"


class SearchPage(BaseModel):
    """One page of a search.

    `received` rows came, of which those without an id could not be read; `found` is how many hits there are
    in all, None where the answer did not say.
    """

    model_config = ConfigDict(frozen=True)

    rows: tuple[TorrentRow, ...] = ()
    received: int = 0
    start: int = 0
    found: int | None = None

    def is_last(self, query: SearchQuery) -> bool:
        """Whether nothing follows: all were received, or a page came empty or (its total unknown) short."""
        if not self.received:
            return True
        if self.found is None:
            return self.received < query.per_page
        return self.start + self.received >= self.found


class Purchase(BaseModel):
    """A purchase the tracker confirmed: `amount` in weeks of VIP or GiB of upload, balances after it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["vip", "upload"]
    amount: Real = None
    points: Real = Field(None, alias="seedbonus")
    uploaded: Number = None  # bytes
    downloaded: Number = None
    ratio: Annotated[float | None, BeforeValidator(values.ratio)] = None


class NetworkIdentity(BaseModel):
    """The address the tracker sees us at, its provider's number and name."""

    model_config = ConfigDict(frozen=True)

    ip: Line = None
    asn: Number = Field(None, alias="ASN")
    provider: Line = Field(None, alias="AS")


class SeedboxUpdate(NetworkIdentity):
    """The address the tracker now expects our torrent client at; `changed` when it was another before."""

    changed: bool = False


class BonusEvent(BaseModel):
    """A line of the bonus history, such as a wedge spent on a torrent (`wedgePF`, amount -1)."""

    model_config = ConfigDict(frozen=True)

    at: Annotated[datetime | None, BeforeValidator(values.moment)] = Field(None, alias="timestamp")
    kind: Annotated[str, BeforeValidator(values.line)] = Field("", alias="type")
    amount: Real = None
    torrent_id: Annotated[int | None, BeforeValidator(values.identity)] = Field(None, alias="tid")
    title: Line = None
    other_user: Line = Field(None, alias="other_name")


def parse_page(body: object, start: int) -> SearchPage | None:
    """A search's answer, empty for "Nothing returned"; None for what is none, or a flood. Never raises."""
    if not isinstance(body, Mapping):
        return None
    if found_nothing(body):
        return SearchPage(start=start, found=start)
    data = body.get("data")
    if not isinstance(data, list) or len(data) > MOST_ROWS_IN_A_PAGE:
        return None
    found = values.count(body.get("found"))
    return SearchPage(
        rows=tuple(row for entry in data if (row := parse_row(entry))),
        received=len(data),
        start=start,
        found=values.count(body.get("total_found")) if found is None else found,
    )


def found_nothing(body: Mapping[str, Any]) -> bool:
    """Whether an answer's "error" only says that there are no hits."""
    return values.line(body.get("error")).lower().startswith(NOTHING_FOUND)
