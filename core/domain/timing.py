"""Schedules and growing delays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

# Between tries at a system that fails, in seconds: at once, 1, 5, 15, 30 min, 1, 3, 6, 12, 24 h.
DELAYS = (0, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400)

LONGEST = 366 * 86_400  # seconds; a longer interval is a slip of the finger

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def delay_for(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(DELAYS[max(0, min(failures, len(DELAYS) - 1))])


@dataclass(frozen=True, slots=True)
class Schedule:
    """An interval in seconds, or a cron line in the owner's time zone; neither means off."""

    interval: float | None = None
    cron: str | None = None

    @property
    def enabled(self) -> bool:
        return self.interval is not None or self.cron is not None

    def next_after(self, last: datetime, timezone: str) -> datetime | None:
        """When it is due again, in UTC; None when off."""
        if self.interval is not None:
            return last + timedelta(seconds=self.interval)
        if self.cron is None:
            return None
        from cronsim import CronSim

        local = last.astimezone(ZoneInfo(timezone))
        return next(CronSim(self.cron, local)).astimezone(last.tzinfo)


def parse_schedule(text: str) -> Schedule:
    """Read `30m`, `6h`, `1d`, `90s`, a five-field cron line, or `off`. Raises ValueError with a sentence."""
    word = text.strip().lower()
    if word in ("off", "never", ""):
        return Schedule()
    match = re.fullmatch(r"(\d{1,9})\s*([smhd])", word)
    if match and 0 < int(match[1]) * _UNITS[match[2]] <= LONGEST:
        return Schedule(interval=int(match[1]) * _UNITS[match[2]])
    if len(word.split()) == 5:
        from cronsim import CronSim, CronSimError

        try:
            CronSim(text.strip(), datetime(2026, 1, 1))  # noqa: DTZ001 (only its grammar is checked)
        except CronSimError as error:
            raise ValueError("is not a valid cron line (minute hour day month weekday)") from error
        return Schedule(cron=text.strip())
    raise ValueError("must be an interval such as 30m, 6h or 1d, a cron line, or off")
