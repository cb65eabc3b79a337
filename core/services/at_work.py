"""How far the stages at work are, as they last said, and how long they have to go."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from core.clock import Clock
from core.events import Events, JobMoved, Progress

WINDOW = 30.0  # seconds of the past the speed is taken from
APART = 0.5  # seconds between two points that are kept of it
SOONEST = 2.0  # seconds before a first guess: the beginning says little


@dataclass(frozen=True, slots=True)
class Progressing:
    """The last word of a running stage; `fraction` 0 to 1 and `left` in seconds, None where not known."""

    stage: str
    fraction: float | None
    left: float | None
    text: str


@dataclass(slots=True)
class _Track:
    """The way of one subject through one stage: moments (monotonic seconds) and how far it was then."""

    last: Progress
    points: deque[tuple[float, float]] = field(default_factory=deque)


class AtWork:
    """The last progress of each subject, kept in memory from its first word until its job moves on."""

    def __init__(self, events: Events, clock: Clock) -> None:
        self._clock = clock
        self._tracks: dict[str, _Track] = {}
        self._undo = (events.subscribe(Progress, self._said), events.subscribe(JobMoved, self._moved))

    def close(self) -> None:
        """Listen no longer."""
        for undo in self._undo:
            undo()
        self._tracks.clear()

    def of(self, subject: str) -> Progressing | None:
        """What this subject's stage last said; None where it says nothing of itself."""
        track = self._tracks.get(subject)
        if track is None:
            return None
        fraction = _fraction(track.last)
        return Progressing(track.last.stage, fraction, self._left(track, fraction), track.last.text)

    def _said(self, event: Progress) -> None:
        track = self._tracks.get(event.subject)
        if track is None or track.last.stage != event.stage:
            track = self._tracks[event.subject] = _Track(event)
        track.last = event
        fraction, now = _fraction(event), self._clock.monotonic()
        if fraction is None or (track.points and fraction < track.points[-1][1]):
            track.points.clear()  # it begins anew: what it did before says nothing of the rest
        if fraction is None or (track.points and now - track.points[-1][0] < APART):
            return
        track.points.append((now, fraction))
        while len(track.points) > 2 and track.points[1][0] <= now - WINDOW:
            track.points.popleft()

    def _moved(self, event: JobMoved) -> None:
        self._tracks.pop(event.subject, None)

    def _left(self, track: _Track, fraction: float | None) -> float | None:
        if fraction is None or not track.points:
            return None
        since, before = track.points[0]
        seconds = self._clock.monotonic() - since  # a stage that has gone quiet gets slower by waiting
        if seconds < SOONEST or fraction <= before:
            return None
        return (1 - fraction) * seconds / (fraction - before)


def _fraction(event: Progress) -> float | None:
    if event.fraction is None or not math.isfinite(event.fraction):
        return None
    return min(1.0, max(0.0, event.fraction))
