"""The site's sessions: locked to an address or a provider, renewed by answers, dead when unused or taken away."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

UNUSED_FOR = timedelta(days=15)
COOKIE = "mam_id"


@dataclass(frozen=True, slots=True)
class Network:
    """Where a request comes from."""

    ip: str = "10.2.3.4"
    asn: int = 1234
    provider: str = "Org for 1234"


@dataclass
class Session:
    """One session. `values` holds every value it had, the newest last, with the time it was given out."""

    kind: Literal["api", "browser"] = "api"
    seedbox_allowed: bool = True
    locked_ip: str | None = None
    locked_asn: int | None = None
    values: list[str] = field(default_factory=list)
    given: datetime | None = None
    used: datetime | None = None
    came_back: int = 0  # the place of the newest value that was ever sent back
    dead: bool = False


class Refusal(Exception):
    """Why a request is refused, in the site's words."""


class Sessions:
    """All of them, by any value they ever had."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(f"sessions {seed}")
        self._by_value: dict[str, Session] = {}

    def open(self, now: datetime, **kind: object) -> str:
        """A person makes a session at the site; gives the value to paste."""
        session = Session(given=now, used=now, **kind)  # type: ignore[arg-type]
        return self._renew(session, now)

    def of(self, value: str) -> Session:
        return self._by_value[value]

    def admit(self, value: str | None, network: Network, now: datetime, *, keep_old: str) -> Session:
        """The session of a request, its use noted. Raises Refusal.

        `keep_old`: an older value is good "always", "never", or "until_used": until the newer one came back.
        """
        if value is None:
            raise Refusal("No Session Cookie")
        session = self._by_value.get(value)
        if session is None or session.dead:
            raise Refusal("Invalid session - Invalid Cookie")
        if session.used is not None and now - session.used > UNUSED_FOR:
            session.dead = True
            raise Refusal("Invalid session - Invalid Cookie")
        place = session.values.index(value)
        oldest = {"always": 0, "until_used": session.came_back, "never": len(session.values) - 1}[keep_old]
        if place < oldest:
            raise Refusal("Invalid session - Invalid Cookie")
        if session.locked_asn is not None and session.locked_asn != network.asn:
            raise Refusal("Invalid session - ASN mismatch")
        if session.locked_ip is not None and session.locked_ip != network.ip:
            raise Refusal("Invalid session - IP mismatch")
        if session.kind != "api":
            raise Refusal("Incorrect session type - non-API session")
        session.used = now
        session.came_back = max(session.came_back, place)
        return session

    def renewal(self, session: Session, now: datetime, every: timedelta) -> str | None:
        """A new value for the answer, if the present one is old enough."""
        if session.given is not None and now - session.given < every:
            return None
        return self._renew(session, now)

    def _renew(self, session: Session, now: datetime) -> str:
        letters = "".join(self._rng.choices(string.ascii_letters + string.digits, k=40))
        value = f"{letters}%2B{len(session.values)}%3D"  # looks encoded, and is sent back as it is
        session.values.append(value)
        session.given = now
        self._by_value[value] = session
        return value


def set_cookies(value: str) -> list[str]:
    """The `Set-Cookie` lines of a renewal."""
    rest = "expires=Tue, 17-Nov-2026 12:00:00 GMT; Max-Age=1296000; path=/; domain=.myanonamouse.net; secure"
    return [f"uid=100001; {rest}; SameSite=Lax", f"{COOKIE}={value}; {rest}; SameSite=Lax"]


def taken_away() -> list[str]:
    """The `Set-Cookie` line that ends a cookie's life."""
    gone = "expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/; domain=.myanonamouse.net; secure"
    return [f"{COOKIE}=deleted; {gone}"]
