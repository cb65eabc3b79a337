"""Who is told of what, and when: rules, spacing, quiet hours, and the notation of APPRISE_URLS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.alert_events import BY_NAME
from core.events import AlertSeverity

ANY_EVENT = "*"  # in rules: every event that has no rule of its own
EVERY_SERVICE = "all"  # in rules: all services, also those without a tag

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_TAG = re.compile(r"[\w.-]{1,40}")
_ENTRY = re.compile(r"(?:(?P<tags>[^=:/?#]*)=)?(?P<url>[a-z][a-z0-9+.-]{0,39}://\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another, perhaps over midnight, in the owner's zone."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read `22:00-07:00`. Raises ValueError with a sentence."""
        match = _HOURS.fullmatch(text)
        try:
            hours = [time(int(match[i]), int(match[i + 1])) for i in (1, 3)] if match else []
        except ValueError:
            hours = []
        if not hours or hours[0] == hours[1]:
            raise ValueError("must be two different times of day such as 22:00-07:00")
        return cls(*hours)

    def until(self, now: datetime, timezone: str) -> datetime | None:
        """When the quiet that lies over `now` ends; None outside quiet hours."""
        here = now.astimezone(ZoneInfo(timezone))
        clock = here.time()
        over_midnight = self.begin > self.end
        if over_midnight:
            if self.end <= clock < self.begin:
                return None
        elif not self.begin <= clock < self.end:
            return None
        day = here.date() + timedelta(days=1 if over_midnight and clock >= self.begin else 0)
        # where the clock is changed an hour comes twice, or never: the later reading is ahead of us
        ends = (datetime.combine(day, self.end.replace(fold=fold), here.tzinfo) for fold in (0, 1))
        return max(end.astimezone(now.tzinfo) for end in ends)


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """The owner's wishes about alerts. `on` is false where no service is set: nothing is kept then."""

    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cool_down: timedelta = timedelta(minutes=15)
    quiet: QuietHours | None = None
    timezone: str = "UTC"
    on: bool = True

    def tags(self, event: str) -> tuple[str, ...]:
        """The tags an event goes to; none means nobody is told.

        Without a rule of its own an event follows `*`, which means every service unless it is given; an event
        that is told by name only does not.
        """
        if not self.on:
            return ()
        known = BY_NAME.get(event)
        otherwise = () if known and known.by_name else self.rules.get(ANY_EVENT, (EVERY_SERVICE,))
        return self.rules.get(event, otherwise)

    def spacing(self, event: str) -> timedelta:
        """The least time between two alerts of this event about the same thing."""
        known = BY_NAME.get(event)
        return max(self.cool_down, known.spacing) if known else self.cool_down

    def hushed_until(self, severity: AlertSeverity, now: datetime) -> datetime | None:
        """When an alert may go out that came in quiet hours; None: at once."""
        if self.quiet is None or severity == "urgent":
            return None
        return self.quiet.until(now, self.timezone)


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One entry of APPRISE_URLS: its place, counted from 1, its tags and its address, which is a secret."""

    position: int
    tags: frozenset[str]
    url: str = field(repr=False)


def parse_services(text: str) -> list[ServiceEntry]:
    """Read `tag,tag=url` separated by blanks or lines. Raises ValueError naming the places that are wrong."""
    entries, wrong = [], []
    words = text.split()
    for position, word in enumerate(words, 1):
        match = _ENTRY.fullmatch(word)
        tags = [tag.lower() for tag in (match["tags"] or "").split(",") if tag] if match else []
        if match and all(map(_TAG.fullmatch, tags)):
            entries.append(ServiceEntry(position, frozenset(tags), match["url"]))
        else:
            wrong.append(position)
    if wrong:
        raise ValueError(
            f"{which_entries(wrong, len(words))} not read: each is tag,tag=url or url, "
            "blanks or lines between them, %20 for a blank within"
        )
    return entries


def parse_tag(text: str) -> str:
    """A tag as it is compared. Raises ValueError with a sentence."""
    if not _TAG.fullmatch(text):
        raise ValueError("must be a tag of letters, digits, dots, dashes and underscores")
    return text.lower()


def which_entries(positions: list[int], count: int) -> str:
    """`entry 2 of 5 is`, `entries 2 and 4 of 5 are`."""
    if len(positions) == 1:
        return f"entry {positions[0]} of {count} is"
    listed = ", ".join(map(str, positions[:-1]))
    return f"entries {listed} and {positions[-1]} of {count} are"
