"""The outside systems that are configured, each made when it is first needed."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.breaker import Breakers
from core.clock import Clock
from core.config import Configuration
from core.domain.building import Builder
from core.domain.containers import ContainerEngine
from core.errors import ConfigError, IntegrationError
from core.store.small import CacheStore, StateStore
from core.upload.cascade import Source
from core.upload.catalogue import RememberedSource
from core.upload.rooms import Inspector

LOG = logging.getLogger(__name__)

SESSION_FILE = "tracker-session.json"  # in the data folder, readable by its owner alone

if TYPE_CHECKING:
    import aiohttp

    from core.integrations.docker.client import DockerEngine
    from core.integrations.mam.client import Mam
    from core.integrations.qbittorrent.client import QBittorrent


class Outside:
    """One client a system; a system without settings is None or left out."""

    def __init__(self, config: Configuration, clock: Clock, state: StateStore) -> None:
        self._config = config
        self._clock = clock
        self._state = state
        self._session: aiohttp.ClientSession | None = None
        self._docker: DockerEngine | None = None

    async def close(self) -> None:
        """Close what was opened."""
        if (mam := vars(self).get("mam")) is not None:
            await mam.close()
        if self._session is not None:
            await self._session.close()
        if self._docker is not None:
            await self._docker.close()
        if self.qbittorrent is not None:
            await self.qbittorrent.close()

    def session(self) -> aiohttp.ClientSession:
        """The one HTTP session."""
        if self._session is None:
            from core.http import new_session

            self._session = new_session()
        return self._session

    @property
    def containers(self) -> ContainerEngine:
        """The container engine."""
        if self._docker is None:
            from core.integrations.docker.client import DockerEngine

            self._docker = DockerEngine(self._config.settings.docker_host, clock=self._clock)
        return self._docker

    def sources(self, cache: CacheStore, breakers: Breakers) -> list[Source]:
        """The catalogues, in the order they are asked."""
        settings = self._config.settings
        table = (
            ("audnex", settings.audnex.enabled, self._audnex),
            ("audible", settings.audible.enabled, self._audible),
        )
        return [
            RememberedSource(name, connect, cache, breakers) for name, enabled, connect in table if enabled
        ]

    def _audnex(self) -> Source:
        from core.integrations.audnex.client import Audnex

        settings = self._config.settings.audnex
        return Audnex(
            self.session(),
            self._clock,
            base_url=settings.base_url,
            regions=settings.regions,
            timeout=settings.timeout_seconds,
        )

    def _audible(self) -> Source:
        from core.integrations.audible.client import Audible

        settings = self._config.settings
        return Audible(
            self.session(), self._clock, base_url=settings.audible.base_url, regions=settings.audnex.regions
        )

    @cached_property
    def inspector(self) -> Inspector:
        """What looks at audio files."""
        from core.integrations.mediainfo.client import MediaInfo

        return MediaInfo(binary=self._config.settings.mediainfo.binary)

    async def sweep(self) -> None:
        """Remove containers that a kill -9 of ours left behind; an engine that is away is no fault."""
        if self._config.settings.upload.builder != "mkbrr":
            return
        from core.integrations.mkbrr.client import Mkbrr

        if isinstance(self.builder, Mkbrr):
            try:
                await self.builder.sweep()
            except IntegrationError as error:
                LOG.info("Left-over containers were not looked for: %s", error)

    @cached_property
    def builder(self) -> Builder:
        """The torrent builder the settings name."""
        settings = self._config.settings
        if settings.upload.builder == "mkbrr":
            from core.services.builders import mkbrr_builder

            return mkbrr_builder(self._config, self.containers)
        from core.upload.torrent.builtin import BuiltinBuilder

        return BuiltinBuilder(
            announce=settings.mam_announce_url.get_secret_value() if settings.mam_announce_url else None,
            source=settings.upload.source_tag or None,
            piece_length=settings.upload.piece_size,
        )

    @cached_property
    def qbittorrent(self) -> QBittorrent | None:
        """The torrent client, None without QB_HOST."""
        settings = self._config.settings
        if settings.qb_host is None:
            return None
        from core.integrations.qbittorrent.client import QBittorrent

        password = settings.qb_password.get_secret_value() if settings.qb_password else ""
        return QBittorrent(settings.qb_host, settings.qb_username or "", password, clock=self._clock)

    def is_tracker_host(self, host: str) -> bool:
        """Whether torrents announced to this host are the tracker's: its own, or one the settings name."""
        from core.integrations.mam.addresses import is_tracker

        settings = self._config.settings
        announce = settings.mam_announce_url.get_secret_value() if settings.mam_announce_url else None
        ours = {urlsplit(url).hostname for url in (announce, settings.mam_tracker_url) if url}
        return host in ours or is_tracker(f"https://{host}")

    def mam_or_none(self) -> Mam | None:
        """The tracker's client; None also where its settings cannot be used, which `mam_fault` tells."""
        return None if self.mam_fault() else self.mam

    def mam_fault(self) -> ConfigError | None:
        """What keeps the tracker from being asked at all."""
        try:
            _ = self.mam
        except ConfigError as fault:
            return fault
        return None

    @cached_property
    def mam(self) -> Mam | None:
        """The tracker, None without MAM_ID. Raises ConfigError for a value or address that cannot be used."""
        settings = self._config.settings
        if settings.mam_id is None:
            return None
        from core.integrations.mam.client import Mam
        from core.integrations.mam.session import SessionFile
        from core.integrations.mam.transport import HttpTransport
        from core.services.tracker_ledger import StateLedger

        return Mam(
            HttpTransport(Mam.name, self.session),
            SessionFile(self._config.data / SESSION_FILE, settings.mam_id.get_secret_value()),
            StateLedger(self._state),
            self._clock,
            base_url=settings.mam_base_url,
            tracker_url=settings.mam_tracker_url,
            min_interval=settings.mam.min_seconds_between_requests,
            per_day=settings.mam.max_requests_per_day,
        )
