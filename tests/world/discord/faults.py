"""Faults in Discord's own words, to be planned with `discord.outside.fail(route, ...)` beside the general ones.

discord.outside.fail("PATCH /api/v10/channels/*", too_many_requests(0.2))
discord.outside.fail("POST /api/v10/channels/*/messages", refusal(50013), always=True)
"""

from __future__ import annotations

from aiohttp import web

from tests.world.discord import limits
from tests.world.discord.errors import ApiError
from tests.world.outside import Fault, Handler

__all__ = ["after_it_happened", "refusal", "server_error", "too_many_requests"]


def refusal(code: int, *, status: int = 0) -> Fault:
    """One of Discord's refusals by its code, such as 50013."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return ApiError(code, status=status).response()

    return fault


def too_many_requests(retry_after: float, *, everywhere: bool = False, via: bool = True) -> Fault:
    """A 429. Without `via` discord.py takes it for a ban and raises at once, else it waits and asks again."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return limits.too_many(retry_after, everywhere=everywhere, via=via)

    return fault


def server_error(status: int = 503) -> Fault:
    """What a broken front answers, in plain text."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=status, text="upstream connect error or disconnect/reset before headers")

    return fault


def after_it_happened(fault: Fault) -> Fault:
    """The request takes effect, and then the fault hides its answer: what was sent must not be sent again."""

    async def later(request: web.Request, handler: Handler) -> web.StreamResponse:
        await handler(request)
        return await fault(request, handler)

    return later
