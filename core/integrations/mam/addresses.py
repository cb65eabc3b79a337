"""Where the tracker is, for comparing an address with; nothing here is requested."""

from __future__ import annotations

from urllib.parse import urlsplit

DOMAIN = "myanonamouse.net"


def is_tracker(url: str) -> bool:
    """Whether an address is the tracker's own (any of its hosts)."""
    host = (urlsplit(url).hostname or "").lower()
    return host == DOMAIN or host.endswith(f".{DOMAIN}")
