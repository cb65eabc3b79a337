"""Alerts: keeps what people should hear of as rows, and sends them through the services of APPRISE_URLS."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.clock import Clock, sleep_or
from core.domain.alert_events import BY_NAME
from core.domain.alert_plan import EVERY_SERVICE, AlertPlan, QuietHours, ServiceEntry, parse_services
from core.domain.timing import parse_schedule
from core.errors import ConfigError, IntegrationError, MousekeeperError
from core.events import Alert, AlertsWritten, Events, JobMoved, SystemState
from core.health import Finding
from core.services.alert_sender import AlertSender
from core.services.alert_sources import AlertSources
from core.store.alerts import AlertStore

if TYPE_CHECKING:
    from core.integrations.apprise.client import AppriseServices
    from core.settings import Settings

LOG = logging.getLogger(__name__)

NAME_ONE = "Name at least one service in .env."
LOOK_SECONDS = 900.0  # between two looks at the disks
KEEP_ALERTS = timedelta(days=30)
AGAIN_SECONDS = 30.0  # until what the database did not take is written again
HEARD_AT_MOST = 1_000  # events that wait to be written; with a database that refuses, the oldest go


def alert_plan(settings: Settings) -> AlertPlan:
    """The owner's wishes as the store and the sender use them."""
    wishes = settings.alerts
    return AlertPlan(
        rules={event: tuple(tags) for event, tags in wishes.rules.items()},
        cool_down=timedelta(seconds=parse_schedule(wishes.cool_down).interval or 0),
        quiet=QuietHours.parse(wishes.quiet_hours) if wishes.quiet_hours else None,
        timezone=settings.timezone,
        on=settings.apprise_urls is not None,
    )


def alert_services(settings: Settings) -> list[ServiceEntry]:
    """The entries of APPRISE_URLS."""
    return parse_services(settings.apprise_urls.get_secret_value()) if settings.apprise_urls else []


@dataclass(frozen=True, slots=True)
class Tested:
    """What a service, named by its kind and tags, did with a test message."""

    service: str
    tags: list[str]
    taken: bool
    status: str
    reason: str

    def finding(self) -> Finding:
        """The same as a sentence."""
        if self.taken:
            return Finding("alerts", "ok", f"{self.service} took the test message.")
        text = f"{self.service} did not take the test message ({self.status}: {self.reason})."
        return Finding("alerts", "error", text, "Check its entry in APPRISE_URLS and the service itself.")


class Alerts:
    """The outbox and its worker. Without APPRISE_URLS nothing is kept and nothing is sent."""

    def __init__(
        self,
        *,
        plan: AlertPlan,
        entries: list[ServiceEntry],
        clock: Clock,
        events: Events,
        store: AlertStore,
        sources: AlertSources,
    ) -> None:
        self._plan = plan
        self._entries = entries
        self._clock = clock
        self._events = events
        self._store = store
        self._sources = sources
        self._services: AppriseServices | None = None
        self._loading = asyncio.Lock()
        self._heard: list[object] = []
        self._written, self._arrived = asyncio.Event(), asyncio.Event()

    @property
    def on(self) -> bool:
        """Whether anybody can be alerted."""
        return self._plan.on

    async def services(self) -> AppriseServices:
        """The services, tried once. Raises ConfigError with the places of those Apprise cannot use.

        Raises IntegrationError where Apprise itself cannot be run.
        """
        async with self._loading:
            if self._services is None:
                from core.integrations.apprise.client import AppriseServices

                self._services = await AppriseServices.load(self._entries)
        return self._services

    async def ready(self) -> None:
        """Try the addresses, if there are any. Raises ConfigError; that Apprise cannot be run is logged."""
        if self.on:
            try:
                await self.services()
            except IntegrationError as error:
                LOG.warning("Alerts wait: %s", error)

    def listen(self) -> Callable[[], None]:
        """Hear from now on what may become an alert; returns the undo."""
        if not self.on:
            return lambda: None
        undo = [self._events.subscribe(kind, self._hear) for kind in (Alert, SystemState, JobMoved)]
        undo.append(self._events.subscribe(AlertsWritten, lambda _: self.nudge()))

        def end() -> None:
            for one in undo:
                one()

        return end

    def nudge(self) -> None:
        """Look again now: somebody wrote an alert."""
        self._written.set()

    def _hear(self, event: object) -> None:
        if self._sources.worth_keeping(event):
            self._heard.append(event)
            del self._heard[:-HEARD_AT_MOST]
            self._arrived.set()

    async def run_forever(self) -> None:
        """Keep and send until cancelled; what was heard by then is written down first."""
        for finding in self._of_rules():
            LOG.warning("%s %s", finding.text, finding.fix)
        await self._sources.catch_up()
        try:
            async with asyncio.TaskGroup() as workers:
                workers.create_task(self._keep_forever(), name="alerts: keep")
                workers.create_task(self._send_forever(), name="alerts: send")
                workers.create_task(self._look_around(), name="alerts: look around")
        finally:
            await self.keep()

    async def run_once(self) -> None:
        """Write down what was heard and send what is due."""
        if self.on:
            await self.keep()
            await AlertSender(self._store, self._plan, await self.services(), self._clock).send_due()

    async def _keep_forever(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if not await self.keep():
                await self._clock.sleep(AGAIN_SECONDS)
                self._arrived.set()

    async def keep(self) -> bool:
        """Write down what was heard, in order; False if the database refused some of it."""
        while self._heard:
            event = self._heard[0]
            try:
                if (told := await self._sources.alert_of(event)) and await self._store.add(told):
                    self.nudge()
            except MousekeeperError as error:
                LOG.warning("An alert could not be written down: %s", error)
                return False
            except Exception:  # one event that cannot be told must not keep the others
                LOG.exception("There was no telling of a %s", type(event).__name__)
            with suppress(ValueError):  # it has gone: too many came meanwhile
                self._heard.remove(event)
        return True

    async def _send_forever(self) -> None:
        sender: AlertSender | None = None
        while True:
            self._written.clear()
            try:
                sender = sender or AlertSender(self._store, self._plan, await self.services(), self._clock)
                await sender.send_due()
                wait = await self._until_due()
            except MousekeeperError as error:
                LOG.warning("Alerts could not be looked after: %s", error)
                wait = AGAIN_SECONDS
            await sleep_or(self._clock, wait, self._written)

    async def _until_due(self) -> float | None:
        due = await self._store.next_due()
        return None if due is None else max(0.01, (due - self._clock.now()).total_seconds())

    async def _look_around(self) -> None:
        """Now and then: look at the disks, forget old alerts."""
        while True:
            for found in await self._sources.look_at_disks():
                self._hear(found)
            try:
                await self._store.forget(self._clock.now() - KEEP_ALERTS)
            except MousekeeperError as error:
                LOG.warning("Old alerts could not be forgotten: %s", error)
            await self._clock.sleep(LOOK_SECONDS)

    async def test(self) -> list[Tested]:
        """Send a test message to every service and say who took it. Raises ConfigError without services."""
        from core.integrations.apprise.models import Message

        if not self.on:
            raise ConfigError("APPRISE_URLS is not set: nobody can be alerted.", hint=NAME_ONE)
        services = await self.services()
        text = "Mousekeeper can reach you here. Nothing is to be done."
        return [
            Tested(
                delivery.service.label,
                sorted(delivery.service.tags),
                delivery.taken,
                delivery.status.value,
                delivery.reason,
            )
            for delivery in await services.send(Message("Mousekeeper: a test", text), services.services)
        ]

    async def check(self) -> list[Finding]:
        """Whether rules and services fit each other, and what could not be told so far; costs nothing."""
        if not self.on:
            return []
        missed = Counter(row.error for row in await self._store.open() if row.error)
        found = self._of_rules() + [
            Finding(
                "alerts",
                "warning",
                f"Not told yet: {error} ({count} waiting).",
                "It is tried again by itself.",
            )
            for error, count in missed.items()
        ]
        return found or [Finding("alerts", "ok", "Every alert has a service, every service has alerts.")]

    async def try_out(self) -> list[Finding]:
        """Whether Apprise takes the addresses. Raises ConfigError with the places of those it does not."""
        if not self.on:
            text = "APPRISE_URLS is not set: nobody is alerted outside Discord."
            return [Finding("alerts", "notice", text, NAME_ONE)]
        names = ", ".join(service.label for service in (await self.services()).services)
        return [Finding("alerts", "ok", f"Alerts can go to {names}.")]

    def _of_rules(self) -> list[Finding]:
        """Tags that no service carries, and services that no rule reaches."""
        carried = {EVERY_SERVICE}.union(*(entry.tags for entry in self._entries))
        missing = sorted({tag for tags in self._plan.rules.values() for tag in tags} - carried)
        told = {tag for event in BY_NAME for tag in self._plan.tags(event)}
        return [
            Finding(
                "alerts",
                "warning",
                f"No service carries the tag {tag} of alerts.rules.",
                "Add it to an entry of APPRISE_URLS, or mend alerts.rules in config.yaml.",
            )
            for tag in missing
        ] + [
            Finding(
                "alerts",
                "warning",
                f"Entry {entry.position} of APPRISE_URLS is reached by no alert.",
                "Name one of its tags in alerts.rules in config.yaml, or the tag all.",
            )
            for entry in self._entries
            if EVERY_SERVICE not in told and not entry.tags & told
        ]
