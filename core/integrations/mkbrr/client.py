"""Builds torrents with mkbrr in a container; see `core.domain.building.Builder`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress

from ulid import ULID

from core.domain.building import BuiltTorrent, Progress
from core.domain.containers import Bind, ContainerEngine, OneShot
from core.domain.metainfo import Metainfo
from core.errors import BadReply, ConfigError, NotNow
from core.integrations.mkbrr.models import OUTPUT_FOLDER, DataFolder, Plan, of_result

SYSTEM = "mkbrr"
LEAST_TIME = 300.0  # seconds
SLOWEST = 5 * 1024 * 1024  # bytes a second; a tired disk behind a network reads faster


class Mkbrr:
    """A builder whose work is done by mkbrr's image.

    `data` and `host_config_dir` are folders as the engine's machine sees them; the latter holds the person's
    `presets.yaml` and is needed with a preset only. `engine_path` turns a path of ours into the engine's
    where they differ. `user` is the container's `uid:gid`, by default our own, so that no file belongs to
    root. `label` (`key=value`) marks our containers for the sweep.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        plan: Plan,
        *,
        image: str,
        data: DataFolder,
        host_config_dir: str | None = None,
        user: str | None = None,
        engine_path: Callable[[str], str] = str,
        label: str = "mousekeeper.task=mkbrr",
    ) -> None:
        if plan.preset and not host_config_dir:
            raise ConfigError(
                "mkbrr.preset is set, but not where presets are.",
                hint="Set mkbrr.host_config_dir to the folder that holds presets.yaml.",
            )
        self._engine = engine
        self._plan = plan
        self._image = image
        self._data = data
        self._config_dir = host_config_dir if plan.preset else None
        self._user = user
        self._engine_path = engine_path
        self._label = label

    async def build(self, root: str, output: str, *, progress: Progress | None = None) -> BuiltTorrent:
        """Have mkbrr hash `root`, and put its torrent to exactly `output`.

        mkbrr does not say how far it is: `progress` is called once, at the end. Raises what Builder says,
        and EngineUnavailable or EngineRefused.
        """
        inside = self._data.inside(self._engine_path(_absolute(root)))
        size = await asyncio.to_thread(_size, root)
        output = _absolute(output)
        folder, draft = os.path.dirname(output), os.path.join(os.path.dirname(output), f".{ULID()}.torrent")
        started = time.monotonic()
        try:
            result = await self._engine.run(
                self._task(inside, folder, os.path.basename(draft)), timeout=LEAST_TIME + size / SLOWEST
            )
            if result.exit_code:
                raise of_result(result)
            data, metainfo = await asyncio.to_thread(_take, draft, output)
        finally:
            _drop(draft)
        if progress is not None:
            progress(size, size)
        return BuiltTorrent(data, metainfo, time.monotonic() - started)

    async def sweep(self) -> int:
        """Remove containers that a kill -9 of ours left; how many there were."""
        return await self._engine.sweep(self._label)

    def _task(self, inside: str, folder: str, draft: str) -> OneShot:
        """The container: data read-only, the torrent's folder, no network, nothing secret to be seen."""
        binds = [
            Bind(os.path.abspath(self._data.host), self._data.container, read_only=True),
            Bind(self._engine_path(folder), OUTPUT_FOLDER),
        ]
        if self._config_dir:
            config_dir = os.path.abspath(self._config_dir)
            binds.append(Bind(config_dir, self._plan.container_config_dir, read_only=True))
        return OneShot(
            image=self._image,
            argv=self._plan.argv(inside, f"{OUTPUT_FOLDER}/{draft}"),
            label=self._label,
            binds=tuple(binds),
            user=self._user or f"{os.getuid()}:{os.getgid()}",
            files=self._plan.files(),
        )


def _take(draft: str, output: str) -> tuple[bytes, Metainfo]:
    """Read what mkbrr wrote, and give it its name only once it has proved to be a torrent."""
    try:
        with open(draft, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise BadReply(
            SYSTEM,
            "mkbrr ended well, but its torrent is not where it was told to put it.",
            hint="If Mousekeeper runs in a container, map its folders to the Docker host's by path_maps.",
        ) from None
    metainfo = Metainfo.parse(data)
    os.replace(draft, output)
    return data, metainfo


def _absolute(path: str) -> str:
    return os.path.abspath(path)


def _drop(draft: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(draft)


def _size(root: str) -> int:
    """Bytes in all files below `root`."""
    total = 0
    try:
        for folder, _, names in os.walk(root, onerror=_raise):
            total += sum(os.stat(os.path.join(folder, name)).st_size for name in names)
    except OSError as error:
        raise NotNow(f"The release at {root} cannot be read: {error.strerror}.") from error
    return total


def _raise(error: OSError) -> None:
    raise error
