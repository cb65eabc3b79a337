"""qBittorrent, 4.5 to 5.x, over its Web API."""

from core.integrations.qbittorrent.client import QBittorrent
from core.integrations.qbittorrent.models import (
    MainData,
    QbVersion,
    TorrentProperties,
    TorrentStatus,
    Tracker,
)
from core.integrations.qbittorrent.publishing import verify_added

__all__ = [
    "MainData",
    "QBittorrent",
    "QbVersion",
    "TorrentProperties",
    "TorrentStatus",
    "Tracker",
    "verify_added",
]
