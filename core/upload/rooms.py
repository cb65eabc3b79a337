"""What the upload pipeline's stages work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.breaker import Breakers
from core.clock import Clock
from core.config import Configuration
from core.domain.building import Builder
from core.domain.media import MediaReport
from core.domain.path_maps import PathMaps
from core.events import Events
from core.store.decisions import DecisionStore
from core.store.releases import ReleaseStore
from core.store.rules import RuleStore
from core.upload.cascade import Source

if TYPE_CHECKING:
    from core.integrations.qbittorrent.client import QBittorrent


class Inspector(Protocol):
    """Looks at one audio file."""

    async def inspect(self, path: str) -> MediaReport: ...

    async def cover(self, path: str) -> bytes | None: ...


@dataclass(frozen=True)
class UploadRooms:
    """Everything a stage may need. Systems without settings are None or absent."""

    config: Configuration
    clock: Clock
    events: Events
    breakers: Breakers
    releases: ReleaseStore
    decisions: DecisionStore
    rules: RuleStore
    inspector: Inspector
    sources: Sequence[Source]
    builder: Callable[[], Builder]
    qbittorrent: QBittorrent | None
    client_paths: PathMaps
