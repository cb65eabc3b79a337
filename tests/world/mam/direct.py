"""Straight from the client's transport into the double: no socket, no real time, the same answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from multidict import CIMultiDict

from core.errors import BadReply, Unreachable
from core.http import Reply
from core.integrations.mam.transport import OnCookies, Request
from tests.world.mam.site import Site
from tests.world.mam.wire import Call


class DirectTransport:
    """A `core.integrations.mam.transport.Transport`; time-outs pass on the site's clock."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def send(self, request: Request, on_cookies: OnCookies) -> Reply:
        parts = urlsplit(request.url)
        call = Call(
            request.method,
            parts.path,
            parts.query,
            CIMultiDict(request.headers),
            request.body or b"",
            "t" if (parts.hostname or "").startswith("t.") else "www",
        )
        clock, knobs = self._site.clock, self._site.knobs
        if knobs.latency:
            await clock.sleep(knobs.latency)
        answer = self._site.answer(call)
        if answer.arrives == "never":
            await clock.sleep(request.timeout)
            raise Unreachable("mam", f"mam did not answer within {request.timeout:g} seconds.")
        if answer.arrives == "refused":
            raise Unreachable("mam", "mam cannot be reached (Connection refused).")
        headers = CIMultiDict([("Content-Type", answer.content_type), *answer.headers])
        await on_cookies(headers.getall("Set-Cookie", []))
        if answer.arrives == "cut":
            raise Unreachable("mam", "mam broke off in the middle of its answer.")
        if len(answer.body) > request.max_bytes:
            raise BadReply(
                "mam", f"mam sent more than {request.max_bytes // 1024} KiB; the answer was dropped."
            )
        return Reply("mam", answer.status, headers, answer.body)
