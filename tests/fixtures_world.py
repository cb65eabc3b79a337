"""The doubles of the outside world on loopback ports, over one catalogue a test may change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from core.http import Reply
from core.integrations.mam.transport import HttpTransport, OnCookies, Request
from tests.world import audible, audnex, mam
from tests.world.catalogue import Catalogue
from tests.world.clock import SimulatedClock
from tests.world.outside import Served, serving


@pytest.fixture
def catalogue() -> Catalogue:
    """The invented books the metadata doubles know."""
    return Catalogue.load()


@pytest.fixture
async def audnex_double(catalogue: Catalogue) -> AsyncIterator[Served]:
    """Audnex, today's version with search; `.outside` plans faults, `.app[audnex.STATE]` changes its kind."""
    async with serving(audnex.create_app(catalogue)) as served:
        yield served


@pytest.fixture
async def audible_double(catalogue: Catalogue) -> AsyncIterator[Served]:
    """Audible's US marketplace."""
    async with serving(audible.create_app(catalogue)) as served:
        yield served


@pytest.fixture(scope="session", autouse=True)
def _the_real_tracker_is_left_alone() -> Iterator[None]:
    """A test that sets MAM_ID and forgets MAM_BASE_URL asks nobody, and is told."""
    send = HttpTransport.send

    async def on_loopback(self: HttpTransport, request: Request, on_cookies: OnCookies) -> Reply:
        host = urlsplit(request.url).hostname
        assert host in ("127.0.0.1", "localhost", "::1"), f"a test would have asked {host}"
        return await send(self, request, on_cookies)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "send", on_loopback)
        yield


@pytest.fixture
def mam_site(clock: SimulatedClock) -> mam.Site:
    """The tracker's web site with one account, on the simulated clock."""
    return mam.make_site(clock=clock)


@pytest.fixture
async def mam_double(mam_site: mam.Site) -> AsyncIterator[Served]:
    """The same site, served; `mam.tracker_url(mam_double.url)` is its other host."""
    async with serving(mam.create_app(mam_site)) as served:
        yield served
