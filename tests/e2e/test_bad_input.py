"""Bad input through the front door: a clear sentence, the rest goes on, nothing is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import CONFIGURATION, FAILED, Program, Seedbox, World, by_asin, by_folder
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import Plan, make_book, make_library, short_books
from tests.world.catalogue import Catalogue
from tests.world.oddities import BROKEN, broken_books, odd_books
from tests.world.outside import Fault, drop, half_json, html, silence, status
from tests.world.studio import Studio

pytestmark = [pytest.mark.audio]

SALT, WREN, DISCS = "B0MKB00001", "B0MKB00008", "B0MKB00013"
SmallDisk = Callable[[str, str], Path]


def shelve(library: Path, studio: Studio, *asins: str, seconds: float = 2) -> list[Path]:
    """Books of the catalogue; their folders."""
    catalogue = Catalogue.load()
    books = [book for asin in asins if (book := catalogue.get(asin))]
    return [Path(make_book(library, book, seconds=seconds, studio=studio).folder) for book in books]


# --- the library -----------------------------------------------------------------------------------------


def test_a_library_that_is_missing_empty_or_no_folder(keeper: Program) -> None:
    empty = keeper("discover", "--json")
    assert (empty.json["releases"], empty.json["skipped"]) == ([], [])
    assert "is empty" in empty.json["notes"][0]
    assert "is empty" in empty.stderr
    assert keeper("prepare", "--json").json["counts"] == {}
    keeper.library.rmdir()
    for command in ("discover", "prepare"):
        gone = keeper(command, "--json", code=FAILED)
        assert str(keeper.library) in gone.json["error"]
        assert str(keeper.library) in gone.stderr
    keeper.library.write_text("a file")
    assert str(keeper.library) in keeper("discover", "--json", code=FAILED).json["error"]
    keeper.configure("paths", libation_library_root=None)
    unset = keeper("discover", "--json", code=CONFIGURATION)
    assert "paths.libation_library_root" in unset.json["hint"]


def test_an_empty_mount_loses_nothing(keeper: Program, studio: Studio) -> None:
    """A library whose disk is not mounted looks empty: what is known stays, and is there again after."""
    shelve(keeper.library, studio, SALT, WREN)
    keeper("prepare")
    aside = keeper.folder / "aside"
    keeper.library.rename(aside)
    keeper.library.mkdir()
    told = keeper("prepare", "--json")
    assert "mounted" in told.json["notes"][0]
    assert told.json["counts"] == {"awaiting_approval": 2}
    assert not any(release["source_gone"] for release in told.releases)
    keeper.library.rmdir()
    aside.rename(keeper.library)
    assert keeper("prepare", "--json").json["counts"] == {"awaiting_approval": 2}


def test_every_broken_book_is_named_and_the_sound_ones_go_on(keeper: Program, studio: Studio) -> None:
    folders = broken_books(keeper.library, studio=studio)
    shelve(keeper.library, studio, SALT)
    (keeper.library / "Nothing In Here").mkdir()
    (keeper.library / ".hidden").mkdir()
    (keeper.library / "@eaDir").mkdir()
    prepared = keeper("prepare", "--json", code=FAILED)
    found = {release["source_dir"]: release for release in prepared.releases}
    skipped = {
        skip["source_dir"]: skip["reason"] for skip in keeper("discover", "--all", "--json").json["skipped"]
    }
    assert set(folders.values()) <= found.keys() | skipped.keys(), "nothing is dropped in silence"
    outcome = {what: found[path]["state"] if path in found else "skipped" for what, path in folders.items()}
    assert outcome == {
        **dict.fromkeys(BROKEN, "skipped"),
        "text renamed": "failed",
        "truncated": "failed",
        "half sidecar": "awaiting_approval",
        "empty sidecar": "awaiting_approval",
    }
    assert all(len(reason) > 5 for reason in skipped.values())
    assert not any("@eaDir" in path or ".hidden" in path for path in skipped)
    assert by_asin(prepared.releases)[SALT]["state"] == "awaiting_approval"
    for what in ("text renamed", "truncated"):
        assert found[folders[what]]["error"].strip().endswith((".", "`."))
    again = keeper("prepare", "--json")  # what failed before is no new failure
    assert again.json["counts"] == prepared.json["counts"]


def test_two_folders_of_one_asin(keeper: Program, studio: Studio) -> None:
    catalogue = Catalogue.load()
    book = catalogue.get(SALT)
    assert book is not None
    for name in (f"A Copy [{SALT}]", f"The Other [{SALT}]"):
        make_book(keeper.library, book, folder=name, seconds=2, studio=studio)
    found = keeper("discover", "--json").json
    assert len(found["releases"]) == 1
    assert len(found["skipped"]) == 1
    first, second = found["releases"][0]["source_dir"], found["skipped"][0]
    assert first != second["source_dir"]
    assert os.path.basename(first) in second["reason"]


def test_odd_names_survive_the_whole_way(keeper: Program, studio: Studio) -> None:
    odd = odd_books(keeper.library, studio=studio)
    prepared = keeper("prepare", "--json")
    assert prepared.json["counts"] == {"awaiting_approval": len(odd)}
    found = by_folder(prepared.releases)
    for what, book in odd.items():
        release = found[os.path.basename(book.folder)]
        assert release["asin"] == book.book.asin, what
        staging = Path(release["staging_dir"])
        assert os.fsencode(staging.name).decode("utf-8")  # what goes out is clean
        assert "\n" not in staging.name
    assert len({release["staging_dir"] for release in prepared.releases}) == len(odd)
    for what in ("not utf-8", "newline", "quotes"):
        asin = odd[what].book.asin
        assert keeper.show(asin)["files"][0]["source"].startswith(odd[what].folder)
        assert keeper("show", asin).stdout
    assert keeper("status").stdout


def test_links_in_circles_and_links_to_folders(keeper: Program, studio: Studio) -> None:
    (folder,) = shelve(keeper.library, studio, SALT)
    (keeper.library / "Round" / "And").mkdir(parents=True)
    (keeper.library / "Round" / "And" / "Round").symlink_to(keeper.library)
    (folder / "again").symlink_to(folder)
    (keeper.library / "nowhere").symlink_to("nowhere")
    (keeper.library / "Linked").symlink_to(keeper.folder / "elsewhere")
    prepared = keeper("prepare", "--json")
    assert prepared.json["counts"] == {"awaiting_approval": 1}


def test_a_folder_without_permission(unprivileged: Program, studio: Studio) -> None:
    keeper = unprivileged
    folders = shelve(keeper.library, studio, SALT, WREN, DISCS)
    give_away(keeper)
    folders[0].chmod(0)
    next(folders[1].glob("*.m4b")).chmod(0)
    prepared = keeper("prepare", "--json", code=FAILED)
    found, skipped = by_asin(prepared.releases), prepared.json["skipped"]
    assert found[DISCS]["state"] == "awaiting_approval"
    assert [skip["source_dir"] for skip in skipped] == [str(folders[0])]
    assert "ermission" in skipped[0]["reason"]
    assert found[WREN]["state"] == "failed"
    assert "ermission" in found[WREN]["error"]

    folders[0].chmod(0o755)
    next(folders[1].glob("*.m4b")).chmod(0o644)
    keeper("retry", WREN)
    assert keeper("prepare", "--json").json["counts"] == {"awaiting_approval": 3}

    author = keeper.library / "Some Author"
    author.mkdir()
    folders[2].rename(author / folders[2].name)
    keeper("discover")
    author.chmod(0o600)  # it can be listed, and nothing in it looked at
    keeper("discover")
    assert not by_asin(list(keeper.status().values()))[DISCS]["source_gone"]
    author.chmod(0o755)

    keeper.library.chmod(0)
    closed = keeper("discover", "--json", code=FAILED)
    assert "ermission" in closed.json["error"]
    keeper.library.chmod(0o755)
    keeper.data.chmod(0o500)
    (keeper.data / "mousekeeper.lock").chmod(0)
    sealed = keeper("prepare", "--json", code=FAILED)
    assert str(keeper.data) in sealed.json["error"]
    keeper.data.chmod(0o755)


def give_away(keeper: Program) -> None:
    """Let the program's user own everything it works with."""
    if keeper.user is None:
        return
    for place, _, names in os.walk(keeper.folder):
        for path in (place, *(os.path.join(place, name) for name in names)):
            shutil.chown(path, keeper.user, "nogroup")


# --- disks -----------------------------------------------------------------------------------------------


def test_staging_on_another_file_system(keeper: Program, studio: Studio, small_disk: SmallDisk) -> None:
    other = small_disk("staging", "20m")
    keeper.configure("paths", staging_root=str(other))
    (folder,) = shelve(keeper.library, studio, SALT)
    failed = keeper("prepare", "--json", code=FAILED).releases[0]
    assert failed["state"] == "failed"
    assert str(other) in failed["error"], "its mount"
    assert mount_of(folder) in failed["error"], "and the library's"
    assert "allow_copy" in failed["error"]
    assert list(other.iterdir()) == []
    doctor = keeper("doctor", "--json", code=FAILED).json
    assert [f["severity"] for f in doctor["findings"] if f["check"] == "hardlinks"] == ["error"]

    keeper.configure("staging", allow_copy=True)
    copied = keeper("retry", SALT, "--json").releases[0]
    assert copied["state"] == "awaiting_approval"
    shown = keeper.show(SALT)
    told = " ".join([*shown["warnings"], *(line["text"] for line in shown["timeline"])])
    size = sum(file["size"] for file in shown["files"])
    assert "cop" in told
    assert str(size) in told.replace(",", "").replace(".", "") or "KiB" in told, told
    assert {path.name for path in Path(copied["staging_dir"]).iterdir()}


def mount_of(path: Path) -> str:
    while not os.path.ismount(path):
        path = path.parent
    return str(path)


@pytest.mark.parametrize("full", ["staging_root", "torrent_output", "data"])
def test_a_full_disk(keeper: Program, studio: Studio, small_disk: SmallDisk, full: str) -> None:
    disk = small_disk("full", "3m")
    shelve(keeper.library, studio, SALT, WREN, seconds=60)
    keeper.configure("paths", **{full: str(disk / "in")})
    keeper.configure("staging", allow_copy=True)
    if full == "data":
        keeper.configure("paths", staging_root=str(keeper.folder / "staging"))
        keeper.configure("paths", torrent_output=str(keeper.folder / "torrents"))
        keeper("discover")
    else:
        (disk / "in").mkdir()
    ballast = fill_up(disk)
    told = keeper("prepare", "--json", code=None)
    if full == "data":
        assert told.code != 0
        assert told.json["error"], "without room for the database nothing goes on, and that is said"
        assert "Traceback" not in told.stderr
    else:
        assert {r["state"] for r in told.releases} <= {"discovered", "staged", "described", "failed"}
        assert all("full" in r["error"] or "space" in r["error"] for r in told.releases), [
            r["error"] for r in told.releases
        ]
    ballast.unlink()
    if full == "data":
        keeper("prepare", "--json")
    else:
        for asin in (SALT, WREN):
            keeper("retry", asin)
    assert keeper.states() == {"awaiting_approval": 2}
    assert keeper.stray() == []


def fill_up(disk: Path) -> Path:
    """Take the last byte of a disk; the file that holds it."""
    ballast = disk / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while os.write(descriptor, bytes(size)):
                    pass
    finally:
        os.close(descriptor)
    return ballast


# --- files that do not hold still ------------------------------------------------------------------------


def test_a_file_that_vanishes_or_changes_between_stages(keeper: Program, studio: Studio) -> None:
    gone, changed, _ = shelve(keeper.library, studio, SALT, WREN, DISCS)
    keeper("discover")
    next(gone.glob("*.m4b")).unlink()
    with next(changed.glob("*.m4b")).open("ab") as file:
        file.write(bytes(1000))
    # the index knows the folders by their times: one run may meet the files as they were
    prepared = by_asin(keeper("prepare", "--json", code=None).releases)
    assert prepared[DISCS]["state"] == "awaiting_approval"
    assert prepared[SALT]["state"] in ("failed", "discovered")
    size = sum(file["size"] for file in keeper.show(WREN)["files"])
    if prepared[WREN]["state"] == "awaiting_approval":
        assert size == sum(
            file.stat().st_size for file in changed.iterdir() if file.suffix in (".m4b", ".jpg")
        )
    else:
        assert prepared[WREN]["error"]


@pytest.mark.qbittorrent
def test_what_changed_after_the_torrent_was_made_is_never_seeded(
    keeper: Program, studio: Studio, qbittorrent_nox: RealQbittorrent
) -> None:
    """A staged file is the library's own: what is done to one is done to the other."""
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    box = Seedbox(qbittorrent_nox)
    box.hurry()
    changed, *_ = shelve(keeper.library, studio, SALT, WREN, DISCS)
    keeper("prepare")
    staged = {asin: Path(r["staging_dir"]) for asin, r in by_asin(list(keeper.status().values())).items()}
    audio = next(changed.glob("*.m4b"))
    sound = audio.read_bytes()
    with audio.open("r+b") as file:
        file.seek(len(sound) // 2)
        file.write(bytes(500))
    aside = keeper.folder / "aside"
    staged[WREN].rename(aside)
    for asin in (SALT, WREN, DISCS):
        keeper("approve", asin, "--json")
    releases = by_asin(list(keeper.status().values()))
    assert {asin: r["state"] for asin, r in releases.items()} == {
        SALT: "failed",
        WREN: "failed",
        DISCS: "awaiting_upload",
    }
    assert "changed" in releases[SALT]["error"]
    assert all(row["state"] not in ("downloading", "stalledDL") for row in box.torrents().values())

    aside.rename(staged[WREN])
    with audio.open("r+b") as file:
        file.write(sound)
    for asin in (SALT, WREN):
        assert keeper("retry", asin, "--json").releases[0]["state"] == "awaiting_upload"
    assert {row["progress"] for row in box.torrents().values()} == {1}


# --- metadata services -----------------------------------------------------------------------------------

ANSWERS: dict[str, Fault] = {
    "404": status(404, {"error": "not found"}),
    "429": status(429, {"error": "slow down"}, headers={"Retry-After": "3600"}),
    "500": status(500, text="oops"),
    "html": html(),
    "half": half_json(),
    "drop": drop(),
    "silence": silence(),
    "list": status(200, []),
    "null": status(200, json=None, text="null"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_the_catalogues_answer(
    keeper: Program, outside_world: World, studio: Studio, answer: str
) -> None:
    keeper.meet(outside_world.urls)
    keeper.configure("audnex", timeout_seconds=1, regions=["us"])
    shelve(keeper.library, studio, SALT)
    make_book(
        keeper.library, short_books(9)[8], Plan("author", "m4b", sidecar=False), seconds=2, studio=studio
    )
    outside_world.everywhere(lambda double: double.fail("*", ANSWERS[answer], always=True))
    prepared = keeper("prepare", "--json", timeout=60)
    assert prepared.json["counts"] == {"awaiting_approval": 2}
    assert "Traceback" not in prepared.stderr
    assert "Traceback" not in (keeper.data / "logs/mousekeeper.log").read_text("utf-8")
    assert all(release["title"] for release in prepared.releases)


# --- settings --------------------------------------------------------------------------------------------


def test_all_faults_of_the_settings_in_one_report(keeper: Program) -> None:
    keeper.config = {
        "paths": {"data": 5, "libration_library_root": "/x"},
        "uplaod": {},
        "upload": {"publish": "perhaps", "max_open_approvals": "many"},
        "qb_password": "planted-secret-value",
        "timezone": "Mars/Olympus",
        "schedules": {"scan": "whenever"},
        "mam": {"min_seconds_between_requests": 0.1},
    }
    keeper.keep_secret(QB_HOST="not a host", MQTT_URL="mqtt://user:planted-secret-value@host")
    for command in (("status", "--json"), ("prepare", "--json"), ("config", "--json"), ("run", "--json")):
        refused = keeper(*command, code=CONFIGURATION)
        error = refused.json["error"]
        assert refused.json["exit_code"] == CONFIGURATION
        for named in (
            "paths.data",
            "libration_library_root",
            "uplaod",
            "upload.publish",
            "upload.max_open_approvals",
            "QB_PASSWORD",
            "timezone",
            "QB_HOST",
            "min_seconds_between_requests",
        ):
            assert named in error, named
        assert "libation_library_root" in error, "what was probably meant"
        assert "planted-secret-value" not in refused.stdout + refused.stderr
    assert not keeper.data.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"paths:\n\tdata: x\n",
        b"paths: [unclosed\n",
        b"\xff\xfe\x00 not text",
        b"- a\n- list\n",
        b"just words",
        b"upload: &a [*a]\n",
        b"a: 1\na: 2\n",
        b"\x00\x00\x00",
    ],
)
def test_a_corrupt_configuration(keeper: Program, content: bytes) -> None:
    keeper.config_file.write_bytes(content)
    refused = keeper("status", "--json", code=CONFIGURATION)
    assert "config.yaml" in refused.json["error"]
    assert "Traceback" not in refused.stderr


def test_a_configuration_that_is_not_there(keeper: Program) -> None:
    keeper.config_file.unlink()
    assert str(keeper.config_file) in keeper("status", "--json", code=CONFIGURATION).json["error"]
    keeper.config_file.mkdir()
    assert "folder" in keeper("status", "--json", code=CONFIGURATION).json["error"]


# --- the program's own files -----------------------------------------------------------------------------


def test_a_damaged_or_newer_database_is_refused_and_left_alone(keeper: Program, studio: Studio) -> None:
    shelve(keeper.library, studio, SALT)
    keeper("prepare")
    whole = keeper.database.read_bytes()
    damaged = whole[:100] + bytes(4000) + whole[4100:]
    for content in (damaged, b"this is no database at all" * 100):
        keeper.database.write_bytes(content)
        for command in ("status", "prepare"):
            refused = keeper(command, "--json", code=FAILED)
            assert "database" in refused.json["error"].lower()
            assert "Traceback" not in refused.stderr
        assert keeper.database.read_bytes() == content
    keeper.database.write_bytes(whole)
    assert keeper.states() == {"awaiting_approval": 1}


def test_many_books_and_one_bad_one(keeper: Program, studio: Studio) -> None:
    make_library(keeper.library, books=8, seconds=2, tagged=False, studio=studio)
    folder = next(keeper.library.rglob("*.m4b")).parent
    for file in folder.iterdir():
        file.write_bytes(b"") if file.suffix == ".m4b" else file.unlink()
    beside = keeper("discover", "--json").json
    assert len(beside["releases"]) + len(beside["skipped"]) == 8
