"""Turns what happens in the program into alerts: a table from events of the bus to events people know."""

from __future__ import annotations

from pathlib import Path

from core.breaker import Breakers
from core.domain.alert_events import alert
from core.events import Alert, JobMoved, SystemState
from core.services.disks import Disks
from core.services.health import LEAST_SPACE, name_of
from core.store.alerts import AlertStore
from core.store.releases import KIND, ReleaseStore

WAITS = {"approve": "approval_waiting", "confirm": "upload_waiting"}  # stage at which a person is waited for
ROOM_AGAIN = 1.2  # times the least space: a disk at the brink is told of once


class AlertSources:
    """What is worth an alert, apart from what others publish as `Alert` themselves."""

    def __init__(self, store: AlertStore, releases: ReleaseStore, breakers: Breakers, disks: Disks) -> None:
        self._disks = disks
        self._store = store
        self._releases = releases
        self._breakers = breakers
        self._full: set[Path] = set()

    def worth_keeping(self, event: object) -> bool:
        """Whether an event of the bus may become an alert; asked for each one, so it is quick."""
        if isinstance(event, JobMoved):
            waits = event.status == "waiting" and event.stage in WAITS
            return event.kind == KIND and (event.status == "failed" or waits)
        return isinstance(event, Alert | SystemState)

    async def alert_of(self, event: object) -> Alert | None:
        """The alert it is, None where there is nothing to tell."""
        if isinstance(event, Alert):
            return event
        if isinstance(event, SystemState):
            return self._of_system(event)
        return await self._of_job(event) if isinstance(event, JobMoved) else None

    def _of_system(self, state: SystemState) -> Alert:
        name = name_of(state.system)
        if state.secret:
            return alert("secret_refused", state.system, system=name, secret=state.secret, reason=state.text)
        event = "system_up" if state.up else "system_down"
        return alert(event, state.system, system=name, reason=state.text)

    async def _of_job(self, move: JobMoved) -> Alert:
        title = (await self._releases.get(move.subject)).title
        name = "release_failed" if move.status == "failed" else WAITS[move.stage]
        return alert(
            name, move.subject, title=title, stage=move.stage, reason=move.text, release=move.subject
        )

    async def catch_up(self) -> None:
        """Tell of systems that went away just before a crash, if nobody was told."""
        for standing in self._breakers.away():
            gone = SystemState(standing.system, up=False, text=standing.error or "It does not answer.")
            await self._store.add(self._of_system(gone), since=standing.since)

    async def look_at_disks(self) -> list[Alert]:
        """What has changed about the room on our folders' disks since the last look."""
        alerts = []
        for disk in await self._disks.look():
            if disk.free is None:
                continue
            facts = {"folder": disk.place, "left": f"{disk.free / 2**30:.1f} GiB"}
            if disk.free < LEAST_SPACE:
                self._full.add(disk.place)
                alerts.append(alert("disk_low", str(disk.place), **facts))
            elif disk.place in self._full and disk.free > LEAST_SPACE * ROOM_AGAIN:
                self._full.discard(disk.place)
                alerts.append(alert("disk_ok", str(disk.place), **facts))
        return alerts
