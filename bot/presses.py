"""People first: what only follows (cards, the board) waits a moment while presses are being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LONGEST = 2.0  # seconds that cards wait: in a crowd they go on in between all the same


class Presses:
    """How many presses and forms are being answered at this moment."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """One more, for the length of a block."""
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def rest(self) -> None:
        """Wait until none is at hand, or long enough."""
        if self._count:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST):
                    await self._none.wait()
