"""Our torrents as people watch them, over the client and the double: one question for many, faults as sentences."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.breaker import Breakers
from core.events import Events
from core.integrations.qbittorrent import QBittorrent
from core.services.transfers import FRESH, PATIENCE, Transfers
from core.store.engine import Store
from tests.core.integrations.qbittorrent.books import make_book
from tests.core.integrations.qbittorrent.conftest import serving
from tests.world.clock import SimulatedClock
from tests.world.qbittorrent import DOUBLE, create_app
from tests.world.qbittorrent_state import QbittorrentDouble
from tests.world.qbittorrent_torrents import DoubleTorrent


class Room:
    """The service over a double; its clock is simulated, the double's is not."""

    def __init__(
        self, double: QbittorrentDouble, folder: Path, service: Transfers, breakers: Breakers
    ) -> None:
        self.double, self.folder, self.transfers, self.breakers = double, folder, service, breakers

    def put(self, name: str, *, category: str = "mousekeeper", tags: str = "mk", **row: Any) -> DoubleTorrent:
        """A torrent the program has had for long, whose row shows these values."""
        torrent = DoubleTorrent.of(make_book(self.folder, name).torrent, self.double.clock, 0, 0)
        torrent.added_at = self.double.clock.monotonic() - 60
        torrent.begin(stopped=False, skip_check=True)
        torrent.added_at -= 60
        torrent.category, torrent.tags = category, set(tags.split())
        torrent.save_path, torrent.shown = str(self.folder), row
        self.double.torrents[torrent.infohash] = torrent
        return torrent

    @property
    def asked(self) -> int:
        return len(self.double.calls("torrents/info"))


async def served(
    app: web.Application, folder: Path, clock: SimulatedClock, **settings: Any
) -> AsyncIterator[Room]:
    double = app[DOUBLE]
    async with serving(app) as url:
        store = await Store.open(folder / "transfers.db", clock)
        client = QBittorrent(url, double.username, settings.pop("password", double.password))
        breakers = Breakers(store, Events())
        chosen = {"category": "mousekeeper", "tags": ["mk"], **settings}
        service = Transfers(client, breakers, clock, **chosen)
        yield Room(double, folder / "data", service, breakers)
        await service.close()
        await client.close()
        await store.close()


@pytest.fixture(params=["2.8.19", "2.15"])
async def room(request: pytest.FixtureRequest, tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Room]:
    async for one in served(create_app(dialect=request.param), tmp_path, clock):
        yield one


async def test_ours_are_shown_trouble_first(room: Room, clock: SimulatedClock) -> None:
    room.put("Seeds", state="stalledUP", seeding_time=10_000, upspeed=0, ratio=1.5)
    room.put("Comes", state="downloading", progress=0.4, amount_left=600, dlspeed=100, eta=6, size=1000)
    room.put("Lost", state="missingFiles")
    room.put("By tag", category="books", state="uploading", upspeed=77)
    room.put("By category", tags="", state="pausedUP")
    room.put("Somebody else's", category="films", tags="x")
    said = await room.transfers.look()
    assert (said.error, said.seen, said.configured) == ("", clock.now(), True)
    assert [(row.name, row.word) for row in said.transfers] == [
        ("Lost", "missing_files"),
        ("Comes", "downloading"),
        ("By tag", "uploading"),
        ("Seeds", "seeding"),
        ("By category", "complete"),
    ]
    lost, comes, by_tag, seeds, _ = said.transfers
    assert (comes.progress, comes.size, comes.down, comes.left, comes.owed) == (0.4, 1000, 100, 6, None)
    assert (seeds.owed, seeds.ratio, seeds.left) == (259_200 - 10_000, 1.5, None)
    assert lost.owed is None
    assert (said.down, said.up) == (100, by_tag.up) == (100, 77)


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ({"eta": 8_640_000, "amount_left": 5, "state": "stalledDL"}, {"left": None, "word": "stalled"}),
        ({"eta": -1, "amount_left": 5, "state": "metaDL"}, {"left": None, "word": "metadata"}),
        ({"progress": float("nan"), "ratio": float("nan")}, {"progress": 0.0, "ratio": 0.0}),
        ({"progress": 7, "ratio": -1, "size": -1}, {"progress": 0.0, "ratio": 0.0, "size": 0}),
        ({"state": "aNewOne", "dlspeed": -5, "upspeed": -5}, {"word": "unknown", "down": 0, "up": 0}),
    ],
)
async def test_odd_figures_harm_nothing(room: Room, row: dict[str, Any], seen: dict[str, Any]) -> None:
    room.put("Odd", **row)
    [transfer] = (await room.transfers.look()).transfers
    assert {name: getattr(transfer, name) for name in seen} == seen


async def test_ten_who_press_are_one_question(room: Room, clock: SimulatedClock) -> None:
    room.put("One")
    answers = await asyncio.gather(*(room.transfers.look() for _ in range(10)))
    assert {len(answer.transfers) for answer in answers} == {1}
    before = room.asked  # a first, refused one for the login is among them
    assert before == 3
    await room.transfers.look()
    assert room.asked == before
    clock.shift(FRESH)
    await asyncio.gather(*(room.transfers.look() for _ in range(10)))
    assert room.asked == before + 2  # by category and by tag


async def test_away_it_shows_what_it_knew_and_why(room: Room, clock: SimulatedClock) -> None:
    room.put("One")
    seen = (await room.transfers.look()).seen
    room.double.fail("torrents/info", status=500, times=99)
    clock.shift(FRESH)
    said = await room.transfers.look()
    assert (len(said.transfers), said.seen) == (1, seen)
    assert said.error == "qBittorrent could not list its torrents: it answered 500."
    [standing] = room.breakers.away()
    assert standing.failures == 1


async def test_looking_while_it_is_left_alone_does_not_lengthen_the_pause(
    room: Room, clock: SimulatedClock
) -> None:
    room.put("One")
    room.double.fail("torrents/info", status=500, times=99)
    for _ in range(6):
        await room.transfers.look()
        clock.shift(FRESH)
    [standing] = room.breakers.away()
    assert standing.failures == 2  # at once, and once more; then it was left alone
    room.double.faults.clear()
    said = await room.transfers.look()
    assert (len(said.transfers), said.error) == (1, "")
    assert room.breakers.away() == []
    assert not room.breakers.pausing("qbittorrent")


async def test_nobody_waits_longer_than_a_few_seconds(room: Room, clock: SimulatedClock) -> None:
    room.put("One")
    room.double.fail("torrents/info", delay=0.3)
    looking = asyncio.create_task(room.transfers.look())
    await clock.run_until(looking.done, limit=PATIENCE)
    assert looking.result().error == "qBittorrent has not answered within 8 seconds."
    clock.shift(1)
    said = await room.transfers.look()  # the first question's answer, when it comes
    assert (len(said.transfers), said.error) == (1, "")
    assert room.asked == 3


async def test_a_wrong_password_is_a_sentence_and_tried_once(tmp_path: Path, clock: SimulatedClock) -> None:
    app = create_app()
    async for room in served(app, tmp_path, clock, password="wrong"):
        for _ in range(10):
            said = await room.transfers.look()
            assert "QB_PASSWORD" in said.error
            clock.shift(FRESH)
        assert room.double.failures == 1


async def test_nonsense_for_an_answer_is_a_sentence(room: Room) -> None:
    room.double.fail("torrents/info", status=200, body="[{}]", times=99)
    said = await room.transfers.look()
    assert "does not speak as qBittorrent does" in said.error


async def test_without_a_client_it_says_so(tmp_path: Path, clock: SimulatedClock) -> None:
    store = await Store.open(tmp_path / "transfers.db", clock)
    service = Transfers(None, Breakers(store, Events()), clock, category="mousekeeper", tags=["mk"])
    said = await service.look()
    assert (said.configured, said.transfers) == (False, ())
    await service.close()
    await store.close()
