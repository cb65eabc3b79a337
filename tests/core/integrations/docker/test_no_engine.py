"""The client where there is no engine to talk to, or something else in its place."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.domain.containers import EngineRefused, EngineUnavailable, Fault
from core.errors import BadReply, ConfigError
from core.integrations.docker import faults
from core.integrations.docker.client import DockerEngine

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[str]:
    """Something on a TCP port that answers everything by `handler`; its DOCKER_HOST."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield f"tcp://127.0.0.1:{server.port}"


async def test_no_socket(tmp_path: Path) -> None:
    async with DockerEngine(f"unix://{tmp_path}/none.sock") as engine:
        with pytest.raises(EngineUnavailable, match=r"no Docker socket at .*none\.sock") as caught:
            await engine.version()
    assert caught.value.fault is Fault.NO_ENGINE
    assert "systemctl start docker" in caught.value.hint


async def test_nobody_listens_at_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with DockerEngine(f"unix://{path}") as engine:
        with pytest.raises(EngineUnavailable, match="No Docker Engine listens") as caught:
            await engine.exec("libation", ["true"], timeout=5)
    assert caught.value.fault is Fault.NO_ENGINE


async def test_nobody_listens_at_the_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with DockerEngine(f"tcp://127.0.0.1:{port}") as engine:
        with pytest.raises(EngineUnavailable) as caught:
            await engine.version()
    assert caught.value.fault is Fault.NO_ENGINE


@pytest.mark.parametrize("number", sorted(faults.CONNECTIONS))
def test_every_failed_connection_has_a_sentence_and_a_remedy(number: int) -> None:
    error = faults.unavailable(OSError(number, os.strerror(number)), "unix:///run/docker.sock")
    assert "/run/docker.sock" in error.message
    assert error.hint


def test_a_forbidden_socket_names_the_group() -> None:
    error = faults.unavailable(PermissionError(13, "Permission denied"), "unix:///run/docker.sock")
    assert error.fault is Fault.NO_PERMISSION
    assert "group" in error.hint


async def test_a_hanging_engine_is_given_up() -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with answering(hang) as host, DockerEngine(host, answer_timeout=0.2) as engine:
        with pytest.raises(EngineUnavailable, match=r"did not answer within 0\.2 seconds") as caught:
            await engine.version()
    assert caught.value.fault is Fault.NO_ENGINE


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>hello</html>", "text/html"),
        ('{"Api', "application/json"),
        ("[]", "application/json"),
        ('{"Version": "1"}', "application/json"),
    ],
)
async def test_something_else_at_the_address(body: str, content_type: str) -> None:
    async def other(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    async with answering(other) as host, DockerEngine(host) as engine:
        with pytest.raises(BadReply, match="is no Docker Engine"):
            await engine.version()


async def test_a_socket_proxy_that_forbids_the_call() -> None:
    async def proxy(request: web.Request) -> web.Response:
        if request.path.endswith("/version"):
            return web.json_response({"Version": "28", "ApiVersion": "1.48"})
        return web.Response(status=403, text="<html>Forbidden</html>", content_type="text/html")

    async with answering(proxy) as host, DockerEngine(host) as engine:
        with pytest.raises(EngineRefused, match="proxy does not allow") as caught:
            await engine.exec("libation", ["true"], timeout=5)
    assert caught.value.fault is Fault.FORBIDDEN
    assert "EXEC" in caught.value.hint


async def test_an_engine_in_trouble_is_worth_another_try() -> None:
    async def trouble(request: web.Request) -> web.Response:
        return web.json_response({"message": "no space left\non device"}, status=500)

    async with answering(trouble) as host, DockerEngine(host) as engine:
        with pytest.raises(EngineUnavailable, match="no space left on device"):
            await engine.version()


@pytest.mark.parametrize("host", ["/var/run/docker.sock", "localhost:2375", "ssh://nas"])
def test_an_address_of_no_known_kind_is_a_settings_fault(host: str) -> None:
    with pytest.raises(ConfigError, match="DOCKER_HOST"):
        DockerEngine(host)


async def test_closing_twice_and_asking_again_is_fine(tmp_path: Path) -> None:
    engine = DockerEngine(f"unix://{tmp_path}/none.sock")
    await engine.close()
    with pytest.raises(EngineUnavailable):
        await engine.version()
    await engine.close()
    await engine.close()
