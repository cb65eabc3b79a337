"""One HTTP session for the whole program, and one careful way to ask.

Integrations call `fetch` from their private `_request()` and map statuses themselves; what every
system shares (no connection, time-outs, endless bodies, broken JSON) is mapped here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from core.errors import BadReply, Unreachable

if TYPE_CHECKING:  # aiohttp is imported when the first request is made: commands that ask nobody start faster
    import aiohttp
    from multidict import CIMultiDictProxy

DEFAULT_TIMEOUT = 30.0  # seconds for the whole exchange
DEFAULT_MAX_BYTES = 8 * 1024 * 1024


@cache  # it reads files
def program_version() -> str:
    """The installed version, or "0" when running from files without an installation."""
    try:
        return version("mousekeeper")
    except PackageNotFoundError:
        return "0"


def user_agent() -> str:
    """Who we say we are, everywhere."""
    return f"Mousekeeper/{program_version()}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer: the status, the headers (case-insensitive) and the body's bytes."""

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body. Raises BadReply when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("Content-Type", "no content type")
            raise BadReply(
                self.system, f"{self.system} answered {self.status} with {kind} where JSON was expected."
            ) from error

    def text(self) -> str:
        """The body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def retry_after(self, now: datetime, default: float = 60.0) -> float:
        """Seconds to wait by `Retry-After` (a number or a date) or `x-ratelimit-reset`, at least 1."""
        for name in ("Retry-After", "x-ratelimit-reset"):
            value = self.headers.get(name, "").strip()
            if not value:
                continue
            try:
                return max(1.0, min(float(value), 86_400.0))
            except ValueError:
                pass
            try:
                return max(1.0, min((parsedate_to_datetime(value) - now).total_seconds(), 86_400.0))
            except (ValueError, TypeError):
                continue
        return default


async def fetch(
    session: aiohttp.ClientSession,
    system: str,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    json_body: Any = None,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    max_bytes: int = DEFAULT_MAX_BYTES,
    allow_redirects: bool = True,
    once: bool = False,
    on_headers: Callable[[CIMultiDictProxy[str]], Awaitable[None]] | None = None,
) -> Reply:
    """One exchange with an outside system.

    `once` keeps aiohttp from repeating a GET by itself after a lost connection. `on_headers` is awaited as
    soon as the answer begins, before its body is read. Raises Unreachable (refused, unknown host, TLS,
    time-out, cut connection) and BadReply (body over `max_bytes`, not HTTP). Statuses are the caller's to
    judge. The URL is never put into an error text: it may hold a key.
    """
    import aiohttp

    limit = aiohttp.ClientTimeout(total=timeout)
    try:
        async with session.request(
            method,
            url,
            params=params,
            json=json_body,
            data=data,
            headers=headers,
            timeout=limit,
            allow_redirects=allow_redirects,
            middlewares=(_never_again,) if once else None,
        ) as response:
            if on_headers is not None:
                await on_headers(response.headers)
            body = await _read_bounded(response, system, max_bytes)
            return Reply(system, response.status, response.headers, body)
    except TimeoutError as error:
        raise Unreachable(system, f"{system} did not answer within {timeout:g} seconds.") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise Unreachable(
            system,
            f"{system} shows a TLS certificate this machine does not trust.",
            hint="Use http on your own network, or install the certificate's authority on this machine.",
        ) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise Unreachable(system, f"The address set for {system} is not a URL.") from error
    except aiohttp.ClientPayloadError as error:
        raise Unreachable(system, f"{system} broke off in the middle of its answer.") from error
    except aiohttp.ClientResponseError as error:
        raise BadReply(system, f"{system} did not answer in HTTP.") from error
    except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
        raise Unreachable(system, f"{system} cannot be reached ({_reason(error)}).") from error


async def _never_again(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Turns a lost connection into an error that aiohttp does not answer with a second try."""
    import aiohttp

    try:
        return await send(request)
    except aiohttp.ClientConnectorError:  # nothing was sent, and aiohttp gives up by itself
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError("the connection was lost") from error


async def _read_bounded(response: aiohttp.ClientResponse, system: str, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > max_bytes:
            raise BadReply(
                system, f"{system} sent more than {max_bytes // 1024} KiB; the answer was dropped."
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "os_error", None) or error
    return getattr(cause, "strerror", None) or type(cause).__name__


def new_session() -> aiohttp.ClientSession:
    """The program's session: honest User-Agent, environment proxies, no cookies kept."""
    import aiohttp

    return aiohttp.ClientSession(
        headers={"User-Agent": user_agent()},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,
    )
