"""Points per hour from what was seen, whatever was bought, given or lost in between.

The tracker credits in steps and people spend by hand, so neighbouring looks say little: the history is cut
into spans, and the middle of their rates is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from core.domain.guard.prices import POINTS_CAP

WINDOW = timedelta(days=14)
LEAST = timedelta(hours=2)  # of usable history
SPANS = 8  # about so many, while each lasts between the next two
SHORTEST, LONGEST = timedelta(hours=2), timedelta(days=1)
ROUNDING = 1.0  # points: the site shows whole ones


@dataclass(frozen=True, slots=True)
class Income:
    """Points per hour: the usual rate, a poor stretch's, a rich one's."""

    usual: float
    low: float
    high: float


def points_per_hour(
    looks: Iterable[tuple[datetime, float | None]],
    spent: Iterable[tuple[datetime, float]],
    now: datetime,
) -> Income | None:
    """The income, None where there is too little to tell.

    `looks` are balances in order of time, `spent` the purchases we know. Stretches at the cap say nothing
    of what would have been earned; a fall that no purchase explains is somebody's own spending: both are
    left out.
    """
    known = [(at, points) for at, points in looks if points is not None and now - WINDOW <= at <= now]
    stretches = _stretches(known, sorted(spent))
    total = sum((length for length, _ in stretches), timedelta())
    if total < LEAST:
        return None
    spans = _spans(stretches, min(max(total / SPANS, SHORTEST), LONGEST))
    # the mean, as spans are coarse, but held between two quantiles, as a gift would carry it away
    mean = sum(rate * hours for rate, hours in spans) / sum(hours for _, hours in spans)
    usual = min(max(mean, _quantile(spans, 0.4)), _quantile(spans, 0.6))
    return Income(usual, min(usual, _quantile(spans, 0.2)), max(usual, _quantile(spans, 0.8)))


Stretch = tuple[timedelta, float]  # how long, points earned


def _stretches(
    known: Sequence[tuple[datetime, float]], spent: Sequence[tuple[datetime, float]]
) -> list[Stretch]:
    found = []
    purchases = iter(spent)
    purchase = next(purchases, None)
    for (start, before), (end, after) in pairwise(known):
        paid = 0.0
        while purchase is not None and purchase[0] <= end:
            paid += purchase[1] if purchase[0] > start else 0.0
            purchase = next(purchases, None)
        earned = after - before + paid
        if end > start and max(before, after) < POINTS_CAP and earned >= -ROUNDING:
            found.append((end - start, max(0.0, earned)))
    return found


def _spans(stretches: Sequence[Stretch], least: timedelta) -> list[tuple[float, float]]:
    """Rate and weight (hours) of each span; what is left over at the end joins the last one."""
    spans: list[list[float]] = []
    hours = earned = 0.0
    for length, gained in stretches:
        hours += length / timedelta(hours=1)
        earned += gained
        if hours >= least / timedelta(hours=1):
            spans.append([earned, hours])
            hours = earned = 0.0
    if hours:
        if spans:
            spans[-1] = [spans[-1][0] + earned, spans[-1][1] + hours]
        else:
            spans.append([earned, hours])
    return [(points / length, length) for points, length in spans]


def _quantile(weighted: Iterable[tuple[float, float]], share: float) -> float:
    ordered = sorted(weighted)
    wanted = share * sum(weight for _, weight in ordered)
    reached = 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= wanted:
            return value
    return ordered[-1][0]
