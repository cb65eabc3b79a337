"""The real program as a person runs it: commands, the service, its files; and the loopback world around it.

Nothing here reaches beyond 127.0.0.1: every service has a base URL, and "offline" is a port nobody listens on.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.alerts import Received, address, received
from tests.world.discord import DISCORD, Discord
from tests.world.discord.thread import from_thread
from tests.world.doubles import world
from tests.world.mam import tracker_url
from tests.world.outside import Outside, Served
from tests.world.waiting import until_sync

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 90.0
REFUSING = "http://127.0.0.1:9"  # the discard port of loopback: refused at once
PASSKEY = "k3eperspasskeyk3eperspasskey"
ANNOUNCE = f"{REFUSING}/{PASSKEY}/announce"

Release = dict[str, Any]
RELEASE_KEYS = frozenset(
    "id asin title authors narrators series year source_dir parts state stage attempts error staging_dir"
    " torrent_path infohash waiting_for".split()
)
DONE, FAILED, USAGE, UNAVAILABLE, CONFIGURATION = 0, 1, 2, 69, 78


@dataclass(frozen=True, slots=True)
class Ran:
    """One command that has ended."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self) -> Any:
        """What stdout holds, which is exactly one JSON document."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"{self}\nstdout is not one JSON document: {self.stdout!r}") from error

    @property
    def releases(self) -> list[Release]:
        releases: list[Release] = self.json["releases"]
        return releases

    def __str__(self) -> str:
        return f"mousekeeper {' '.join(self.command)} -> {self.code} in {self.seconds:.1f} s\n{self.stderr}"


class Service:
    """`mousekeeper run` in the background."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.process = process
        self._errors = errors
        self._from = errors.stat().st_size

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stderr(self) -> str:
        """What this one has said so far."""
        with self._errors.open("rb") as file:
            file.seek(self._from)
            return file.read().decode("utf-8", "replace")

    def says(self, text: str, timeout: float = 30.0) -> None:
        """Wait until `text` stands in its log."""

        def heard() -> bool:
            return text in self.stderr or self.process.poll() is not None

        until_sync(heard, timeout, what=f"{text!r} from the service")
        assert text in self.stderr, f"The service ended with {self.process.returncode}:\n{self.stderr}"

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send the signal; its exit code and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


@dataclass
class Program:
    """An installation of its own: config.yaml, .env and data in `folder`, a library beside them."""

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    extra_environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    python: str = sys.executable
    ran: list[Ran] = field(default_factory=list)
    _services: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.library.mkdir(exist_ok=True)
        self.config = {
            "paths": {"data": "./data", "libation_library_root": "./library"},
            "upload": {"first_run": "all"},
            "audnex": {"base_url": REFUSING, "regions": ["us", "uk"], "timeout_seconds": 5},
            "audible": {"base_url": REFUSING},
            **self.config,
        }
        elsewhere = {"MAM_BASE_URL": REFUSING, "MAM_TRACKER_URL": REFUSING}
        self.secrets = {"MAM_ANNOUNCE_URL": ANNOUNCE, **elsewhere, **self.secrets}
        self.write()

    @property
    def library(self) -> Path:
        return self.folder / "library"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def database(self) -> Path:
        return self.data / "mousekeeper.db"

    def configure(self, section: str, **values: Any) -> None:
        """Change keys of one section and write the file."""
        self.config[section] = {**self.config.get(section, {}), **values}
        self.write()

    def keep_secret(self, **values: str | None) -> None:
        """Change lines of .env and write it; None takes one out."""
        self.secrets = {k: v for k, v in {**self.secrets, **values}.items() if v is not None}
        self.write()

    def meet(self, urls: Mapping[str, str]) -> None:
        """Ask the metadata doubles and the tracker at these addresses."""
        self.keep_secret(MAM_BASE_URL=urls["mam"], MAM_TRACKER_URL=tracker_url(urls["mam"]))
        self.configure("audnex", base_url=urls["audnex"])
        self.configure("audible", base_url=urls["audible"])

    def use(self, url: str, username: str, password: str) -> None:
        """Seed with this qBittorrent."""
        self.keep_secret(QB_HOST=url, QB_USERNAME=username, QB_PASSWORD=password)

    def write(self) -> None:
        self.config_file.write_text(yaml.safe_dump(self.config, allow_unicode=True), "utf-8")
        lines = "".join(f"{name}='{value}'\n" for name, value in self.secrets.items())
        (self.folder / ".env").write_text(lines, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What the program gets to see: nothing of whoever runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
            "NO_PROXY": "127.0.0.1",
            **self.extra_environment,
        }

    def __call__(
        self, *command: str, code: int | None = DONE, stdin: str = "", timeout: float = COMMAND_SECONDS
    ) -> Ran:
        """Run a command to its end; `code` is what it should end with (None: anything)."""
        began = time.monotonic()
        with self.popen(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                out, err = process.communicate(stdin.encode(), timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise AssertionError(f"{command} went on after {timeout:g} s:\n{err.decode()}") from None
        seconds = time.monotonic() - began
        done = Ran(command, process.returncode, out.decode(), err.decode("utf-8", "replace"), seconds)
        self.ran.append(done)
        assert code is None or done.code == code, f"{done}\n{done.stdout[-3000:]}"
        return done

    def popen(self, *command: str, **how: Any) -> subprocess.Popen[bytes]:
        """Start a command; the caller ends it."""
        argv = [self.python, "-m", "bot", *command]
        if command and "--config" not in command:
            argv += ["--config", str(self.config_file)]
        return subprocess.Popen(
            argv, cwd=self.folder, env=self.environment, user=self.user, group=self._group, **how
        )

    def start(self, *options: str, ready: bool = True) -> Service:
        """Start the service, and wait until it is ready."""
        errors = self.folder / "service.stderr"
        errors.touch()
        with errors.open("ab") as stderr, (self.folder / "service.stdout").open("ab") as stdout:
            process = self.popen("run", *options, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        service = Service(process, errors)
        self._services.append(service)
        if ready:
            service.says("is ready")
        return service

    def end(self) -> None:
        """End what is still running; the database is whole whatever happened."""
        for service in self._services:
            if service.process.poll() is None:
                service.kill()
        if self.database.exists():
            assert self.rows("PRAGMA integrity_check") == [("ok",)]

    def status(self) -> dict[str, Release]:
        """Every release by its id, as `status` shows them."""
        return {release["id"]: release for release in self("status", "--json").releases}

    def states(self) -> dict[str, int]:
        """How many releases are in which state, as `status` counts them."""
        counts: dict[str, int] = self("status", "--json").json["counts"]
        return counts

    def show(self, reference: str) -> Any:
        return self("show", reference, "--json").json

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database behind the program's back."""
        address = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            return list(connection.execute(query, values))

    def stray(self) -> list[str]:
        """What an interrupted run left behind: folders and files under their makeshift names."""
        marks = (".building-", ".part", ".new")
        roots = (self.data / "staging", self.data / "torrents")
        return [
            os.path.join(place, name)
            for root in roots
            for place, folders, files in os.walk(root)
            for name in (*folders, *files)
            if name.startswith(".building-") or name.endswith(marks[1:])
        ]

    @property
    def _group(self) -> str | None:
        return "nogroup" if self.user else None


@contextmanager
def program(folder: Path, **settings: Any) -> Iterator[Program]:
    """A program that is ended, and its database looked at, when the block is left."""
    made = Program(folder, **settings)
    try:
        yield made
    finally:
        made.end()


class World:
    """The doubles of the outside, served from a thread of their own; faults are planned from the test's."""

    def __init__(self, served: Mapping[str, Served], loop: asyncio.AbstractEventLoop) -> None:
        self._served = served
        self.urls = {name: double.url for name, double in served.items()}
        self.discord: Discord = from_thread(served["discord"].app[DISCORD], loop)

    def outside(self, name: str) -> Outside:
        return self._served[name].outside

    def alerted(self, path: str) -> list[Received]:
        """The alerts that arrived at this path."""
        return received(self._served["alerts"].app, path)

    def alert_address(self, path: str) -> str:
        """A service for APPRISE_URLS."""
        return address(self._served["alerts"], path)

    def everywhere(self, plan: Callable[[Outside], None]) -> None:
        """Do the same to both metadata services."""
        for name in ("audnex", "audible"):
            plan(self.outside(name))


@contextmanager
def running_world() -> Iterator[World]:
    """All doubles, listening until the block is left."""
    started: list[World] = []
    faults: list[BaseException] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with world() as served:
            started.append(World(served, loop))
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())
        except BaseException as error:
            faults.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="the world")
    thread.start()
    ready.wait(30)
    try:
        if faults:
            raise faults[0]
        yield started[0]
    finally:
        if loop.is_running():
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)


def by_asin(releases: Sequence[Release]) -> dict[str, Release]:
    return {release["asin"]: release for release in releases}


def by_folder(releases: Sequence[Release]) -> dict[str, Release]:
    """Releases by the name of their folder in the library."""
    return {os.path.basename(release["source_dir"]): release for release in releases}


def assert_release(release: Release) -> None:
    """A release has every key of the contract, each of its kind."""
    assert release.keys() >= RELEASE_KEYS, RELEASE_KEYS - release.keys()
    for name in ("id", "title", "state", "stage"):
        assert isinstance(release[name], str), name
    for name in ("asin", "error", "staging_dir", "torrent_path", "infohash", "waiting_for", "source_dir"):
        assert release[name] is None or isinstance(release[name], str), name
    for name in ("authors", "narrators"):
        assert all(isinstance(person, str) for person in release[name]), name
    for entry in release["series"]:
        assert entry.keys() >= {"name", "position"}
    assert isinstance(release["parts"], int)
    assert isinstance(release["attempts"], int)
    assert release["year"] is None or isinstance(release["year"], int)
    if release["source_dir"] is not None:
        assert os.path.isabs(release["source_dir"])


class Seedbox:
    """A look into a real qBittorrent from outside, without the program's own client."""

    def __init__(self, server: RealQbittorrent) -> None:
        self._server = server
        self._cookie = ""

    def torrents(self) -> dict[str, dict[str, Any]]:
        """Every torrent by its infohash."""
        rows: list[dict[str, Any]] = json.loads(self._ask("torrents/info"))
        return {row["hash"]: row for row in rows}

    def hurry(self) -> None:
        """Let it look at its torrents more often than every 1.5 s: publishing waits for those looks."""
        self._ask("app/setPreferences", json=json.dumps({"refresh_interval": 200}))

    def remove(self, infohash: str) -> None:
        self._ask("torrents/delete", hashes=infohash, deleteFiles="false")

    def _ask(self, method: str, **fields: str) -> bytes:
        if not self._cookie:
            login = {"username": self._server.username, "password": self._server.password}
            with self._post("auth/login", login) as answer:
                self._cookie = answer.headers["Set-Cookie"].partition(";")[0]
        with self._post(method, fields) as answer:
            return bytes(answer.read())

    def _post(self, method: str, fields: Mapping[str, str]) -> Any:
        headers = {"Referer": self._server.url, **({"Cookie": self._cookie} if self._cookie else {})}
        data = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self._server.url}/api/v2/{method}", data, headers)
        return urllib.request.urlopen(request, timeout=10)
