"""The real qbittorrent-nox for tests: Debian 12's 4.5 as installed, Debian 13's 5.1 out of a small Debian folder.

Each test gets a fresh program with its own profile, on loopback alone: no DHT, no peer exchange, no local
discovery, no port forwarding. Where the program is missing, a developer sees a skipped test and why; with
CI=true it is a failure.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from tests.tools.debootstrap_qbittorrent import BINARY, CannotBuild, cache_folder, ensure_root
from tests.world.waiting import until_sync

USERNAME = "keeper"
PASSWORD = "correct horse battery"  # of a program that lives as long as one test
START_SECONDS = 30.0
STOP_SECONDS = 10.0
CACHE = cache_folder()  # now: each test runs without the environment's MOUSEKEEPER_ settings
BUILD_SECONDS = 1200.0  # the first debootstrap on a slow line, while other workers wait for it

_CONFIG = """\
[LegalNotice]
Accepted=true

[Preferences]
WebUI\\Enabled=true
WebUI\\Address=127.0.0.1
WebUI\\Port={web_port}
WebUI\\UseUPnP=false
WebUI\\Username={username}
WebUI\\Password_PBKDF2="@ByteArray({password_hash})"
WebUI\\LocalHostAuth=true

[BitTorrent]
Session\\Interface=lo
Session\\InterfaceName=lo
Session\\InterfaceAddress=127.0.0.1
Session\\Port={peer_port}
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\QueueingSystemEnabled=false
Session\\DefaultSavePath={downloads}

[Network]
PortForwardingEnabled=false
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs the Debian folder may have to wait for it to be made."""
    for item in items:
        if item.get_closest_marker("qbittorrent51"):
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))


@dataclass
class RealQbittorrent:
    """A running qbittorrent-nox.

    `folder` is where tests put data; the program sees the same folder as `seen_as` (another path when it
    runs inside a Debian folder, as it would in a container).
    """

    command: tuple[str, ...]
    profile: Path
    profile_seen_as: str
    folder: Path
    seen_as: str
    username: str = USERNAME
    password: str = PASSWORD
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The address of its Web UI, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until its API answers; another port is taken when somebody was quicker."""
        for _ in range(3):
            self.port = self.port or free_port()
            self._write_config()
            self.process = subprocess.Popen(
                [*self.command, f"--profile={self.profile_seen_as}"],
                env={"PATH": os.environ["PATH"], "HOME": self.profile_seen_as, "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if self._answers_within(START_SECONDS):
                return
            self.stop()
            self.port = 0
        raise RuntimeError(f"{self.command[-1]} did not answer; its log is in {self.profile}.")

    def stop(self, *, kill: bool = False) -> None:
        """End it, politely unless `kill`; it can be started again and keeps its port and torrents."""
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _write_config(self) -> None:
        path = self.profile / "qBittorrent/config/qBittorrent.conf"
        if path.exists():
            return  # a restart: what the program wrote itself is kept
        path.parent.mkdir(parents=True)
        text = _CONFIG.format(
            web_port=self.port,
            peer_port=free_port(),
            username=self.username,
            password_hash=password_hash(self.password),
            downloads=self.seen_as,
        )
        path.write_text(text, encoding="utf-8")

    def _answers_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            until_sync(lambda: self._answers() or not self._lives(), seconds, what="qBittorrent's answer")
        return self._lives() and self._answers()

    def _lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/api/v2/app/version", timeout=2).close()
        except urllib.error.HTTPError:
            return True  # 403: it speaks, and wants a login
        except OSError:
            return False
        return True


def password_hash(password: str) -> str:
    """qBittorrent's own form: PBKDF2-HMAC-SHA512, 100000 rounds, salt and key in base64 with a colon between."""
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100_000, 64)
    return f"{base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()}"


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def qbittorrent_nox(tmp_path: Path) -> Iterator[RealQbittorrent]:
    """The installed qbittorrent-nox (4.5 on Debian 12), fresh and empty."""
    binary = shutil.which("qbittorrent-nox")
    if binary is None:
        _missing("qbittorrent-nox is not installed; these tests want the real one.")
    folder = tmp_path / "qbittorrent" / "data"
    folder.mkdir(parents=True)
    profile = folder.parent / "profile"
    with _running(RealQbittorrent((binary,), profile, str(profile), folder, str(folder))) as server:
        yield server


@pytest.fixture
def qbittorrent51() -> Iterator[RealQbittorrent]:
    """The real qBittorrent 5.1 of Debian 13, run through chroot: it sees its data under another path than we."""
    try:
        root = ensure_root(CACHE)
    except CannotBuild as reason:
        _missing(str(reason))
    command = ("chroot", str(root), f"/{BINARY}")
    with tempfile.TemporaryDirectory(dir=root / "srv", ignore_cleanup_errors=True) as place:
        inside = f"/{Path(place).relative_to(root)}"
        folder = Path(place, "data")
        folder.mkdir()
        server = RealQbittorrent(
            command, Path(place, "profile"), f"{inside}/profile", folder, f"{inside}/data"
        )
        with _running(server):
            yield server


@contextlib.contextmanager
def _running(server: RealQbittorrent) -> Iterator[RealQbittorrent]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (With CI=true nothing is skipped.)")
    pytest.skip(reason)
