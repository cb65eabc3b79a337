"""Names the services of APPRISE_URLS and hands messages to them, by a process that lives for one send."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import core
from core.domain.alert_plan import EVERY_SERVICE, ServiceEntry, which_entries
from core.errors import BadReply, ConfigError, Unreachable
from core.integrations.apprise.models import Delivery, Message, Service, Status, labelled

SYSTEM = "apprise"
# Seconds for one service. Apprise waits 4 to connect and 4 to read, if an address does not say otherwise.
SEND_SECONDS = 20.0
START_SECONDS = 30.0  # for the process itself, on a machine that is busy

_WIRE = (sys.executable, "-P", "-m", "core.integrations.apprise.wire")
_ROOT = str(Path(core.__file__).resolve().parent.parent)


class AppriseServices:
    """The services by label. Nothing of an address leaves this object, except to its own service."""

    def __init__(self, loaded: Sequence[tuple[Service, ServiceEntry]]) -> None:
        self._loaded = {service.label: (service, entry) for service, entry in loaded}

    @classmethod
    async def load(cls, entries: Sequence[ServiceEntry]) -> Self:
        """Try every address. Raises ConfigError with the places of those Apprise cannot use."""
        names = await _ask({"services": _named(entries)}, START_SECONDS)
        if wrong := [entry.position for entry, name in zip(entries, names, strict=True) if name is None]:
            raise ConfigError(
                f"APPRISE_URLS: {which_entries(wrong, len(entries))} not an address Apprise can use.",
                hint="Write it as Apprise's documentation of that service shows it.",
            )
        found = [(entry.position, name, entry.tags) for entry, name in zip(entries, names, strict=True)]
        return cls(list(zip(labelled(found), entries, strict=True)))

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

        Cancelled, it ends the sending: a message may have arrived by then.
        """
        entries = [self._loaded[service.label][1] for service in services]
        request = {"services": _named(entries), "message": asdict(message), "seconds": seconds}
        try:
            answers = await _ask(request, START_SECONDS + seconds)
        except (Unreachable, BadReply) as error:
            return [Delivery(service, Status.FAILURE, error.message.rstrip(".")) for service in services]
        return [
            Delivery(service, Status(answer["status"]), answer["reason"])
            for service, answer in zip(services, answers, strict=True)
        ]


def _named(entries: Sequence[ServiceEntry]) -> list[dict[str, str]]:
    return [{"url": entry.url} for entry in entries]


async def _ask(request: dict[str, Any], seconds: float) -> list[Any]:
    """One request to a process of its own, which ends with it. Raises Unreachable and BadReply."""
    paths = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths}
    try:
        process = await asyncio.create_subprocess_exec(
            *_WIRE, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, start_new_session=True
        )  # a session of its own: Ctrl-C is for us, who then give a message on its way some seconds
    except OSError as error:
        raise Unreachable(SYSTEM, f"Apprise cannot be started ({error.strerror}).") from error
    try:
        async with asyncio.timeout(seconds):  # real time: a process outside knows no other
            answer, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError as error:
        raise Unreachable(SYSTEM, f"Apprise did not end within {seconds:g} seconds.") from error
    finally:
        await _end(process)
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, list) or len(found) != len(request["services"]):
        raise BadReply(SYSTEM, f"Apprise ended with {process.returncode} and without an answer.")
    return found


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await asyncio.shield(process.wait())
