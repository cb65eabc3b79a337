"""The site on loopback, with the faults every double has. `url` is MAM_BASE_URL, `url`/t-host MAM_TRACKER_URL."""

from __future__ import annotations

from aiohttp import web

from tests.world.mam.site import Site, make_site
from tests.world.mam.wire import Answer, Call
from tests.world.outside import OUTSIDE, outside_app

SITE: web.AppKey[Site] = web.AppKey("mam", Site)
TRACKER_PREFIX = "/t-host"  # where the other host of the site is, as loopback has but one name


def create_app(site: Site | None = None) -> web.Application:
    app = outside_app()
    app[SITE] = site or make_site()
    app.router.add_route("*", "/{path:.*}", _answer)
    return app


def tracker_url(url: str) -> str:
    """MAM_TRACKER_URL of the double at `url`."""
    return url + TRACKER_PREFIX


async def _answer(request: web.Request) -> web.StreamResponse:
    path = request.rel_url.raw_path
    on_tracker = path.startswith(TRACKER_PREFIX + "/")
    call = Call(
        request.method,
        path.removeprefix(TRACKER_PREFIX) if on_tracker else path,
        request.rel_url.raw_query_string,
        request.headers.copy(),
        await request.read(),
        "t" if on_tracker else "www",
    )
    answer = request.app[SITE].answer(call)
    if answer.arrives == "never":
        await request.app[OUTSIDE].closing.wait()
    if answer.arrives in ("never", "refused"):
        _hang_up(request)
        return web.Response()
    return await _sent(request, answer)


async def _sent(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    for name, value in answer.headers:
        response.headers.add(name, value)
    response.content_length = len(answer.body)
    await response.prepare(request)
    if answer.arrives == "cut":
        await response.write(answer.body[: max(1, len(answer.body) // 2)])
        _hang_up(request)
        return response
    await response.write(answer.body)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
