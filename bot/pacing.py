"""How often the bot may come to Discord: counted in the database, so that a crash loop waits too.

Discord takes the token away from a bot that identifies a thousand times a day. With the spacing here no more
than some 340 are possible, however the process is killed and restarted.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from core.clock import Clock
from core.domain.timing import delay_for
from core.errors import MousekeeperError
from core.store.small import StateStore

IDENTIFIES, RETRY = "discord.identifies", "discord.retry"  # state rows

FREE = 10  # within an hour without any wait: an owner who tries settings, an evening of short outages
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Between further ones in the same hour, in seconds.
SPACING = (60, 300, 900, 1800)
LONGEST_RETRY = 1800.0  # seconds: trying costs no IDENTIFY while Discord cannot be reached
JITTER = 0.2  # a share of the delay: not all bots of the world come back in the same second


class TooOften(MousekeeperError):
    """The bot has to wait before it may identify again."""


def next_identify(times: Sequence[datetime], now: datetime) -> datetime:
    """When the next IDENTIFY may be sent, given the earlier ones, oldest first."""
    recent = [moment for moment in times if now - HOUR < moment <= now]
    if len(recent) < FREE:
        return now
    spacing = SPACING[min(len(recent) - FREE, len(SPACING) - 1)]
    return max(now, recent[-1] + timedelta(seconds=spacing))


class Identifies:
    """The IDENTIFYs of the last day."""

    def __init__(self, state: StateStore, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def wait(self) -> float:
        """Seconds until the next one may be sent; 0 when it may be sent now."""
        now = self._clock.now()
        return max(0.0, (next_identify(await self._times(), now) - now).total_seconds())

    async def use(self) -> None:
        """Count one, before it is sent. Raises TooOften."""
        times, now = await self._times(), self._clock.now()
        if next_identify(times, now) > now:
            raise TooOften("The bot has identified with Discord too often within the hour.")
        await self._state.put(IDENTIFIES, [moment.isoformat() for moment in (*times, now)])

    async def today(self) -> int:
        """How many there were in the last 24 hours."""
        return len(await self._times())

    async def _times(self) -> list[datetime]:
        now = self._clock.now()
        kept = [datetime.fromisoformat(text) for text in await self._state.get(IDENTIFIES) or []]
        return [moment for moment in kept if now - DAY < moment <= now]


class Retry:
    """When Discord is tried again after failures: growing, jittered, and the same after a restart."""

    def __init__(self, state: StateStore, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def wait(self) -> float:
        """Seconds until the next try."""
        until = (await self._row()).get("until")
        if until is None:
            return 0.0
        left = (datetime.fromisoformat(until) - self._clock.now()).total_seconds()
        return min(
            max(0.0, left), LONGEST_RETRY * (1 + JITTER)
        )  # a clock that was set back is no reason to wait

    async def failed(self) -> None:
        """One more failure: the next try is farther away."""
        failures = int((await self._row()).get("failures", 0))
        delay = min(delay_for(failures), LONGEST_RETRY)
        delay *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spreads load, keeps no secret)
        until = self._clock.now() + timedelta(seconds=delay)
        await self._state.put(RETRY, {"failures": failures + 1, "until": until.isoformat()})

    async def succeeded(self) -> None:
        """Connected: one step down, and no wait."""
        failures = int((await self._row()).get("failures", 0))
        if failures:
            await self._state.put(RETRY, {"failures": failures - 1, "until": None})

    async def _row(self) -> dict[str, Any]:
        row = await self._state.get(RETRY)
        return row if isinstance(row, dict) else {}


class Sockets:
    """Spaces out connections to the gateway: one that closes at once would be tried without end."""

    FREE, MINUTE, LONGEST = 5, 60.0, 30.0  # connections within so many seconds; most seconds before the next

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._opened: deque[float] = deque(maxlen=20)

    async def turn(self) -> None:
        """Wait until the next one may be opened."""
        now = self._clock.monotonic()
        recent = sum(moment > now - self.MINUTE for moment in self._opened)
        if recent >= self.FREE:
            await self._clock.sleep(min(2.0 ** (recent - self.FREE), self.LONGEST))
        self._opened.append(self._clock.monotonic())
