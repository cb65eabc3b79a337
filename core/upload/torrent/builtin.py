"""The embedded builder: no other program, no container, real progress."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field

from core.domain.building import BuiltTorrent, Progress
from core.errors import ConfigError
from core.upload.torrent.build import build_torrent
from core.upload.torrent.faults import shown
from core.upload.torrent.write import write_torrent


@dataclass(frozen=True, slots=True)
class BuiltinBuilder:
    """Builds in threads of this process; `piece_length` (bytes) and `threads` are chosen by it where None."""

    announce: str | None = field(default=None, repr=False)  # holds the passkey
    source: str | None = None
    piece_length: int | None = None
    threads: int | None = None

    async def build(self, root: str, output: str, *, progress: Progress | None = None) -> BuiltTorrent:
        """See `core.domain.building.Builder`."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def report(done: int, total: int) -> None:
            if progress and not stop.is_set():
                loop.call_soon_threadsafe(progress, done, total)

        work = asyncio.ensure_future(asyncio.to_thread(self._build, root, output, report, stop))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.gather(work, return_exceptions=True)  # a moment: no thread reads on behind our back
            raise

    def _build(self, root: str, output: str, report: Progress, stop: threading.Event) -> BuiltTorrent:
        _require_outside(root, output)
        built = build_torrent(
            root,
            announce=self.announce,
            source=self.source,
            piece_length=self.piece_length,
            progress=report,
            threads=self.threads,
            cancelled=stop.is_set,
        )
        write_torrent(built.data, output)
        return built


def _require_outside(root: str, output: str) -> None:
    """The torrent must not land among the files it describes: it would be seeded, passkey and all."""
    folder = os.path.realpath(os.path.dirname(os.path.abspath(output)))
    inside = os.path.realpath(root)
    if os.path.commonpath([folder, inside]) == inside:
        raise ConfigError(
            f"The torrent would be written into the folder it is made from, {shown(inside)}.",
            hint="Choose another paths.torrent_output.",
        )
