"""How a request travels: over HTTP, or in a test straight into a double, with the same client above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from core.http import Reply, fetch

if TYPE_CHECKING:
    import aiohttp

OnCookies = Callable[[Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `timeout` in seconds, `max_bytes` bounds the answer's body."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)  # they hold the session
    body: bytes | None = field(repr=False)
    timeout: float
    max_bytes: int


class Transport(Protocol):
    """Sends one request once: it neither repeats it nor follows a redirect.

    `on_cookies` gets the `Set-Cookie` lines and is awaited before the body is read. Raises Unreachable and
    BadReply as `core.http.fetch` does.
    """

    async def send(self, request: Request, on_cookies: OnCookies) -> Reply: ...


class HttpTransport:
    """Over the program's session, whose own cookie jar keeps nothing.

    Each request has a connection of its own: one kept open may be closed by the other side just as a purchase
    goes out, whose outcome would then be unknown for nothing.
    """

    def __init__(self, system: str, session: Callable[[], aiohttp.ClientSession]) -> None:
        self._system = system
        self._session = session

    async def send(self, request: Request, on_cookies: OnCookies) -> Reply:
        return await fetch(
            self._session(),
            self._system,
            request.method,
            request.url,
            data=request.body,
            headers={**request.headers, "Connection": "close"},
            timeout=request.timeout,
            max_bytes=request.max_bytes,
            allow_redirects=False,
            once=True,
            on_headers=lambda headers: on_cookies(headers.getall("Set-Cookie", [])),
        )
