"""A client whose answers a test writes down; time passes by itself whenever somebody sleeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from core.http import Reply
from core.integrations.mam.client import Mam
from core.integrations.mam.session import SessionFile
from core.integrations.mam.transport import OnCookies, Request
from tests.world.clock import SimulatedClock

MAM_ID = "seed%2Bof%3Dthe-session"


class HastyClock(SimulatedClock):
    """Whoever sleeps has slept; for code that does one thing at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.shift(max(0.0, seconds))
        await asyncio.sleep(0)


class MemoryLedger:
    """A pacing ledger that outlives the client, but not the test."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None
        self.saves = 0

    async def load(self) -> Mapping[str, Any] | None:
        return self.state

    async def save(self, state: Mapping[str, Any]) -> None:
        self.state = json.loads(json.dumps(state))
        self.saves += 1


def reply(
    status: int = 200,
    body: Any = b"",
    *,
    cookies: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An answer; a `body` that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = CIMultiDict(headers or {})
    for line in cookies:
        lines.add("Set-Cookie", line)
    return Reply("mam", status, lines, content)


Script = Reply | BaseException | Callable[[Request], Reply]


class Desk:
    """A transport that gives the answers a test put down, in order; the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Script] = []
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.clock: SimulatedClock | None = None

    def answers(self, *script: Script) -> None:
        self.script = list(script)

    async def send(self, request: Request, on_cookies: OnCookies) -> Reply:
        self.requests.append(request)
        if self.clock is not None:
            self.times.append(self.clock.monotonic())
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, BaseException):
            raise answer
        given = answer if isinstance(answer, Reply) else answer(request)
        await on_cookies(given.headers.getall("Set-Cookie", []))  # type: ignore[attr-defined]
        return given


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def desk(clock: HastyClock) -> Desk:
    desk = Desk()
    desk.clock = clock
    return desk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tracker-session.json"


@pytest.fixture
async def connect(
    desk: Desk, clock: HastyClock, ledger: MemoryLedger, file: Path
) -> AsyncIterator[Callable[..., Mam]]:
    """Makes clients over the same file and ledger, as restarts do; closes the one before."""
    made: list[Mam] = []

    async def connect(mam_id: str = MAM_ID, **options: Any) -> Mam:
        for before in made:
            await before.close()
        options.setdefault("jitter", lambda: 0.0)
        made.append(Mam(desk, SessionFile(file, mam_id), ledger, clock, **options))
        return made[-1]

    yield connect  # type: ignore[misc]
    for mam in made:
        await mam.close()


@pytest.fixture
async def mam(connect: Callable[..., Any]) -> Mam:
    client: Mam = await connect()
    return client
