"""What publishing relies on, asked of the double and of the real programs alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from aiohttp import web

from core.clock import SystemClock
from core.domain.metainfo import BadTorrent, Metainfo
from core.domain.path_maps import PathMaps
from core.errors import AuthFailed, NeedsPerson, RateLimited, Rejected
from core.integrations.qbittorrent import QBittorrent, verify_added
from core.integrations.qbittorrent.models import TorrentStatus
from tests.core.integrations.qbittorrent.books import Book, make_book, torrent_of
from tests.core.integrations.qbittorrent.conftest import PASSKEY, REAL_PROGRAMS, Program, serving
from tests.world.waiting import until

Connect = Callable[..., QBittorrent]
CLOCK = SystemClock()


@pytest.fixture
def client(program: Program, connect: Connect) -> QBittorrent:
    return connect(program)


def seen(program: Program, book: Book) -> str:
    """The save path of a book, as the program sees it."""
    return PathMaps(((str(program.folder), program.seen_as),)).to_container(str(book.root.parent))


async def add(client: QBittorrent, program: Program, book: Book, **changes: object) -> TorrentStatus:
    fields: dict[str, object] = {
        "save_path": seen(program, book),
        "category": "mousekeeper",
        "tags": ("mk", "mk-2"),
        "stopped": True,
    }
    return await client.add(book.torrent, **(fields | changes))  # type: ignore[arg-type]  # a test's own mixture


async def shown(client: QBittorrent, book: Book, name: str) -> TorrentStatus:
    """The torrent's row once its property `name` holds."""

    async def look() -> TorrentStatus | None:
        status = await client.torrent(book.infohash)
        return status if status and getattr(status, name) else None

    status = await until(look, what=f"{name} of the torrent")
    assert status
    return status


async def test_tells_a_version_it_can_be_used_with(client: QBittorrent) -> None:
    version = await client.version()
    assert version.app[0].isdigit()
    assert version.web_api_parts >= (2, 8, 14)
    assert await client.check() == []


async def test_added_stopped_stays_stopped_and_carries_what_it_was_given(
    client: QBittorrent, program: Program
) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book, tags=("zeta", "mk", "alpha"))
    status = await shown(client, book, "stopped")
    assert not status.complete  # nothing has been checked yet
    assert (status.name, status.size, status.amount_left) == ("A Book", book.size, book.size)
    assert PurePosixPath(status.save_path) == PurePosixPath(seen(program, book))
    assert (status.category, status.tags) == ("mousekeeper", ("alpha", "mk", "zeta"))
    assert (status.download_speed, status.upload_speed, status.time_left) == (0, 0, None)
    assert (status.ratio_limit, status.seeding_time_limit) == (-1, -1)
    assert status.completion_on is None


async def test_adding_twice_is_adding_once(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    again = await add(client, program, book, tags=("mk", "later"))
    assert again.infohash == book.infohash
    (status,) = await client.torrents()
    assert status.tags == ("later", "mk", "mk-2")


async def test_verified_then_started_then_stopped(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    heard: list[float] = []
    status = await verify_added(client, book.infohash, clock=CLOCK, hashed=heard.append)
    assert status.complete
    assert status.stopped
    assert all(0 <= fraction <= 1 for fraction in heard)
    assert not status.seeding
    await client.start(book.infohash)
    assert (await shown(client, book, "seeding")).complete
    # Asked again, it leaves alone what is seeding.
    assert (await verify_added(client, book.infohash, clock=CLOCK)).seeding
    await client.stop(book.infohash)
    assert (await shown(client, book, "stopped")).complete


async def test_nothing_on_disk_needs_a_person_and_nothing_is_downloaded(
    client: QBittorrent, program: Program
) -> None:
    book = make_book(program.folder / "seed")
    shutil.rmtree(book.root)
    await add(client, program, book)
    with pytest.raises(NeedsPerson, match=r"finds nothing of 'A Book': 130000 of 130000 bytes.*path_maps"):
        await verify_added(client, book.infohash, clock=CLOCK)
    assert (await shown(client, book, "stopped")).amount_left == book.size


async def test_a_changed_file_is_counted_in_bytes(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed", sizes=(4 * 32 * 1024, 32 * 1024))
    (book.root / "01.mp3").write_bytes(bytes(32 * 1024))
    await add(client, program, book)
    with pytest.raises(NeedsPerson, match=r"32768 of 163840 bytes of 'A Book' missing or different"):
        await verify_added(client, book.infohash, clock=CLOCK)
    assert (await shown(client, book, "stopped")).amount_left == 32 * 1024


async def test_a_save_path_one_folder_too_deep_is_named(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book, save_path=f"{seen(program, book)}/A Book")
    with pytest.raises(NeedsPerson, match=r"A Book/A Book\. The save path must be the folder above"):
        await verify_added(client, book.infohash, clock=CLOCK)


async def test_the_row_from_before_a_recheck_is_not_believed(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await verify_added(client, book.infohash, clock=CLOCK)
    shutil.rmtree(book.root)
    with pytest.raises(NeedsPerson, match="finds nothing"):
        await verify_added(client, book.infohash, clock=CLOCK)


async def test_a_skipped_check_is_made_up_for(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed", sizes=(2 * 32 * 1024, 32 * 1024))
    (book.root / "00.mp3").write_bytes(bytes(2 * 32 * 1024))
    await add(client, program, book, skip_check=True)
    assert (await shown(client, book, "stopped")).complete  # so it says
    with pytest.raises(NeedsPerson, match="65536 of 98304 bytes of 'A Book' missing or different"):
        await verify_added(client, book.infohash, clock=CLOCK)


async def test_a_skipped_check_of_a_missing_file(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed", sizes=(2 * 32 * 1024, 32 * 1024))
    (book.root / "00.mp3").unlink()
    await add(client, program, book, skip_check=True)
    assert not (await shown(client, book, "missing_files")).complete
    with pytest.raises(NeedsPerson, match="65536 of 98304 bytes of 'A Book' missing or different"):
        await verify_added(client, book.infohash, clock=CLOCK)
    assert not (await shown(client, book, "stopped")).errored


async def test_added_started_over_whole_data_it_seeds(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book, stopped=False)
    assert (await shown(client, book, "seeding")).progress == 1


async def test_one_file_in_a_folder_is_shown_as_the_file(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed", sizes=(50_000,))
    await add(client, program, book)
    status = await verify_added(client, book.infohash, clock=CLOCK)
    assert status.content_path == f"{seen(program, book)}/A Book/00.mp3"


@pytest.mark.parametrize(
    "name", ["Ünï – 🎧 “Büch”", "[Tag] & 100% #1 +?", "e\u0301 עברית", "-dash 'n' \"quotes\""]
)
async def test_names_of_every_kind(client: QBittorrent, program: Program, name: str) -> None:
    book = make_book(program.folder / f"parent of {name}", name)
    await add(client, program, book)
    assert (await verify_added(client, book.infohash, clock=CLOCK)).name == name


async def test_removing_the_entry_leaves_the_data(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await client.remove_entry(book.infohash)
    await client.remove_entry(book.infohash)  # once more is no fault
    assert await client.torrent(book.infohash) is None
    assert sorted(path.name for path in book.root.iterdir()) == ["00.mp3", "01.mp3"]


async def test_lists_by_category_and_tag(client: QBittorrent, program: Program) -> None:
    ours, other = make_book(program.folder / "seed", "Ours"), make_book(program.folder / "seed", "Other")
    await add(client, program, ours)
    await add(client, program, other, category="somebody", tags=("else",))
    assert [status.name for status in await client.torrents(category="mousekeeper")] == ["Ours"]
    assert [status.name for status in await client.torrents(tag="else")] == ["Other"]
    assert {status.name for status in await client.torrents()} == {"Ours", "Other"}


async def test_a_category_is_made_once_and_keeps_its_path(client: QBittorrent, program: Program) -> None:
    await client.ensure_category("mousekeeper", program.seen_as)
    await client.ensure_category("mousekeeper", "/elsewhere")
    with pytest.raises(Rejected, match=r"category name '/'"):
        await client.ensure_category("/", program.seen_as)


async def test_trackers_without_the_passkey(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    (tracker,) = await client.trackers(book.infohash)
    assert (tracker.host, tracker.tier) == ("127.0.0.1", 0)
    assert not tracker.working
    await client.reannounce(book.infohash)
    assert PASSKEY not in repr(await client.trackers(book.infohash))


@pytest.mark.parametrize("program", REAL_PROGRAMS, indirect=True)
async def test_a_tracker_hears_nothing_before_the_start(client: QBittorrent, program: Program) -> None:
    heard: list[str] = []

    async def announced(request: web.Request) -> web.Response:
        heard.append(request.query.get("event", ""))
        return web.Response(body=b"d14:failure reason20:unregistered torrente")

    async with serving(announced) as tracker:
        # On loopback a tracker is asked only below /announce.
        book = make_book(program.folder / "seed", announce=f"{tracker}/announce/{PASSKEY}")
        await add(client, program, book)
        await verify_added(client, book.infohash, clock=CLOCK)
        assert heard == []
        await client.start(book.infohash)
        await until(lambda: heard, what="an announce")

        async def told() -> bool:
            return any(row.unregistered for row in await client.trackers(book.infohash))

        await until(told, what="the tracker's answer")
        assert heard[0] == "started"


async def test_changes_come_as_deltas_without_announce_urls(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await shown(client, book, "stopped")
    full = await client.maindata()
    assert full.full_update
    assert full.torrents[book.infohash]["name"] == "A Book"
    assert PASSKEY not in json.dumps(full.model_dump())
    await client.recheck(book.infohash)
    await shown(client, book, "complete")
    delta = await client.maindata(full.rid)
    assert not delta.full_update
    assert delta.torrents[book.infohash]["amount_left"] == 0
    assert "name" not in delta.torrents[book.infohash]  # it did not change
    await client.remove_entry(book.infohash)
    assert (await client.maindata(delta.rid)).torrents_removed == (book.infohash,)


async def test_exports_and_describes_what_it_has(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    await add(client, program, book)
    await verify_added(client, book.infohash, clock=CLOCK)
    assert Metainfo.parse(await client.export(book.infohash)).infohash == book.infohash
    details = await client.properties(book.infohash)
    assert (details.pieces_have, details.pieces_total, details.total_size) == (4, 4, book.size)


async def test_unknown_torrents(client: QBittorrent) -> None:
    nobody = "0" * 40
    assert await client.torrent(nobody) is None
    for ask in (client.trackers, client.properties, client.export):
        with pytest.raises(Rejected) as refused:
            await ask(nobody)
        assert refused.value.status == 404
    with pytest.raises(Rejected, match="any more"):
        await verify_added(client, nobody, clock=CLOCK)


async def test_bytes_that_are_no_torrent(client: QBittorrent, program: Program) -> None:
    with pytest.raises(BadTorrent):
        await client.add(b"<html>", save_path=program.seen_as, category="", tags=(), stopped=True)
    # What we take for a torrent and qBittorrent does not: far too few piece hashes.
    short = torrent_of("Short", (500_000,), bytes(20))
    with pytest.raises(Rejected) as refused:
        await client.add(short, save_path=program.seen_as, category="", tags=(), stopped=True)
    assert refused.value.status == 415


async def test_a_save_path_that_is_not_utf8(client: QBittorrent, program: Program) -> None:
    book = make_book(program.folder / "seed")
    with pytest.raises(Rejected, match="UTF-8"):
        await add(client, program, book, save_path="/data/\udcff")
    assert await client.torrents() == ()


async def test_a_restart_in_between_is_not_noticed(client: QBittorrent, program: Program) -> None:
    assert await client.torrents() == ()
    program.restart()
    assert await client.torrents() == ()


async def test_wrong_credentials_are_tried_once_and_ban_nobody(program: Program, connect: Connect) -> None:
    wrong = connect(program, password="not it")
    for _ in range(12):
        with pytest.raises(AuthFailed) as refused:
            await wrong.version()
    assert refused.value.secret == "QB_USERNAME / QB_PASSWORD"
    assert "not it" not in str(refused.value)
    assert await wrong.check() == [str(refused.value)]
    assert await connect(program).check() == []
    wrong.reset_credentials(program.username, program.password)
    assert await wrong.check() == []


async def test_a_ban_is_told_apart_and_spares_living_sessions(program: Program, connect: Connect) -> None:
    living = connect(program)
    await living.version()
    for _ in range(5):
        with pytest.raises(AuthFailed):
            await connect(program, password="not it").version()
    with pytest.raises(RateLimited, match="banned this machine") as banned:
        await connect(program).version()
    assert banned.value.retry_after == 3600
    assert "banned" in (await connect(program).check())[0]
    assert await living.torrents() == ()
