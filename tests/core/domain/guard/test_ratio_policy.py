"""Worse at once, better after an hour, and never back and forth on noise."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.guard.ratio_policy import MODES, ModeState, RatioLimits, first_mode, next_mode
from tests.world.clock import START

LIMITS = RatioLimits()
HOUR = timedelta(hours=1)
ratios = st.one_of(st.none(), st.just(math.inf), st.floats(0, 5), st.sampled_from([1.0, 1.05, 1.5, 1.6]))


def after(state: ModeState, *steps: tuple[float, float | None]) -> ModeState:
    """Looks at (hours since START, ratio)."""
    for hours, ratio in steps:
        state = next_mode(state, ratio, START + hours * HOUR, LIMITS)
    return state


def test_the_first_look() -> None:
    assert first_mode(1.0, START, LIMITS).mode == "emergency"
    assert first_mode(1.49, START, LIMITS).mode == "caution"
    assert first_mode(1.5, START, LIMITS).mode == "normal"
    assert first_mode(math.inf, START, LIMITS).mode == "normal"
    assert first_mode(None, START, LIMITS).mode == "normal"


def test_worse_at_once() -> None:
    normal = ModeState("normal", START)
    assert after(normal, (1, 1.49)).mode == "caution"
    assert after(normal, (1, 1.0)).mode == "emergency"
    assert after(normal, (1, 1.49), (2, 0.99)).mode == "emergency"


def test_better_only_after_an_hour_above() -> None:
    emergency = ModeState("emergency", START)
    assert after(emergency, (1, 1.04), (9, 1.05)).mode == "emergency"
    assert after(emergency, (1, 1.06), (1.9, 1.06)).mode == "emergency"
    assert after(emergency, (1, 1.06), (2, 1.06)).mode == "caution"
    assert after(emergency, (1, 1.7), (2, 1.7)).mode == "normal"
    assert after(ModeState("caution", START), (1, 1.6), (9, 1.6)).mode == "caution"
    assert after(ModeState("caution", START), (1, 1.61), (2, 1.61)).mode == "normal"


def test_a_fall_begins_the_hour_anew() -> None:
    emergency = ModeState("emergency", START)
    assert after(emergency, (1, 1.06), (1.5, 1.03), (2, 1.06), (2.5, 1.06)).mode == "emergency"


def test_unknown_ratios_keep_the_mode() -> None:
    state = after(ModeState("emergency", START), (1, 1.2), (2, None), (3, 1.2))
    assert state.mode == "emergency"


def test_a_clock_that_went_back_does_not_end_an_emergency() -> None:
    state = after(ModeState("emergency", START), (100, 1.2), (1, 1.2))
    assert state.mode == "emergency"
    assert after(state, (2, 1.2)).mode == "caution"


@given(st.lists(st.tuples(st.floats(0, 3), ratios), max_size=40))
@settings(deadline=None)
def test_a_mode_is_never_better_than_its_ratio_and_never_left_early(
    looks: list[tuple[float, float | None]],
) -> None:
    state, now = ModeState("normal", START), START
    low_since: datetime | None = None
    for hours, ratio in looks:
        now += hours * HOUR
        before, state = state, next_mode(state, ratio, now, LIMITS)
        if ratio is None:
            assert state.mode == before.mode
            continue
        assert MODES.index(state.mode) >= MODES.index(LIMITS.called_for(ratio))
        if before.mode == "emergency" and state.mode != "emergency":
            assert ratio > LIMITS.emergency_back
            assert low_since is None or now - low_since >= LIMITS.hold
        if ratio <= LIMITS.emergency_back:
            low_since = now
