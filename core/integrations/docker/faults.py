"""Every way an engine fails, as a table: what was seen, what it means, what to say, how to mend it."""

from __future__ import annotations

import errno
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.domain.containers import EngineRefused, EngineUnavailable, Fault

SYSTEM = "docker"
_CONNECTION_LOST = 900  # what aiodocker calls any failure to connect or a cut connection


@dataclass(frozen=True, slots=True)
class Row:
    """`status` and `pattern` (in the engine's message) recognise it; `{subject}` is what was asked for."""

    status: int
    pattern: str
    fault: Fault
    sentence: str
    hint: str
    passing: bool = False  # may mend itself, so that another try is worth while


REFUSALS = (
    Row(404, r"no such image", Fault.NO_IMAGE,
        "Docker has no image {subject}.", "Fetch it once with `docker pull {subject}`."),
    Row(404, r"no such container", Fault.NO_CONTAINER,
        "Docker has no container named {subject}.", "`docker ps -a` lists the names; set the right one."),
    Row(409, r"is paused", Fault.PAUSED,
        "The container {subject} is paused.", "Let it go on with `docker unpause {subject}`.", passing=True),
    Row(409, r"is not running|is restarting|is stopped", Fault.STOPPED,
        "The container {subject} is not running.",
        "Start it with `docker start {subject}`; if it ends by itself, `docker logs {subject}` says why.",
        passing=True),
    Row(400, r"bind source path does not exist", Fault.NO_MOUNT,
        "A folder to be shown in {subject} does not exist on the machine Docker runs on.",
        "Check the path settings: they must be paths as the Docker host sees them."),
    Row(403, r"", Fault.FORBIDDEN,
        "The Docker socket's proxy does not allow this call.",
        "Let the proxy pass CONTAINERS, EXEC and POST (and DELETE where it knows that)."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connection:
    """What a failed connection means by its error number."""

    fault: Fault
    sentence: str
    hint: str


_START = "Start Docker (`systemctl start docker`), or set DOCKER_HOST to where it listens."
_ALLOW = (
    "Run Mousekeeper as a user of the group that owns the socket (often `docker`; in compose: group_add), "
    "or point DOCKER_HOST to a socket proxy."
)
CONNECTIONS = {
    errno.ENOENT: Connection(Fault.NO_ENGINE, "There is no Docker socket at {where}.", _START),
    errno.ECONNREFUSED: Connection(Fault.NO_ENGINE, "No Docker Engine listens at {where}.", _START),
    errno.EACCES: Connection(Fault.NO_PERMISSION, "The Docker socket {where} may not be used by us.", _ALLOW),
    errno.EPERM: Connection(Fault.NO_PERMISSION, "The Docker socket {where} may not be used by us.", _ALLOW),
}
_ANY_CONNECTION = Connection(Fault.NO_ENGINE, "The Docker Engine at {where} cannot be reached.", _START)


def place(docker_host: str) -> str:
    """The engine's address for people, without anything a URL may hold besides."""
    url = urlsplit(docker_host)
    if url.scheme == "unix":
        return url.path
    return url.hostname or "the address in DOCKER_HOST"


def unavailable(error: BaseException, docker_host: str) -> EngineUnavailable:
    """The error for a connection that could not be made or broke."""
    number = getattr(error, "errno", None)
    if number is None:
        number = getattr(getattr(error, "os_error", None), "errno", None)
    row = CONNECTIONS.get(number or 0, _ANY_CONNECTION)
    return EngineUnavailable(
        SYSTEM, row.sentence.format(where=place(docker_host)), fault=row.fault, hint=row.hint
    )


def silent(docker_host: str, seconds: float) -> EngineUnavailable:
    """The error for an engine that takes the question and does not answer."""
    return EngineUnavailable(
        SYSTEM,
        f"The Docker Engine at {place(docker_host)} did not answer within {seconds:g} seconds.",
        fault=Fault.NO_ENGINE,
        hint="If it hangs, restart it.",
    )


def lost(subject: str) -> EngineUnavailable:
    """The error for an engine that went away while a process of ours ran."""
    return EngineUnavailable(
        SYSTEM,
        f"Docker went away while {subject} was at work: the outcome is unknown.",
        fault=Fault.LOST,
        hint="It is looked at again once Docker is back.",
    )


def timed_out(subject: str, seconds: float, *, ended: bool) -> EngineUnavailable:
    """The error for a process that took longer than it may."""
    fate = "and was ended" if ended else "and could not be ended: it may be running still"
    return EngineUnavailable(
        SYSTEM,
        f"{subject} did not finish within {seconds:g} seconds {fate}.",
        fault=Fault.TIMED_OUT,
        hint="" if ended else "Restart the container to be sure.",
    )


def is_connection(status: int) -> bool:
    """Whether aiodocker means "could not connect" with this status."""
    return status == _CONNECTION_LOST


def refusal(status: int, message: str, subject: str) -> EngineUnavailable | EngineRefused:
    """The error for a status of 400 and above, by the table; the engine's own words where it has no row."""
    for row in REFUSALS:
        if row.status == status and re.search(row.pattern, message, re.IGNORECASE):
            sentence, hint = row.sentence.format(subject=subject), row.hint.format(subject=subject)
            if row.passing:
                return EngineUnavailable(SYSTEM, sentence, fault=row.fault, hint=hint)
            return EngineRefused(SYSTEM, sentence, fault=row.fault, status=status, hint=hint)
    words = _words(message)
    if status >= 500:
        return EngineUnavailable(SYSTEM, f"Docker failed at {subject}: {words}", fault=Fault.OTHER)
    return EngineRefused(SYSTEM, f"Docker refused {subject}: {words}", fault=Fault.OTHER, status=status)


def _words(message: str) -> str:
    """The engine's own words on one line; some proxies send its JSON under another content type."""
    with suppress(ValueError, KeyError, TypeError):
        message = str(json.loads(message)["message"])
    return " ".join(message.split())[:300]
