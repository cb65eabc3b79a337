"""The tracker's web site as programs see it: the permitted calls, everything else noted and refused."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.clock import Clock, SystemClock
from tests.world.mam import endpoints
from tests.world.mam.economy import GIB
from tests.world.mam.knobs import Knobs
from tests.world.mam.member import Member
from tests.world.mam.sessions import Network, Refusal, Session, Sessions, set_cookies, taken_away
from tests.world.mam.shelf import Shelf, stocked
from tests.world.mam.troubles import Troubles
from tests.world.mam.wire import NOT_SIGNED_IN, Answer, Asked, Call, as_json

BROWSERS = ("mozilla/", "chrome/", "safari/", "curl/", "python-requests", "aiohttp/")


@dataclass(frozen=True, slots=True)
class Event:
    """A site-wide event. `factor` multiplies points while it lasts; `free` makes every torrent free."""

    begins: datetime
    ends: datetime
    free: bool = False
    factor: float = 1.0


@dataclass
class Site:
    """The whole double. `network` is where the program asks from; one account uses it.

    `requests` logs everything; `violations` what the tracker permits no program, `too_fast` what came too soon,
    `findings` what else a member must not do: disguises, the session where it does not belong, too many
    unsatisfied torrents.
    """

    clock: Clock
    shelf: Shelf
    member: Member
    knobs: Knobs = field(default_factory=Knobs)
    seed: int = 0
    network: Network = field(default_factory=Network)
    announce_base: str = "http://127.0.0.1:9"
    sessions: Sessions = field(init=False)
    troubles: Troubles = field(init=False)
    requests: list[Asked] = field(default_factory=list)
    violations: list[Call] = field(default_factory=list)
    too_fast: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    seedbox: Network | None = None
    seedbox_changed: datetime | None = None
    ip_asked: datetime | None = None

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.seed)
        self.rng = random.Random(f"site {self.seed}")
        self.troubles = Troubles(self.clock.now)
        self.member.everything_free = self._all_is_free
        self._last: float | None = None

    # --- what a test does ---

    def sign_in(self, **session: object) -> str:
        """A person makes a session at the site (locked_ip=, locked_asn=, seedbox_allowed=, kind=); its value."""
        return self.sessions.open(self.clock.now(), **session)

    def event(
        self, *, hours: float, begins_in: float = 0.0, free: bool = False, factor: float = 1.0
    ) -> Event:
        """A site-wide event, `begins_in` hours from now."""
        begins = self.clock.now() + timedelta(hours=begins_in)
        self.settle()
        self.events.append(made := Event(begins, begins + timedelta(hours=hours), free, factor))
        return made

    def settle(self) -> None:
        """Let the account's time pass up to now, event by event."""
        now = self.clock.now()
        edges = {edge for event in self.events for edge in (event.begins, event.ends)}
        for edge in sorted(edge for edge in edges if self.member.now < edge < now):
            self._with_factor(edge)
        self._with_factor(now)
        self.events = [event for event in self.events if event.ends > now]

    def snatch(self, torrent_id: int) -> None:
        """The swarm: the account's client has the whole torrent now."""
        self.settle()
        torrent = self.shelf.get(torrent_id)
        if torrent is None:
            raise KeyError(torrent_id)
        if torrent_id not in self.member.snatches and len(self.member.unsatisfied) >= self.member.limit:
            self.findings.append(f"torrent {torrent_id} was snatched over the limit of unsatisfied ones")
        self.member.snatch(torrent)

    def seeding(self, torrent_id: int, *, on: bool) -> None:
        """The swarm: the client announces it from now on, or no longer."""
        self.settle()
        self.member.seeding(torrent_id, on=on)

    def seeded(self, torrent_id: int, seconds: float) -> None:
        """The swarm: seeding time beside the clock's."""
        self.settle()
        self.member.seeded(torrent_id, seconds)

    def upload(self, size: int) -> None:
        """The swarm: so many bytes went to others."""
        self.settle()
        self.member.upload(size)

    def calls(self, name: str | None = None) -> list[Asked]:
        """The log's lines of a permitted call by its name."""
        return [asked for asked in self.requests if asked.name == name]

    # --- what a request meets ---

    def answer(self, call: Call) -> Answer:
        """One request, from the door to the answer."""
        self.settle()
        endpoint = endpoints.permitted(call)
        too_fast = self._is_too_fast()
        self._look_at(call)
        fault = self.troubles.next(endpoint.name if endpoint else None)
        if too_fast and self.knobs.gap_enforced and endpoint is not None:
            answer = self._slow_down()
        elif fault is not None:
            answer = fault(lambda: self._answer(call, endpoint))
        else:
            answer = self._answer(call, endpoint)
        self.requests.append(
            Asked(
                self.clock.now(),
                self.clock.monotonic(),
                endpoint.name if endpoint else None,
                call,
                answer.status,
                answer.arrives,
            )
        )
        return answer

    def _answer(self, call: Call, endpoint: endpoints.Endpoint | None) -> Answer:
        if endpoint is None:
            self.violations.append(call)
            return Answer(404, b"<html>Not Found</html>", "text/html")
        if not endpoint.with_session:
            if call.cookie is not None:
                self.findings.append(f"the session was sent with {endpoint.name}")
            return endpoint.handle(self, call, None)
        try:
            session = self.sessions.admit(
                call.cookie, self.network, self.clock.now(), keep_old=self.knobs.keep_old
            )
        except Refusal as refusal:
            return self._refused(str(refusal), endpoint)
        return self._renewed(endpoint.handle(self, call, session), session)

    def _renewed(self, answer: Answer, session: Session) -> Answer:
        if not self.knobs.rotates:
            return answer
        value = self.sessions.renewal(session, self.clock.now(), self.knobs.rotate_every)
        return answer.with_cookies(set_cookies(value)) if value else answer

    def _refused(self, why: str, endpoint: endpoints.Endpoint) -> Answer:
        if why == "No Session Cookie" and endpoint.name != "dynamic seedbox":
            return NOT_SIGNED_IN
        network = {"ip": self.network.ip, "ASN": self.network.asn, "AS": self.network.provider}
        answer = as_json({"Success": False, "msg": why, **network}, 403)
        if self.knobs.refusals_as == "text":
            answer = Answer(403, why.encode(), "text/html")
        return answer.with_cookies(taken_away()) if "Invalid Cookie" in why else answer

    def _is_too_fast(self) -> bool:
        now = self.clock.monotonic()
        gap = now - self._last if self._last is not None else None
        self._last = now
        if gap is None or gap >= self.knobs.least_gap:
            return False
        self.too_fast.append(gap)
        return True

    def _slow_down(self) -> Answer:
        wait = self.knobs.rest_seconds
        return Answer(429, b"", headers=(("Retry-After", str(wait)),) if wait is not None else ())

    def _look_at(self, call: Call) -> None:
        agent = call.headers.get("User-Agent", "")
        if not agent or any(word in agent.lower() for word in BROWSERS):
            self.findings.append(f"a request came in disguise: {agent!r}")

    def _all_is_free(self) -> bool:
        now = self.member.now
        return any(event.free and event.begins <= now < event.ends for event in self.events)

    def _with_factor(self, until: datetime) -> None:
        """The account's time up to `until`, within which no event begins or ends."""
        factor = 1.0
        for event in self.events:
            if event.begins <= self.member.now < event.ends:
                factor *= event.factor
        self.member.factor = factor
        self.member.settle(until)


def make_site(
    *,
    clock: Clock | None = None,
    shelf: Shelf | None = None,
    seed: int = 0,
    knobs: Knobs | None = None,
    **member: object,
) -> Site:
    """A site with one account; `member` sets its fields (points=, vip_until=, uploaded= ...)."""
    clock = clock or SystemClock()
    now = clock.now().astimezone(UTC)
    fields: dict[str, object] = {
        "uid": 100_001,
        "username": "mouse",
        "joined": now - timedelta(days=400),
        "now": now,
        "uploaded": 100 * GIB,
        "downloaded": 20 * GIB,
        **member,
    }
    return Site(
        clock,
        shelf if shelf is not None else stocked(seed=seed),
        Member(**fields),  # type: ignore[arg-type]
        knobs or Knobs(),
        seed,
    )
