"""How far a stage is and how long it has to go, from what it says of itself."""

from __future__ import annotations

import math

import pytest

from core.events import Events, JobMoved, Progress
from core.services.at_work import AtWork
from tests.world.clock import SimulatedClock

BOOK = "01BOOK"


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def at_work(events: Events, clock: SimulatedClock) -> AtWork:
    return AtWork(events, clock)


def said(at_work: AtWork) -> tuple[float | None, float | None]:
    progress = at_work.of(BOOK)
    assert progress is not None
    return progress.fraction, progress.left


def test_steady_work_ends_when_its_speed_says(at_work: AtWork, events: Events, clock: SimulatedClock) -> None:
    for second in range(11):
        events.publish(Progress(BOOK, "build", second / 100, "hashing"))
        clock.shift(1)
    fraction, left = said(at_work)
    assert fraction == 0.1
    assert left == pytest.approx(90 * 1.1)  # a second has passed since its last word


def test_the_first_moments_make_no_guess(at_work: AtWork, events: Events, clock: SimulatedClock) -> None:
    events.publish(Progress(BOOK, "build", 0.0))
    assert said(at_work) == (0.0, None)
    clock.shift(1)
    events.publish(Progress(BOOK, "build", 0.5))
    assert said(at_work) == (0.5, None)


def test_the_speed_is_that_of_the_last_half_minute(
    at_work: AtWork, events: Events, clock: SimulatedClock
) -> None:
    for second in range(100):  # slow at first
        events.publish(Progress(BOOK, "build", second / 1000))
        clock.shift(1)
    for second in range(40):  # then ten times as fast
        events.publish(Progress(BOOK, "build", 0.1 + second / 100))
        clock.shift(1)
    fraction, left = said(at_work)
    assert fraction == pytest.approx(0.49)
    assert left == pytest.approx(51, rel=0.1)


def test_who_falls_silent_takes_longer(at_work: AtWork, events: Events, clock: SimulatedClock) -> None:
    for second in range(11):
        events.publish(Progress(BOOK, "build", second / 20))
        clock.shift(1)
    _, before = said(at_work)
    clock.shift(60)
    _, after = said(at_work)
    assert before is not None
    assert after is not None
    assert after > 5 * before


def test_many_words_a_second_are_kept_as_few_points(
    at_work: AtWork, events: Events, clock: SimulatedClock
) -> None:
    for step in range(100_000):
        events.publish(Progress(BOOK, "build", step / 100_000))
        clock.shift(0.01)
    assert said(at_work)[1] == pytest.approx(0, abs=0.1)
    assert len(at_work._tracks[BOOK].points) <= 64


@pytest.mark.parametrize("fraction", [None, math.nan, math.inf, -math.inf])
def test_what_cannot_be_known_is_not_guessed(
    at_work: AtWork, events: Events, clock: SimulatedClock, fraction: float | None
) -> None:
    for _ in range(5):
        events.publish(Progress(BOOK, "build", fraction, "working"))
        clock.shift(5)
    assert said(at_work) == (None, None)
    progress = at_work.of(BOOK)
    assert progress is not None
    assert progress.text == "working"


def test_a_fraction_beyond_its_bounds_is_cut(at_work: AtWork, events: Events) -> None:
    events.publish(Progress(BOOK, "build", 1.5))
    assert said(at_work)[0] == 1.0
    events.publish(Progress(BOOK, "build", -1))
    assert said(at_work)[0] == 0.0


def test_work_that_begins_anew_is_measured_anew(
    at_work: AtWork, events: Events, clock: SimulatedClock
) -> None:
    for second in range(10):
        events.publish(Progress(BOOK, "describe", second / 10))
        clock.shift(1)
    events.publish(Progress(BOOK, "describe", 0.0))
    assert said(at_work) == (0.0, None)


def test_a_stage_that_ends_is_forgotten(at_work: AtWork, events: Events) -> None:
    events.publish(Progress(BOOK, "build", 0.5))
    events.publish(JobMoved("01JOB", "upload", BOOK, "build", "ready", "built"))
    assert at_work.of(BOOK) is None


def test_another_stage_of_the_same_book_starts_over(
    at_work: AtWork, events: Events, clock: SimulatedClock
) -> None:
    events.publish(Progress(BOOK, "stage", 0.1))
    clock.shift(10)
    events.publish(Progress(BOOK, "build", 0.5))
    assert said(at_work) == (0.5, None)


def test_closed_it_hears_nothing(at_work: AtWork, events: Events) -> None:
    at_work.close()
    events.publish(Progress(BOOK, "build", 0.5))
    assert at_work.of(BOOK) is None
