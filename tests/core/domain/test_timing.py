"""Schedules as people write them, and delays that grow."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.timing import DELAYS, LONGEST, Schedule, delay_for, parse_schedule
from tests.world.clock import START

NO_SCHEDULE = r"must be an interval|is not a valid cron line"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@given(st.integers(1, 366), st.sampled_from("smhd"), st.sampled_from(["", " "]))
@settings(deadline=None)
def test_intervals(count: int, unit: str, blank: str) -> None:
    plan = parse_schedule(f" {count}{blank}{unit.upper()} ")
    assert plan == Schedule(interval=count * SECONDS[unit])
    assert plan.next_after(START, "Asia/Tokyo") == START + timedelta(seconds=count * SECONDS[unit])


@pytest.mark.parametrize("text", ["off", "Never", "", "  "])
def test_off(text: str) -> None:
    plan = parse_schedule(text)
    assert not plan.enabled
    assert plan.next_after(START, "UTC") is None


@given(st.text(max_size=20) | st.from_regex(r"(\*|\d{1,2})( (\*|\d{1,2}|\*/\d)){4}", fullmatch=True))
@settings(deadline=None)
def test_whatever_is_written_is_a_schedule_or_a_sentence(text: str) -> None:
    try:
        plan = parse_schedule(text)
    except ValueError as error:
        fault = str(error)
    else:
        fault = ""
    if fault:
        assert re.match(NO_SCHEDULE, fault)
        return
    due = plan.next_after(START, "Europe/Berlin")
    assert (due is not None) is plan.enabled
    assert due is None or due > START


@pytest.mark.parametrize(
    "text", ["0m", "-5m", "5", "5 minutes", "367d", "9999999999999d", "@daily", "0 0 30 2 *"]
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(ValueError, match=NO_SCHEDULE):
        parse_schedule(text)


def test_delays_grow_to_a_day_and_no_further() -> None:
    delays = [delay_for(failures) for failures in range(-1, 15)]
    assert delays == sorted(delays)
    assert (delays[0], delays[2], delays[-1]) == (0, 60, 86_400)
    assert len(DELAYS) == 10
    assert delays[-1] < LONGEST
