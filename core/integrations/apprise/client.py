"""Loads the services of APPRISE_URLS and hands messages to them, each by itself and within a time."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Self

from core.domain.alert_plan import EVERY_SERVICE, ServiceEntry, which_entries
from core.errors import ConfigError
from core.integrations.apprise.models import Delivery, Message, Service, Status, labelled

if TYPE_CHECKING:  # Apprise is imported when the first address is loaded: who sends no alerts pays nothing
    import apprise

LOG = logging.getLogger(__name__)

# Seconds for one service: Apprise waits up to 4 to connect, 4 to read (an address may say otherwise with cto
# and rto), and spaces sends to most services by up to 5.5.
SEND_SECONDS = 20.0

_KINDS = {"ok": "success", "notice": "info", "warning": "warning", "error": "failure", "urgent": "failure"}
_HTTP_STATUS = re.compile(r"\berror\W{1,3}(\d{3})\b")


class AppriseServices:
    """The loaded services. Nothing of an address leaves this object, except to its own service."""

    def __init__(self, loaded: Sequence[tuple[Service, apprise.Apprise]]) -> None:
        self._loaded = {service.label: (service, wire) for service, wire in loaded}

    @classmethod
    async def load(cls, entries: Sequence[ServiceEntry]) -> Self:
        """Load every address, in a thread. Raises ConfigError with the places of those Apprise cannot use."""
        return cls(await asyncio.to_thread(_load, entries))

    @property
    def services(self) -> list[Service]:
        return [service for service, _ in self._loaded.values()]

    def wanted(self, tags: Collection[str]) -> list[Service]:
        """The services that carry any of these tags; `all` stands for every one."""
        if EVERY_SERVICE in tags:
            return self.services
        return [service for service in self.services if service.tags.intersection(tags)]

    async def send(
        self, message: Message, services: Sequence[Service], *, seconds: float = SEND_SECONDS
    ) -> list[Delivery]:
        """Hand the message to these services at once; never raises for what a service does.

        A cancelled call does not take back what is on its way: Apprise's threads go on to their end.
        """
        return list(await asyncio.gather(*(self._send(message, service, seconds) for service in services)))

    async def _send(self, message: Message, service: Service, seconds: float) -> Delivery:
        from apprise import NotifyFormat

        _, wire = self._loaded[service.label]
        result = await wire.async_notify(
            body=message.body,
            title=message.title,
            notify_type=_KINDS[message.severity],
            body_format=NotifyFormat.TEXT,
            timeout=seconds,
        )
        status = Status[result.status.name]
        return Delivery(service, status, "" if status is Status.SUCCESS else _reason(status, result, seconds))


def _load(entries: Sequence[ServiceEntry]) -> list[tuple[Service, apprise.Apprise]]:
    _hush_records()
    import apprise

    asset = apprise.AppriseAsset(app_id="Mousekeeper", app_desc="Mousekeeper", secure_logging=True)
    wires: list[tuple[ServiceEntry, apprise.Apprise]] = []
    wrong: list[int] = []
    for entry in entries:
        try:
            loaded = apprise.Apprise.instantiate(entry.url, asset=asset, tag=sorted(entry.tags))
        except Exception as error:  # noqa: BLE001 (any of a hundred plugins; its words may quote the address)
            LOG.warning("Apprise failed on entry %d with %s", entry.position, type(error).__name__)
            loaded = None
        if loaded is None:
            wrong.append(entry.position)
        else:
            wires.append((entry, apprise.Apprise(loaded, asset=asset)))
    if wrong:
        raise ConfigError(
            f"APPRISE_URLS: {which_entries(wrong, len(entries))} not an address Apprise can use.",
            hint="Write it as Apprise's documentation of that service shows it.",
        )
    names = [(entry.position, str(wire[0].service_name), entry.tags) for entry, wire in wires]
    return [(service, wire) for service, (_, wire) in zip(labelled(names), wires, strict=True)]


def _hush_records() -> None:
    """Keep Apprise's records to itself: they quote addresses, custom headers even in clear."""
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # below that it tells of every path
    records = logging.getLogger("apprise")
    records.propagate = False
    records.setLevel(logging.WARNING)
    if not records.handlers:
        records.addHandler(logging.NullHandler())


def _reason(status: Status, result: apprise.AppriseResult, seconds: float) -> str:
    """Why it was not taken, out of Apprise's records; only what cannot hold a secret is repeated."""
    if status is Status.TIMEOUT:
        return f"no answer within {seconds:g} seconds"
    records = " ".join(str(entry.message) for entry in result.logs())
    if match := _HTTP_STATUS.search(records):
        return f"it answered {match[1]}"
    if "onnection error" in records:
        return "it cannot be reached"
    return "it did not take it"
