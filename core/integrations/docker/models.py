"""What this room says about an engine, and how much of a long output it keeps."""

from __future__ import annotations

import codecs
from collections import deque
from dataclasses import dataclass

from core.domain.containers import MAX_OUTPUT, OnLine, ProcessResult

MAX_LINE = 64 * 1024  # characters; a longer line is handed over in pieces
STDERR = 2  # the stream's number in Docker's framing; 1 is stdout


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """Which engine answers."""

    version: str
    api_version: str


class Tail:
    """The last `limit` bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self.truncated = False

    def feed(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        while self._size - len(self._chunks[0]) >= self._limit:
            self._size -= len(self._chunks.popleft())
            self.truncated = True

    def text(self) -> str:
        """What was kept; bytes that are no UTF-8 are replaced."""
        kept = b"".join(self._chunks)
        if len(kept) > self._limit:
            self.truncated = True
        return kept[-self._limit :].decode("utf-8", "replace")


class Lines:
    """Cuts one stream into lines for a listener."""

    def __init__(self, listener: OnLine) -> None:
        self._listener = listener
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._listener(line.rstrip("\r"))
        if len(self._rest) > MAX_LINE:
            self.close()

    def close(self) -> None:
        """Hand over a last line without an end."""
        if self._rest:
            self._listener(self._rest.rstrip("\r"))
        self._rest = ""


class Output:
    """Both streams of one process: bounded, and told line by line as they come."""

    def __init__(self, limit: int = MAX_OUTPUT, on_line: OnLine | None = None) -> None:
        self._tails = (Tail(limit), Tail(limit))
        self._lines = (Lines(on_line), Lines(on_line)) if on_line else ()

    def feed(self, stream: int, data: bytes) -> None:
        which = 1 if stream == STDERR else 0
        self._tails[which].feed(data)
        if self._lines:
            self._lines[which].feed(data)

    def result(self, exit_code: int) -> ProcessResult:
        for lines in self._lines:
            lines.close()
        stdout, stderr = (tail.text() for tail in self._tails)
        return ProcessResult(exit_code, stdout, stderr, any(tail.truncated for tail in self._tails))
