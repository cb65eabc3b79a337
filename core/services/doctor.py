"""Doctor: looks at everything the program stands on and says what to mend."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import Configuration
from core.health import Check, Finding, Severity, run_checks
from core.services.health import Health
from core.services.libation import LibationService
from core.services.views import Document

if TYPE_CHECKING:
    from core.integrations.qbittorrent.client import QBittorrent
    from core.services.alerts import Alerts, Tested

PROBE = ".mousekeeper-probe"
LOOKED_AT = 20_000  # directory entries after which the search for a file to link gives up


class Doctor:
    """The table of checks."""

    def __init__(
        self,
        config: Configuration,
        health: Health,
        qbittorrent: QBittorrent | None,
        libation: LibationService,
        alerts: Alerts,
    ) -> None:
        self._config = config
        self._health = health
        self._qbittorrent = qbittorrent
        self._libation = libation
        self._alerts = alerts

    def checks(self) -> tuple[Check, ...]:
        """What is tried out, and what is known without, in this order."""
        return (
            Check("library", self._library),
            Check("hardlinks", self._hardlinks),
            Check("health", self._health.findings),
            Check("qbittorrent", self._client),
            Check("libation", self._libation.check),
            Check("systems", self._systems),
            Check("alerts", self._alerts.try_out),
        )

    async def findings(self) -> list[Finding]:
        """What every check found."""
        return await run_checks(self.checks())

    async def _library(self) -> list[Finding]:
        root = self._config.libation_library_root
        if root is None:
            return []
        try:
            empty = not await asyncio.to_thread(lambda: next(iter(os.scandir(root)), None))
        except OSError as error:
            return [
                Finding(
                    "library",
                    "error",
                    f"The library {root} cannot be read ({error.strerror}).",
                    "Check the path, the mount and this user's permissions.",
                )
            ]
        if empty:
            return [
                Finding("library", "warning", f"The library {root} is empty.", "Is the right folder mounted?")
            ]
        return [Finding("library", "ok", f"The library {root} can be read.")]

    async def _hardlinks(self) -> list[Finding]:
        root = self._config.libation_library_root
        if root is None or not root.is_dir():
            return []
        return await asyncio.to_thread(
            probe_hardlink, root, self._config.staging_root, self._config.settings.staging.allow_copy
        )

    async def _client(self) -> list[Finding]:
        if self._qbittorrent is None:
            return []
        problems = await self._qbittorrent.check()
        if problems:
            return [Finding("qbittorrent", "error", text) for text in problems]
        return [Finding("qbittorrent", "ok", "qBittorrent answers and knows us.")]

    async def _systems(self) -> list[Finding]:
        return [finding for system in self._health.systems() if (finding := system.finding())]


def probe_hardlink(library: Path, staging: Path, allow_copy: bool) -> list[Finding]:
    """Really link one file of the library into the staging folder, compare inodes, remove the link."""
    source = next(_files(library), None)
    if source is None:
        return []
    made = _make_folder(staging)
    target = os.path.join(staging, PROBE)
    try:
        if os.path.lexists(target):
            os.unlink(target)
        os.link(source, target)
        try:
            one, other = os.stat(source), os.stat(target)
        finally:
            os.unlink(target)
        same = (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
    except OSError as error:
        severity: Severity = "warning" if allow_copy else "error"
        return [
            Finding(
                "hardlinks",
                severity,
                f"No hardlink can be made from {library} to {staging} ({error.strerror}).",
                "Put paths.staging_root on the library's file system, in Docker within the same mount"
                + ("; until then files are copied." if allow_copy else ", or allow staging.allow_copy."),
            )
        ]
    finally:
        with suppress(OSError):  # somebody has put something there meanwhile
            for folder in reversed(made):
                os.rmdir(folder)
    if not same:
        return [
            Finding(
                "hardlinks",
                "error",
                f"A link from {library} to {staging} shows another inode: hardlinks are only imitated there.",
                "With mergerfs or Unraid shares, use one disk's own path (such as /mnt/disk1) or a pool that "
                "keeps links together.",
            )
        ]
    return [Finding("hardlinks", "ok", "Hardlinks from the library to the staging folder work.")]


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder for the probe; returns those that were missing, outermost first."""
    missing = [part for part in (*reversed(folder.parents), folder) if not part.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return [part for part in missing if part.exists()]
    return missing


def _files(root: Path) -> Iterator[str]:
    seen = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path
            if (seen := seen + 1) > LOOKED_AT:
                return


def doctor_document(findings: Sequence[Finding], alerts: Sequence[Tested] = ()) -> Document:
    """The findings as JSON, what became of test messages, and whether anything stands in the way."""
    found = [*findings, *(test.finding() for test in alerts)]
    return {
        "ok": not any(finding.severity == "error" for finding in found),
        "findings": [{"check": f.check, "severity": f.severity, "text": f.text, "fix": f.fix} for f in found],
        "alerts": [asdict(test) for test in alerts],
    }
