"""A private tracker's announce, to whom every torrent is unregistered until it is registered."""

from __future__ import annotations

import urllib.parse

from aiohttp import web

from tests.world.outside import outside_app

PASSKEY = "0123456789abcdef0123456789abcdef"  # nobody's
INTERVAL = 1800  # seconds

REGISTERED: web.AppKey[set[str]] = web.AppKey("registered", set[str])


def create_app() -> web.Application:
    app = outside_app()
    app[REGISTERED] = set()
    app.router.add_get("/tracker.php/{passkey}/announce", _announce)
    app.router.add_post("/registered/{infohash}", _register)
    return app


def announce_url(base_url: str) -> str:
    """The announce URL of the double at `base_url`; as on a real one the passkey in it is a secret."""
    return f"{base_url}/tracker.php/{PASSKEY}/announce"


async def _announce(request: web.Request) -> web.Response:
    if request.match_info["passkey"] != PASSKEY:
        return _failure(b"unrecognized host/passkey")
    if _infohash(request) not in request.app[REGISTERED]:
        return _failure(b"torrent not registered with this tracker")
    return _bencoded(b"d8:completei1e10:incompletei0e8:intervali%de5:peers0:e" % INTERVAL)


async def _register(request: web.Request) -> web.Response:
    """What the site does by itself when a person uploads: the torrent is known from now on."""
    request.app[REGISTERED].add(request.match_info["infohash"].lower())
    return web.Response(status=204)


def _infohash(request: web.Request) -> str:
    """The infohash in hex; it arrives as percent-encoded bytes, which are no text."""
    for pair in request.raw_path.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name == "info_hash":
            return urllib.parse.unquote_to_bytes(value).hex()
    return ""


def _failure(reason: bytes) -> web.Response:
    return _bencoded(b"d14:failure reason%d:%be" % (len(reason), reason))


def _bencoded(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/plain")
