"""What qBittorrent says, as frozen values; the states of 4.5 and of 5.x under one set of words.

Announce URLs hold a passkey: no value here carries one (`magnet_uri` and `tracker` are left out on purpose).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.domain.transfer_words import word_for

OLDEST_WEB_API = (2, 8, 14)  # qBittorrent 4.5.0: the first that exports torrents

# 4.5 says paused where 5.0 says stopped; both are understood at any version.
SEEDING = frozenset({"uploading", "stalledUP", "queuedUP", "forcedUP"})
STOPPED_COMPLETE = frozenset({"pausedUP", "stoppedUP"})
STOPPED = STOPPED_COMPLETE | {"pausedDL", "stoppedDL"}
IDLE = frozenset({"stalledUP", "queuedUP"})
HASHING = frozenset({"checkingUP", "checkingDL"})
LOADING = "checkingResumeData"  # just added, or just started: nothing it says counts yet
MOVING = "moving"
MISSING_FILES = "missingFiles"
ERRORED = frozenset({"error", MISSING_FILES})

# Fields of a torrent that hold the announce URL.
SECRET_FIELDS = frozenset({"tracker", "magnet_uri"})

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_LONG_ENOUGH_FOR_A_KEY = 6
NEVER_SECONDS = 8_640_000  # how qBittorrent writes that there is no end in sight


def _split_tags(value: object) -> object:
    return tuple(tag for tag in map(str.strip, value.split(",")) if tag) if isinstance(value, str) else value


def _past(value: object) -> object:
    # -1 and, before 5.0, 4294967295 or 0 stand for "never".
    return value if isinstance(value, int) and 0 < value < (1 << 32) - 1 else None


def _known(value: object) -> object:
    return value if isinstance(value, int) and 0 <= value < NEVER_SECONDS else None


Tags = Annotated[tuple[str, ...], BeforeValidator(_split_tags)]
Moment = Annotated[int | None, BeforeValidator(_past)]
TimeLeft = Annotated[int | None, BeforeValidator(_known)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class QbVersion(_Answer):
    """The program's version and its Web API's; what it can do is decided by the latter."""

    app: str
    web_api: str

    @property
    def web_api_parts(self) -> tuple[int, ...]:
        """`2.8.19` as (2, 8, 19), for comparing."""
        return tuple(int(part) for part in self.web_api.split("."))

    @property
    def too_old(self) -> bool:
        return self.web_api_parts < OLDEST_WEB_API


class TorrentStatus(_Answer):
    """One torrent's row. Sizes in bytes, speeds in bytes a second, durations in seconds, moments in Unix
    seconds, `progress` 0 to 1. `seeders` and `leechers` are the whole swarm's, as the tracker counts them,
    both 0 before its first answer.

    Paths are qBittorrent's own view; see `core.domain.path_maps` for ours. `content_path` of a torrent with
    one file is that file, also when it has a root folder.
    """

    infohash: str = Field(alias="hash")
    name: str
    state: str
    progress: float
    amount_left: int
    size: int
    save_path: str
    content_path: str = ""
    download_path: str = ""
    category: str = ""
    tags: Tags = ()
    ratio: float = 0.0
    uploaded: int = 0
    downloaded: int = 0
    download_speed: int = Field(0, alias="dlspeed")
    upload_speed: int = Field(0, alias="upspeed")
    time_left: TimeLeft = Field(None, alias="eta")
    seeding_time: int = 0
    added_on: Moment = None
    completion_on: Moment = None
    ratio_limit: float = -2
    seeding_time_limit: int = -2
    forced: bool = Field(False, alias="force_start")  # runs whatever the queue says
    upload_limit: int = Field(0, alias="up_limit")  # bytes a second, 0 for none
    seeders: int = Field(0, alias="num_complete")
    leechers: int = Field(0, alias="num_incomplete")
    tracker_hosts: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_addresses(cls, row: Any) -> Any:
        return without_addresses(row) if isinstance(row, Mapping) else row

    @property
    def word(self) -> str:
        """What it is doing, in a word for people."""
        return word_for(self.state)

    @property
    def complete(self) -> bool:
        """Every byte is there, checked, and at its final place; running or stopped."""
        whole = self.amount_left == 0 and self.progress == 1
        return whole and self.state in SEEDING | STOPPED_COMPLETE and not self.in_download_path

    @property
    def seeding(self) -> bool:
        """Complete and started."""
        return self.complete and not self.stopped

    @property
    def stopped(self) -> bool:
        return self.state in STOPPED

    @property
    def idle(self) -> bool:
        """Complete and started, but waiting: in the queue, or for somebody who wants it."""
        return self.complete and self.state in IDLE

    @property
    def hashing(self) -> bool:
        """The data is being read and compared, or waits its turn for that."""
        return self.state in HASHING

    @property
    def checking(self) -> bool:
        """Hashing, or loading its resume data: no figure of this row counts yet."""
        return self.hashing or self.state == LOADING

    @property
    def moving(self) -> bool:
        return self.state == MOVING

    @property
    def errored(self) -> bool:
        return self.state in ERRORED

    @property
    def missing_files(self) -> bool:
        return self.state == MISSING_FILES

    @property
    def in_download_path(self) -> bool:
        """Still in the folder for unfinished downloads, where one is set."""
        folder = self.download_path.rstrip("/")
        return bool(folder) and f"{self.content_path}/".startswith(f"{folder}/")


class TorrentProperties(_Answer):
    """What only the details page knows. Sizes in bytes, durations in seconds."""

    save_path: str
    seeding_time: int
    total_size: int
    piece_size: int
    pieces_have: int
    pieces_total: int = Field(alias="pieces_num")
    share_ratio: float
    completed_on: Moment = Field(None, alias="completion_date")


class Tracker(_Answer):
    """What one tracker last said, without its URL.

    `status`: 0 disabled, 1 not contacted, 2 working, 3 updating, 4 not working, 5 error, 6 unreachable.
    """

    host: str
    tier: int
    status: int
    message: str

    @property
    def working(self) -> bool:
        return self.status == 2

    @property
    def unregistered(self) -> bool:
        """The tracker does not know this torrent (yet)."""
        said = self.message.casefold()
        return "unregistered" in said or "not registered" in said

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Tracker | None:
        """One row of the trackers list; None for the rows that stand for DHT, PeX and LSD."""
        url = str(row["url"])
        if url.startswith("**"):
            return None
        message = without_keys(str(row.get("msg") or ""), url)
        tier = row.get("tier")
        return cls(
            host=host_of(url),
            tier=tier if isinstance(tier, int) else 0,
            status=row["status"],
            message=message,
        )


class MainData(_Answer):
    """What changed since the answer numbered `rid` was asked for; everything, when `full_update`.

    `torrents` maps an infohash to the fields that changed, under qBittorrent's names.
    """

    rid: int
    full_update: bool = False
    torrents: dict[str, dict[str, Any]] = Field(default_factory=dict)
    torrents_removed: tuple[str, ...] = ()
    server_state: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def from_reply(cls, reply: Mapping[str, Any]) -> MainData:
        """The reply without the fields that hold announce URLs."""
        rows = {
            infohash: without_addresses(row) for infohash, row in dict(reply.get("torrents") or {}).items()
        }
        return cls.model_validate({**reply, "torrents": rows})


def without_addresses(row: Mapping[str, Any]) -> dict[str, Any]:
    """A torrent's row, or what changed of it, with its trackers' hosts in place of announce URLs.

    `magnet_uri` names every tracker in any state; `tracker` is empty up to 4.6 while none works.
    """
    clean = {key: value for key, value in row.items() if key not in SECRET_FIELDS}
    if "magnet_uri" in row:
        clean["tracker_hosts"] = hosts_in_magnet(row["magnet_uri"])
    return clean


def hosts_in_magnet(uri: object) -> tuple[str, ...]:
    """The hosts of the trackers that a magnet link names."""
    query = uri.partition("?")[2] if isinstance(uri, str) else ""
    hosts = (host_of(value) for key, value in parse_qsl(query) if key == "tr")
    return tuple(dict.fromkeys(host for host in hosts if host))


class LogLine(_Answer):
    """One line of qBittorrent's own log, without URLs; `at` in Unix seconds."""

    at: int = Field(alias="timestamp")
    message: Annotated[str, BeforeValidator(lambda text: without_keys(str(text), ""))]


def host_of(url: str) -> str:
    """The host in an announce URL, which may be shown to anybody; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def without_keys(message: str, announce_url: str) -> str:
    """A tracker's message without URLs, and without the parts of `announce_url` that may be a passkey."""
    clean = _URL.sub(lambda found: host_of(found[0]) or "…", message)
    for part in _key_like_parts(announce_url):
        clean = clean.replace(part, "…")
    return clean


def _key_like_parts(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    found = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), parts.password or ""]
    return [part for part in found if len(part) >= _LONG_ENOUGH_FOR_A_KEY and part != "announce"]
