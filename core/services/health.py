"""Health that costs nothing to tell: rows, memory and settings, no question to anybody outside.

Doctor shows the same findings and adds what it has to try out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from core.breaker import Breakers
from core.config import Configuration
from core.health import Check, Finding, run_checks
from core.services.disks import Disk, Disks
from core.store.cards import CardStore
from core.store.small import ScheduleStore

LEAST_SPACE = 2 * 2**30  # bytes under which a disk is called full
LIBRARY = "library"  # the one folder that need not be writable

WEIGHT = {"error": 0, "warning": 1, "notice": 2, "ok": 3}


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """How an outside system is doing; `until` is when it is asked again by itself, None: at its next use."""

    system: str
    name: str
    state: Literal["answers", "away", "refused"]
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    fix: str = ""

    def finding(self) -> Finding | None:
        """The same as a sentence; None where all is well."""
        if self.state == "answers":
            return None
        if self.state == "refused":
            return Finding(self.system, "error", self.text, self.fix)
        again = f"It is asked again at {self.until:%Y-%m-%d %H:%M} UTC." if self.until else ""
        away = f"{self.name} is away since {self.since:%Y-%m-%d %H:%M} UTC: {self.text}"
        return Finding(self.system, "warning", away, again)


class Health:
    """The table of checks that cost nothing, to which other rooms add their own."""

    def __init__(
        self,
        config: Configuration,
        breakers: Breakers,
        disks: Disks,
        schedules: ScheduleStore,
        cards: CardStore,
    ) -> None:
        self._config = config
        self._breakers = breakers
        self._disks = disks
        self._schedules = schedules
        self._cards = cards
        self._checks: list[Check] = [
            Check("settings", self._settings),
            Check("disk", self._disk),
            Check("announce", self._announce),
            Check("schedules", self._regular_work),
            Check("cards", self._cards_that_failed),
        ]

    def add(self, check: Check) -> Callable[[], None]:
        """Have another check looked at from now on; returns the undo. It must read rows or memory only."""
        self._checks.append(check)
        return lambda: self._checks.remove(check) if check in self._checks else None

    async def findings(self) -> list[Finding]:
        """What the checks found, in their order, `ok` among it; the outside systems are told by `systems`."""
        return await run_checks(tuple(self._checks))

    async def faults(self) -> list[Finding]:
        """What is not as it should be, the worst first."""
        found = [finding for finding in await self.findings() if finding.severity != "ok"]
        return sorted(found, key=lambda finding: WEIGHT[finding.severity])

    def systems(self) -> tuple[SystemHealth, ...]:
        """Every outside system that was asked so far: refused ones, then those away, then the rest."""
        refused = {error.system: error for error in self._breakers.refused()}
        told = [
            SystemHealth(error.system, name_of(error.system), "refused", text=error.message, fix=error.hint)
            for error in refused.values()
        ]
        others = [standing for standing in self._breakers.standings() if standing.system not in refused]
        away = [
            SystemHealth(
                standing.system,
                name_of(standing.system),
                "away",
                since=standing.since,
                until=standing.until,
                text=standing.error or "",
            )
            for standing in others
            if standing.since
        ]
        well = [
            SystemHealth(standing.system, name_of(standing.system), "answers")
            for standing in others
            if standing.since is None
        ]
        return (*told, *away, *well)

    async def _settings(self) -> list[Finding]:
        found = []
        if self._config.libation_library_root is None:
            found.append(
                Finding(
                    "library",
                    "error",
                    "No library folder is set.",
                    "Set paths.libation_library_root in config.yaml.",
                )
            )
        if self._config.settings.qb_host is None:
            found.append(
                Finding(
                    "qbittorrent",
                    "notice",
                    "qBittorrent is not set: approved releases wait.",
                    "Set QB_HOST, QB_USERNAME and QB_PASSWORD in .env.",
                )
            )
        return found

    async def _disk(self) -> list[Finding]:
        found = [finding for disk in await self._disks.look() if (finding := _fault_of(disk))]
        return found or [Finding("disk", "ok", "The data folders are writable and have room.")]

    async def _announce(self) -> list[Finding]:
        from core.integrations.mam.addresses import is_tracker

        url = self._config.settings.mam_announce_url
        if url is None:
            return [
                Finding(
                    "announce",
                    "notice",
                    "MAM_ANNOUNCE_URL is not set: torrents are made without an announce address.",
                    "Copy it from the tracker's upload page into .env.",
                )
            ]
        if not is_tracker(url.get_secret_value()):
            return [
                Finding(
                    "announce",
                    "warning",
                    "MAM_ANNOUNCE_URL names another host than the tracker's.",
                    "Copy it again from the tracker's upload page, unless this is meant.",
                )
            ]
        return [Finding("announce", "ok", "The announce address is set.")]

    async def _regular_work(self) -> list[Finding]:
        return [
            Finding(
                f"schedule {row['name']}",
                "warning",
                f"The last {row['name']} by schedule failed: {row['last_error']}",
                "It runs again by itself as long as the autopilot is on.",
            )
            for row in await self._schedules.all()
            if row["last_error"]
        ]

    async def _cards_that_failed(self) -> list[Finding]:
        waiting = Counter(card.error for card in await self._cards.open() if card.error)
        return [
            Finding("discord", "warning", f"{error} ({count} cards wait for this.)" if count > 1 else error)
            for error, count in waiting.items()
        ]


def _fault_of(disk: Disk) -> Finding | None:
    if disk.fault:
        folders = " and ".join(disk.folders)
        return Finding(
            "disk",
            "error",
            f"{disk.place} ({folders}) cannot be looked at: {disk.fault}.",
            "Check the path, the mount and this user's permissions.",
        )
    if not disk.writable and disk.folders != (LIBRARY,):
        return Finding("disk", "error", f"{disk.place} is not writable.", "Check its owner, PUID and PGID.")
    if disk.free is not None and disk.free < LEAST_SPACE:
        text = f"{disk.free // 2**20} MiB are left at {disk.place}."
        return Finding("disk", "warning", text, "Make room on that disk.")
    return None


@cache
def name_of(system: str) -> str:
    """The name people know an outside system by."""
    from core.integrations.registry import manifests

    names = {manifest.domain: manifest.name for manifest in manifests()}
    return names.get(system, system)
