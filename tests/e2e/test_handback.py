"""The torrent a site gives back, where it is ours but for its announce."""

from __future__ import annotations

from pathlib import Path

import pytest
import torf

from tests.e2e.harness import Program, Seedbox
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import make_library
from tests.world.studio import Studio

THEIRS = "http://127.0.0.1:9/their0passkey0of0thirty0characters/announce"


@pytest.mark.audio
@pytest.mark.qbittorrent
def test_a_torrent_with_the_sites_own_announce_is_seeded(
    keeper: Program, qbittorrent_nox: RealQbittorrent, studio: Studio, tmp_path: Path
) -> None:
    keeper.keep_secret(MAM_ANNOUNCE_URL=None)
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    box = Seedbox(qbittorrent_nox)
    box.hurry()
    make_library(keeper.library, books=1, seconds=2, studio=studio)
    [release] = keeper("prepare", "--json").releases
    ours = keeper("approve", release["id"], "--json").releases[0]
    assert box.torrents()[ours["infohash"]]["tracker"] == ""

    returned = torf.Torrent.read(ours["torrent_path"], validate=False)
    returned.trackers = [THEIRS]
    returned.write(tmp_path / "returned.torrent", validate=False)
    assert returned.infohash == ours["infohash"]
    path = str(tmp_path / "returned.torrent")
    seeding = keeper("uploaded", release["id"], "--torrent", path, "--json").releases[0]
    assert seeding["state"] == "seeding"
    row = box.torrents()[ours["infohash"]]
    assert "DL" not in row["state"]
    assert not row["state"].startswith(("paused", "stopped"))
    assert row["magnet_uri"].count("their0passkey") == 1
