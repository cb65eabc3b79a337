"""What the tracker says of the account, in its flat and in its nested form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.integrations.mam import values

NESTED = "snatch_summary"
SEEDING = ("sSat", "seedHnr", "seedUnsat", "upAct")
_TELLING = ("uid", "username", "classname", "uploaded_bytes", "downloaded_bytes", "ratio", "seedbonus")

Number = Annotated[int | None, BeforeValidator(values.count)]
Line = Annotated[str | None, BeforeValidator(lambda value: values.line(value) or None)]


class Tally(BaseModel):
    """One line of the snatch summary; `limit` stands with the unsatisfied ones, `size` is in bytes."""

    model_config = ConfigDict(frozen=True)

    count: Annotated[int, BeforeValidator(lambda value: values.count(value) or 0)] = 0
    limit: Number = None
    size: Annotated[int | None, BeforeValidator(values.size)] = None
    red: Annotated[bool, BeforeValidator(values.yes)] = False


class AccountStatus(BaseModel):
    """The account at `at` (our clock). Traffic in bytes; None where the answer did not say.

    `ratio` is infinite for "∞" and None for "---". `counts` are the lines of the snatch summary by the site's
    names (unsat, inactHnr, sSat ...), `notices` the numbers of its notifications.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    uid: Number = None
    username: Line = None
    classname: Line = None
    uploaded: Number = Field(None, alias="uploaded_bytes")
    downloaded: Number = Field(None, alias="downloaded_bytes")
    ratio: Annotated[float | None, BeforeValidator(values.ratio)] = None
    points: Annotated[float | None, BeforeValidator(values.number)] = Field(None, alias="seedbonus")
    wedges: Number = None
    vip_until: Annotated[datetime | None, BeforeValidator(values.moment)] = None
    connectable: Line = None
    counts: dict[str, Tally] = Field(default_factory=dict)
    notices: dict[str, int] = Field(default_factory=dict)

    @property
    def unsatisfied(self) -> int | None:
        """Torrents whose seeding duty is not met yet."""
        return self._count("unsat")

    @property
    def unsatisfied_limit(self) -> int | None:
        return self.counts["unsat"].limit if "unsat" in self.counts else None

    @property
    def hit_and_runs(self) -> int | None:
        """Torrents past their time that nobody seeds."""
        return self._count("inactHnr")

    @property
    def seeding(self) -> int | None:
        """What seeds at present, by the tracker's count."""
        known = [self.counts[name].count for name in SEEDING if name in self.counts]
        return sum(known) if known else None

    def _count(self, name: str) -> int | None:
        return self.counts[name].count if name in self.counts else None


def parse_account(body: object, at: datetime) -> AccountStatus | None:
    """The status; None for what says nothing of an account. Never raises."""
    if not isinstance(body, Mapping) or not any(body.get(name) is not None for name in _TELLING):
        return None
    nested = body.get(NESTED)
    flat: dict[str, Any] = {**body, **(nested if isinstance(nested, Mapping) else {})}
    for exact, shown in (("uploaded_bytes", "uploaded"), ("downloaded_bytes", "downloaded")):
        if values.count(flat.get(exact)) is None:  # "25.32 GiB": rounded, but better than nothing
            flat[exact] = values.size(flat.get(shown))
    notices = flat.get("notifs")
    known = {name: flat.get(name) for name in _FIELDS}
    return AccountStatus.model_validate(
        {
            **known,
            "at": at,
            "counts": {name: entry for name, entry in flat.items() if _is_tally(entry)},
            "notices": {
                name: number
                for name, value in (notices.items() if isinstance(notices, Mapping) else ())
                if (number := values.count(value)) is not None
            },
        }
    )


_FIELDS = (*_TELLING, "wedges", "vip_until", "connectable")


def _is_tally(entry: object) -> bool:
    return isinstance(entry, Mapping) and values.count(entry.get("count")) is not None
