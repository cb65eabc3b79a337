"""What the qBittorrent double is and remembers, and the handles a test turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from tests.world.qbittorrent_torrents import DoubleTorrent

BANNED = "Your IP address has been banned after too many failed authentication attempts."


PREFERENCES = {
    "up_limit": 0,
    "alt_up_limit": 10_240,
    "max_uploads": 20,
    "max_uploads_per_torrent": 4,
    "max_active_uploads": 3,
    "max_active_torrents": 5,
    "queueing_enabled": True,
}


class Refusal(Exception):
    """An HTTP status other than success, with the text qBittorrent sends."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version of the Web API speaks."""

    app: str
    web_api: str
    old: bool  # up to 4.x: pause and resume, paused, texts for answers

    def cookie(self, port: int) -> str:
        return "SID" if self.old else f"QBT_SID_{port}"


SPOKEN = {
    "2.8.19": Dialect("v4.5.2", "2.8.19", old=True),
    "2.15": Dialect("v5.2.0", "2.15.1", old=False),
}


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` requests to `route` (`torrents/add`, or `*`).

    `delay` seconds first, then the connection is dropped, or `status` and `body` are sent instead of an
    answer; `after` lets the request take effect before that.
    """

    route: str
    status: int | None = None
    body: str = ""
    drop: bool = False
    delay: float = 0.0
    after: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; a password is never kept."""

    route: str
    form: dict[str, str]


@dataclass
class QbittorrentDouble:
    """The state of the program, and the handles a test turns."""

    dialect: Dialect
    username: str
    password: str
    clock: Clock
    beat: float  # seconds until a change is shown
    check_seconds: float  # how long hashing takes
    max_failures: int = 5
    torrents: dict[str, DoubleTorrent] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    sessions: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    log: list[tuple[int, int, str]] = field(default_factory=list)  # Unix seconds, kind, text
    failures: int = 0
    free_space: int = 50_000_000_000
    preferences: dict[str, Any] = field(default_factory=lambda: dict(PREFERENCES))

    @property
    def banned(self) -> bool:
        return self.failures >= self.max_failures

    def restart(self) -> None:
        """As after a restart of the program: sessions and bans are forgotten, torrents are not."""
        self.sessions.clear()
        self.failures = 0

    def fail(self, route: str, **how: Any) -> None:
        """Let something go wrong, see `Fault`."""
        self.faults.append(Fault(route, **how))

    def calls(self, route: str) -> list[Request]:
        """The requests to one route, in order."""
        return [request for request in self.requests if request.route == route]

    def tracker_says(self, infohash: str, status: int, message: str) -> None:
        """What the tracker answers from now on (2 working, 4 not working)."""
        self.torrents[infohash].tracker = (status, message)

    def next_fault(self, route: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.route in (route, "*"):
                fault.times -= 1
                return fault
        return None

    def known(self, infohash: str) -> DoubleTorrent:
        torrent = self.torrents.get(infohash)
        if torrent is None or not torrent.listed:
            raise Refusal(404, "Not Found")
        return torrent

    def chosen(self, hashes: str) -> list[DoubleTorrent]:
        wanted = self.torrents if hashes == "all" else hashes.split("|")
        return [self.torrents[one] for one in wanted if one in self.torrents and self.torrents[one].listed]

    def row(self, torrent: DoubleTorrent) -> dict[str, Any]:
        return torrent.row(old=self.dialect.old)
