"""A typed event bus: publish a value, whoever subscribed to its type hears of it at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

LOG = logging.getLogger(__name__)
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job changed its stage or status."""

    job_id: str
    kind: str
    subject: str
    stage: str
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running stage is; `fraction` is 0 to 1, or None where it cannot be known."""

    subject: str
    stage: str
    fraction: float | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class SystemState:
    """An outside system went away or came back; `secret` names the setting where credentials were refused."""

    system: str
    up: bool
    text: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """The tracker account was looked at, and everything that follows from it was done."""


@dataclass(frozen=True, slots=True)
class RatioModeChanged:
    """The ratio put us into another mode: normal, caution or emergency."""

    mode: str


@dataclass(frozen=True, slots=True)
class VipChanged:
    """VIP has ended, or is back: what is free for us is another set now."""

    is_vip: bool


AlertSeverity = Literal["ok", "notice", "warning", "error", "urgent"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should hear of anywhere; `core.domain.alert_events.alert` makes one from its table.

    `key` says what it is about, so that the same again is one message; `urgent` breaks through quiet hours.
    Title and text are plain text for people.
    """

    event: str
    key: str
    severity: AlertSeverity
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class AlertsWritten:
    """Somebody wrote alerts in a transaction of their own, which is committed: they may be sent now."""


@dataclass(frozen=True, slots=True)
class Nudged:
    """Another process has written rows."""


class Events:
    """Subscriptions by event type. Callbacks are plain functions and must be quick."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], None]]] = {}

    def subscribe(self, kind: type[E], callback: Callable[[E], None]) -> Callable[[], None]:
        """Call `callback` for each event of this type; returns the undo."""
        callbacks = self._subscribers.setdefault(kind, [])
        callbacks.append(callback)

        def undo() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return undo

    def publish(self, event: object) -> None:
        """Tell every subscriber; one that fails is logged and does not keep the others from hearing."""
        for callback in tuple(self._subscribers.get(type(event), ())):
            try:
                callback(event)
            except Exception:  # a listener's fault must not stop the work it listens to
                LOG.exception("A listener failed on %s", type(event).__name__)
