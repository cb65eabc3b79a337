"""Weeks of use with faults, restarts and kills at any moment: what must hold whatever happens."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.errors import AuthFailed, MousekeeperError
from core.http import Reply
from core.integrations.mam.client import Mam
from core.integrations.mam.query import SearchQuery
from core.integrations.mam.session import SessionFile
from core.integrations.mam.transport import OnCookies, Request
from tests.core.integrations.mam.conftest import HastyClock, MemoryLedger
from tests.world.mam import DirectTransport, Site, make_site, stocked, troubles

DAYS = 12
PER_DAY = 150


class Killed(BaseException):
    """The process ended here, as far as the client can tell."""


class Mortal(DirectTransport):
    """A transport under which the program may die: before the answer is saved, or after."""

    def __init__(self, site: Site, rng: random.Random) -> None:
        super().__init__(site)
        self._rng = rng

    async def send(self, request: Request, on_cookies: OnCookies) -> Reply:
        fate = self._rng.random()

        async def dying(lines: Any) -> None:
            if fate < 0.02:
                raise Killed
            await on_cookies(lines)
            if fate < 0.04:
                raise Killed

        return await super().send(request, dying)


FAULTS: tuple[Callable[[], troubles.Fault], ...] = (
    troubles.lost,
    troubles.silent,
    troubles.cut,
    troubles.half,
    troubles.refused,
    troubles.page,
    troubles.not_signed_in,
    lambda: troubles.status(503),
    lambda: troubles.status(429),
)


@pytest.mark.parametrize("seed", range(3))
async def test_weeks_of_use(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of them; their order is proven elsewhere
    rng, clock, ledger = random.Random(seed), HastyClock(), MemoryLedger()
    site = make_site(clock=clock, shelf=stocked(more=20, seed=seed), seed=seed, points=90_000.0)
    site.knobs.rows, site.knobs.rotate_every = "mixed", timedelta(minutes=rng.choice((0, 7, 90)))
    value, wanted = site.sign_in(), [torrent.id for torrent in site.shelf]
    ordered = confirmed = deaths = 0

    def start() -> Mam:
        file = SessionFile(tmp_path / "session.json", value)
        return Mam(Mortal(site, rng), file, ledger, clock, per_day=PER_DAY, jitter=rng.random)

    mam = start()
    while clock.monotonic() < DAYS * 86_400:
        clock.shift(rng.expovariate(1 / 300))
        if rng.random() < 0.1:
            site.troubles.plan("*", rng.choice(FAULTS)())
        act = rng.random()
        try:
            if act < 0.5:
                await mam.account(fresh=rng.random() < 0.1)
            elif act < 0.8:
                await asyncio.gather(*(mam.torrent(rng.choice(wanted)) for _ in range(rng.randint(1, 4))))
            elif act < 0.9:
                await mam.search(SearchQuery(text=rng.choice(("the", "glass", "zzz"))))
            elif act < 0.92 and site.member.points > 30_000:
                sent = len(site.calls("upload purchase"))
                try:
                    await mam.buy_upload(50)
                    confirmed += 1
                finally:
                    ordered += len(site.calls("upload purchase")) > sent
            else:
                await mam.close()
                mam = start()
        except AuthFailed:
            assert "twice" in str(mam._refused)  # two doubtful pages in a row; the session itself never died
            await mam.close()
            mam = start()
        except MousekeeperError:
            continue
        except Killed:
            deaths += 1
            await mam.close()  # the kernel lets go of the lock
            mam = start()
    await mam.close()

    asked = [request.monotonic for request in site.requests]
    assert site.violations == site.findings == []
    assert min(later - former for former, later in pairwise(asked)) >= 2.0 - 1e-6
    assert all(sum(begin <= at < begin + 23 * 3600 for at in asked) <= PER_DAY for begin in asked[::20])
    assert not site.sessions.of(value).dead
    assert confirmed <= len(site.member.spent("upload")) <= ordered == len(site.calls("upload purchase"))
    assert deaths > 5
    assert len(asked) > DAYS * PER_DAY / 3
