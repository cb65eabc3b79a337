"""What each method of the client says to the library, on the client's thread, and how it reads the answer.

Whatever is not as documented raises (ValueError, TypeError, KeyError …); `faults` makes it a BadReply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import Rejected
from core.integrations.qbittorrent.faults import SYSTEM
from core.integrations.qbittorrent.models import (
    LogLine,
    MainData,
    QbVersion,
    TorrentProperties,
    TorrentStatus,
    Tracker,
)

if TYPE_CHECKING:
    from qbittorrentapi import Client

NO_LIMIT = -1  # of ratio and seeding time; -2 would be the global limit
REFRESH_SECONDS = 1.5  # qBittorrent's default
UPLOAD_SETTINGS = (
    "up_limit",
    "alt_up_limit",
    "max_uploads",
    "max_uploads_per_torrent",
    "max_active_uploads",
    "max_active_torrents",
)


def version(api: Client) -> QbVersion:
    version = QbVersion(app=api.app_version().lstrip("v"), web_api=api.app_web_api_version())
    if not version.web_api_parts or len(version.app) > 40:
        raise ValueError("no version")
    return version


def statuses(api: Client, **wanted: Any) -> tuple[TorrentStatus, ...]:
    return tuple(TorrentStatus.model_validate(row) for row in _list(api.torrents_info(**wanted)))


def add(api: Client, torrent_bytes: bytes, fields: dict[str, Any]) -> bool:
    """Whether it was taken: "Ok." up to 5.1; a count from 5.2 on, where 409 means that none was."""
    from qbittorrentapi import Conflict409Error

    try:
        reply: Any = api.torrents_add(torrent_files=torrent_bytes, **fields)
    except Conflict409Error:
        return False
    if isinstance(reply, str):
        return reply.strip() in ("Ok.", "")
    return bool(reply.get("success_count") or reply.get("pending_count"))


def exempt_and_tag(api: Client, infohash: str, tags: tuple[str, ...]) -> None:
    # Every version takes all four; 5.0 on asks for the third, 5.2 on for the fourth.
    api.torrents_set_share_limits(
        ratio_limit=NO_LIMIT,
        seeding_time_limit=NO_LIMIT,
        inactive_seeding_time_limit=NO_LIMIT,
        share_limit_action="Default",
        torrent_hashes=infohash,
    )
    if tags:
        api.torrents_add_tags(tags=tags, torrent_hashes=infohash)


def trackers(api: Client, infohash: str) -> tuple[Tracker, ...]:
    rows = (Tracker.from_row(row) for row in _list(api.torrents_trackers(torrent_hash=infohash)))
    return tuple(row for row in rows if row)


def properties(api: Client, infohash: str) -> TorrentProperties:
    return TorrentProperties.model_validate(api.torrents_properties(torrent_hash=infohash))


def ensure_category(api: Client, name: str, save_path: str) -> None:
    from qbittorrentapi import Conflict409Error

    try:
        api.torrents_create_category(name=name, save_path=save_path)
    except Conflict409Error:  # it exists, or the name is impossible
        if name not in _mapping(api.torrents_categories()):
            raise Rejected(
                SYSTEM,
                f"qBittorrent does not take the category name {name!r}.",
                status=409,
                hint="Set another qbittorrent.category.",
            ) from None


def maindata(api: Client, rid: int) -> MainData:
    return MainData.from_reply(_mapping(api.sync_maindata(rid)))


def refresh_interval(api: Client) -> float:
    milliseconds = _mapping(api.app_preferences()).get("refresh_interval")
    if isinstance(milliseconds, int) and 0 < milliseconds <= 60_000:
        return milliseconds / 1000
    return REFRESH_SECONDS


def upload_settings(api: Client) -> dict[str, int]:
    known = _mapping(api.app_preferences())
    return {name: known[name] for name in UPLOAD_SETTINGS if type(known.get(name)) is int}


def troubles(api: Client) -> tuple[LogLine, ...]:
    rows = _list(api.log_main(normal=False, info=False, warning=True, critical=True))
    return tuple(LogLine.model_validate(row) for row in rows)


def _list(reply: Any) -> list[Any]:
    if not isinstance(reply, list):
        raise TypeError("no list")
    return reply


def _mapping(reply: Any) -> dict[str, Any]:
    if not isinstance(reply, dict):
        raise TypeError("no object")
    return reply
