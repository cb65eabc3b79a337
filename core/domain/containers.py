"""What we ask of a container engine, and the ways it can say no.

The rooms that work through containers (Libation, mkbrr) know these words only, not the engine's client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.errors import Rejected, Unreachable

MAX_OUTPUT = 1024 * 1024  # bytes kept of each of stdout and stderr unless a caller needs more

OnLine = Callable[[str], None]
"""Called with each line a process prints, as it prints it, without its line end."""


class Fault(StrEnum):
    """Why an engine could not do what was asked."""

    NO_ENGINE = "no_engine"  # no socket, nobody listening, no answer in time
    NO_PERMISSION = "no_permission"  # the socket is there, but not for us
    FORBIDDEN = "forbidden"  # a socket proxy in between does not allow the call
    NO_CONTAINER = "no_container"
    STOPPED = "stopped"
    PAUSED = "paused"
    NO_IMAGE = "no_image"
    NO_MOUNT = "no_mount"  # a folder to be mounted does not exist where the engine runs
    TIMED_OUT = "timed_out"
    LOST = "lost"  # the engine went away in the middle: the outcome is unknown
    OTHER = "other"


class EngineUnavailable(Unreachable):
    """The engine, or the container in it, is not there at present; worth another try later."""

    def __init__(self, system: str, message: str, *, fault: Fault, hint: str = "") -> None:
        super().__init__(system, message, hint=hint)
        self.fault = fault


class EngineRefused(Rejected):
    """The engine says no, and will say so again until a person changes something."""

    def __init__(
        self, system: str, message: str, *, fault: Fault, status: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(system, message, status=status, hint=hint)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a process in a container ended; of long output only the end is kept, and `truncated` says so."""

    exit_code: int
    stdout: str
    stderr: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder of the engine's machine shown in a container. The engine must find it there: none is made."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class OneShot:
    """A container that runs one command and is removed.

    `user` is `uid:gid`. `files` are written into the container before it starts, readable by `user` alone:
    the place for what must appear neither in a process list nor in the engine's records. `label` is
    `key=value`, by which containers of a process that was killed are found again.
    """

    image: str
    argv: Sequence[str]
    label: str
    binds: Sequence[Bind] = ()
    user: str | None = None
    network: str = "none"
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class ContainerEngine(Protocol):
    """Runs commands in containers. Raises EngineUnavailable, EngineRefused and BadReply."""

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
        """Run `argv` in a running container; past `timeout` seconds, or when cancelled, it is ended."""
        ...

    async def end(self, container: str, tag: str, *, user: str | None = None) -> bool:
        """End what an earlier `exec` with this `tag` left running; False if something is running still."""
        ...

    async def run(
        self, task: OneShot, *, timeout: float, max_output: int = MAX_OUTPUT, on_line: OnLine | None = None
    ) -> ProcessResult:
        """Run a one-shot container and remove it, whatever happens."""
        ...

    async def sweep(self, label: str) -> int:
        """Remove every container with this `key=value` label; how many there were."""
        ...
