"""The sending process: `python -m core.integrations.apprise.wire` reads one request, answers it, and ends.

Request and answer are one JSON document each, on standard input and output, about services in the same order.
Nothing else is written: whatever Apprise says may quote an address.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apprise

MEMORY = 2 * 2**30  # bytes of addresses: an answer without end breaks off here
KINDS = {"ok": "success", "notice": "info", "warning": "warning", "error": "failure", "urgent": "failure"}

_HTTP_STATUS = re.compile(r"\berror\W{1,3}(\d{3})\b")


def main() -> None:
    """Answer one request. Threads that still wait for a service are left behind."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as out:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # plugins may print
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or most > MEMORY:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
        request = json.load(sys.stdin)
        answer = asyncio.run(_send(request)) if "message" in request else _names(request["services"])
        json.dump(answer, out)
    os._exit(0)


def _names(services: list[dict[str, Any]]) -> list[str | None]:
    """The kind of each service, None where Apprise cannot use its address."""
    loaded = (_load(service["url"]) for service in services)
    return [str(one.services[0].service_name) if one else None for one in loaded]


async def _send(request: dict[str, Any]) -> list[dict[str, str]]:
    """What each service did with the message: a status, and a reason that repeats nothing of an address."""
    sends = (
        _deliver(service["url"], request["message"], request["seconds"]) for service in request["services"]
    )
    return list(await asyncio.gather(*sends))


async def _deliver(url: str, message: dict[str, str], seconds: float) -> dict[str, str]:
    loaded = await asyncio.to_thread(_load, url)
    if loaded is None:
        return {"status": "failure", "reason": "Apprise cannot use its address"}
    result = await loaded.async_notify(
        body=message["body"],
        title=message["title"],
        notify_type=KINDS[message["severity"]],
        body_format="text",
        timeout=seconds,
    )
    status = result.status.name.lower()
    return {"status": status, "reason": _reason(status, result, seconds)}


def _load(url: str) -> apprise.Apprise | None:
    import apprise

    asset = apprise.AppriseAsset(app_id="Mousekeeper", app_desc="Mousekeeper", secure_logging=True)
    try:
        service = apprise.Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 (any of a hundred plugins)
        return None
    return apprise.Apprise(service, asset=asset) if service is not None else None


def _reason(status: str, result: apprise.AppriseResult, seconds: float) -> str:
    """Why it was not taken, out of Apprise's records; only what cannot hold a secret is repeated."""
    if status == "success":
        return ""
    if status == "timeout":
        return f"no answer within {seconds:g} seconds"
    records = " ".join(str(entry.message) for entry in result.logs())
    if match := _HTTP_STATUS.search(records):
        return f"it answered {match[1]}"
    return "it cannot be reached" if "onnection error" in records else "it did not take it"


if __name__ == "__main__":
    main()
