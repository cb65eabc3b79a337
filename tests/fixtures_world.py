"""The doubles of the outside world on loopback ports, over one catalogue a test may change."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.world import audible, audnex
from tests.world.catalogue import Catalogue
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
