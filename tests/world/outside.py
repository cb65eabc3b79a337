"""What a test may do to any double: look at what was asked, and make answers fail on the way.

outside = app[OUTSIDE]
outside.fail("GET /books/*", status(503), drop())   # twice in trouble, then well again
outside.fail("/books/*", html(), always=True)        # until `outside.recover()`
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class _Trouble:
    route: str
    faults: deque[Fault]
    always: bool


@dataclass
class Outside:
    """A double's log of requests and its planned faults."""

    requests: list[Seen] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _troubles: list[_Trouble] = field(default_factory=list)

    def fail(self, route: str, *faults: Fault, always: bool = False) -> None:
        """The next requests to `route` meet `faults`, one each, in order; then all is well again.

        `route` is a path, or a method and a path, with `*` for anything. With `always` the last fault stays.
        """
        self._troubles.append(_Trouble(route, deque(faults), always))

    def recover(self) -> None:
        """Forget every planned fault."""
        self._troubles.clear()

    def asked(self, route: str = "*") -> list[Seen]:
        """The requests to `route` so far."""
        return [seen for seen in self.requests if _matches(route, seen.method, seen.path)]

    def next_fault(self, request: web.Request) -> Fault | None:
        for trouble in self._troubles:
            if trouble.faults and _matches(trouble.route, request.method, request.path):
                last = len(trouble.faults) == 1
                return trouble.faults[0] if trouble.always and last else trouble.faults.popleft()
        return None


OUTSIDE: web.AppKey[Outside] = web.AppKey("outside", Outside)


def outside_app(*, largest_body: int = 1024 * 1024) -> web.Application:
    """An empty application that logs its requests and can be made to fail. Larger bodies (in bytes) get a 413."""
    app = web.Application(middlewares=[_through_outside], client_max_size=largest_body)
    app[OUTSIDE] = outside = Outside()

    async def close(_: web.Application) -> None:
        outside.closing.set()

    app.on_shutdown.append(close)
    return app


@web.middleware
async def _through_outside(request: web.Request, handler: Handler) -> web.StreamResponse:
    outside = request.app[OUTSIDE]
    outside.requests.append(Seen(request.method, request.path, dict(request.query), request.headers.copy()))
    fault = outside.next_fault(request)
    return await (fault(request, handler) if fault else handler(request))


def _matches(route: str, method: str, path: str) -> bool:
    wanted, _, pattern = route.rpartition(" ")
    return wanted in ("", method) and fnmatchcase(path, pattern)


def status(code: int, json: Any = None, *, text: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with a status, and a JSON or plain body."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if json is not None:
            return web.json_response(json, status=code, headers=headers)
        return web.Response(status=code, text=text, headers=headers)

    return fault


def html(code: int = 200) -> Fault:
    """A page for people, as proxies and login walls put in the way."""
    page = "<!DOCTYPE html><html><head><title>One moment</title></head><body>Please wait.</body></html>"

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=code, text=page, content_type="text/html")

    return fault


def half_json() -> Fault:
    """JSON that ends in the middle although its length is as announced."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(text='{"title": "The Salt Cartogra', content_type="application/json")

    return fault


def cut() -> Fault:
    """Half of the announced body, then the connection ends."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "4096"})
        await response.prepare(request)
        await response.write(b'{"title": "The Salt')
        _hang_up(request)
        return response

    return fault


def drop() -> Fault:
    """Hang up without a word. aiohttp asks once more by itself then, so to be felt a GET needs two of these."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        _hang_up(request)
        return web.Response()

    return fault


def silence() -> Fault:
    """Never answer; ends when the asker leaves or the double is stopped."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        await request.app[OUTSIDE].closing.wait()
        return web.Response(status=503)

    return fault


def hold(gate: asyncio.Event) -> Fault:
    """Answer rightly, but only after `gate` is set."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        await gate.wait()
        return await handler(request)

    return fault


def huge(size: int = 256 * 1024 * 1024) -> Fault:
    """A body of `size` bytes that announces no length."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        chunk = b'"' + b"x" * (64 * 1024 - 1)
        with suppress(ConnectionError):
            for _ in range(size // len(chunk)):
                await response.write(chunk)
        return response

    return fault


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


class Door:
    """The listening socket, which can be closed and opened again at the same address."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self._host = host
        self._site = web.TCPSite(runner, host, port)

    async def open(self) -> int:
        """Listen; gives the port."""
        await self._site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """Stop listening, and hang up on whoever is connected."""
        bound = self._runner.addresses[0][1]
        await self._site.stop()
        self._site = web.TCPSite(self._runner, self._host, bound)
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()


@dataclass(frozen=True, slots=True)
class Served:
    """A double that listens: its base URL and its application."""

    url: str
    app: web.Application
    door: Door

    @property
    def outside(self) -> Outside:
        return self.app[OUTSIDE]

    async def go_away(self) -> None:
        """From now on connections are refused, and those there are break."""
        await self.door.close()

    async def come_back(self) -> None:
        """Listen again, at the same address."""
        await self.door.open()


# What a double that must know its own address is told with, once it listens.
WHEN_SERVED: web.AppKey[Callable[[Served], None]] = web.AppKey("when_served")


@asynccontextmanager
async def serving(app: web.Application, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Served]:
    """Serve `app` on a loopback port (0: any free one) for as long as the block lasts."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5, access_log=None)
    await runner.setup()
    try:
        door = Door(runner, host, port)
        bound = await door.open()
        served = Served(f"http://{host}:{bound}", app, door)
        if (told := app.get(WHEN_SERVED)) is not None:
            told(served)
        yield served
    finally:
        await runner.cleanup()
