"""Runs MediaInfo over one file: the library that comes with pymediainfo, or a configured program.

Both read through a symlink with a plain name in a temporary folder: MediaInfo then needs no say in
names that are not UTF-8, hold line breaks or begin with a dash, and learns no path it could tell.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

from core.domain.media import MediaReport
from core.errors import BadReply, ConfigError, NeedsPerson, NotNow
from core.integrations.mediainfo.models import report

SYSTEM = "mediainfo"
_PLAIN_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}")


class MediaInfo:
    """`binary` is the path of a mediainfo program; None takes the built-in library. `timeout` in seconds."""

    def __init__(self, *, binary: str | None = None, timeout: float = 120.0) -> None:
        self._binary = binary
        self._timeout = timeout

    async def inspect(self, path: str) -> MediaReport:
        """What the audio file at `path` holds.

        Raises NeedsPerson (no audio, damaged, cut off, unreadable), NotNow (gone, too slow), BadReply
        (MediaInfo said no JSON) and ConfigError (the configured program does not start).
        """
        await asyncio.to_thread(_check_file, path)
        with _plainly_named(path) as (folder, name):
            try:
                async with asyncio.timeout(self._timeout):
                    output = await self._run(folder, name)
            except TimeoutError as error:
                raise NotNow(
                    f"MediaInfo did not finish {_shown(path)} within {self._timeout:g} seconds.",
                    hint="Is the disk slow or the network share away?",
                    retry_after=300,
                ) from error
        return report(_document(output, path), os.path.basename(path))

    async def cover(self, path: str) -> bytes | None:
        """The picture embedded in the audio file; None where there is none or it cannot be read.

        Always read by the built-in library: the program does not print pictures.
        """
        with _plainly_named(path) as (folder, name):
            return await asyncio.to_thread(_embedded_cover, os.path.join(folder, name))

    async def _run(self, folder: str, name: str) -> str | bytes:
        if self._binary is None:
            return await asyncio.to_thread(_run_library, os.path.join(folder, name))
        return await _run_program(self._binary, folder, name)


def library_version() -> str:
    """The version of the built-in library, such as "24.12". Raises OSError where it does not load."""
    from pymediainfo import MediaInfo as Library

    library, handle, version, _ = Library._get_library()
    library.MediaInfo_Delete(handle)
    return str(version)


def _check_file(path: str) -> None:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise NeedsPerson(f"{_shown(path)} is not a file.")
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError as error:
        raise NotNow(f"{_shown(path)} is not there any more.", hint="It is looked for again.") from error
    except PermissionError as error:
        raise NeedsPerson(
            f"{_shown(path)} may not be read.", hint="Give this program's user read permission."
        ) from error
    except OSError as error:
        raise NotNow(f"{_shown(path)} cannot be read ({error.strerror}).") from error


@contextlib.contextmanager
def _plainly_named(path: str) -> Iterator[tuple[str, str]]:
    extension = os.path.splitext(path)[1]
    name = "audio" + (extension if _PLAIN_EXTENSION.fullmatch(extension) else "")
    with tempfile.TemporaryDirectory(prefix="mousekeeper-", ignore_cleanup_errors=True) as folder:
        os.symlink(os.path.abspath(path), os.path.join(folder, name))
        yield folder, name


def _run_library(path: str) -> str:
    from pymediainfo import MediaInfo as Library

    try:
        return str(Library.parse(path, output="JSON", full=False))
    except OSError as error:
        raise ConfigError(
            "The built-in MediaInfo library does not load on this machine.",
            hint="Install the mediainfo program and set mediainfo.binary to its path.",
        ) from error
    except RuntimeError as error:
        raise NotNow("MediaInfo could not open the file; it may have vanished.") from error


def _embedded_cover(path: str) -> bytes | None:
    from pymediainfo import MediaInfo as Library

    try:
        document = json.loads(Library.parse(path, output="JSON", full=False, cover_data=True))
        encoded = document["media"]["track"][0]["Cover_Data"]
        # several pictures are joined by " / "; the first is the front
        return base64.b64decode(str(encoded).partition(" / ")[0], validate=True)
    except (OSError, RuntimeError, ValueError, LookupError, TypeError):
        return None


async def _run_program(binary: str, folder: str, name: str) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            binary,
            "--Output=JSON",
            name,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise ConfigError(
            f"The mediainfo program does not start ({error.strerror}).",
            hint="Correct mediainfo.binary, or leave it out to use the built-in library.",
        ) from error
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return output


def _document(output: str | bytes, path: str) -> dict[str, Any]:
    try:
        document = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise BadReply(SYSTEM, f"MediaInfo said no JSON about {_shown(path)}.") from error
    if not isinstance(document, dict):
        raise BadReply(SYSTEM, f"MediaInfo said nothing usable about {_shown(path)}.")
    return document


def _shown(path: str) -> str:
    return repr(os.path.basename(path).encode("utf-8", "replace").decode())
