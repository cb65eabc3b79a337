"""When the tracker may be asked next. What is kept outlives a restart, so a restart cannot burst."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from core.clock import Clock
from core.errors import NotNow, RateLimited
from core.integrations.mam.calls import Call
from core.integrations.mam.errors import SYSTEM

LOG = logging.getLogger(__name__)

LEAST_INTERVAL = 2.0  # seconds, whatever a setting says
MOST_JITTER = 0.5  # seconds
LONGEST_REST = 86_400.0  # seconds; also what a clock that jumps can cost
TROUBLE = 60.0  # seconds of the first rest after trouble, doubled up to LONGEST_TROUBLE
LONGEST_TROUBLE = 3600.0
VITAL_SHARE = 10  # one tenth of the budget, at most 25, is left to account, purchases and seedbox
HOURS = 24


class Ledger(Protocol):
    """Keeps the pacing's state, a small JSON object; `load` gives None before the first `save`.

    `save` raises NotNow where it cannot: then nothing is asked, as a restart would forget it.
    """

    async def load(self) -> Mapping[str, Any] | None: ...

    async def save(self, state: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests of the last 24 hours against their limit; for `resting` seconds the tracker is not asked."""

    used: int
    limit: int
    resting: float = 0.0


class Pacer:
    """Spaces requests. Its caller makes one at a time.

    Within a run it counts by the monotonic clock, so a wall clock that jumps neither bursts nor stalls;
    between runs by the wall clock, with no wait longer than it could have asked for itself.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        min_interval: float,
        per_day: int,
        jitter: Callable[[], float],
    ) -> None:
        """`jitter` gives 0 to 1, of which MOST_JITTER is made."""
        self._ledger = ledger
        self._clock = clock
        self._interval = max(min_interval, LEAST_INTERVAL)
        self._per_day = per_day
        self._jitter = jitter
        self._loaded = False
        self._next = 0.0  # all in monotonic seconds
        self._rest_until = 0.0
        self._troubles = 0
        self._last: dict[str, float] = {}
        self._hours: dict[int, int] = {}  # hours since the epoch: requests

    async def turn(self, call: Call, *, forced: bool = False) -> None:
        """Wait for this request's turn and write it down before it is made.

        `forced` passes over the call's own distance. Raises RateLimited, without waiting, while the tracker
        wants a rest, the budget is used up, or the call came too soon.
        """
        await self._load()
        self._refuse(call, forced=forced)
        now = self._clock.monotonic()
        if self._next > now:
            await self._clock.sleep(self._next - now)
            now = self._clock.monotonic()
        self._next = now + self._interval + MOST_JITTER * self._jitter()
        self._last[call.name] = now
        if call.counted:
            hour = self._hour()
            self._hours[hour] = self._hours.get(hour, 0) + 1
        await self._save()

    async def again(self, call: Call) -> None:
        """Let the call be made again without its own distance."""
        if self._last.pop(call.name, None) is not None:
            await self._save_if_possible()

    async def rest(self, seconds: float) -> None:
        """The tracker wants no request for so long."""
        self._rest_until = max(self._rest_until, self._clock.monotonic() + min(seconds, LONGEST_REST))
        await self._save_if_possible()

    async def trouble(self, least: float = 0.0) -> float:
        """It is in trouble, or was asked too often: rest, longer each time; gives the seconds."""
        self._troubles += 1
        doubled = TROUBLE * 2.0 ** min(self._troubles - 1, 10)
        seconds = max(least, min(doubled, LONGEST_TROUBLE))
        await self.rest(seconds)
        return seconds

    async def well(self) -> None:
        """It answered as it should."""
        if self._troubles:
            self._troubles = 0
            await self._save_if_possible()

    async def budget(self) -> Budget:
        """How much of the day's requests is used."""
        await self._load()
        resting = max(0.0, self._rest_until - self._clock.monotonic())
        return Budget(self._used(), self._per_day, resting)

    def _refuse(self, call: Call, *, forced: bool) -> None:
        now = self._clock.monotonic()
        if now < self._rest_until:
            raise _wait("The tracker wants no request", self._rest_until - now)
        last = self._last.get(call.name)
        if not forced and last is not None and now < last + call.every:
            raise _wait(
                f"The tracker is not asked for this ({call.name}) so soon again", last + call.every - now
            )
        limit = self._per_day if call.vital else self._per_day - min(self._per_day // VITAL_SHARE, 25)
        if call.counted and self._used() >= limit:
            raise _wait(
                "The day's budget of requests to the tracker is used up", self._until_an_hour_leaves()
            )

    def _hour(self) -> int:
        return int(self._clock.now().timestamp() // 3600)

    def _used(self) -> int:
        newest = self._hour()  # hours ahead of it are of a clock that was wrong
        self._hours = {hour: n for hour, n in self._hours.items() if newest - HOURS < hour <= newest}
        return sum(self._hours.values())

    def _until_an_hour_leaves(self) -> float:
        leaves = (min(self._hours) + HOURS) * 3600
        return max(1.0, leaves - self._clock.now().timestamp())

    async def _load(self) -> None:
        if self._loaded:
            return
        state = await self._ledger.load() or {}
        now, wall = self._clock.monotonic(), self._clock.now()
        self._next = now + _ahead(state.get("next"), wall, self._interval + MOST_JITTER)
        self._rest_until = now + _ahead(state.get("rest_until"), wall, LONGEST_REST)
        self._troubles = _whole(state.get("troubles"))
        last = state.get("last")
        for name, when in last.items() if isinstance(last, Mapping) else ():
            self._last[str(name)] = now - _behind(when, wall)
        hours = state.get("hours")
        for hour, count in hours.items() if isinstance(hours, Mapping) else ():
            self._hours[_whole(hour)] = _whole(count)
        self._loaded = True

    async def _save_if_possible(self) -> None:
        """An answer that came is not lost because its consequences cannot be written down."""
        try:
            await self._save()
        except NotNow as error:
            LOG.warning("%s", error)

    async def _save(self) -> None:
        now, wall = self._clock.monotonic(), self._clock.now()

        def at(monotonic: float) -> str:
            return (wall + timedelta(seconds=monotonic - now)).isoformat()

        self._used()  # forgets old hours
        await self._ledger.save(
            {
                "next": at(self._next),
                "rest_until": at(self._rest_until) if self._rest_until > now else None,
                "troubles": self._troubles,
                "last": {name: at(when) for name, when in self._last.items()},
                "hours": {str(hour): count for hour, count in self._hours.items()},
            }
        )


def _wait(why: str, seconds: float) -> RateLimited:
    return RateLimited(SYSTEM, f"{why}; next in {_length(seconds)}.", retry_after=seconds)


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _ahead(value: object, now: datetime, most: float) -> float:
    """Seconds until a moment, 0 to `most`."""
    moment = _moment(value)
    return max(0.0, min((moment - now).total_seconds(), most)) if moment else 0.0


def _behind(value: object, now: datetime) -> float:
    """Seconds since a moment; none for one that a wrong clock put into the future."""
    moment = _moment(value)
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def _whole(value: object) -> int:
    try:
        return max(0, int(value)) if isinstance(value, (int, str)) else 0
    except ValueError:
        return 0
