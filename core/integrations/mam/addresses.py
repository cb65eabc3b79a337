"""Where the tracker is. Its addresses are defined here and nowhere else."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigError

DOMAIN = "myanonamouse.net"
BASE_URL = f"https://www.{DOMAIN}"
TRACKER_URL = f"https://t.{DOMAIN}"  # announces, and the one call that tells it our address


def is_tracker(url: str) -> bool:
    """Whether an address is the tracker's own (any of its hosts)."""
    return _is_tracker_host(_host(urlsplit(url)))


def page_of(torrent_id: int) -> str:
    """The page of a torrent, for people to open."""
    return f"{BASE_URL}/t/{torrent_id}"


def trusted(url: str | None, default: str, setting: str) -> str:
    """A base address the session cookie may go to, without a slash at its end.

    Only the tracker over https, or this machine. Raises ConfigError naming the setting.
    """
    parts = urlsplit((url or default).rstrip("/"))
    host = _host(parts)
    if (_is_tracker_host(host) and parts.scheme == "https") or (
        _is_loopback(host) and parts.scheme in ("http", "https")
    ):
        return parts._replace(query="", fragment="").geturl()
    raise ConfigError(
        f"{setting} is neither the tracker over https nor this machine; strangers would get the session.",
        hint=f"Remove {setting}.",
    )


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().rstrip(".")


def _is_tracker_host(host: str) -> bool:
    return host == DOMAIN or host.endswith(f".{DOMAIN}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
