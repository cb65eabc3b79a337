"""Asking the catalogues again for releases that wait for a person: on schedule, or because one asked."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from core.domain.release import Release
from core.errors import MousekeeperError
from core.jobs.model import OPEN
from core.store.jobs import JobStore
from core.store.releases import KIND
from core.upload.rooms import UploadRooms
from core.upload.stages.describe import enrich

LOG = logging.getLogger(__name__)

STAGES = ("approve", "publish", "confirm")  # described and checked, not yet uploaded


class Enrichment:
    """Renews what the catalogues say, until the upload."""

    def __init__(self, rooms: UploadRooms, jobs: JobStore) -> None:
        self._rooms = rooms
        self._jobs = jobs

    async def due(self) -> None:
        """Those whose time to be looked at again has come."""
        now = self._rooms.clock.now()
        for release in await self._open():
            at = await self._planned(release)
            if at is not None and at <= now:
                await self._renew(release)

    async def ask_now(self, ids: Collection[str] | None) -> None:
        """These whatever their time, or all whose facts are known to be incomplete; a person wants it."""
        self._rooms.breakers.ask_again()
        for release in await self._open():
            if release.id in ids if ids is not None else await self._planned(release):
                await self._renew(release)

    async def _open(self) -> list[Release]:
        return [r for r in await self._rooms.releases.at_stages(STAGES) if r.status in OPEN]

    async def _planned(self, release: Release) -> datetime | None:
        row = await self._jobs.get(KIND, release.id)
        at = row["data"].get("enrich_at") if row else None
        return datetime.fromisoformat(at) if at else None

    async def _renew(self, release: Release) -> None:
        try:
            again = await enrich(self._rooms, release)
        except MousekeeperError as error:  # one release's fault must not keep the others waiting
            LOG.warning("%s: what the catalogues say was not renewed: %s", release.title, error)
            return
        await self._jobs.remember(release.job_id, {"enrich_at": again.isoformat() if again else None})
        LOG.info("%s: asked the catalogues again", release.title)
