"""Normal, caution, emergency: worse at once, better only after the ratio has held for a while."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Mode = Literal["normal", "caution", "emergency"]
MODES: tuple[Mode, ...] = ("normal", "caution", "emergency")  # from good to bad


@dataclass(frozen=True, slots=True)
class RatioLimits:
    """Where a mode begins and what ends it. Each `back` lies above its beginning."""

    emergency_at: float = 1.0  # this or less
    emergency_back: float = 1.05  # more than this
    caution_below: float = 1.5
    caution_back: float = 1.6
    hold: timedelta = timedelta(hours=1)

    def called_for(self, ratio: float) -> Mode:
        """The mode this ratio begins."""
        if ratio <= self.emergency_at:
            return "emergency"
        return "caution" if ratio < self.caution_below else "normal"

    def allowed(self, ratio: float) -> Mode:
        """The best mode this ratio may go back to."""
        if ratio <= self.emergency_back:
            return "emergency"
        return "caution" if ratio <= self.caution_back else "normal"


@dataclass(frozen=True, slots=True)
class ModeState:
    """The mode, since when, and since when the ratio has been good enough for a better one."""

    mode: Mode
    since: datetime
    better_since: datetime | None = None


def next_mode(before: ModeState, ratio: float | None, now: datetime, limits: RatioLimits) -> ModeState:
    """The state after a look at the ratio; an unknown ratio (None) changes nothing but the wait for better.

    A clock that went backwards begins a wait anew instead of ending it early.
    """
    if ratio is None:
        return replace(before, better_since=None)
    wanted = limits.called_for(ratio)
    if _worse(wanted, before.mode):
        return ModeState(wanted, now)
    allowed = limits.allowed(ratio)
    if not _worse(before.mode, allowed):
        return replace(before, better_since=None)
    since = before.better_since if before.better_since and before.better_since <= now else now
    if now - since >= limits.hold:
        return ModeState(allowed, now)
    return replace(before, better_since=since)


def first_mode(ratio: float | None, now: datetime, limits: RatioLimits) -> ModeState:
    """The state at the first look ever."""
    return ModeState("normal" if ratio is None else limits.called_for(ratio), now)


def _worse(one: Mode, other: Mode) -> bool:
    return MODES.index(one) > MODES.index(other)
