"""Looking at releases: find one, list them, show one with its kit, findings, files and timeline."""

from __future__ import annotations

import asyncio
from typing import Any

from core.config import Configuration
from core.domain.release import Release
from core.errors import NeedsPerson
from core.services.views import Document, files_document, release_document, releases_document
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore
from core.store.small import LibraryStore


class Shelf:
    """Reads only; needs neither a lock nor a secret."""

    def __init__(
        self, config: Configuration, releases: ReleaseStore, jobs: JobStore, library: LibraryStore
    ) -> None:
        self._config = config
        self._releases = releases
        self._jobs = jobs
        self._library = library

    async def one(self, reference: str) -> Release:
        """The release a person means. Raises NeedsPerson when there is none or more than one."""
        found = await self._releases.find(reference)
        if not found:
            raise NeedsPerson(
                f"There is no release {reference!r}.", hint="`mousekeeper status` lists ids and ASINs."
            )
        if len(found) > 1:
            ids = ", ".join(release.id for release in found)
            raise NeedsPerson(f"{reference!r} could be any of {ids}.", hint="Give the whole id.")
        return found[0]

    async def status(self, reference: str | None = None) -> Document:
        """All releases with the counts of their states, or one."""
        if reference is not None:
            return releases_document([await self.one(reference)])
        return releases_document(await self._releases.all())

    async def show(self, reference: str) -> Document:
        """One release with its upload kit, the linter's findings, its files and its timeline."""
        release = await self.one(reference)
        kit, findings = await asyncio.to_thread(self._kit, release)
        log = await self._jobs.log_of([release.job_id])
        return {
            **release_document(release),
            "kit": kit,
            "findings": findings,
            "files": files_document(release),
            "timeline": [
                {
                    "at": line["at"].isoformat(),
                    "stage": line["stage"],
                    "event": line["event"],
                    "text": line["text"],
                }
                for line in log
            ],
        }

    def mechanical_fixes(self, release: Release) -> dict[str, Any]:
        """The fields of the form that the linter can put right by itself, with their new values."""
        from core.upload.kit import kit_of

        return dict(kit_of(release, self._config).fixed)

    def _kit(self, release: Release) -> tuple[Document, list[Document]]:
        from core.upload.kit import kit_of

        kit = kit_of(release, self._config)
        return kit.form, [finding.as_dict() for finding in kit.findings]
