"""What stands around the program in the demo: the loopback world, qBittorrent, and the settings that name them."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures_qbittorrent import password_hash
from tests.world.tracker import announce_url
from tests.world.waiting import until_sync

ROOT = Path(__file__).resolve().parents[2]
USERNAME, PASSWORD = "keeper", "correct horse battery"  # of a program on loopback, for minutes
START_SECONDS = 30.0

_QBITTORRENT = """\
[LegalNotice]
Accepted=true

[Preferences]
WebUI\\Enabled=true
WebUI\\Address=127.0.0.1
WebUI\\Port={port}
WebUI\\UseUPnP=false
WebUI\\Username={username}
WebUI\\Password_PBKDF2="@ByteArray({password_hash})"

[BitTorrent]
Session\\Interface=lo
Session\\InterfaceName=lo
Session\\InterfaceAddress=127.0.0.1
Session\\Port={peer_port}
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\QueueingSystemEnabled=false
Session\\SSRFMitigation=false
Session\\DefaultSavePath={downloads}

[Network]
PortForwardingEnabled=false
"""

_CONFIG = """\
# Written by `make demo` each time it runs.
paths:
  data: ./data
  libation_library_root: ./library
upload:
  publish: confirm
audnex:
  base_url: {audnex}
audible:
  base_url: {audible}
"""

_ENVIRONMENT = """\
# Written by `make demo` each time it runs. Nothing in here is worth hiding; in your own .env it would be.
QB_HOST={qbittorrent}
QB_USERNAME={username}
QB_PASSWORD={password}
MAM_ANNOUNCE_URL={announce}
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Base URLs by the double's name; `qbittorrent_is` says in words which one it is."""

    urls: Mapping[str, str]
    qbittorrent_is: str

    def register(self, infohash: str) -> None:
        """Play the site: from now on the tracker knows this torrent."""
        request = urllib.request.Request(f"{self.urls['tracker']}/registered/{infohash}", method="POST")
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def surroundings(folder: Path) -> Iterator[Surroundings]:
    """Everything running, and `config.yaml` and `.env` in `folder` that lead the program to it."""
    with _world(folder) as urls, _qbittorrent(folder) as real:
        kind = "the real qbittorrent-nox" if real else "a double of qBittorrent"
        found = {**urls, "qbittorrent": real} if real else urls
        _write_settings(folder, found)
        yield Surroundings(found, kind)


def _write_settings(folder: Path, urls: Mapping[str, str]) -> None:
    (folder / "config.yaml").write_text(_CONFIG.format_map(urls), encoding="utf-8")
    secrets = folder / ".env"
    secrets.touch(mode=0o600)
    announce = announce_url(urls["tracker"])
    text = _ENVIRONMENT.format(
        qbittorrent=urls["qbittorrent"], username=USERNAME, password=PASSWORD, announce=announce
    )
    secrets.write_text(text, encoding="utf-8")


@contextmanager
def _world(folder: Path) -> Iterator[dict[str, str]]:
    port_file, log = folder / "world.json", folder / "world.log"
    command = (sys.executable, "-m", "tests.world", "--port-file", str(port_file))
    with log.open("ab") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"The loopback world did not start; see {log}.")
        yield json.loads(line)
    finally:
        _end(process)


@contextmanager
def _qbittorrent(folder: Path) -> Iterator[str | None]:
    """The real program's URL, None where it is not installed. It keeps its torrents from run to run."""
    binary = shutil.which("qbittorrent-nox")
    if binary is None:
        yield None
        return
    profile = folder / "qbittorrent"
    url = f"http://127.0.0.1:{_configured(profile)}"
    process = subprocess.Popen(
        (binary, f"--profile={profile}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_sync(lambda: _answers(url), START_SECONDS, what="an answer of qbittorrent-nox")
        yield url
    finally:
        _end(process)


def _configured(profile: Path) -> int:
    """The port in the profile, which is written if there is none and changed if the port was taken."""
    path = profile / "qBittorrent/config/qBittorrent.conf"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        found = re.search(r"^WebUI\\Port=(\d+)$", text, re.MULTILINE)
        port = _free_port(int(found[1]) if found else 0)
        path.write_text(re.sub(r"(?m)^WebUI\\Port=\d+$", rf"WebUI\\Port={port}", text), encoding="utf-8")
        return port
    port = _free_port()
    path.parent.mkdir(parents=True)
    text = _QBITTORRENT.format(
        port=port,
        username=USERNAME,
        password_hash=password_hash(PASSWORD),
        peer_port=_free_port(),
        downloads=profile / "downloads",
    )
    path.write_text(text, encoding="utf-8")
    return port


def _free_port(wish: int = 0) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wish))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/api/v2/app/version", timeout=2).close()
    except urllib.error.HTTPError:
        return True  # it speaks, and wants a login
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the person's own Mousekeeper, and with loopback never proxied."""
    ours = ("DISCORD_", "QB_", "MAM_", "PROWLARR_", "ABS_", "MOUSEKEEPER_")
    kept = {name: value for name, value in environment.items() if not name.startswith(ours)}
    kept.pop("DATABASE_URL", None)
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
