"""Tells people: an alert is written down before what it tells of is, so that no kill can swallow it."""

from __future__ import annotations

from core.domain.alert_events import alert
from core.events import AlertsWritten, Events
from core.store.alerts import AlertStore


class Herald:
    """The guard's way to the outbox; the same again is one message there."""

    def __init__(self, alerts: AlertStore, events: Events) -> None:
        self._alerts = alerts
        self._events = events

    async def tell(self, name: str, about: str, **facts: object) -> None:
        """Raise an event of the alerts' table about one thing."""
        if await self._alerts.add(alert(name, about, **facts)):
            self._events.publish(AlertsWritten())
