"""Secrets planted in every setting that holds one, and a search through everything that came out."""

from __future__ import annotations

import os
import sqlite3
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from core.settings import SECRETS
from tests.e2e.harness import CONFIGURATION, FAILED, REFUSING, Program, World
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import make_book
from tests.world.catalogue import Catalogue
from tests.world.oddities import break_book
from tests.world.outside import html, status
from tests.world.studio import Studio

SALT, WREN = "B0MKB00001", "B0MKB00008"
MARK = "hushhush"  # in every secret, and nowhere else
PASSKEY = f"{MARK}0passkey0announce"
PASSWORD = f"{MARK}-pa$$ \"w'ord\\&%-ö"
PLANTED = {
    "DISCORD_TOKEN": f"{MARK}.discord.token",
    "MAM_ID": f"{MARK}%2Fmam+id==",
    "MAM_ANNOUNCE_URL": f"{REFUSING}/{PASSKEY}/announce",
    "PROWLARR_API_KEY": f"{MARK}prowlarr",
    "ABS_TOKEN": f"{MARK}.abs.token",
    "GOOGLE_BOOKS_API_KEY": f"{MARK}-google",
    "HARDCOVER_TOKEN": f"Bearer {MARK}-hardcover",
    "APPRISE_URLS": f"admin=json://127.0.0.1:9/{MARK}/apprise?+X-Auth={MARK}3 admin=json://user:{MARK}2@127.0.0.1:9/x",
    "QB_PASSWORD": PASSWORD,
}
NOT_PLANTED = {"DATABASE_URL", "MQTT_URL"}  # refused by this version; see the test of bad settings
IN_FILES = {"MAM_ID", "MAM_ANNOUNCE_URL", "QB_PASSWORD", "ABS_TOKEN"}  # given as NAME_FILE
FORMS = (MARK, quote(PASSWORD), PASSWORD.encode("unicode_escape").decode(), "w\\u0027ord", "%-ö")


@pytest.fixture
def secretive(keeper: Program) -> Program:
    """A program with a secret in every place that takes one."""
    assert set(PLANTED) | NOT_PLANTED == {name.upper() for name in SECRETS}
    keeper.keep_secret(MAM_ANNOUNCE_URL=None)
    for name, value in PLANTED.items():
        if name in IN_FILES:
            file = keeper.folder / "secrets" / name.lower()
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{value}\n", "utf-8")
            keeper.keep_secret(**{f"{name}_FILE": f"./secrets/{name.lower()}"})
        else:
            keeper.keep_secret(**{name: value})
    return keeper


def texts(keeper: Program) -> Iterator[tuple[str, bytes]]:
    """Everything that came out: what commands printed, and every file made, archives unpacked."""
    for ran in keeper.ran:
        yield f"stdout of {ran.command}", ran.stdout.encode("utf-8", "surrogateescape")
        yield f"stderr of {ran.command}", ran.stderr.encode("utf-8", "surrogateescape")
    for place, _, names in os.walk(keeper.folder):
        for name in names:
            path = Path(place, name)
            ours = path.parent.name == "secrets" or path.name == ".env" or path.is_relative_to(keeper.library)
            if path.name == "tracker-session.json":  # where the rotating session lives, by design
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
                continue
            if ours or not stat.S_ISREG(path.stat().st_mode):
                continue
            if path.suffix == ".torrent":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
                continue
            yield str(path), path.read_bytes()
            yield from unpacked(path)


def unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as bundle:
            for name in bundle.namelist():
                yield f"{path}: {name}", bundle.read(name)
    elif path.suffix == ".gz":
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                yield f"{path}: {member.name}", content.read() if content else b""


def assert_silent(keeper: Program) -> None:
    found = [where for where, text in texts(keeper) for form in FORMS if form.encode() in text]
    assert not found, sorted(set(found))


def plain_columns(database: Path) -> str:
    """The whole database as text."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.audio
@pytest.mark.qbittorrent
def test_no_secret_comes_out(
    secretive: Program, qbittorrent_nox: RealQbittorrent, outside_world: World, studio: Studio
) -> None:
    keeper, server = secretive, qbittorrent_nox
    catalogue = Catalogue.load()
    for asin in (SALT, WREN):
        book = catalogue.get(asin)
        assert book is not None
        make_book(keeper.library, book, seconds=2, studio=studio)
    break_book(keeper.library, "truncated", studio=studio)
    keeper.meet(outside_world.urls)
    outside_world.outside("audnex").fail("*", status(500), html(), status(429))

    # unreachable, and wrong credentials
    keeper.keep_secret(QB_HOST="127.0.0.1:9", QB_USERNAME="keeper")
    keeper("prepare", "-v", code=FAILED)
    keeper("approve", SALT, "-v", "--json")
    keeper.keep_secret(QB_HOST=server.url, QB_USERNAME=server.username)
    keeper("retry", SALT, "-v")
    keeper("doctor", "--json", code=FAILED)
    keeper("doctor", code=FAILED)

    # and where all is well
    password = keeper.folder / "secrets" / "qb_password"
    server.stop()
    change_password(server, PASSWORD)
    server.start()
    assert password.read_text("utf-8").strip() == PASSWORD
    keeper("upload", "-v", "--json")
    assert keeper("uploaded", SALT, "--json").releases[0]["state"] == "seeding"

    for command in ("status", "config"):
        keeper(command, "-v")
        keeper(command, "--json")
    shown = keeper("config", "--json").json
    assert {shown[name] for name in PLANTED} == {"set"}
    keeper("show", SALT)
    keeper("show", SALT, "--json")
    keeper("discover", "--all", "--json")
    service = keeper.start("-v")
    keeper("support", "--json")
    keeper("backup", "--json")
    assert service.stop()[0] == 0
    (keeper.folder / "broken.torrent").write_bytes(b"d8:announce3:abc")
    keeper("uploaded", WREN, "--torrent", str(keeper.folder / "broken.torrent"), "--json", code=FAILED)
    (keeper.folder / "broken.torrent").unlink()

    assert_silent(keeper)
    assert MARK not in plain_columns(keeper.database)
    torrents = list(keeper.data.rglob("*.torrent"))
    assert len(torrents) == 2
    assert all(PASSKEY.encode() in path.read_bytes() for path in torrents), (
        "only there the announce URL stands"
    )
    log = (keeper.data / "logs/mousekeeper.log").read_text("utf-8")
    assert "QB_PASSWORD" in log, "what is wrong is named all the same"


def change_password(server: RealQbittorrent, password: str) -> None:
    """Give a stopped qBittorrent another password."""
    from tests.fixtures_qbittorrent import password_hash

    path = server.profile / "qBittorrent/config/qBittorrent.conf"
    lines = path.read_text("utf-8").splitlines()
    key = "WebUI\\Password_PBKDF2="
    changed = [
        f'{key}"@ByteArray({password_hash(password)})"' if line.startswith(key) else line for line in lines
    ]
    path.write_text("\n".join(changed), "utf-8")
    server.password = password


def test_faults_in_the_settings_repeat_no_value(secretive: Program) -> None:
    keeper = secretive
    keeper.keep_secret(
        MQTT_URL=f"mqtt://user:{MARK}@127.0.0.1",
        DATABASE_URL=f"postgresql://user:{MARK}@127.0.0.1/db",
        LOG_LEVEL=f"{MARK}",
        QB_HOST=f"http://{MARK} {MARK}",
        DISCORD_GUILD_ID=f"{MARK}",
        PROWLARR_URL=f"ftp://{MARK}",
    )
    keeper.config["qb_password"] = PASSWORD
    keeper.config["upload"] = {"publish": MARK, "max_open_approvals": MARK}
    keeper.config["timezone"] = [MARK]
    keeper.write()
    for command in (("status", "--json"), ("prepare", "-v"), ("run",), ("doctor", "--json")):
        keeper(*command, code=CONFIGURATION)
    keeper.config_file.write_text(f"qb_password: '{MARK}\n  oops: [{MARK}", "utf-8")
    keeper("status", "--json", code=CONFIGURATION)
    keeper("status", code=CONFIGURATION)
    keeper.config_file.unlink()
    assert_silent(keeper)
