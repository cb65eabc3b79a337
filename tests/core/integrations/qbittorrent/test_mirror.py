"""The copy of what qBittorrent lists: kept by deltas from the double and the real programs, and by odd answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from bencode2 import bencode

from core.clock import SystemClock
from core.errors import Unreachable
from core.integrations.qbittorrent import QBittorrent, verify_added
from core.integrations.qbittorrent.mirror import Mirror, Snapshot
from core.integrations.qbittorrent.models import MainData
from tests.core.integrations.qbittorrent.books import make_book
from tests.core.integrations.qbittorrent.conftest import PASSKEY, REAL_PROGRAMS, Program, serving
from tests.core.integrations.qbittorrent.test_behaviour import add, client, shown
from tests.world.waiting import until

__all__ = ["client"]  # a fixture

Connect = Callable[..., QBittorrent]
CLOCK = SystemClock()


async def followed(client: QBittorrent, mirror: Mirror, shows: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot that shows something."""

    async def look() -> Snapshot | None:
        snapshot = await client.follow(mirror)
        return snapshot if shows(snapshot) else None

    found = await until(look, what="a snapshot as wanted")
    assert found
    return found


async def test_follows_a_torrent_through_its_life(client: QBittorrent, program: Program) -> None:
    mirror = Mirror()
    first = await client.follow(mirror)
    assert (first.torrents, first.anew) == ({}, False)
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    came = await followed(client, mirror, lambda seen: book.infohash in seen.torrents)
    assert book.infohash in came.changed
    stopped = await followed(client, mirror, lambda seen: seen.torrents[book.infohash].stopped)
    assert stopped.torrents[book.infohash].name == "A Book"
    assert stopped.torrents[book.infohash].tracker_hosts == ("127.0.0.1",)
    assert stopped.torrents[book.infohash].word == "stopped"
    await client.recheck(book.infohash)
    whole = await followed(client, mirror, lambda seen: seen.torrents[book.infohash].complete)
    assert whole.torrents[book.infohash].word == "complete"
    assert whole.torrents[book.infohash] == await client.torrent(book.infohash)  # both ways say the same
    assert PASSKEY not in repr(whole)
    await client.remove_entry(book.infohash)
    gone = await followed(client, mirror, lambda seen: not seen.torrents)
    assert book.infohash in gone.gone


async def test_says_how_much_room_there_is(client: QBittorrent) -> None:
    mirror = Mirror()
    seen = await followed(client, mirror, lambda seen: bool(seen.free_space))
    assert seen.free_space
    assert seen.free_space > 1_000_000
    assert (await client.follow(mirror)).free_space  # also when it did not change


async def test_a_restart_in_between_gives_everything_anew(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await verify_added(client, book.infohash, clock=CLOCK)
    mirror = Mirror()
    before = await followed(client, mirror, lambda seen: book.infohash in seen.torrents)
    await client.follow(mirror)
    program.restart()
    again = await client.follow(mirror)
    assert again.anew
    after = await followed(client, mirror, lambda seen: book.infohash in seen.torrents)
    assert after.torrents[book.infohash].save_path == before.torrents[book.infohash].save_path


async def test_a_reply_that_got_lost_is_made_up_for(double: Program, connect: Connect) -> None:
    client, state = connect(double), double.double
    assert state
    mirror = Mirror()
    await client.follow(mirror)
    book = make_book(double.folder / "seed")
    await add(client, double, book)
    state.fail("sync/maindata", status=502, after=True, times=2)  # the library asks twice
    with pytest.raises(Unreachable):
        await client.follow(mirror)
    assert book.infohash in (await client.follow(mirror)).torrents


async def test_its_log_explains_what_went_wrong(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await verify_added(client, book.infohash, clock=CLOCK)
    if program.double:
        program.double.log.append(
            (1_795_590_491, 4, 'Torrent: "A Book". See http://127.0.0.1/s3cretpasskey/x')
        )
    else:
        shutil.move(book.root, program.folder / "away")
        program.restart()
        await shown(client, book, "errored")

    async def told() -> list[str]:
        return [line.message for line in await client.troubles() if "A Book" in line.message]

    [line, *_] = await until(told, what="a line about the torrent")
    assert "s3cretpasskey" not in line


@pytest.mark.parametrize("program", REAL_PROGRAMS, indirect=True)
async def test_the_real_programs_count_the_swarm(client: QBittorrent, program: Program) -> None:
    async def announced(_request: web.Request) -> web.Response:
        answer = {b"interval": 1800, b"complete": 5, b"incomplete": 2, b"peers": b""}
        return web.Response(body=bencode(answer))

    async with serving(announced) as url:
        book = make_book(program.folder / "seed", announce=f"{url}/announce")
        await add(client, program, book)
        status = await verify_added(client, book.infohash, clock=CLOCK)
        assert (status.seeders, status.leechers) == (0, 0)
        await client.start(book.infohash)
        mirror = Mirror()
        seen = await followed(client, mirror, lambda seen: seen.torrents[book.infohash].seeders > 0)
        status = seen.torrents[book.infohash]
        assert (status.seeders, status.leechers) == (5, 2)


# --- answers no real program gives --------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "name": "A Book",
    "state": "stalledUP",
    "progress": 1,
    "amount_left": 0,
    "size": 10,
    "save_path": "/data",
    "magnet_uri": f"magnet:?xt=urn:btih:aa&tr=http%3A%2F%2Ft.example%2F{PASSKEY}%2Fannounce",
    "tracker": f"http://t.example/{PASSKEY}/announce",
}


def told(rid: int, *, full: bool = False, **parts: Any) -> MainData:
    return MainData.from_reply({"rid": rid, "full_update": full, **parts})


def test_a_row_that_makes_no_sense_hides_no_other() -> None:
    mirror = Mirror()
    seen = mirror.apply(told(1, full=True, torrents={"aa": ROW, "bb": {**ROW, "progress": "much"}, "cc": {}}))
    assert set(seen.torrents) == {"aa"}
    assert seen.unreadable == 2
    assert PASSKEY not in json.dumps([dict(status) for status in seen.torrents.values()])


def test_a_known_torrent_stays_when_news_of_it_make_no_sense() -> None:
    mirror = Mirror()
    mirror.apply(told(1, full=True, torrents={"aa": ROW}))
    seen = mirror.apply(told(2, torrents={"aa": {"amount_left": None}}))
    assert seen.torrents["aa"].amount_left == 0
    assert (seen.unreadable, seen.changed, seen.gone) == (1, frozenset(), frozenset())
    mended = mirror.apply(told(3, torrents={"aa": {"amount_left": 5}}))
    assert mended.torrents["aa"].amount_left == 5


def test_only_what_differs_has_changed() -> None:
    mirror = Mirror()
    mirror.apply(told(1, full=True, torrents={"aa": ROW, "bb": ROW}, server_state={"free_space_on_disk": 7}))
    seen = mirror.apply(told(2, torrents={"aa": {"upspeed": 5}, "bb": {"name": "A Book"}}))
    assert seen.changed == {"aa"}
    assert seen.free_space == 7
    seen = mirror.apply(told(3))
    assert (seen.changed, seen.gone, len(seen.torrents)) == (frozenset(), frozenset(), 2)


def test_everything_anew_drops_what_is_not_in_it() -> None:
    mirror = Mirror()
    mirror.apply(told(57, full=True, torrents={"aa": ROW, "bb": ROW}, server_state={"free_space_on_disk": 7}))
    seen = mirror.apply(told(1, full=True, torrents={"bb": ROW}))
    assert (seen.anew, seen.gone, seen.changed) == (True, {"aa"}, frozenset())
    assert (mirror.rid, seen.free_space) == (1, None)


def test_what_went_and_came_back_between_two_looks_is_there() -> None:
    mirror = Mirror()
    mirror.apply(told(1, full=True, torrents={"aa": ROW}))
    seen = mirror.apply(told(2, torrents_removed=["aa", "zz"], torrents={"aa": {**ROW, "size": 11}}))
    assert seen.torrents["aa"].size == 11
    assert seen.gone == frozenset()
