"""A Docker Engine for tests: the real one, started as root with folders of its own, and its double.

Every test of `docker_engine` runs with the double, and with the real engine where one can be started; a line
at the top of the run says which. With CI=true an engine that cannot be started is a failure.
All workers of a run share one engine of each kind; `own_docker_engine` is for tests that kill it.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.world.waiting import until_sync

IMAGE = "mousekeeper-test:1"
BUSYBOX = Path("/bin/busybox")
SCRIPTS = {"libation/LibationCli": "LibationCli", "usr/bin/mkbrr": "mkbrr"}
APPLETS = (
    "cat cp cut dd echo find grep head id kill ls mkdir mktemp printf rm sed sh sha1sum sleep sort tr true wc"
)
_NOTE = pytest.StashKey[str]()
START_SECONDS = 60.0
STOP_SECONDS = 20.0


def why_no_engine() -> str | None:
    """Why no real engine can be started here; None if it can."""
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        return "no dockerd (Debian: docker.io)"
    if not BUSYBOX.exists():
        return "no /bin/busybox (Debian: busybox-static)"
    return None


def pytest_report_header() -> str:
    reason = why_no_engine()
    return f"docker: {f'no real engine ({reason}); its double serves alone' if reason else 'real engine and double'}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once for each kind of engine there is; with CI=true the real one must be there."""
    for name in ("docker_engine", "own_docker_engine"):
        if name in metafunc.fixturenames:
            real = why_no_engine() is None or os.environ.get("CI") == "true"
            metafunc.parametrize(name, ["double", "real"] if real else ["double"], indirect=True)


class CannotStart(Exception):
    """The engine ended at once; its last words."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=START_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(START_SECONDS)
        self.sock.connect(self._path)


@dataclass
class TestEngine:
    """An engine as a process, with its folder; containers are made and asked over its socket."""

    __test__ = False

    kind: str
    folder: Path

    @property
    def host(self) -> str:
        return f"unix://{self.folder}/engine.sock"

    def start(self) -> None:
        """Start it, or start it again after `kill`, and wait until it answers."""
        command = (
            [sys.executable, "-m", "tests.world.docker", str(self.folder)]
            if self.kind == "double"
            else [
                "dockerd",
                "--iptables=false",
                "--bridge=none",
                "--storage-driver=vfs",
                f"--data-root={self.folder}/data",
                f"--exec-root={self.folder}/exec",
                f"--pidfile={self.folder}/dockerd.pid",
                f"--host={self.host}",
            ]
        )
        # Left by kill -9. An engine believes the number, be it a zombie's or another process's by now.
        for left in ("dockerd.pid", "exec/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=Path(__file__).parent.parent,
            )
        (self.folder / "pid").write_text(str(process.pid))
        process.returncode = 0  # it may outlive this worker; its end is seen in /proc, not waited for
        until_sync(lambda: self._answers() or _gone(process.pid), START_SECONDS, what="the engine's answer")
        if not self._answers():
            raise CannotStart((self.folder / "log").read_text()[-1000:])

    def kill(self) -> None:
        """End it in the middle of everything, as a crash would."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Stop it with all its containers and leave nothing: no process, no mount, no folder."""
        if not self._answers():
            self.start()  # only an engine can take down containers that a crash left running
        for known in self.api("GET", "/containers/json?all=1"):
            self.api("DELETE", f"/containers/{known['Id']}?force=1&v=1")
        self._signal(signal.SIGTERM)
        self._end_leftovers()
        for mount in reversed(_mounts_below(self.folder)):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def api(self, method: str, path: str, body: Any = None, *, tar: bytes | None = None) -> Any:
        """One question to the engine, without the client under test."""
        connection = _Connection(f"{self.folder}/engine.sock")
        kind = "application/x-tar" if tar else "application/json"
        try:
            connection.request(method, path, tar or json.dumps(body), {"Content-Type": kind})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        assert response.status < 400, f"{method} {path}: {response.status} {text}"
        return json.loads(text) if text.startswith(("[", "{")) else text

    def container(
        self,
        name: str,
        *,
        binds: Mapping[str, Path] | None = None,
        argv: Sequence[str] = ("sleep", "3600"),
        user: str = "",
        labels: Mapping[str, str] | None = None,
        start: bool = True,
    ) -> str:
        """Make a container of the test image; `binds` is container path to folder."""
        mounts = [
            {"Type": "bind", "Source": str(source), "Target": target}
            for target, source in (binds or {}).items()
        ]
        config = {
            "Image": IMAGE,
            "Cmd": list(argv),
            "User": user,
            "Labels": dict(labels or {}),
            "StopSignal": "SIGKILL",  # `sleep` as a first process is deaf to SIGTERM
            "HostConfig": {"NetworkMode": "none", "Mounts": mounts},
        }
        self.api("POST", f"/containers/create?name={name}", config)
        if start:
            self.api("POST", f"/containers/{name}/start")
        return name

    def names(self, label: str) -> set[str]:
        """The names of all containers with this `key=value` label, running or not."""
        filters = quote(json.dumps({"label": [label]}))
        return {
            known["Names"][0].lstrip("/")
            for known in self.api("GET", f"/containers/json?all=1&filters={filters}")
        }

    def _answers(self) -> bool:
        try:
            return bool(self.api("GET", "/version"))
        except (OSError, http.client.HTTPException, AssertionError):
            return False

    def _signal(self, number: int) -> None:
        pid = int((self.folder / "pid").read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        until_sync(lambda: _gone(pid), STOP_SECONDS, what="the engine's end")

    def _end_leftovers(self) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                ours = str(self.folder).encode()
                if ours in seen and int(process.name) != os.getpid():
                    os.kill(int(process.name), signal.SIGKILL)


def _gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has taken note of its end yet."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _mounts_below(folder: Path) -> list[str]:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [mount for mount in mounts if mount.startswith(f"{folder}/")]


def _image() -> bytes:
    """The test image: busybox, and the scripts that play Libation and mkbrr."""
    buffer = io.BytesIO()
    scripts = Path(__file__).parent / "world" / "docker_image"
    with tarfile.open(fileobj=buffer, mode="w") as archive:

        def add(name: str, data: bytes = b"", mode: int = 0o755, kind: bytes = tarfile.REGTYPE) -> None:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.type, entry.size = mode, kind, len(data)
            entry.linkname = "busybox" if kind == tarfile.SYMTYPE else ""
            archive.addfile(entry, io.BytesIO(data))

        for folder in ("bin", "etc", "libation", "usr", "usr/bin"):
            add(folder, kind=tarfile.DIRTYPE)
        add("tmp", mode=0o1777, kind=tarfile.DIRTYPE)
        add("etc/passwd", b"root:x:0:0::/:/bin/sh\nlibation:x:1001:1001::/:/bin/sh\n", 0o644)
        for path, script in SCRIPTS.items():
            add(path, (scripts / script).read_bytes())
        if BUSYBOX.exists():
            add("bin/busybox", BUSYBOX.read_bytes())
            for applet in APPLETS.split():
                add(f"bin/{applet}", kind=tarfile.SYMTYPE)
    return buffer.getvalue()


def _new_engine(kind: str, config: pytest.Config) -> TestEngine:
    """A fresh engine with the image, in a folder whose path is short enough for sockets.

    Where the real one turns out not to start, its double stands in, and the run's last lines say so.
    """
    engine = TestEngine(kind, Path(tempfile.mkdtemp(prefix="mousekeeper-engine-")))
    try:
        engine.start()
    except CannotStart as error:
        shutil.rmtree(engine.folder, ignore_errors=True)
        if kind == "double" or os.environ.get("CI") == "true":
            raise
        _note(config, " ".join(str(error).split())[-200:])
        return _new_engine("double", config)
    repository, tag = IMAGE.split(":")
    engine.api("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}", tar=_image())
    return engine


def _note(config: pytest.Config, reason: str) -> None:
    """Keep why the real engine did not start for the end of the run, also on a worker's way home."""
    config.stash[_NOTE] = reason
    if hasattr(config, "workeroutput"):
        config.workeroutput["docker_engine"] = reason


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    reason = getattr(node, "workeroutput", {}).get("docker_engine")
    if reason:
        node.config.stash[_NOTE] = reason


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash.get(_NOTE, None):
        terminalreporter.write_line(
            f"docker: the real engine did not start, its double served alone: {reason}"
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def docker_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestEngine]:
    """The run's engine of this kind: the first user starts it, the last one stops it."""
    kind: str = request.param
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    state, lock = shared / f"engine-{kind}.json", shared / f"engine-{kind}.lock"
    with _locked(lock):
        engine, users = _read_state(state)
        engine = engine or _new_engine(kind, request.config)
        _write_state(state, engine, users + 1)
    yield engine
    with _locked(lock):
        _, users = _read_state(state)
        _write_state(state, engine, users - 1)
        if users == 1:
            engine.close()


def _read_state(path: Path) -> tuple[TestEngine | None, int]:
    """The engine that runs already, and how many workers use it."""
    if not path.exists():
        return None, 0
    known = json.loads(path.read_text())
    return TestEngine(known["kind"], Path(known["folder"])), known["users"]


def _write_state(path: Path, engine: TestEngine, users: int) -> None:
    path.write_text(json.dumps({"kind": engine.kind, "folder": str(engine.folder), "users": users}))
    if not users:
        path.unlink()


@pytest.fixture
def own_docker_engine(request: pytest.FixtureRequest) -> Iterator[TestEngine]:
    """An engine for one test, which may kill and restart it."""
    engine = _new_engine(request.param, request.config)
    yield engine
    engine.close()
