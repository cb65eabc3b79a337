"""What an emergency asks for: forcing, limits and slots, and every value back as it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.clock import SystemClock
from core.integrations.qbittorrent import QBittorrent, verify_added
from core.integrations.qbittorrent.models import TorrentStatus, hosts_in_magnet
from tests.core.integrations.qbittorrent.books import Book, make_book
from tests.core.integrations.qbittorrent.conftest import Program
from tests.core.integrations.qbittorrent.test_behaviour import add
from tests.world.waiting import until

Connect = Callable[..., QBittorrent]


@pytest.fixture
def client(program: Program, connect: Connect) -> QBittorrent:
    return connect(program)


async def seeded(client: QBittorrent, program: Program) -> Book:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await verify_added(client, book.infohash, clock=SystemClock())
    return book


def row_where(
    client: QBittorrent, book: Book, fits: Callable[[TorrentStatus], bool]
) -> Awaitable[TorrentStatus | None]:
    async def look() -> TorrentStatus | None:
        status = await client.torrent(book.infohash)
        return status if status and fits(status) else None

    return until(look, what="the row")


async def test_forcing_starts_what_is_stopped_and_stopping_ends_it(
    client: QBittorrent, program: Program
) -> None:
    book = await seeded(client, program)
    await client.force(book.infohash)
    status = await row_where(client, book, lambda row: row.seeding and row.forced)
    assert status
    assert status.state == "forcedUP"
    await client.force(book.infohash, on=False)
    assert await row_where(client, book, lambda row: row.idle and not row.forced)
    await client.force(book.infohash)
    await row_where(client, book, lambda row: row.forced)
    await client.stop(book.infohash)
    assert await row_where(client, book, lambda row: row.stopped and not row.forced)


async def test_a_limit_of_one_torrent_is_kept_to_the_byte(client: QBittorrent, program: Program) -> None:
    book = await seeded(client, program)
    await client.limit_upload(book.infohash, limit=123_457)
    assert await row_where(client, book, lambda row: row.upload_limit == 123_457)
    await client.limit_upload(book.infohash, limit=0)
    assert await row_where(client, book, lambda row: row.upload_limit == 0)


async def test_settings_are_changed_and_come_back_exactly(client: QBittorrent) -> None:
    before = await client.upload_settings()
    assert set(before) >= {"up_limit", "max_uploads", "max_active_uploads"}
    raised = {"up_limit": 2**20, "max_uploads": -1, "max_active_uploads": -1, "max_active_torrents": -1}
    await client.change_settings(raised)
    assert await client.upload_settings() == before | raised
    await client.change_settings(before)
    assert await client.upload_settings() == before


async def test_several_at_once(client: QBittorrent, program: Program) -> None:
    books = [make_book(program.folder / name, name=name) for name in ("One", "Two")]
    for book in books:
        await add(client, program, book)
        await verify_added(client, book.infohash, clock=SystemClock())
    await client.start(*(book.infohash for book in books))
    for book in books:
        assert await row_where(client, book, lambda row: row.seeding)


async def test_the_trackers_host_is_known_in_any_state_and_nothing_else_of_it(
    client: QBittorrent, program: Program
) -> None:
    book = await seeded(client, program)
    status = await client.torrent(book.infohash)
    assert status
    assert status.tracker_hosts == ("127.0.0.1",)
    assert "passkey" not in repr(status)


@pytest.mark.parametrize(
    ("uri", "hosts"),
    [
        (None, ()),
        (7, ()),
        ("magnet:", ()),
        (
            "magnet:?xt=urn:btih:ab&tr=http%3a%2f%2ft.example%2fkey%2fannounce&tr=udp://T.example:1",
            ("t.example",),
        ),
        ("magnet:?tr=http%3a%2f%2f%5bbroken&tr=", ()),
    ],
)
def test_hosts_in_a_magnet_link(uri: object, hosts: tuple[str, ...]) -> None:
    assert hosts_in_magnet(uri) == hosts
