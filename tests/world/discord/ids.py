"""Snowflakes and waiting: ids that carry their time, and a way to wait for any change without looking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from tests.world.discord.constants import EPOCH_MS

T = TypeVar("T")


class Snowflakes:
    """Makes ids in Discord's form, each greater than the one before even while the clock stands still."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last = 0

    def __call__(self) -> str:
        self._last = max(first_id(self._now()), self._last + 1)
        return str(self._last)


def first_id(moment: datetime) -> int:
    """The smallest id that could have been made at this moment."""
    return (int(moment.timestamp() * 1000) - EPOCH_MS) << 22


class Changes:
    """Whoever waits for something looks again whenever anything has changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], T], seconds: float, what: str) -> T:
        """The first true value of `condition`; raises TimeoutError naming `what` after `seconds` of real time."""
        try:
            async with asyncio.timeout(seconds):
                while not (value := condition()):
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
                return value
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {seconds:g} s") from None
