"""Every call the tracker permits to programs, as a table, and the gate each request has to pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

Query = Sequence[tuple[str, str | None]]  # None: the name alone, without "="


class NotPermitted(RuntimeError):
    """A request outside the table was about to be made: a mistake in the program, never a person's."""


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted call.

    `query` gives each name the pattern its value must match; those in `needed` must be there, and none may
    stand twice except `repeated`. `every` is the least number of seconds between two of them, or
    (`if_answered`) from one that was answered to the next. `vital` ones may use the last part of the day's
    budget; `counted` ones count in it. `spends` ones cost something, so an answer that got lost leaves the
    outcome unknown.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    host: Literal["site", "tracker"] = "site"
    with_session: bool = True
    every: float = 0.0
    if_answered: bool = False
    vital: bool = False
    counted: bool = True
    spends: bool = False


_BARE = ""
_NUMBER = r"[1-9]\d{0,11}"
_AT_LEAST_50 = r"[5-9]\d|[1-9]\d{2,8}"

SEARCH = Call("search", "POST", "/tor/js/loadSearchJSONbasic.php")
DOWNLOAD = Call("download", "GET", "/tor/download.php", {"tid": _NUMBER}, needed=frozenset({"tid"}))
DOWNLOAD_WITH_WEDGE = Call(
    "download with a wedge",
    "GET",
    "/tor/download.php",
    {"tid": _NUMBER, "fl": _BARE},
    needed=frozenset({"tid", "fl"}),
    spends=True,
)
ACCOUNT = Call(
    "account",
    "GET",
    "/jsonLoad.php",
    {"snatch_summary": _BARE, "notif": _BARE},
    every=600.0,
    if_answered=True,
    vital=True,
)
BUY_VIP = Call(
    "VIP purchase",
    "GET",
    "/json/bonusBuy.php/",
    {"spendtype": "VIP", "duration": "max", "_": r"\d{10,16}"},
    needed=frozenset({"spendtype", "duration"}),
    vital=True,
    spends=True,
)
BUY_UPLOAD = Call(
    "upload purchase",
    "GET",
    "/json/bonusBuy.php/",
    {"spendtype": "upload", "amount": _AT_LEAST_50, "_": r"\d{10,16}"},
    needed=frozenset({"spendtype", "amount"}),
    vital=True,
    spends=True,
)
SEEDBOX = Call("dynamic seedbox", "GET", "/json/dynamicSeedbox.php", host="tracker", every=3600.0, vital=True)
IP = Call("own address", "GET", "/json/jsonIp.php", with_session=False, every=60.0, counted=False)
HISTORY = Call(
    "bonus history",
    "GET",
    "/json/userBonusHistory.php",
    {"type[]": "giftPoints|giftWedge|wedgePF|wedgeGFL|torrentThanks|millionaires"},
    needed=frozenset({"type[]"}),
    repeated=frozenset({"type[]"}),
)
PERMITTED = (
    SEARCH,
    DOWNLOAD,
    DOWNLOAD_WITH_WEDGE,
    ACCOUNT,
    BUY_VIP,
    BUY_UPLOAD,
    SEEDBOX,
    IP,
    HISTORY,
)


def address_of(call: Call, base: str, query: Query = ()) -> str:
    """The call's URL below `base`."""
    pairs = [urlencode([(name, value)]) if value is not None else name for name, value in query]
    return f"{base}{call.path}{'?' if pairs else ''}{'&'.join(pairs)}"


def check(call: Call, method: str, url: str, bases: Mapping[str, str], *, with_session: bool) -> None:
    """Let a request pass only as its row in the table has it. Raises NotPermitted.

    `bases` are the trusted addresses of "site" and "tracker". The URL is read anew, so that nothing that
    built it is relied upon.
    """
    base, parts = urlsplit(bases[call.host]), urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    passes = (
        any(call is permitted for permitted in PERMITTED)
        and method == call.method
        and (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
        and parts.path == base.path + call.path
        and not parts.fragment
        and call.needed <= set(names)
        and all(names.count(name) == 1 or name in call.repeated for name in names)
        and all(re.fullmatch(call.query.get(name, "(?!)"), value) for name, value in pairs)
        and (call.with_session or not with_session)
    )
    if not passes:
        raise NotPermitted(f"This is not among the tracker's permitted calls: {method} {parts.path}")
