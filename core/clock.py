"""The one source of time. Everything that waits or dates takes a `Clock`, so tests can move it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """Wall time in UTC, a monotonic count of seconds, and a way to wait."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_or(clock: Clock, seconds: float | None, event: asyncio.Event) -> None:
    """Wait until `event` is set or so many seconds have passed; None waits for the event alone."""
    waits: set[asyncio.Task[Any]] = {asyncio.create_task(event.wait(), name="wait: event")}
    if seconds is not None:
        waits.add(asyncio.create_task(clock.sleep(seconds), name="wait: clock"))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
