"""Regular work, by the names of the schedules: what the service does when nobody asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from core.clock import Clock
from core.config import Configuration
from core.jobs.engine import Engine
from core.jobs.scheduler import Work
from core.services.enrichment import Enrichment
from core.services.libation import LibationService
from core.services.uploads import Uploads
from core.store.account import AccountLog
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore
from core.store.small import CacheStore, WishStore
from core.upload.pipeline import BEFORE_APPROVAL

LOG = logging.getLogger(__name__)

KEEP_LOG = timedelta(days=365)
KEEP_WISHES = timedelta(days=30)
KEEP_ANSWERS = timedelta(days=90)


class Regular:
    """The schedules' work."""

    def __init__(
        self,
        *,
        config: Configuration,
        clock: Clock,
        releases: ReleaseStore,
        engine: Engine,
        jobs: JobStore,
        wishes: WishStore,
        cache: CacheStore,
        uploads: Uploads,
        libation: LibationService,
        enrichment: Enrichment,
        account_log: AccountLog,
    ) -> None:
        self._config = config
        self._clock = clock
        self._releases = releases
        self._enrichment = enrichment
        self._account_log = account_log
        self._admitting = asyncio.Lock()
        self._engine = engine
        self._jobs = jobs
        self._wishes = wishes
        self._cache = cache
        self._uploads = uploads
        self._libation = libation

    def table(self) -> Mapping[str, Work]:
        """What runs under which schedule; parts without settings are left out."""
        work: dict[str, Work] = {"enrich": self._enrichment.due, "retention": self.forget_old}
        if self._config.libation_library_root is not None:
            work["discover"] = self.discover
        if self._libation.configured:
            work["scan"] = self.scan
        return work

    async def scan(self) -> None:
        """Ask Libation; what it says goes into the log."""
        report = await self._libation.scan(liberate=self._config.settings.libation.liberate)
        LOG.log(logging.INFO if report["ok"] else logging.WARNING, "%s %s", report["message"], report["hint"])

    async def discover(self) -> None:
        """Look for new books (in every folder once `schedules.full_read` has passed) and begin some."""
        intake = await self._uploads.read_library()
        if intake.new:
            LOG.info("%d new books in the library", len(intake.new))
        await self.admit()

    async def admit(self) -> None:
        """Begin releases while fewer than `upload.max_open_approvals` are under way or waiting."""
        limit = self._config.settings.upload.max_open_approvals
        async with self._admitting:  # a schedule and a press may come together
            places = limit - await self._releases.under_way(BEFORE_APPROVAL)
            if places > 0 and (waiting := await self._releases.waiting_to_begin()):
                await self._releases.wish_for(waiting[:places])
                self._engine.nudge()

    async def forget_old(self) -> None:
        """Keep logs a year, wishes a month, answers of catalogues and looks at the account three months."""
        now = self._clock.now()
        await self._jobs.forget_log(now - KEEP_LOG)
        await self._wishes.forget(now - KEEP_WISHES)
        await self._cache.forget(now - KEEP_ANSWERS)
        await self._account_log.thin(now - KEEP_ANSWERS)  # of older days the last look each stays
