import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from core.errors import BadReply, Unreachable
from core.http import fetch
from tests.world import outside
from tests.world.audnex import create_app
from tests.world.doubles import DOUBLES
from tests.world.outside import Fault, Served, serving
from tests.world.waiting import until

PATH = "/books/B0MKB00001"


@pytest.fixture
async def audnex() -> AsyncIterator[Served]:
    async with serving(create_app()) as served:
        yield served


@pytest.mark.parametrize(
    ("faults", "raised"),
    [
        ([outside.html()], BadReply),
        ([outside.half_json()], BadReply),
        ([outside.cut()], Unreachable),
        ([outside.drop()] * 2, Unreachable),
        ([outside.silence()], Unreachable),
        ([outside.huge()], BadReply),
    ],
    ids="html half_json cut drop silence huge".split(),
)
async def test_each_fault_strikes_once_and_then_all_is_well(
    audnex: Served, session: aiohttp.ClientSession, faults: list[Fault], raised: type[Exception]
) -> None:
    async def title(timeout: float = 5.0) -> str:
        reply = await fetch(session, "audnex", "GET", audnex.url + PATH, timeout=timeout, max_bytes=100_000)
        return str(reply.json()["title"])

    audnex.outside.fail("GET /books/*", *faults)
    with pytest.raises(raised):
        await title(timeout=0.3)
    assert await title() == "The Salt Cartographer"


async def test_faults_come_in_order_and_stay_if_told_to(
    audnex: Served, session: aiohttp.ClientSession
) -> None:
    audnex.outside.fail(
        "/books/*", outside.status(503), outside.status(429, {}, headers={"Retry-After": "7"})
    )
    audnex.outside.fail("/health", outside.status(500), always=True)
    answers = [(await fetch(session, "audnex", "GET", audnex.url + PATH)).status for _ in range(3)]
    assert answers == [503, 429, 200]
    assert [(await fetch(session, "audnex", "GET", audnex.url + "/health")).status for _ in range(2)] == [
        500
    ] * 2
    audnex.outside.recover()
    assert (await fetch(session, "audnex", "GET", audnex.url + "/health")).status == 200
    assert len(audnex.outside.asked("GET /books/*")) == 3
    assert str(audnex.outside.requests[0]) == f"GET {PATH}"
    assert audnex.outside.requests[0].headers["user-agent"].startswith("Mousekeeper/")


async def test_an_answer_can_be_held_back(audnex: Served, session: aiohttp.ClientSession) -> None:
    gate = asyncio.Event()
    audnex.outside.fail("*", outside.hold(gate))
    asking = asyncio.create_task(fetch(session, "audnex", "GET", audnex.url + PATH))
    await until(lambda: audnex.outside.requests)
    assert not asking.done()
    gate.set()
    assert (await asking).status == 200


async def test_the_world_runs_as_a_program_and_comes_back_where_it_was(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    port_file = tmp_path / "world.json"
    seen = []
    for _ in range(2):
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.world", "--port-file", str(port_file)),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert program.stdout is not None
        seen.append(json.loads(await program.stdout.readline()))
        assert seen[-1] == json.loads(port_file.read_text())
        assert (await fetch(session, "audnex", "GET", seen[-1]["audnex"] + "/health")).status == 200
        program.send_signal(signal.SIGTERM)
        assert await program.wait() == 0
    assert seen[0] == seen[1]
    assert set(seen[0]) == set(DOUBLES)
