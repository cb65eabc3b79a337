"""From a library on disk to seeding torrents: the real program, real audio, the real qbittorrent-nox."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torf

from tests.e2e.harness import (
    ANNOUNCE,
    CONFIGURATION,
    FAILED,
    UNAVAILABLE,
    USAGE,
    Program,
    Release,
    Seedbox,
    World,
    assert_release,
    by_asin,
    by_folder,
)
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import Plan, make_book, make_library, short_books
from tests.world.catalogue import Catalogue
from tests.world.oddities import break_book, odd_books
from tests.world.studio import Studio

pytestmark = [pytest.mark.audio]

SEEDS = ("stalledUP", "uploading", "forcedUP", "queuedUP", "checkingUP")
SALT, DISCS, WREN, PIRATE = "B0MKB00001", "B0MKB00013", "B0MKB00008", "000000037X"


@pytest.fixture
def seedbox(qbittorrent_nox: RealQbittorrent, keeper: Program) -> Seedbox:
    """The real qBittorrent, known to the program."""
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    box = Seedbox(qbittorrent_nox)
    box.hurry()
    return box


def shelve(keeper: Program, studio: Studio, *asins: str, seconds: float = 60) -> None:
    """Some books of the catalogue, as plain m4b with a sidecar."""
    catalogue = Catalogue.load()
    for asin in asins:
        book = catalogue.get(asin)
        assert book is not None
        make_book(keeper.library, book, seconds=seconds, studio=studio)


def fill(keeper: Program, studio: Studio) -> None:
    """Three sound books of different make, one of every odd name, and three in trouble."""
    catalogue = Catalogue.load()
    for number, (asin, plan) in enumerate(
        {
            SALT: Plan("series", "m4b", cover_file=True),
            DISCS: Plan("series", "mp3 discs", cover_file=True),
            WREN: Plan("author", "m4b", sidecar=False, extras=(".cue",)),
        }.items()
    ):
        book = catalogue.get(asin)
        assert book is not None
        make_book(keeper.library, book, plan, cover=number, studio=studio)
    odd_books(keeper.library, studio=studio)
    for what in ("zero byte", "truncated", ".part"):
        break_book(keeper.library, what, studio=studio)


@pytest.mark.qbittorrent
def test_from_the_library_to_a_seeding_torrent(
    keeper: Program, outside_world: World, seedbox: Seedbox, studio: Studio
) -> None:
    keeper.meet(outside_world.urls)
    fill(keeper, studio)

    found = keeper("discover", "--json").json
    assert found.keys() >= {"releases", "skipped"}
    for release in found["releases"]:
        assert_release(release)
        assert release["state"] == "discovered"
    assert len(found["releases"]) == 3 + 13 + 1  # the truncated one looks like a book by its name and size
    reasons = {os.path.basename(skip["source_dir"]): skip["reason"] for skip in found["skipped"]}
    assert len(reasons) == 2
    assert all(reasons.values())
    assert keeper("discover", "--json").json["releases"] == []
    everything = keeper("discover", "--all", "--json").json
    assert len(everything["releases"]) == 17
    assert len(everything["skipped"]) == 2

    prepared = keeper("prepare", "--json", code=FAILED)  # the truncated one
    for release in prepared.releases:
        assert_release(release)
    assert prepared.json["counts"] == {"awaiting_approval": 16, "failed": 1}
    failed = next(release for release in prepared.releases if release["state"] == "failed")
    assert failed["error"]
    assert failed["attempts"] == 1
    assert keeper.states() == prepared.json["counts"]
    odd = by_folder(prepared.releases)
    strange = [release for name, release in odd.items() if name[:2] in ("Ca", "-r", "Tw", "[B")]
    assert len(strange) >= 4
    for release in (*strange, *(by_asin(prepared.releases)[asin] for asin in (SALT, DISCS, WREN))):
        assert_prepared(keeper, release)

    salt = keeper.show(SALT)
    assert_shown(salt)
    assert salt["title"] == "The Salt Cartographer"
    assert salt["kit"]["authors"] == ["Marlow Quince"]
    assert salt["parts"] == 1
    assert by_asin(prepared.releases)[DISCS]["parts"] == 6
    described = by_asin(prepared.releases)[WREN]
    assert described["narrators"], "without a sidecar, Audnex knows the narrators"
    assert described["sources"]["narrators"] == "audnex"

    approved = keeper("approve", SALT, "--json").releases[0]
    assert approved["state"] == "awaiting_upload"
    assert "upload" in approved["waiting_for"]
    row = seedbox.torrents()[salt["infohash"]]
    assert (row["progress"], row["state"]) == (1, "pausedUP")
    assert row["save_path"] == os.path.dirname(salt["staging_dir"])
    assert "mk" in row["tags"].split(", ")

    seeding = keeper("uploaded", SALT, "--url", "http://127.0.0.1/t/1", "--json").releases[0]
    assert seeding["state"] == "seeding"
    row = seedbox.torrents()[salt["infohash"]]
    assert (row["progress"], row["state"] in SEEDS) == (1, True), row["state"]
    assert list(seedbox.torrents()) == [salt["infohash"]], "only what was approved goes out"

    again = keeper("uploaded", SALT, "--json", code=FAILED)
    assert "already" in again.json["error"]
    assert again.json["exit_code"] == FAILED
    assert keeper.stray() == []


def assert_prepared(keeper: Program, release: Release) -> None:
    """Staged by hardlinks, a private torrent of just that, the metadata beside it and never inside."""
    shown = keeper.show(release["id"])
    staging, torrent = Path(release["staging_dir"]), Path(release["torrent_path"])
    assert staging.parent == keeper.data / "staging"
    within = {
        os.path.relpath(os.path.join(place, n), staging)
        for place, _, names in os.walk(staging)
        for n in names
    }
    assert within == {file["staged"] for file in shown["files"]}
    for file in shown["files"]:
        one, other = os.stat(file["source"]), os.stat(staging / file["staged"])
        assert (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
        assert one.st_size == file["size"]
        assert len(f"{staging.name}/{file['staged']}") <= 225
        assert all(len(os.fsencode(part)) <= 255 for part in (staging.name, *Path(file["staged"]).parts))
    beside = {entry.name for entry in torrent.parent.iterdir()}
    assert "mediainfo.json" in beside
    assert not within & {"mediainfo.json", "audnex.json"}
    assert stat.S_IMODE(torrent.stat().st_mode) == 0o600
    made = torf.Torrent.read(torrent)
    assert made.verify(staging)
    assert (made.private, made.source, made.infohash) == (True, "MAM", release["infohash"])
    assert (made.creation_date, made.created_by) == (None, None)
    assert [list(tier) for tier in made.trackers] == [[ANNOUNCE]]


def assert_shown(release: Release) -> None:
    """`show` adds the kit with every key, the findings, and the files."""
    assert_release(release)
    assert release["kit"].keys() >= {
        "title",
        "authors",
        "narrators",
        "series",
        "description",
        "category",
        "tags",
    }
    for finding in release["findings"]:
        assert finding.keys() == {"code", "field", "message", "fix"}
    for file in release["files"]:
        assert file.keys() >= {"source", "staged", "size"}


@pytest.mark.qbittorrent
def test_publish_direct_seeds_upon_approval(keeper: Program, seedbox: Seedbox, studio: Studio) -> None:
    keeper.configure("upload", publish="direct")
    shelve(keeper, studio, SALT)
    keeper("prepare", "--json")
    release = keeper("approve", SALT, "--json").releases[0]
    assert release["state"] == "seeding"
    row = seedbox.torrents()[release["infohash"]]
    assert row["state"] in SEEDS
    assert row["progress"] == 1


@pytest.mark.qbittorrent
def test_a_torrent_the_site_changed_is_seeded_instead(
    keeper: Program, seedbox: Seedbox, studio: Studio, tmp_path: Path
) -> None:
    shelve(keeper, studio, SALT)
    keeper("prepare")
    ours = keeper("approve", SALT, "--json").releases[0]
    theirs = torf.Torrent.read(ours["torrent_path"])
    theirs.source = "TheSite"
    returned = tmp_path / "[site] download.torrent"
    theirs.write(returned)
    assert theirs.infohash != ours["infohash"]

    strange = tmp_path / "strange.torrent"
    other = torf.Torrent(path=keeper.config_file, private=True)
    other.generate()
    other.write(strange)
    refused = keeper("uploaded", SALT, "--torrent", str(strange), "--json", code=FAILED)
    assert "other files" in refused.json["error"]
    assert keeper("status", "--json").releases[0]["state"] == "awaiting_upload"

    seeding = keeper("uploaded", SALT, "--torrent", str(returned), "--json").releases[0]
    assert seeding["state"] == "seeding"
    assert seeding["infohash"] == theirs.infohash
    assert list(seedbox.torrents()) == [theirs.infohash], "ours has made room, its data stayed"
    assert seedbox.torrents()[theirs.infohash]["state"] in SEEDS
    assert stat.S_IMODE(os.stat(seeding["torrent_path"]).st_mode) == 0o600


def test_prepare_repeats_nothing(keeper: Program, outside_world: World, studio: Studio) -> None:
    keeper.meet(outside_world.urls)
    make_library(keeper.library, books=4, seconds=2, studio=studio)
    first = keeper("prepare", "--json")
    assert first.json["counts"] == {"awaiting_approval": 4}
    before = {r["torrent_path"]: os.stat(r["torrent_path"]).st_mtime_ns for r in first.releases}
    asked = len(outside_world.outside("audnex").requests)
    second = keeper("prepare", "--json")
    assert second.releases == first.releases
    assert {path: os.stat(path).st_mtime_ns for path in before} == before
    assert len(outside_world.outside("audnex").requests) == asked
    stages = keeper.rows("SELECT stage, count(*) FROM job_log WHERE event = 'done' GROUP BY stage")
    assert dict(stages) == {"stage": 4, "describe": 4, "build": 4, "check": 4}


def test_a_first_library_is_a_baseline_until_somebody_asks(keeper: Program, studio: Studio) -> None:
    keeper.config["upload"] = {}
    keeper.write()
    shelve(keeper, studio, SALT, WREN, seconds=2)
    assert len(keeper("discover", "--json").releases) == 2
    keeper("autopilot", "start")
    keeper("run", "--once")
    waiting = keeper.status()
    assert {release["state"] for release in waiting.values()} == {"discovered"}
    assert all("ask" in release["waiting_for"] for release in waiting.values())
    shelve(keeper, studio, DISCS, seconds=2)  # one that came later is no baseline
    keeper("run", "--once")
    keeper("discover")
    keeper("run", "--once")
    states = {asin: release["state"] for asin, release in by_asin(list(keeper.status().values())).items()}
    assert states == {SALT: "discovered", WREN: "discovered", DISCS: "awaiting_approval"}
    only = keeper("prepare", "--asin", SALT, "--json")
    assert [release["state"] for release in only.releases] == ["awaiting_approval"]
    assert keeper.states() == {"discovered": 1, "awaiting_approval": 2}
    keeper("prepare")
    assert keeper.states() == {"awaiting_approval": 3}


def test_offline_and_without_sidecars_three_books_wait_for_approval_within_a_minute(
    keeper: Program, studio: Studio
) -> None:
    # silence, not refusal: an address from which no answer ever comes would take longest
    for book, layout in zip(short_books(3), ("author", "square", "bare"), strict=True):
        make_book(keeper.library, book, Plan(layout, "m4b", sidecar=False), seconds=60, studio=studio)
    prepared = keeper("prepare", "--json", timeout=60)
    assert prepared.json["counts"] == {"awaiting_approval": 3}
    assert prepared.seconds < 60
    for release in prepared.releases:
        assert release["authors"]
        assert set(release["sources"].values()) <= {"folder", "tags", "mediainfo"}
        assert any("audnex" in warning.lower() for warning in release["warnings"])


def test_decisions_and_corrections(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT, WREN, DISCS, PIRATE, seconds=2)
    keeper("prepare")

    rejected = keeper("reject", WREN, "--reason", "Read by the wrong narrator", "--json").releases[0]
    assert rejected["state"] == "rejected"
    assert "wrong narrator" in rejected["error"]
    late = keeper("approve", WREN, "--json", code=FAILED)
    assert "decided already" in late.json["error"]
    assert keeper("retry", WREN, "--json").releases[0]["state"] == "awaiting_approval"

    assert keeper("hold", SALT, "--json").releases[0]["state"] == "held"
    decided = keeper("approve", SALT, "--json").releases[0]
    assert decided["state"] == "approved"  # nothing to seed with is configured
    assert "QB_HOST" in decided["waiting_for"]
    assert decided["decision"]["verb"] == "approve"

    edit = ("--set", "title=A Title of My Own", "--set", "tags=one, two")
    keeper("edit", DISCS, *edit)
    shown = keeper.show(DISCS)
    assert shown["kit"]["title"] == shown["title"] == "A Title of My Own"
    wrong = keeper("edit", DISCS, "--set", "colour=blue", "--json", code=FAILED)
    assert "colour" in wrong.json["error"]
    keeper("edit", DISCS, "--set", "title=")
    assert keeper.show(DISCS)["kit"]["title"] != "A Title of My Own"

    keeper("edit", PIRATE, "--set", "title=the  pirate  of the   sea ")
    fixable = [f["code"] for f in keeper.show(PIRATE)["findings"] if f["fix"]]
    assert fixable
    keeper("fix", PIRATE)
    left = [f["code"] for f in keeper.show(PIRATE)["findings"] if f["fix"]]
    assert len(left) < len(fixable)

    torrents = {r["asin"]: Path(r["torrent_path"]) for r in keeper.status().values()}
    staged = {r["asin"]: Path(r["staging_dir"]) for r in keeper.status().values()}
    assert "removed" in keeper("forget", DISCS, "--json").json
    assert not staged[DISCS].exists()
    assert not torrents[DISCS].exists()
    assert sum(len(files) for _, _, files in os.walk(keeper.library)) == 8, "the library lost nothing"
    refused = keeper("forget", SALT, "--json", code=FAILED)
    assert "seeding" in refused.json["error"]
    assert [r["asin"] for r in keeper("discover", "--json").releases] == [DISCS]

    assert keeper("show", "NOSUCH", "--json", code=FAILED).json["hint"]
    keeper("approve", code=USAGE)
    keeper("nonsense", code=USAGE)
    dry = keeper("approve", WREN, "--dry-run", "--json").releases[0]
    assert dry["state"] == "awaiting_approval"


PROCESSED = {
    "title": "The Salt Cartographer",
    "author": "Marlow Quince",
    "processed_at": "2024-01-01T00:00:00Z",
    "staging_dir": "/seed/old",
    "torrent_path": "/t/old.torrent",
    "status": "completed",
}
LATER_PROCESSED = {"infohash": "AB" * 20, "checkpoints": {"staged": "2024-01-01T00:00:00Z"}}
FAILED_THERE = {
    "title": "Murder at Wren Cottage",
    "error": "no metadata",
    "failed_at": "2024-01-02T00:00:00Z",
}
LATER_FAILED = {"error_type": "MetadataError", "retry_count": 4}


@pytest.mark.parametrize("version", [1, 2])
def test_what_another_tool_has_done_is_not_done_again(keeper: Program, studio: Studio, version: int) -> None:
    shelve(keeper, studio, SALT, WREN, DISCS, seconds=2)
    document = {
        "version": version,
        "processed": {SALT: {**PROCESSED, **(LATER_PROCESSED if version == 2 else {})}},
        "failed": {WREN: {**FAILED_THERE, **(LATER_FAILED if version == 2 else {})}},
    }
    file = keeper.folder / "processed.json"
    file.write_text(json.dumps(document))

    taken = keeper("import-state", str(file), "--json").json
    assert taken == {"imported": 2, "known_before": 0, "in_file": 2}
    assert keeper("import-state", str(file), "--json").json["imported"] == 0
    releases = by_asin(list(keeper.status().values()))
    assert releases[SALT]["state"] == "complete"
    assert releases[SALT]["infohash"] == ("ab" * 20 if version == 2 else None)
    assert releases[WREN]["state"] == "failed"
    assert releases[WREN]["error"] == "no metadata"

    prepared = keeper("prepare", "--json")
    states = {asin: release["state"] for asin, release in by_asin(prepared.releases).items()}
    assert states == {SALT: "complete", WREN: "failed", DISCS: "awaiting_approval"}
    assert len(prepared.releases) == 3

    if version == 2:
        retried = keeper("retry", WREN, "--json").releases[0]  # its folder is known since the discovery
        assert retried["state"] == "awaiting_approval"


def test_what_is_no_state_file(keeper: Program) -> None:
    file = keeper.folder / "processed.json"
    for text in ("{", "[]", '{"books": []}'):
        file.write_text(text)
        assert keeper("import-state", str(file), "--json", code=FAILED).json["error"]
    keeper("import-state", str(keeper.folder / "absent.json"), "--json", code=FAILED)


@pytest.mark.qbittorrent
def test_without_qbittorrent_a_decision_stands_and_goes_on_later(
    keeper: Program, qbittorrent_nox: RealQbittorrent, studio: Studio
) -> None:
    shelve(keeper, studio, SALT, WREN, DISCS, seconds=2)
    keeper("prepare")
    server = qbittorrent_nox

    unset = keeper("approve", SALT, "--json").releases[0]
    assert (unset["state"], "QB_HOST" in unset["waiting_for"]) == ("approved", True)

    keeper.use(server.url, server.username, "wrong")
    refused = keeper("approve", WREN, "--json").releases[0]
    assert refused["state"] == "approved"
    assert "QB_PASSWORD" in refused["waiting_for"]

    server.stop()
    keeper.use(server.url, server.username, server.password)
    away = keeper("approve", DISCS, "--json").releases[0]
    assert away["state"] == "approved"
    assert away["decision"]["verb"] == "approve"
    assert away["next_try"]
    assert "qBittorrent" in away["error"]

    for _ in range(2):
        keeper("upload", code=UNAVAILABLE)
    patience = keeper.status()[away["id"]]
    assert patience["attempts"] > away["attempts"]
    assert patience["next_try"] > away["next_try"], "the pauses grow"

    server.start()
    Seedbox(server).hurry()
    done = keeper("upload", "--json")
    assert done.json["counts"] == {"awaiting_upload": 3}, done.stdout
    assert {row["state"] for row in Seedbox(server).torrents().values()} == {"pausedUP"}


def test_the_stages_one_by_one(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT, seconds=2)
    plan = keeper("prepare", "--dry-run", "--json").json
    assert [entry["asin"] for entry in plan["releases"]] == [SALT]
    assert not (keeper.data / "staging").exists(), "a dry run makes nothing"
    keeper("discover")
    keeper("metadata", "--json")
    keeper("torrent", "--json")
    assert keeper.states() == {"discovered": 1}, "nothing is staged yet, so there is nothing to do"
    keeper("prepare")
    for stage in ("metadata", "torrent", "upload"):
        assert keeper(stage, "--json").json["counts"] == {"awaiting_approval": 1}
    for command in (("status",), ("show", SALT), ("discover", "--all"), ("config",), ("autopilot", "status")):
        shown = keeper(*command)
        assert shown.stdout.strip()
        assert shown.stderr == ""


def test_the_installed_command_is_the_same_program(keeper: Program) -> None:
    script = Path(sys.executable).parent / "mousekeeper"
    argv = (str(script), "status", "--json", "--config", str(keeper.config_file))
    done = subprocess.run(argv, env=keeper.environment, capture_output=True, text=True, check=True)
    assert done.stdout == keeper("status", "--json").stdout
    assert json.loads(done.stdout) == {"releases": [], "counts": {}}


def test_without_a_container_engine_a_scan_says_so(keeper: Program) -> None:
    unset = keeper("scan", "--json", code=CONFIGURATION)
    assert "LIBATION_CONTAINER" in unset.json["error"] + unset.json["hint"]
    keeper.keep_secret(LIBATION_CONTAINER="libation", DOCKER_HOST=f"unix://{keeper.folder}/no.sock")
    away = keeper("scan", "--json", code=UNAVAILABLE).json
    assert away["outcome"] == "no_engine"
    assert away["message"]
    assert away["hint"]


def test_a_backup_brings_everything_back(keeper: Program, studio: Studio) -> None:
    shelve(keeper, studio, SALT, seconds=2)
    prepared = keeper("prepare", "--json").releases
    archive = keeper.folder / "backup.tar.gz"
    assert keeper("backup", "--to", str(archive), "--json").json["backup"] == str(archive)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    keeper("reject", SALT)
    assert keeper("restore", str(archive), "--json").json["kept"]
    assert list(keeper.status().values()) == prepared
    archive.write_bytes(archive.read_bytes()[:50])
    assert keeper("restore", str(archive), "--json", code=FAILED).json["error"]
    assert list(keeper.status().values()) == prepared
