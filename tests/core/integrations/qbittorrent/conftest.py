"""One suite, four programs: the double in both dialects, and the real 4.5 and 5.1."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from core.integrations.qbittorrent import QBittorrent
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.qbittorrent import DOUBLE, create_app
from tests.world.qbittorrent_state import QbittorrentDouble

PASSKEY = "s3cretpasskey0123456789"
ANNOUNCE = f"http://127.0.0.1:9/{PASSKEY}/announce"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REAL = {"real-4.5": "qbittorrent_nox", "real-5.1": "qbittorrent51"}
REAL_PROGRAMS = [
    pytest.param("real-4.5", marks=pytest.mark.qbittorrent),
    pytest.param("real-5.1", marks=pytest.mark.qbittorrent51),
]
PROGRAMS = ["double-2.8.19", "double-2.15", *REAL_PROGRAMS]


@dataclass
class Program:
    """A running qBittorrent: where it is, and how it sees the folder tests put data into."""

    url: str
    username: str
    password: str
    folder: Path
    seen_as: str
    restart: Callable[[], None]
    double: QbittorrentDouble | None = None


@pytest.fixture(params=PROGRAMS)
async def program(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Program]:
    """Each of the four in turn, fresh and empty."""
    kind: str = request.param
    if kind in REAL:
        server: RealQbittorrent = request.getfixturevalue(REAL[kind])

        def restart() -> None:
            server.stop(kill=True)
            server.start()

        yield Program(server.url, server.username, server.password, server.folder, server.seen_as, restart)
        return
    async for double in _served(kind.removeprefix("double-"), tmp_path):
        yield double


@pytest.fixture(params=["2.8.19", "2.15"])
async def double(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Program]:
    """The double alone, for what no real program can be made to do."""
    async for program in _served(request.param, tmp_path):
        yield program


async def _served(dialect: str, tmp_path: Path) -> AsyncIterator[Program]:
    app = create_app(dialect=dialect)
    async with serving(app) as url:
        state = app[DOUBLE]
        folder = tmp_path / "data"
        folder.mkdir()
        yield Program(url, state.username, state.password, folder, str(folder), state.restart, state)


@contextlib.asynccontextmanager
async def serving(what: web.Application | Handler) -> AsyncIterator[str]:
    """Serve an application, or one answer to everything, on loopback; the value is its address."""
    if isinstance(what, web.Application):
        app = what
    else:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", what)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., QBittorrent]]:
    """Makes clients for a program, and closes them."""
    made: list[QBittorrent] = []

    def make(program: Program, *, password: str | None = None, **settings: object) -> QBittorrent:
        chosen = program.password if password is None else password
        client = QBittorrent(program.url, program.username, chosen, **settings)  # type: ignore[arg-type]  # settings of each test
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()
