"""Waiting for real processes, threads and sockets: on a condition, never for a fixed time.

This is the one place of the tests that looks again and again; the looks are milliseconds apart and bounded.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")

FIRST_LOOK = 0.002  # seconds between the first looks, doubling up to the last
LAST_LOOK = 0.1


@overload
async def until(condition: Callable[[], Awaitable[T]], timeout: float = ..., *, what: str = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], timeout: float = ..., *, what: str = ...) -> T: ...
async def until(
    condition: Callable[[], T] | Callable[[], Awaitable[T]],
    timeout: float = 10.0,
    *,
    what: str = "the condition",
) -> T:
    """The first true value of `condition` (plain or async). Raises TimeoutError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = FIRST_LOOK
    while True:
        outcome = condition()
        value = cast("T", await outcome if inspect.isawaitable(outcome) else outcome)
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} did not come true within {timeout:g} s; last seen: {value!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LAST_LOOK)


def until_sync(condition: Callable[[], T], timeout: float = 10.0, *, what: str = "the condition") -> T:
    """`until` for tests and fixtures without an event loop."""
    deadline = time.monotonic() + timeout
    pause = FIRST_LOOK
    while not (value := condition()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} did not come true within {timeout:g} s; last seen: {value!r}")
        time.sleep(pause)
        pause = min(pause * 2, LAST_LOOK)
    return value
