"""The hands in the torrent client: against the double, killed at every call, and everything back as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.domain.guard.prices import GIB
from core.integrations.qbittorrent import QBittorrent
from core.store.guard import ClientChangeStore
from tests.core.guard.conftest import Keeper
from tests.core.guard.shop import Shop
from tests.core.integrations.qbittorrent.books import Book, make_book
from tests.core.integrations.qbittorrent.conftest import serving
from tests.world.clock import SimulatedClock
from tests.world.qbittorrent import DOUBLE, create_app
from tests.world.qbittorrent_state import QbittorrentDouble

OURS = "http://t.example/key/announce"
OTHERS = "http://other.example/key/announce"


class Killed(BaseException):
    """The process ends here."""


class Client:
    """The client's methods, which a test can let end in a kill before or after any of them."""

    def __init__(self, real: QBittorrent) -> None:
        self._real = real
        self.calls: list[str] = []
        self.kill_at: int | None = None
        self.after = False

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            self.calls.append(name)
            deadly = self.kill_at == len(self.calls)
            if deadly and not self.after:
                raise Killed
            answer = await getattr(self._real, name)(*args, **named)
            if deadly:
                raise Killed
            return answer

        return call


@pytest.fixture
async def program(clock: SimulatedClock) -> AsyncIterator[tuple[QbittorrentDouble, QBittorrent]]:
    app: web.Application = create_app(clock=clock)
    async with serving(app) as url:
        double = app[DOUBLE]
        real = QBittorrent(url, double.username, double.password, clock=clock)
        yield double, real
        await real.close()


@pytest.fixture
def double(program: tuple[QbittorrentDouble, QBittorrent]) -> QbittorrentDouble:
    return program[0]


@pytest.fixture
def client(program: tuple[QbittorrentDouble, QBittorrent], keeper: Keeper) -> Client:
    client = Client(program[1])
    keeper.client = client
    keeper.set(guard={"upload_credit": "never"})
    return client


async def put(
    double: QbittorrentDouble, client: Client, folder: Path, name: str, *, announce: str = OURS,
    stopped: bool = False, whole: bool = True, **shown: Any,
) -> Book:  # fmt: skip
    book = make_book(folder, name, announce=announce)
    status = await client.add(
        book.torrent, save_path=str(folder), category="", tags=(), stopped=stopped, skip_check=whole
    )
    torrent = double.torrents[status.infohash]
    torrent.shown = shown
    double.clock.shift(1)  # type: ignore[attr-defined]
    return book


def state(double: QbittorrentDouble) -> dict[str, Any]:
    """Everything an emergency may change."""
    torrents = {
        infohash: (torrent.phases[-1].stopped, torrent.forced, torrent.upload_limit)
        for infohash, torrent in double.torrents.items()
    }
    return {**torrents, "": dict(double.preferences)}


async def a_library(double: QbittorrentDouble, client: Client, folder: Path) -> dict[str, Book]:
    books = {
        "stalled": await put(double, client, folder, "stalled"),
        "paused": await put(double, client, folder, "paused", stopped=True),
        "other": await put(double, client, folder, "other", announce=OTHERS, stopped=True),
        "paid": await put(double, client, folder, "paid", whole=False, progress=0.4),
        "free": await put(double, client, folder, "free", whole=False, progress=0.4),
        "nearly": await put(double, client, folder, "nearly", whole=False, progress=0.95),
        "held": await put(double, client, folder, "held", whole=False, stopped=True),
    }
    double.torrents[books["stalled"].infohash].upload_limit = 50_000
    double.preferences["up_limit"] = 1024 * 1024
    return books


def sink(shop: Shop, ratio: float) -> None:
    shop.downloaded = 1000 * GIB
    shop.uploaded = int(ratio * shop.downloaded)


async def test_everything_seeds_harder_and_comes_back_exactly(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    shop.free = {books["free"].infohash: True, books["paid"].infohash: False}
    before = state(double)
    sink(shop, 1.0)
    await keeper.look()
    now = state(double)
    assert now[books["stalled"].infohash] == (False, True, 0)
    assert now[books["paused"].infohash] == (False, True, 0)
    assert now[books["paid"].infohash] == (True, False, 0)
    for name in ("other", "free", "nearly", "held"):
        assert now[books[name].infohash] == before[books[name].infohash], name
    assert now[""]["up_limit"] == 0
    assert now[""]["max_uploads"] == -1
    calls = len(client.calls)
    await keeper.look(0.5)
    assert state(double) == now
    assert client.calls[calls:] == ["torrents", "upload_settings"]  # nothing is left to do
    sink(shop, 1.3)
    await keeper.look(0.5)
    assert state(double) == now
    await keeper.look(1)
    assert state(double) == before
    assert await ClientChangeStore(keeper.store).all() == []
    clear = (await keeper.alerts.recent())[0]
    assert "2 torrents seeded harder and 1 downloads were stopped" in clear.text


async def test_downloads_wait_for_a_ratio_that_bears_them(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    before = state(double)
    double.torrents[books["paid"].infohash].shown["amount_left"] = 200 * GIB
    sink(shop, 1.0)
    await keeper.look()
    sink(shop, 1.1)
    await keeper.look(0.5)
    await keeper.look(1)
    assert state(double) == before | {books["paid"].infohash: (True, False, 0)}
    assert (await keeper.modes.current()).data["waiting"] == ["paid"]  # type: ignore[union-attr]
    sink(shop, 1.4)
    await keeper.look(0.5)
    assert state(double) == before


async def test_a_person_may_undo_what_seeds_harder(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    sink(shop, 1.0)
    await keeper.look()
    await client.stop(books["paused"].infohash)
    await keeper.look(0.5)
    assert state(double)[books["paused"].infohash][0] is True
    sink(shop, 2.0)
    await keeper.look(0.5)
    await keeper.look(1)
    assert state(double)[books["paused"].infohash] == (True, False, 0)


async def test_lifting_the_freeze_lets_downloads_run(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    sink(shop, 1.0)
    await keeper.look()
    await keeper.freezes.lift("paid")
    await client.start(books["paid"].infohash)
    await keeper.look(0.5)
    assert state(double)[books["paid"].infohash][0] is False


async def test_a_client_that_is_away_delays_its_own_part_only(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    double.fail("torrents/info", status=503, times=2)  # the library asks once more by itself
    sink(shop, 1.0)
    await keeper.look()
    assert [freeze.scope for freeze in await keeper.freezes.active()] == ["paid"]
    assert state(double)[books["paid"].infohash][0] is False
    await keeper.look(0.5)
    assert state(double)[books["paid"].infohash][0] is True


async def test_vip_that_ends_makes_running_downloads_cost(
    keeper: Keeper, shop: Shop, client: Client, double: QbittorrentDouble, tmp_path: Path
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    double.torrents[books["paid"].infohash].shown["amount_left"] = 900 * GIB
    shop.vip_until, shop.points, shop.hourly = keeper.clock.now().replace(hour=13), 0, 0
    sink(shop, 1.7)
    await keeper.look()
    assert state(double)[books["paid"].infohash][0] is False
    await keeper.look(2)
    assert state(double)[books["paid"].infohash][0] is True  # 700 GB is more than the ratio bears
    assert state(double)[books["free"].infohash][0] is False
    assert "1 downloads were stopped" in (await keeper.alerts.recent())[0].text


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 14))
async def test_killed_at_any_call_it_goes_on_and_comes_back(
    keeper: Keeper,
    shop: Shop,
    client: Client,
    double: QbittorrentDouble,
    tmp_path: Path,
    at: int,
    after: bool,
) -> None:
    books = await a_library(double, client, tmp_path / "seed")
    shop.free = {books["free"].infohash: True}
    before = state(double)
    sink(shop, 1.0)
    client.after, client.kill_at = after, len(client.calls) + at
    steps = [(1.0, 0.0), (1.0, 0.5), (1.3, 0.5), (1.3, 1.0), (1.3, 0.5)]
    worst = None
    for ratio, hours in steps:
        sink(shop, ratio)
        try:
            await keeper.look(hours)
        except Killed:
            client.kill_at = None
            keeper.restart()
            await keeper.look()
        if ratio == 1.0:
            worst = state(double)
    assert worst is not None
    assert worst[books["paid"].infohash] == (True, False, 0)
    assert worst[books["paused"].infohash] == (False, True, 0)
    assert state(double) == before
    assert await ClientChangeStore(keeper.store).all() == []
