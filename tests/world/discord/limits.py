"""Rate limits as Discord counts and tells them: a bucket for each route and major parameter, and one for all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from tests.world.discord.errors import answer
from tests.world.discord.state import Limit, State

VIA = "1.1 google"  # what sits before Discord's API says so; a 429 without it is taken for a ban
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")
UNCOUNTED = ("/interactions/", "/webhooks/")  # exempt from the global limit

INVALID = (401, 403, 429)

# What the real one has answered with; a test that wants to feel it sets `knobs.limits = REAL`.
REAL: Mapping[str, Limit] = {
    "POST /channels/{channel_id}/messages": Limit(5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": Limit(5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": Limit(5, 1.0),
    "GET /channels/{channel_id}/messages": Limit(5, 5.0),
    "GET /channels/{channel_id}/messages/{message_id}": Limit(5, 5.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": Limit(5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": Limit(5, 2.0),
}


@dataclass(slots=True)
class _Bucket:
    limit: Limit
    left: int
    reset: float  # by the wall clock


class Limits:
    """Counts requests in real time, because discord.py waits in real time."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self.refused = 0
        self.invalid = 0  # answers 401, 403, 429: Discord shuts out who gets 10,000 of them in ten minutes

    def refuse(self, route: str, request: web.Request) -> web.Response | None:
        """The 429 for a request over a limit, or None; else it is counted."""
        if not route.partition(" ")[2].startswith(UNCOUNTED):
            everything = self._bucket(("global",), self._state.knobs.global_limit)
            if everything.left <= 0:
                return self._too_many(everything, shared=True)
            everything.left -= 1
        bucket = self._bucket(self._key(route, request), self._limit(route))
        if bucket.left <= 0:
            return self._too_many(bucket, shared=False)
        bucket.left -= 1
        return None

    def mark(self, route: str, request: web.Request, response: web.StreamResponse) -> None:
        """Tell the state of its bucket in the answer's headers."""
        bucket = self._bucket(self._key(route, request), self._limit(route))
        response.headers.update(_headers(route, bucket))
        response.headers["Via"] = VIA
        self.invalid += response.status in INVALID

    def _limit(self, route: str) -> Limit:
        return self._state.knobs.limits.get(route, self._state.knobs.other_limit)

    def _key(self, route: str, request: web.Request) -> tuple[str, ...]:
        return (route, *(request.match_info.get(name, "") for name in MAJOR))

    def _bucket(self, key: tuple[str, ...], limit: Limit) -> _Bucket:
        now, bucket = time.time(), self._buckets.get(key)
        if bucket is None or bucket.reset <= now or bucket.limit != limit:
            bucket = self._buckets[key] = _Bucket(limit, limit.requests, now + limit.seconds)
        return bucket

    def _too_many(self, bucket: _Bucket, *, shared: bool) -> web.Response:
        self.refused += 1
        self.invalid += 1
        return too_many(max(0.001, bucket.reset - time.time()), everywhere=shared)


def too_many(retry_after: float, *, everywhere: bool = False, via: bool = True) -> web.Response:
    """A 429; without `via` it looks as if it came from what guards Discord rather than from its API."""
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": everywhere,
    }
    headers = {
        "Retry-After": str(max(1, round(retry_after))),
        "X-RateLimit-Scope": "global" if everywhere else "user",
    }
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    if via:
        headers["Via"] = VIA
    return answer(body, 429, headers)


def _headers(route: str, bucket: _Bucket) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(bucket.limit.requests),
        "X-RateLimit-Remaining": str(bucket.left),
        "X-RateLimit-Reset": f"{bucket.reset:.3f}",
        "X-RateLimit-Reset-After": f"{max(0.0, bucket.reset - time.time()):.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
    }
