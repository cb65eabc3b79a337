"""Sends the alerts that are due, each to the services its rule names, until every one has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.clock import Clock, sleep_or
from core.domain.alert_plan import AlertPlan
from core.store.alerts import AlertStore, StoredAlert

if TYPE_CHECKING:
    from core.integrations.apprise.client import AppriseServices
    from core.integrations.apprise.models import Delivery, Message, Service

LOG = logging.getLogger(__name__)

LAST_SECONDS = 3.0  # a running send is waited for when the program stops: cut off, it would be sent again
LATE = timedelta(minutes=5)  # from then on a message says when it happened
TOGETHER = 5  # more alerts than that for the same people are one message
LISTED = 20  # of them, in that message
GRAVITY = ("ok", "notice", "warning", "error", "urgent")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out as one message: one alert, or many that came together, and who has yet to take it."""

    alerts: tuple[StoredAlert, ...]
    services: tuple[Service, ...]


class AlertSender:
    """One pass over what is due. A service that fails is not asked again within the pass."""

    def __init__(self, store: AlertStore, plan: AlertPlan, services: AppriseServices, clock: Clock) -> None:
        self._store = store
        self._plan = plan
        self._services = services
        self._clock = clock
        self._away: set[str] = set()  # labels of services that failed last, to log it once
        self._took: dict[
            int, set[str]
        ] = {}  # not noted yet: with a database that refuses, nobody is told twice

    async def send_due(self) -> None:
        """Send what is due now. Cancelled, it lets the running message arrive and be noted."""
        failing: dict[str, str] = {}
        for planned in self._parcels(await self._sendable()):
            valid = await self._store.claim(row.id for row in planned.alerts)
            alerts = tuple(row for row in planned.alerts if row.id in valid)
            if not alerts:
                continue  # it changed back while others were being sent
            parcel = Parcel(alerts, planned.services)
            task = asyncio.create_task(self._attempt(parcel, failing), name="send an alert")
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                await self._last_moments(task)
                raise

    async def _last_moments(self, task: asyncio.Task[None]) -> None:
        done = asyncio.Event()
        task.add_done_callback(lambda _: done.set())
        await sleep_or(self._clock, LAST_SECONDS, done)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _sendable(self) -> list[StoredAlert]:
        """What is due and may go out now; the rest is dropped or put off till the quiet is over."""
        rows = await self._store.due()
        now = self._clock.now()
        ready = []
        for row in rows:
            if not self._plan.tags(row.event):
                await self._store.drop([row.id])
            elif until := self._plan.hushed_until(row.severity, now):
                await self._store.postpone([row.id], until)
            else:
                ready.append(row)
        return ready

    def _parcels(self, rows: Sequence[StoredAlert]) -> Iterator[Parcel]:
        groups: dict[tuple[str, ...], Parcel] = {}
        for row in rows:
            wanted = self._services.wanted(self._plan.tags(row.event))
            reached = {*row.reached, *self._took.get(row.id, ())}
            left = tuple(service for service in wanted if service.label not in reached)
            key = (*(service.label for service in left), str(row.id) if row.severity == "urgent" else "")
            before = groups[key].alerts if key in groups else ()
            groups[key] = Parcel((*before, row), left)
        for parcel in groups.values():
            if len(parcel.alerts) > TOGETHER:
                yield parcel
            else:
                yield from (Parcel((row,), parcel.services) for row in parcel.alerts)

    async def _attempt(self, parcel: Parcel, failing: dict[str, str]) -> None:
        """Send one message and note what came of it."""
        ask = [service for service in parcel.services if service.label not in failing]
        deliveries = await self._services.send(self._message(parcel.alerts), ask) if ask else []
        self._tell_changes(deliveries)
        failing |= {delivery.service.label: delivery.reason for delivery in deliveries if not delivery.taken}
        took = {delivery.service.label for delivery in deliveries if delivery.taken}
        for row in parcel.alerts:
            self._took[row.id] = {*self._took.get(row.id, row.reached), *took}
        missing = [service.label for service in parcel.services if service.label not in took]
        await self._note(parcel.alerts, ", ".join(f"{label}: {failing[label]}" for label in missing))

    async def _note(self, rows: Sequence[StoredAlert], error: str) -> None:
        reached = {row.id: sorted(self._took[row.id]) for row in rows}
        if not error and any(reached.values()):
            await self._store.sent(reached)
        else:
            await self._store.missed(rows, error or "no service carries a tag of its rule", reached)
        for row in rows:
            del self._took[row.id]

    def _tell_changes(self, deliveries: Sequence[Delivery]) -> None:
        """Log once when a service no longer takes alerts, and once when it does again."""
        for delivery in deliveries:
            label = delivery.service.label
            if delivery.taken and label in self._away:
                self._away.discard(label)
                LOG.info("%s takes alerts again", label)
            elif not delivery.taken and label not in self._away:
                self._away.add(label)
                LOG.warning("%s did not take an alert (%s); it is tried again", label, delivery.reason)

    def _message(self, rows: Sequence[StoredAlert]) -> Message:
        from core.integrations.apprise.models import Message

        if len(rows) == 1:
            return Message(rows[0].title, self._body(rows[0]), rows[0].severity)
        grave = max(rows, key=lambda row: GRAVITY.index(row.severity))
        lines = [f"{self._when(row)} {row.title}" for row in rows[:LISTED]]
        if len(rows) > LISTED:
            lines.append(f"and {len(rows) - LISTED} more")
        lines.append("`mousekeeper status` and `mousekeeper doctor` show how things stand.")
        return Message(f"{len(rows)} things happened", "\n".join(lines), grave.severity)

    def _body(self, row: StoredAlert) -> str:
        lines = [row.text]
        if row.repeats:
            lines.append(f"It happened {row.repeats + 1} times meanwhile.")
        if self._clock.now() - row.created > LATE:
            lines.append(f"It happened at {self._when(row)}.")
        return "\n".join(lines)

    def _when(self, row: StoredAlert) -> str:
        return f"{row.created.astimezone(ZoneInfo(self._plan.timezone)):%Y-%m-%d %H:%M}"
