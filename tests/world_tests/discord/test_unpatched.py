"""discord.py at its own addresses, in a process of its own, with nothing of it changed."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web

from tests.world.discord import Discord
from tests.world_tests.discord.unpatched import NAMES

ROOT = Path(__file__).parents[3]


async def test_the_client_as_shipped_connects_resumes_and_writes(
    contract: Callable[[str], Any], tmp_path: Path
) -> None:
    authority, serve = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(serve)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    double = Discord(contract=contract("discord-openapi.json"))
    runner = web.AppRunner(double.app, shutdown_timeout=0.5, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serve).start()
        given = (
            str(runner.addresses[0][1]),
            str(tmp_path / "ca.pem"),
            double.token,
            double.channel("status").id,
        )
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "tests.world_tests.discord.unpatched", *given),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        await double.connected()
        double.drop()
        assert await asyncio.wait_for(client.wait(), 20) == 0
    finally:
        await runner.cleanup()
    assert double.gateway.resumes
    assert [message.content for message in double.history("status")] == ["over TLS"]
    assert {seen.headers["Host"] for seen in double.outside.requests} == set(NAMES)
    double.assert_clean()
