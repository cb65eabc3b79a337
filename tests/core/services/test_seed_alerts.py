"""What the seed stage tells when a torrent does not do what it owes: the real stage over qBittorrent's double."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.app import App, open_app
from core.config import load
from core.events import Alert
from core.store.releases import KIND
from tests.core.integrations.qbittorrent.books import make_book
from tests.core.integrations.qbittorrent.conftest import serving
from tests.world.qbittorrent import DOUBLE, create_app
from tests.world.qbittorrent_state import QbittorrentDouble
from tests.world.qbittorrent_torrents import DoubleTorrent

UNREGISTERED = (4, "Unregistered torrent")
WELL: dict[str, Any] = {"state": "stalledUP", "seeding_time": 7200}


def put(double: QbittorrentDouble, folder: Path, row: dict[str, Any], tracker: tuple[int, str]) -> str:
    """A torrent whose row shows these values; its infohash."""
    torrent = DoubleTorrent.of(make_book(folder, "Book").torrent, double.clock, 0, 0)
    torrent.begin(stopped=False, skip_check=True)
    torrent.save_path, torrent.shown, torrent.tracker = str(folder), row, tracker
    double.torrents[torrent.infohash] = torrent
    return torrent.infohash


async def look(app: App, infohash: str) -> list[Alert]:
    """What is told of a release at its seed stage."""
    releases = app.uploads._releases
    [release_id] = await releases.add([{"title": "Salt", "source_dir": "/x"}], stage="seed", lane="client")
    await releases.update(release_id, infohash=infohash)
    job = await app.jobs.get(KIND, release_id)
    assert job is not None
    due = {"stage": "seed", "status": "ready", "topic": None, "due": app.clock.now()}
    await app.jobs.move(job["id"], due, {"stage": "seed", "event": "test", "text": ""})
    told: list[Alert] = []
    undo = app.events.subscribe(Alert, told.append)
    await app.engine.run_until_idle()
    undo()
    assert (await app.shelf.one(release_id)).state == "seeding"
    assert all(alert.key == f"torrent:{release_id}" for alert in told)
    return told


@pytest.mark.parametrize(
    ("row", "tracker", "title", "text"),
    [
        (None, None, "Salt is no longer in qBittorrent", "72 hours are left"),
        ({"state": "missingFiles"}, None, "Salt does not seed", "qBittorrent reports missingFiles"),
        ({"state": "pausedUP"}, None, "Salt is stopped", "Its seeding duty is not met"),
        (WELL, UNREGISTERED, "Salt is unknown to the tracker", "The tracker answers: Unregistered torrent"),
        (WELL, (2, ""), None, None),
        ({**WELL, "seeding_time": 600}, UNREGISTERED, None, None),  # it may not have been entered yet
    ],
)
async def test_what_endangers_a_duty_is_told(
    tmp_path: Path,
    row: dict[str, Any] | None,
    tracker: tuple[int, str] | None,
    title: str | None,
    text: str | None,
) -> None:
    web = create_app()
    double = web[DOUBLE]
    async with serving(web) as url:
        (tmp_path / "config.yaml").write_text("audnex: {enabled: false}\naudible: {enabled: false}\n")
        environ = {"QB_HOST": url, "QB_USERNAME": double.username, "QB_PASSWORD": double.password}
        async with open_app(load(tmp_path / "config.yaml", environ), "work") as app:
            infohash = put(double, tmp_path / "qb", row, tracker or (2, "")) if row else "0" * 40
            told = await look(app, infohash)
    assert [alert.title for alert in told] == ([title] if title else [])
    if text:
        assert text in told[0].text
