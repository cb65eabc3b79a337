"""`qbittorrent.auto_start: false`: the person starts the torrent, and until then nothing is called seeding."""

from __future__ import annotations

import pytest
from qbittorrentapi import Client

from tests.e2e.harness import Program
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import make_library
from tests.world.studio import Studio
from tests.world.waiting import until_sync

pytestmark = [pytest.mark.audio, pytest.mark.qbittorrent]


def test_it_seeds_once_the_person_has_started_it(
    keeper: Program, qbittorrent_nox: RealQbittorrent, studio: Studio
) -> None:
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    keeper.configure("qbittorrent", auto_start=False)
    keeper.configure("upload", publish="direct")
    make_library(keeper.library, books=1, seconds=2, studio=studio)
    release = keeper("prepare", "--json").releases[0]

    approved = keeper("approve", release["id"], "--json").releases[0]
    assert approved["state"] == "approved"
    assert "start" in approved["waiting_for"]
    assert keeper("upload", "--json").releases[0]["state"] == "approved"

    with Client(
        qbittorrent_nox.url, username=qbittorrent_nox.username, password=qbittorrent_nox.password
    ) as client:
        client.torrents_resume(torrent_hashes=release["infohash"])
        until_sync(
            lambda: (
                client.torrents_info()[0].state.endswith("UP")
                and client.torrents_info()[0].state != "pausedUP"
            ),
            20,
            what="the torrent to start",
        )
    assert keeper("upload", "--json").releases[0]["state"] == "seeding"
