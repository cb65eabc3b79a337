"""Where alerts end up: a service of Apprise's `json://` kind that keeps what it takes.

`json://HOST:PORT/desk` and `json://HOST:PORT/phone` are two services; `received(app, "/phone")` tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from tests.world.outside import Served, outside_app


@dataclass(frozen=True, slots=True)
class Received:
    """One message as Apprise's JSON service posts it; `kind` is info, success, warning or failure."""

    path: str
    title: str
    text: str
    kind: str


@dataclass
class Inbox:
    """Everything taken so far, in order."""

    messages: list[Received] = field(default_factory=list)


STATE: web.AppKey[Inbox] = web.AppKey("alerts", Inbox)


def create_app() -> web.Application:
    """An inbox for every path."""
    app = outside_app()
    app[STATE] = Inbox()
    app.router.add_post("/{path:.*}", _take)
    return app


async def _take(request: web.Request) -> web.Response:
    body = await request.json()
    message = Received(request.path, body["title"], body["message"], body["type"])
    request.app[STATE].messages.append(message)
    return web.json_response({"ok": True})


def received(app: web.Application, path: str | None = None) -> list[Received]:
    """What was taken, everywhere or at one path."""
    return [message for message in app[STATE].messages if path in (None, message.path)]


def address(served: Served, path: str) -> str:
    """The service's address as APPRISE_URLS takes it."""
    return f"json://{urlsplit(served.url).netloc}{path}"
