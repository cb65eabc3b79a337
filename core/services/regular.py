"""Regular work, by the names of the schedules: what the service does when nobody asks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.clock import Clock
from core.config import Configuration
from core.domain.release import Release
from core.errors import MousekeeperError
from core.jobs.engine import Engine
from core.jobs.model import OPEN
from core.jobs.scheduler import Work
from core.services.libation import LibationService
from core.services.uploads import Uploads
from core.store.jobs import JobStore
from core.store.releases import KIND, ReleaseStore
from core.store.small import CacheStore, WishStore
from core.upload.pipeline import BEFORE_APPROVAL
from core.upload.rooms import UploadRooms
from core.upload.stages.describe import enrich

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
        rooms: UploadRooms,
        engine: Engine,
        jobs: JobStore,
        wishes: WishStore,
        cache: CacheStore,
        uploads: Uploads,
        libation: LibationService,
    ) -> None:
        self._config = config
        self._clock = clock
        self._rooms = rooms
        self._releases: ReleaseStore = rooms.releases
        self._engine = engine
        self._jobs = jobs
        self._wishes = wishes
        self._cache = cache
        self._uploads = uploads
        self._libation = libation

    def table(self) -> Mapping[str, Work]:
        """What runs under which schedule; parts without settings are left out."""
        work: dict[str, Work] = {"enrich": self.enrich, "retention": self.forget_old}
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
        places = limit - await self._releases.under_way(BEFORE_APPROVAL)
        if places > 0 and (waiting := await self._releases.waiting_to_begin()):
            await self._releases.wish_for(waiting[:places])
            self._engine.nudge()

    async def enrich(self) -> None:
        """Ask the catalogues again for releases whose facts were incomplete, until they are uploaded."""
        for release in await self._releases.at_stages(("approve", "publish", "confirm")):
            if release.status in OPEN:
                try:
                    await self._enrich(release)
                except MousekeeperError as error:  # one release's fault must not keep the others waiting
                    LOG.warning("%s: what the catalogues say was not renewed: %s", release.title, error)

    async def _enrich(self, release: Release) -> None:
        row = await self._jobs.get(KIND, release.id)
        at = row["data"].get("enrich_at") if row else None
        if at is None or datetime.fromisoformat(at) > self._clock.now():
            return
        again = await enrich(self._rooms, release)
        await self._jobs.remember(release.job_id, {"enrich_at": again.isoformat() if again else None})
        LOG.info("%s: asked the catalogues again", release.title)

    async def forget_old(self) -> None:
        """Keep logs a year, wishes a month, answers of catalogues three months."""
        now = self._clock.now()
        await self._jobs.forget_log(now - KEEP_LOG)
        await self._wishes.forget(now - KEEP_WISHES)
        await self._cache.forget(now - KEEP_ANSWERS)
