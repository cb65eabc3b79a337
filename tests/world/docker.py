"""A Docker Engine's double: the part of its API that the program uses, over a unix socket.

"Containers" are folders, "processes in containers" plain processes whose path arguments are translated to
those folders. That is no isolation, but it is the same conversation: hijacked streams, frames, exit codes,
refusals in the engine's own words, and processes that live on when the engine is killed.

    python -m tests.world.docker FOLDER     # listens at FOLDER/engine.sock
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import secrets
import shutil
import signal
import struct
import sys
import tarfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

MARK = "MOUSEKEEPER_TEST_ENGINE"  # in the environment of every process, by which leftovers are found
TASK = "MOUSEKEEPER_TASK"  # the program's own mark on its processes
API = "1.41"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuse(status: int, message: str) -> web.HTTPException:
    """A refusal as an engine words it."""
    kinds = {400: web.HTTPBadRequest, 404: web.HTTPNotFound, 409: web.HTTPConflict}
    return kinds[status](text=json.dumps({"message": message}), content_type="application/json")


@dataclass
class Running:
    """A process with its output on the way to whoever follows."""

    argv: list[str]
    environment: dict[str, str]
    folder: Path
    binds: dict[str, str]
    process: asyncio.subprocess.Process | None = None
    exit_code: int | None = None
    frames: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    owner: asyncio.Task[None] | None = None

    def here(self, argument: str) -> str:
        """A path in the container, as a path of this machine; a mark, as one of this container alone."""
        if argument.startswith(f"{TASK}="):  # processes of other containers must not be seen
            return f"{TASK}={self.folder}!{argument.partition('=')[2]}"
        if not argument.startswith("/"):
            return argument
        for target, source in self.binds.items():
            if argument == target or argument.startswith(target + "/"):
                return source + argument[len(target) :]
        return str(self.folder) + argument

    async def start(self, mark: str) -> None:
        argv = [self.here(argument) for argument in self.argv]
        path = f"{self.folder}/usr/bin:{os.environ.get('PATH', '/usr/bin:/bin')}"
        control = self.binds.get("/control", "/nowhere")
        environment = {"PATH": path, "CONTROL": control, MARK: mark, **self.environment}
        if TASK in environment:
            environment[TASK] = f"{self.folder}!{environment[TASK]}"
        try:
            self.process = await asyncio.create_subprocess_exec(
                *argv,
                env=environment,
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            reason = f'exec: "{self.argv[0]}": {(error.strerror or "").lower()}: unknown'
            self._frame(1, f"OCI runtime exec failed: exec failed: {reason}\r\n".encode())
            self.exit_code = 126
            self.frames.put_nowait(None)
            return
        self.owner = asyncio.create_task(self._follow(self.process))

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        await asyncio.gather(self._pump(1, process.stdout), self._pump(2, process.stderr))
        code = await process.wait()
        self.exit_code = code if code >= 0 else 128 - code
        self.frames.put_nowait(None)

    async def _pump(self, number: int, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(32 * 1024):
            self._frame(number, data)

    def _frame(self, number: int, data: bytes) -> None:
        self.frames.put_nowait(struct.pack(">BxxxL", number, len(data)) + data)

    def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Container:
    """A container: its description, which outlives the engine, and its main process, which does not."""

    id: str
    name: str
    config: dict[str, Any]
    paused: bool = False
    main: Running | None = None

    @property
    def running(self) -> bool:
        return self.main is not None and self.main.process is not None and self.main.exit_code is None


class Engine:
    """All state and all answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.containers: dict[str, Container] = {}
        self.execs: dict[str, tuple[Container, Running]] = {}
        self._load()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/version", self.version),
            ("POST", "/images/create", self.import_image),
            ("POST", "/containers/create", self.create),
            ("GET", "/containers/json", self.list_containers),
            ("GET", "/containers/{id}/json", self.inspect),
            ("POST", "/containers/{id}/start", self.start),
            ("POST", "/containers/{id}/stop", self.stop),
            ("POST", "/containers/{id}/pause", self.pause),
            ("POST", "/containers/{id}/unpause", self.pause),
            ("POST", "/containers/{id}/attach", self.attach),
            ("PUT", "/containers/{id}/archive", self.put_archive),
            ("DELETE", "/containers/{id}", self.delete),
            ("POST", "/containers/{id}/exec", self.create_exec),
            ("POST", "/exec/{id}/start", self.start_exec),
            ("GET", "/exec/{id}/json", self.inspect_exec),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
            app.router.add_route(method, f"/v{API}{path}", handler)
        return app

    async def version(self, request: web.Request) -> web.Response:
        return web.json_response({"Version": "0.0-double", "ApiVersion": API, "Os": "linux"})

    async def import_image(self, request: web.Request) -> web.Response:
        name = f"{request.query['repo']}:{request.query.get('tag', 'latest')}"
        folder = self.folder / "images" / name.replace("/", "_")
        folder.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(await request.read())) as archive:
            archive.extractall(folder, filter="tar")
        return web.json_response({"status": "sha256:" + secrets.token_hex(32)})

    async def create(self, request: web.Request) -> web.Response:
        config = await request.json()
        image = self.folder / "images" / config["Image"].replace("/", "_")
        if not image.is_dir():
            raise refuse(404, f"No such image: {config['Image']}")
        for mount in config.get("HostConfig", {}).get("Mounts", []):
            if not Path(mount["Source"]).is_dir():
                why = f"bind source path does not exist: {mount['Source']}"
                raise refuse(400, f'invalid mount config for type "bind": {why}')
        container = Container(secrets.token_hex(32), request.query["name"], config)
        shutil.copytree(image, self._root(container), symlinks=True)
        self.containers[container.id] = container
        self._save()
        return web.json_response({"Id": container.id, "Warnings": []}, status=201)

    async def list_containers(self, request: web.Request) -> web.Response:
        wanted = json.loads(request.query.get("filters", "{}")).get("label", [])
        found = [
            {"Id": container.id, "Names": ["/" + container.name]}
            for container in self.containers.values()
            if {f"{key}={value}" for key, value in container.config.get("Labels", {}).items()} >= set(wanted)
        ]
        return web.json_response(found)

    async def inspect(self, request: web.Request) -> web.Response:
        container = self._container(request)
        state = {
            "Running": container.running,
            "Paused": container.paused,
            "ExitCode": (container.main.exit_code or 0) if container.main else 0,
        }
        config = {**container.config, "Tty": False}
        return web.json_response(
            {"Id": container.id, "Name": "/" + container.name, "State": state, "Config": config}
        )

    async def start(self, request: web.Request) -> web.Response:
        container = self._container(request)
        if not container.running:
            running = (
                container.main if container.main and container.main.process is None else self._main(container)
            )
            container.main = running
            await running.start(str(self.folder))
        return web.Response(status=204)

    async def stop(self, request: web.Request) -> web.Response:
        await self._stop(self._container(request))
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.Response:
        self._container(request).paused = request.path.endswith("/pause")
        return web.Response(status=204)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        container = self._container(request)
        container.main = self._main(container)
        return await _hijacked(request, container.main)

    async def put_archive(self, request: web.Request) -> web.Response:
        container = self._container(request)
        with tarfile.open(fileobj=io.BytesIO(await request.read())) as archive:
            for member in archive.getmembers():
                member.uid, member.gid = os.getuid(), os.getgid()  # nobody else plays in this container
            archive.extractall(self._root(container), filter="tar")
        return web.Response(status=200)

    async def delete(self, request: web.Request) -> web.Response:
        container = self._container(request)
        await self._stop(container)
        del self.containers[container.id]
        shutil.rmtree(self._root(container).parent, ignore_errors=True)
        self._save()
        return web.Response(status=204)

    async def create_exec(self, request: web.Request) -> web.Response:
        container = self._container(request)
        if container.paused:
            raise refuse(409, f"Container {container.name} is paused, unpause the container before exec")
        if not container.running:
            raise refuse(409, f"Container {container.id} is not running")
        asked = await request.json()
        running = self._running(container, asked["Cmd"], asked.get("Env") or [])
        number = secrets.token_hex(32)
        self.execs[number] = (container, running)
        return web.json_response({"Id": number}, status=201)

    async def start_exec(self, request: web.Request) -> web.StreamResponse:
        _, running = self._exec(request)
        await running.start(str(self.folder))
        return await _hijacked(request, running)

    async def inspect_exec(self, request: web.Request) -> web.Response:
        container, running = self._exec(request)
        return web.json_response(
            {
                "ID": request.match_info["id"],
                "ContainerID": container.id,
                "Running": running.exit_code is None,
                "ExitCode": running.exit_code,
                "ProcessConfig": {"tty": False},
            }
        )

    async def _stop(self, container: Container) -> None:
        followers = [running for owner, running in self.execs.values() if owner is container]
        for running in [*followers, *([container.main] if container.main else [])]:
            running.end()
            if running.owner is not None:
                await running.owner

    def _main(self, container: Container) -> Running:
        return self._running(container, container.config["Cmd"], container.config.get("Env", []))

    def _running(self, container: Container, argv: list[str], environment: list[str]) -> Running:
        mounts = container.config.get("HostConfig", {}).get("Mounts", [])
        binds = {mount["Target"]: mount["Source"] for mount in mounts}
        return Running(argv, dict(pair.split("=", 1) for pair in environment), self._root(container), binds)

    def _container(self, request: web.Request) -> Container:
        wanted = request.match_info["id"]
        for container in self.containers.values():
            if wanted in {container.id, container.name}:
                return container
        raise refuse(404, f"No such container: {wanted}")

    def _exec(self, request: web.Request) -> tuple[Container, Running]:
        wanted = request.match_info["id"]
        if wanted not in self.execs:
            raise refuse(404, f"No such exec instance: {wanted}")
        return self.execs[wanted]

    def _root(self, container: Container) -> Path:
        return self.folder / "containers" / container.id / "root"

    def _save(self) -> None:
        known = {c.id: [c.name, c.config] for c in self.containers.values()}
        (self.folder / "state.json").write_text(json.dumps(known))

    def _load(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            known = json.loads((self.folder / "state.json").read_text())
            self.containers = {key: Container(key, name, config) for key, (name, config) in known.items()}


async def _hijacked(request: web.Request, running: Running) -> web.StreamResponse:
    """Switch the connection from HTTP to frames, as attach and exec do."""
    response = web.StreamResponse(
        status=101, reason="UPGRADED", headers={"Connection": "Upgrade", "Upgrade": "tcp"}
    )
    response.force_close()
    writer = await response.prepare(request)
    assert writer is not None
    writer.send_headers()
    assert request.transport is not None
    while (frame := await running.frames.get()) is not None:
        request.transport.write(frame)
    return response


async def serve(folder: Path) -> None:
    """Answer at `folder/engine.sock` until ended."""
    engine = Engine(folder)
    runner = web.AppRunner(engine.app(), shutdown_timeout=0.5)  # who follows an output may follow for ever
    await runner.setup()
    socket = folder / "engine.sock"
    socket.unlink(missing_ok=True)
    await web.UnixSite(runner, str(socket)).start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    for container in engine.containers.values():
        await engine._stop(container)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
