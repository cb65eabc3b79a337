"""A container engine over its socket: run a command in a container, or a container for one command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ulid import ULID

from core.clock import Clock, SystemClock
from core.domain.containers import (
    MAX_OUTPUT,
    EngineRefused,
    EngineUnavailable,
    Fault,
    OneShot,
    OnLine,
    ProcessResult,
)
from core.errors import BadReply, ConfigError, IntegrationError
from core.integrations.docker import faults
from core.integrations.docker.models import EngineVersion, Output
from core.integrations.docker.requests import creation, files_archive, mark, script_to_end

if TYPE_CHECKING:  # half a second of imports, for people who use no Docker
    from aiodocker import Docker
    from aiodocker.containers import DockerContainer
    from aiodocker.stream import Stream

T = TypeVar("T")

DEFAULT_HOST = "unix:///var/run/docker.sock"
SCHEMES = ("unix://", "tcp://", "http://", "https://")
EXIT_POLLS = 40  # looks for an exit code after the output ended, 2 seconds in all
ENDING_TIME = 8.0  # seconds for ending a process or removing a container, also while we are being stopped


class DockerEngine:
    """A Docker Engine, or what speaks its API; see `core.domain.containers.ContainerEngine`.

    `docker_host` is a `unix://` or `tcp://` address. Nothing is opened before the first call; `close` closes.
    """

    def __init__(
        self, docker_host: str | None = None, *, answer_timeout: float = 30.0, clock: Clock | None = None
    ) -> None:
        self._host = docker_host or DEFAULT_HOST
        if not self._host.startswith(SCHEMES):
            raise ConfigError(
                "DOCKER_HOST is no address of a Docker Engine.",
                hint="Write unix:///var/run/docker.sock or tcp://host:2375.",
            )
        self._answer_timeout = answer_timeout
        self._clock = clock or SystemClock()
        self._opened: Docker | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def version(self) -> EngineVersion:
        """Who answers: the proof that the engine is there and lets us in."""
        raw = await self._call("its version", lambda docker: docker.version())
        if not isinstance(raw, dict) or "ApiVersion" not in raw:
            raise self._strange()
        return EngineVersion(str(raw.get("Version", "?")), str(raw["ApiVersion"]))

    async def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        timeout: float,
        user: str | None = None,
        tag: str = "task",
        max_output: int = MAX_OUTPUT,
        on_line: OnLine | None = None,
    ) -> ProcessResult:
        """Run `argv` in a running container and wait for its end.

        Docker cannot end an exec'd process, so each carries a mark in its environment, by which a second
        one finds it and all its children. That needs a shell in the container. Past `timeout` seconds, or
        when this call is cancelled, they are ended so.
        """
        name, value = mark(tag)
        started = await self._call(
            container,
            lambda docker: docker.containers.container(container).exec(
                _sendable(argv), user=user or "", environment={name: value}
            ),
        )
        output = Output(max_output, on_line)
        try:
            async with asyncio.timeout(timeout):
                async with self._following(container, started.start(detach=False)) as stream:
                    await _read(stream, output)
                return output.result(await self._exit_code(container, started.inspect))
        except TimeoutError:
            ended = await self._end(container, value, user)
            raise faults.timed_out(argv[0], timeout, ended=ended) from None
        except asyncio.CancelledError:
            await self._end(container, value, user)
            raise

    async def end(self, container: str, tag: str, *, user: str | None = None) -> bool:
        """End what earlier calls of `exec` with this tag left running, perhaps before we were restarted."""
        return await self._end(container, f"{tag}:", user, swallow=False)

    async def run(
        self, task: OneShot, *, timeout: float, max_output: int = MAX_OUTPUT, on_line: OnLine | None = None
    ) -> ProcessResult:
        """Run one command in a container of its own, which is removed whatever happens.

        Only kill -9 or an engine going away can leave it: `sweep` finds it by its label.
        """
        name = f"mousekeeper-{ULID()}".lower()
        output = Output(max_output, on_line)
        try:
            async with asyncio.timeout(timeout):
                container = await self._create(name, task)
                async with self._following(task.image, container.attach(stdout=True, stderr=True)) as stream:
                    await self._call(task.image, lambda _: container.start())
                    await _read(stream, output)
                return output.result(await self._exit_code(task.image, lambda: _state(container)))
        except TimeoutError:
            raise faults.timed_out(task.image, timeout, ended=True) from None
        finally:
            await self._removed(name)

    async def sweep(self, label: str) -> int:
        """Remove every container with this `key=value` label; how many there were."""
        found: list[DockerContainer] = await self._call(
            "the list of containers",
            lambda docker: docker.containers.list(all=True, filters={"label": [label]}),
        )
        for container in found:
            await self._remove(container.id)
        return len(found)

    async def _create(self, name: str, task: OneShot) -> DockerContainer:
        container = await self._call(
            task.image,
            lambda docker: docker.containers.create(creation(task, _sendable(task.argv)), name=name),
        )
        if task.files:
            archive = files_archive(task)
            await self._call(task.image, lambda _: _put(container, archive))
        return container

    async def _remove(self, name: str) -> None:
        try:
            await self._call(
                name, lambda docker: docker.containers.container(name).delete(force=True, v=True)
            )
        except EngineRefused as error:
            if error.status not in {404, 409}:  # gone already, or being removed
                raise

    async def _removed(self, name: str) -> None:
        """Remove also while we are being cancelled; what cannot be removed now is left to `sweep`."""
        with suppress(IntegrationError, TimeoutError):
            async with asyncio.timeout(ENDING_TIME):
                await self._remove(name)

    async def _end(self, container: str, value: str, user: str | None, *, swallow: bool = True) -> bool:
        """Whether nothing runs any more with a mark beginning so."""
        output = Output()
        try:
            async with asyncio.timeout(ENDING_TIME):
                started = await self._call(
                    container,
                    lambda docker: docker.containers.container(container).exec(
                        script_to_end(value), user=user or ""
                    ),
                )
                async with self._following(container, started.start(detach=False)) as stream:
                    await _read(stream, output)
                return await self._exit_code(container, started.inspect) == 0
        except TimeoutError:
            return False
        except IntegrationError:
            if swallow:  # a container that has stopped took its processes along; a lost engine says so itself
                return False
            raise

    async def _exit_code(self, subject: str, look: Callable[[], Awaitable[dict[str, Any]]]) -> int:
        """The exit code, once the output has ended. An engine that went away meanwhile is `lost`."""
        try:
            for _ in range(EXIT_POLLS):
                seen = await self._call(subject, lambda _: look())
                if not seen.get("Running") and isinstance(code := seen.get("ExitCode"), int):
                    return code
                await self._clock.sleep(0.05)
        except EngineRefused as error:
            if error.status != 404:
                raise
        except EngineUnavailable as error:
            if error.fault is not Fault.NO_ENGINE:
                raise
        raise faults.lost(subject)  # unknown to it after its restart, or the output broke off

    @asynccontextmanager
    async def _following(self, subject: str, stream: Stream) -> AsyncIterator[Stream]:
        """A process's output from its start; always closed."""
        try:
            await self._call(subject, lambda _: stream._init())  # no public way to begin without reading
            yield stream
        finally:
            await stream.close()

    async def _call(self, subject: str, ask: Callable[[Docker], Awaitable[T]]) -> T:
        """The one way to ask: within a time limit, every failure in our own words."""
        import aiohttp
        from aiodocker import DockerError

        try:
            async with asyncio.timeout(self._answer_timeout):
                return await ask(self._client())
        except TimeoutError:
            raise faults.silent(self._host, self._answer_timeout) from None
        except DockerError as error:
            if faults.is_connection(error.status):
                raise faults.unavailable(error.__context__ or error, self._host) from None
            raise faults.refusal(error.status, error.message, subject) from error
        except (aiohttp.ClientError, OSError) as error:
            raise faults.unavailable(error, self._host) from error
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange() from error

    def _client(self) -> Docker:
        if self._opened is None:
            from aiodocker import Docker

            self._opened = Docker(url=self._host)
        return self._opened

    def _strange(self) -> BadReply:
        return BadReply(
            faults.SYSTEM,
            f"What answers at {faults.place(self._host)} is no Docker Engine.",
            hint="Check DOCKER_HOST.",
        )


async def _read(stream: Stream, output: Output) -> None:
    """Read to the end, or to where the connection broke: which it was, the exit code will tell."""
    import aiohttp

    while True:
        try:
            message = await stream.read_out()
        except (aiohttp.ClientError, OSError):
            return
        if message is None:
            return
        output.feed(message.stream, message.data)


async def _put(container: DockerContainer, archive: bytes) -> None:
    await container.put_archive("/", archive)  # type: ignore[no-untyped-call]  # aiodocker leaves it bare


async def _state(container: DockerContainer) -> dict[str, Any]:
    state: dict[str, Any] = (await container.show())["State"]
    return state


def _sendable(argv: Sequence[str]) -> list[str]:
    """The command as the engine's JSON can carry it, which knows UTF-8 only."""
    try:
        for argument in argv:
            argument.encode()
    except UnicodeEncodeError:
        raise EngineRefused(
            faults.SYSTEM,
            "A file name that is not UTF-8 cannot be handed to Docker.",
            fault=Fault.OTHER,
            hint="Rename the file, or use the builder that needs no Docker.",
        ) from None
    return list(argv)
