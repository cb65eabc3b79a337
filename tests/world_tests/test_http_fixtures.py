import re

import aiohttp
import pytest
from aioresponses import aioresponses

from core.errors import BadReply, Unreachable
from core.http import fetch
from tests.fixtures_http import BUFFER_BYTES

URL = "http://audnex.test/books/B000000001"


async def test_a_canned_answer_reaches_the_programs_own_fetch(
    answers: aioresponses, session: aiohttp.ClientSession
) -> None:
    answers.get(
        re.compile(r"^http://audnex\.test/.*$"), payload={"asin": "B000000001"}, headers={"X-Left": "3"}
    )
    reply = await fetch(session, "audnex", "GET", URL, params={"region": "us"})
    assert (reply.status, reply.json(), reply.headers["x-left"]) == (200, {"asin": "B000000001"}, "3")
    assert [method for method, _ in answers.requests] == ["GET"]


async def test_a_body_larger_than_the_readers_buffer_is_read_whole(
    answers: aioresponses, session: aiohttp.ClientSession
) -> None:
    answers.get(URL, body=b"x" * (5 * BUFFER_BYTES), repeat=True)
    assert len((await fetch(session, "audnex", "GET", URL)).body) == 5 * BUFFER_BYTES
    async with session.get(URL) as response:
        assert len(await response.read()) == 5 * BUFFER_BYTES
    with pytest.raises(BadReply):
        await fetch(session, "audnex", "GET", URL, max_bytes=BUFFER_BYTES)


async def test_failures_can_be_canned_too(answers: aioresponses, session: aiohttp.ClientSession) -> None:
    answers.get(URL, exception=aiohttp.ClientConnectionError("refused"))
    answers.get(URL, timeout=True)
    for _ in range(2):
        with pytest.raises(Unreachable):
            await fetch(session, "audnex", "GET", URL)
