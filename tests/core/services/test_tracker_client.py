"""The tracker's client as the program builds it: from the settings, with its file and its rows."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.app import App, open_app
from core.clock import SystemClock
from core.config import load
from core.errors import ConfigError, NotNow, RateLimited
from core.services.tracker_ledger import KEY, StateLedger
from tests.world.clock import SimulatedClock
from tests.world.mam import Site, create_app, make_site, tracker_url
from tests.world.outside import Served, serving

Open = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def site() -> Site:
    """On the machine's own clock, as the program is."""
    return make_site(clock=SystemClock())


@pytest.fixture
async def served(site: Site) -> AsyncIterator[Served]:
    async with serving(create_app(site)) as served:
        yield served


@pytest.fixture
def program(tmp_path: Path, served: Served, site: Site) -> Open:
    """Starts the program with this site as its tracker."""
    (tmp_path / "config.yaml").write_text("audnex: {enabled: false}\naudible: {enabled: false}\n")
    seed = site.sign_in()

    @asynccontextmanager
    async def program(**environment: str) -> AsyncIterator[App]:
        ours = {"MAM_ID": seed, "MAM_BASE_URL": served.url, "MAM_TRACKER_URL": tracker_url(served.url)}
        settings = {name: value for name, value in (ours | environment).items() if value}
        async with open_app(load(tmp_path / "config.yaml", settings), "work") as app:
            yield app

    return program


async def test_it_asks_keeps_its_session_and_remembers_over_a_restart(
    program: Open, site: Site, tmp_path: Path
) -> None:
    async with program() as app:
        assert app.outside.mam is not None
        status = await app.outside.mam.account()
        assert (status.uid, status.points) == (100_001, 5000.0)
        used = (await app.outside.mam.budget()).used
    file = tmp_path / "data" / "tracker-session.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["value"] == next(iter(site.sessions._by_value.values())).values[-1]
    async with program() as app:
        assert app.outside.mam is not None
        assert (await app.outside.mam.budget()).used == used == 1
        with pytest.raises(RateLimited):
            await app.outside.mam.account()
        assert "value" not in json.dumps(await app.state.get(KEY))
    assert len(site.requests) == 1
    assert site.violations == site.findings == []


async def test_without_mam_id_there_is_none(program: Open) -> None:
    async with program(MAM_ID="") as app:
        assert app.outside.mam is None


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"MAM_BASE_URL": "https://tracker.example"}, "MAM_BASE_URL"),
        ({"MAM_TRACKER_URL": "http://10.0.0.1"}, "MAM_TRACKER_URL"),
        ({"MAM_ID": "two words"}, "MAM_ID"),
    ],
)
async def test_settings_that_would_give_the_session_away_are_refused(
    program: Open, environment: dict[str, str], named: str
) -> None:
    async with program(**environment) as app:
        with pytest.raises(ConfigError, match=named) as raised:
            _ = app.outside.mam
        assert "two words" not in str(raised.value)


async def test_the_real_tracker_is_out_of_reach_of_tests(program: Open) -> None:
    async with program(MAM_BASE_URL="", MAM_TRACKER_URL="") as app:
        assert app.outside.mam is not None
        with pytest.raises(AssertionError, match="www"):
            await app.outside.mam.account()


async def test_no_file_but_its_own_and_no_log_line_holds_the_session(
    program: Open, site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with program() as app:
        assert app.outside.mam is not None
        await app.outside.mam.account()
    values = {value for session in site.sessions._by_value.values() for value in session.values}
    own = tmp_path / "data" / "tracker-session.json"
    assert sum(value in own.read_text() for value in values) == 1
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != own:
            content = path.read_bytes()
            assert not any(value.encode() in content for value in values), path
    assert not any(value in caplog.text for value in values)


async def test_a_database_that_is_full_stops_the_asking(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from sqlalchemy.exc import OperationalError

    async def full(*_: Any) -> None:
        raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))

    ledger = StateLedger(app.state)
    assert await ledger.load() is None
    await ledger.save({"troubles": 2})
    assert await ledger.load() == {"troubles": 2}
    monkeypatch.setattr(app.state, "put", full)
    with pytest.raises(NotNow, match="database"):
        await ledger.save({})


def test_the_fixtures_share_their_clock(mam_site: Site, mam_double: Served, clock: SimulatedClock) -> None:
    assert mam_site.clock is clock
    assert mam_double.url.startswith("http://127.0.0.1:")
