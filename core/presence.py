"""One process a data folder: the lock it holds, and the pipe through which others nudge it.

The lock is flock, so kill -9 frees it. The pipe is a FIFO in the data folder; where the file system has
none, the holder looks at the database once a second instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from core.errors import MousekeeperError

LOCK = "mousekeeper.lock"
PIPE = "mousekeeper.nudge"
HEARTBEAT = "heartbeat"


class AlreadyRunning(MousekeeperError):
    """Another process holds the data folder."""

    exit_code = 69


class DataLock:
    """The exclusive right to run stages on a data folder, or (with another `name`) to one thing in it."""

    def __init__(self, data: Path, *, name: str = LOCK) -> None:
        self._path = data / name
        self._descriptor: int | None = None

    def acquire(self, role: str) -> bool:
        """Take it if it is free; `role` is what a second process is told. Raises for an unusable folder."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MousekeeperError(
                f"The data folder {self._path.parent} cannot be used ({error.strerror}).",
                hint="Check paths.data, the folder's owner and its permissions.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise MousekeeperError(
                f"The file system of {self._path.parent} knows no locks ({error.strerror}).",
                hint="Put paths.data on a local disk.",
            ) from error
        self._descriptor = descriptor
        with contextlib.suppress(OSError):  # on a full disk the lock holds all the same, only nameless
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "role": role}).encode(), 0)
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> dict[str, object]:
        """Process id and role of whoever holds it; empty when that is not known."""
        try:
            holder = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return holder if isinstance(holder, dict) else {}

    def refusal(self) -> AlreadyRunning:
        """The error for a second service."""
        holder = self.holder()
        who = (
            f"process {holder['pid']} ({holder.get('role', 'mousekeeper')})"
            if "pid" in holder
            else "another process"
        )
        return AlreadyRunning(
            f"The data folder {self._path.parent} is in use by {who}.",
            hint="Stop that one first, or give this one another paths.data.",
        )


class NudgePipe:
    """The holder's ear: anybody who may write into the data folder can wake it."""

    def __init__(self, data: Path, heard: Callable[[], None]) -> None:
        self._path = data / PIPE
        self._heard = heard
        self._descriptor: int | None = None

    @property
    def open(self) -> bool:
        return self._descriptor is not None

    def listen(self) -> None:
        """Make the pipe and call `heard` on each nudge; without one `open` stays false."""
        with contextlib.suppress(OSError):
            if not self._path.exists():
                os.mkfifo(self._path, 0o600)
            if stat.S_ISFIFO(os.stat(self._path).st_mode):
                # opened for both ways, it neither waits for a writer nor ends when one goes
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
                asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if self._descriptor is not None:
                os.read(self._descriptor, 4096)
        self._heard()

    def close(self) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def nudge(data: Path) -> None:
    """Wake the process that holds this data folder, if it listens."""
    with contextlib.suppress(OSError):
        descriptor = os.open(data / PIPE, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):  # anything else there is not ours to write to
                os.write(descriptor, b"!")
        finally:
            os.close(descriptor)


def beat(data: Path) -> None:
    """Show that the process lives: the container's health check looks at this file's time."""
    with contextlib.suppress(OSError):
        (data / HEARTBEAT).touch()
