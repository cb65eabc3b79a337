"""What is sent, to whom, and what came of it; no value here carries a service's address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.events import AlertSeverity


class Status(StrEnum):
    """How a send ended; for one service, or for all it was meant for."""

    SUCCESS = "success"
    FAILURE = "failure"
    NOMATCH = "nomatch"  # no service carries any of the tags
    PARTIAL = "partial"  # some took it
    TIMEOUT = "timeout"  # it may have been taken all the same


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text for people."""

    title: str
    body: str
    severity: AlertSeverity = "notice"


@dataclass(frozen=True, slots=True)
class Service:
    """One address of APPRISE_URLS as it may be shown: `label` is its kind and tags, unique among them."""

    position: int
    name: str
    tags: frozenset[str]
    label: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one service did with a message; `reason` is a few words where it did not take it."""

    service: Service
    status: Status
    reason: str = ""

    @property
    def taken(self) -> bool:
        return self.status is Status.SUCCESS


def overall(deliveries: Sequence[Delivery]) -> Status:
    """One status for all services a message was meant for."""
    if not deliveries:
        return Status.NOMATCH
    taken = [delivery.taken for delivery in deliveries]
    if all(taken):
        return Status.SUCCESS
    if any(taken):
        return Status.PARTIAL
    failed = any(delivery.status is Status.FAILURE for delivery in deliveries)
    return Status.FAILURE if failed else Status.TIMEOUT


def labelled(found: Sequence[tuple[int, str, frozenset[str]]]) -> list[Service]:
    """Services with labels such as `Discord (phone, admin)`, counted where several would look the same."""
    services: list[Service] = []
    for position, name, tags in found:
        plain = f"{name} ({', '.join(sorted(tags))})" if tags else name
        taken: Collection[str] = {service.label for service in services}
        count, label = 1, plain
        while label in taken:
            count += 1
            label = f"{plain} #{count}"
        services.append(Service(position, name, tags, label))
    return services
