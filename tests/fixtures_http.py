"""HTTP in tests: loopback doubles for whole flows, and aioresponses (repaired here) for a single client.

aioresponses 0.7.9 was written for an older aiohttp. Since 3.14 a ClientResponse must be given the stream
its request was written to, and a StreamReader pauses its protocol's parser as soon as a body is larger than
the buffer. Both are supplied here, for every test, as soon as pytest starts.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import aioresponses.core
import pytest
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses as Answers

BUFFER_BYTES = 2**16


class AnsweredResponse(aiohttp.ClientResponse):
    """A response nobody sent: its request went into a stream that took nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)


class _IdleParser:
    """What a reader's flow control talks to when the whole body is there from the start."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def feed_data(self, data: bytes) -> tuple[tuple[()], bool, bytes]:
        return (), False, b""

    def feed_eof(self) -> None: ...


def _reader(loop: Any = None) -> aiohttp.StreamReader:
    protocol = ResponseHandler(loop=loop)
    protocol._parser = _IdleParser()  # type: ignore[assignment]  # only the four methods above are called
    return aiohttp.StreamReader(protocol, limit=BUFFER_BYTES, loop=loop)


if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
    vars(aioresponses.core).update(ClientResponse=AnsweredResponse, stream_reader_factory=_reader)


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Canned answers for every aiohttp session; a request without one is refused."""
    with Answers() as canned:
        yield canned


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session as the program makes it."""
    from core.http import new_session

    async with new_session() as session:
        yield session
