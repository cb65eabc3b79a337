"""What an event people are alerted of consists of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.events import AlertSeverity

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One kind of event. The texts hold `{facts}` that whoever raises it fills in.

    Events with the same `thing` tell of the same thing's states (away, back): `thing` and what the alert is
    about are its key. `spacing` is the least time between two alerts of this event about one thing where
    `alerts.cool_down` is shorter. An event `by_name` is told only where a rule names it: it is frequent, or
    Discord tells it already.
    """

    name: str
    severity: AlertSeverity
    thing: str
    title: str
    happened: str
    done: str = ""
    to_do: str = ""
    spacing: timedelta = timedelta()
    by_name: bool = False
