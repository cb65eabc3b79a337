"""The doubles there are: one line each. A module offers `create_app() -> aiohttp.web.Application`."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from tests.world.outside import Served, serving

DOUBLES: dict[str, str] = {
    "alerts": "tests.world.alerts",
    "audnex": "tests.world.audnex",
    "audible": "tests.world.audible",
    "qbittorrent": "tests.world.qbittorrent",
    "mam": "tests.world.mam",
    "tracker": "tests.world.tracker",
    "discord": "tests.world.discord",
}


def create(name: str) -> web.Application:
    """A fresh double by its name in the table."""
    app: web.Application = importlib.import_module(DOUBLES[name]).create_app()
    return app


@asynccontextmanager
async def world(
    *, host: str = "127.0.0.1", ports: Mapping[str, int] | None = None
) -> AsyncIterator[dict[str, Served]]:
    """Every double, listening. `ports` are wishes; where one is taken or absent any free port will do."""
    async with AsyncExitStack() as stack:
        served: dict[str, Served] = {}
        for name in DOUBLES:
            wish = (ports or {}).get(name, 0)
            try:
                served[name] = await stack.enter_async_context(serving(create(name), host=host, port=wish))
            except OSError:
                served[name] = await stack.enter_async_context(serving(create(name), host=host))
        yield served


async def run(stop: asyncio.Event, *, host: str, port_file: Path | None) -> None:
    """Serve until `stop` is set; print the addresses as one line of JSON, and write them to `port_file`.

    A port file of an earlier run makes the doubles come back where they were.
    """
    async with world(host=host, ports=_ports(port_file)) as served:
        addresses = json.dumps({name: double.url for name, double in served.items()})
        if port_file is not None:
            fresh = port_file.with_name(port_file.name + ".new")
            fresh.write_text(addresses + "\n", encoding="utf-8")
            fresh.replace(port_file)  # whoever waits for the file finds it whole
        print(addresses, flush=True)
        await stop.wait()


def _ports(port_file: Path | None) -> dict[str, int]:
    try:
        addresses = json.loads(port_file.read_text(encoding="utf-8")) if port_file else {}
        return {name: urlsplit(url).port or 0 for name, url in addresses.items()}
    except (OSError, ValueError, AttributeError):
        return {}
