"""What every torrent builder offers, so that the embedded one and mkbrr can stand for each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.metainfo import Metainfo

Progress = Callable[[int, int], None]
"""Called with bytes hashed and bytes in all, some ten times a second at most."""


@dataclass(frozen=True, slots=True)
class BuiltTorrent:
    """A finished torrent: its bytes (they hold the passkey, so they are in no repr) and what they say."""

    data: bytes = field(repr=False)
    metainfo: Metainfo
    seconds: float


class Builder(Protocol):
    """Makes the .torrent of a folder; announce URL, source tag and piece size are its own settings."""

    async def build(self, root: str, output: str, *, progress: Progress | None = None) -> BuiltTorrent:
        """Hash the folder `root` and write its torrent to exactly `output`, replacing what is there.

        `progress` is called on the event loop. Raises NotNow while files change, vanish or cannot be read for
        a passing reason, NeedsPerson where a person must mend something. Cancelling it stops the work within
        a moment and leaves no half-written file.
        """
        ...
