"""When a system may be asked next: a distance between requests, and rests it asked for or earned."""

from __future__ import annotations

from core.clock import Clock
from core.errors import RateLimited, Unreachable

SILENT_REST = 60.0  # seconds


class Pace:
    """One system's manners, kept by the injected clock.

    While it rests, `turn()` refuses at once instead of asking: a row of books does not wait for the
    same dead host again and again.
    """

    def __init__(self, system: str, clock: Clock, *, min_interval: float = 0.0) -> None:
        self._system = system
        self._clock = clock
        self._min_interval = min_interval
        self._next_turn = 0.0
        self._limited_until = 0.0
        self._silent_until = 0.0

    async def turn(self) -> None:
        """Wait for this caller's turn.

        Raises RateLimited while the system's limit is used up, Unreachable while it rests after silence.
        """
        self._refuse_while_resting()
        if not self._min_interval:
            return
        now = self._clock.monotonic()
        turn = max(now, self._next_turn)
        self._next_turn = turn + self._min_interval
        if turn > now:
            await self._clock.sleep(turn - now)
            self._refuse_while_resting()

    def limited(self, seconds: float) -> None:
        """The system wants no request for `seconds`."""
        self._limited_until = max(self._limited_until, self._clock.monotonic() + seconds)

    def silent(self, seconds: float = SILENT_REST) -> None:
        """The system did not answer at all; spare it and us for `seconds`."""
        self._silent_until = self._clock.monotonic() + seconds

    def _refuse_while_resting(self) -> None:
        now = self._clock.monotonic()
        if now < self._limited_until:
            wait = self._limited_until - now
            raise RateLimited(
                self._system, f"{self._system} wants no request for {wait:.0f} s.", retry_after=wait
            )
        if now < self._silent_until:
            raise Unreachable(
                self._system,
                f"{self._system} did not answer a moment ago and is asked again"
                f" in {self._silent_until - now:.0f} s.",
            )
