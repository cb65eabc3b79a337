"""Hashes a torrent's pieces in a few threads, as fast as the processor and the disk allow.

hashlib and preadv both release the interpreter's lock on buffers of this size, so threads run side by side
and the event loop gets its turn at once. Measured on two cores with SHA instructions, 1 MiB a read is best:
smaller reads pay for the switching between threads, larger ones gain nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import mmap
import os
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

from core.domain.building import Progress
from core.errors import NotNow
from core.upload.torrent.faults import reading_fault, shown
from core.upload.torrent.survey import SourceFile

NICENESS = 10  # of the hashing threads: presses and commands are answered before them
CHUNK = 1024 * 1024  # bytes read and hashed at a time; with the threads, the bound on memory
MOST_THREADS = 4  # disks give no more to more readers
REPORT_SECONDS = 0.1


class Stopped(NotNow):
    """Hashing was cancelled before its end."""


class Meter:
    """Counts hashed bytes from any thread and reports them now and then; reports never overlap or go back."""

    def __init__(self, total: int, report: Progress | None) -> None:
        self.total = total
        self._report = report
        self._lock = threading.Lock()
        self._done = 0
        self._next_report = 0.0

    def advance(self, count: int) -> None:
        with self._lock:
            self._done += count
            now = time.monotonic()
            if self._report and (now >= self._next_report or self._done == self.total):
                self._next_report = now + REPORT_SECONDS
                self._report(self._done, self.total)


def default_threads() -> int:
    """One thread for each processor this program may use, within reason."""
    return min(len(os.sched_getaffinity(0)), MOST_THREADS)


def hash_pieces(
    files: Sequence[SourceFile],
    piece_length: int,
    *,
    threads: int,
    meter: Meter,
    cancelled: Callable[[], bool],
) -> bytes:
    """The SHA-1 digests of all pieces of the files laid end to end, 20 bytes each.

    Raises Stopped when `cancelled` says so, NotNow or NeedsPerson for a file that cannot be read to its end.
    """
    count = -(-meter.total // piece_length)
    digests = bytearray(20 * count)
    numbers = iter(range(count))
    lock = threading.Lock()
    failed = threading.Event()

    def work() -> None:
        try:
            with _Reader(files, lambda: failed.is_set() or cancelled()) as reader:
                while (number := _next(numbers, lock)) is not None:
                    start = number * piece_length
                    end = min(start + piece_length, meter.total)
                    digests[20 * number : 20 * number + 20] = reader.digest(start, end)
                    meter.advance(end - start)
        except BaseException:
            failed.set()
            raise

    meter.advance(0)
    pool = ThreadPoolExecutor(min(threads, count), thread_name_prefix="hash", initializer=_step_back)
    with pool:
        outcomes = [pool.submit(work).exception for _ in range(min(threads, count))]
        errors = [error for outcome in outcomes if (error := outcome())]
    if errors:  # one thread's fault stops the others: tell the fault, not the stopping
        raise min(errors, key=lambda error: isinstance(error, Stopped))
    return bytes(digests)


def _step_back() -> None:
    """People first: on Linux this thread alone gets a lower priority; where it cannot, it keeps its own."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _next(numbers: Iterator[int], lock: threading.Lock) -> int | None:
    with lock:
        return next(numbers, None)


class _Reader:
    """One thread's view of the files laid end to end: a single open file and a single buffer, both reused."""

    def __init__(self, files: Sequence[SourceFile], stopped: Callable[[], bool]) -> None:
        self._files = files
        self._starts = [0, *itertools.accumulate(file.size for file in files)]
        self._stopped = stopped
        # A mapping begins on a page; the kernel copies into a bytearray, 16 bytes off, a tenth slower.
        self._buffer = memoryview(mmap.mmap(-1, CHUNK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        self._open_index = -1
        self._descriptor = -1

    def __enter__(self) -> _Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def digest(self, start: int, end: int) -> bytes:
        """The SHA-1 digest of the bytes from `start` to `end`, whichever files they lie in."""
        sha = hashlib.sha1(usedforsecurity=False)
        while start < end:
            if self._stopped():
                raise Stopped("Making the torrent was stopped.")
            index = bisect_right(self._starts, start) - 1
            view = self._buffer[: min(end, self._starts[index + 1]) - start]
            count = self._read(index, start - self._starts[index], view)
            sha.update(view[:count])
            start += count
        return sha.digest()

    def _read(self, index: int, offset: int, view: memoryview) -> int:
        path = self._files[index].path
        try:
            if index != self._open_index:
                self._close()
                self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                self._open_index = index
            count = os.preadv(self._descriptor, [view], offset)
        except OSError as error:
            raise reading_fault(error, path) from error
        if not count:
            raise NotNow(
                f"{shown(path)} became shorter while it was being hashed.",
                hint="The torrent is made again when the folder is quiet.",
            )
        return count

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = self._open_index = -1
