"""Small things everything stands on: errors, events, checks, and waiting for whatever comes first."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core import errors
from core.clock import SystemClock, sleep_or
from core.errors import MousekeeperError, NeedsPerson, Unreachable
from core.events import Events, JobMoved, SystemState
from core.health import Check, Finding, run_checks
from tests.world.clock import SimulatedClock, settle


def test_an_error_is_its_sentence_and_its_hint() -> None:
    error = NeedsPerson("Two folders have this ASIN.", hint="Remove one.")
    assert str(error) == "Two folders have this ASIN. Remove one."
    assert str(MousekeeperError("Only this.")) == "Only this."


@pytest.mark.parametrize(
    ("kind", "code"),
    [("ConfigError", 78), ("IntegrationError", 69), ("Unreachable", 69), ("NeedsPerson", 1), ("NotNow", 1)],
)
def test_exit_codes(kind: str, code: int) -> None:
    assert getattr(errors, kind).exit_code == code


def test_wrong_credentials_name_their_secret() -> None:
    error = errors.AuthFailed("qbittorrent", "qBittorrent refuses the login.", secret="QB_PASSWORD")
    assert (error.secret, error.hint) == ("QB_PASSWORD", "Check QB_PASSWORD.")


# --- events ------------------------------------------------------------------------------------------------------


def test_only_the_subscribed_type_is_heard_until_undone() -> None:
    events = Events()
    heard: list[SystemState] = []
    undo = events.subscribe(SystemState, heard.append)
    events.publish(JobMoved("1", "upload", "x", "stage", "ready", ""))
    events.publish(SystemState("audnex", up=False, text="gone"))
    undo()
    undo()
    events.publish(SystemState("audnex", up=True, text="back"))
    assert [state.up for state in heard] == [False]


def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = Events()
    heard: list[SystemState] = []

    def fail(_state: SystemState) -> None:
        raise ValueError

    events.subscribe(SystemState, fail)
    events.subscribe(SystemState, heard.append)
    events.publish(SystemState("audnex", up=False, text="gone"))
    assert len(heard) == 1
    assert "A listener failed on SystemState" in caplog.text


def test_a_listener_may_leave_while_it_hears() -> None:
    events = Events()
    heard: list[SystemState] = []

    def once(state: SystemState) -> None:
        heard.append(state)
        undo()

    undo = events.subscribe(SystemState, once)
    events.subscribe(SystemState, heard.append)
    for _ in range(2):
        events.publish(SystemState("audnex", up=False, text="gone"))
    assert len(heard) == 3


# --- checks ------------------------------------------------------------------------------------------------------


async def test_a_check_that_fails_becomes_a_finding_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fine() -> list[Finding]:
        return [Finding("disk", "ok", "Room enough.")]

    async def away() -> list[Finding]:
        raise Unreachable("qbittorrent", "qBittorrent does not answer.", hint="Start it.")

    async def broken() -> list[Finding]:
        raise KeyError("planted")

    caplog.set_level(logging.CRITICAL)
    found = await run_checks([Check("client", away), Check("broken", broken), Check("disk", fine)])
    assert found[0] == Finding("client", "error", "qBittorrent does not answer.", "Start it.")
    assert (found[1].severity, "KeyError" in found[1].text, "planted" in found[1].text) == (
        "error",
        True,
        False,
    )
    assert found[2].severity == "ok"


# --- waiting -----------------------------------------------------------------------------------------------------


async def test_sleep_ends_by_the_event_or_by_the_time_and_leaves_nothing(clock: SimulatedClock) -> None:
    event = asyncio.Event()
    before = len(asyncio.all_tasks())
    for end in ("event", "time"):
        waiting = asyncio.create_task(sleep_or(clock, 60, event))
        await settle()
        if end == "event":
            event.set()
        else:
            await clock.advance(60)
        await waiting
        event.clear()
        assert clock.sleeping == 0
        assert len(asyncio.all_tasks()) == before


async def test_sleep_without_a_time_waits_for_the_event_alone(clock: SimulatedClock) -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(sleep_or(clock, None, event))
    await clock.advance(10**9)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert len(asyncio.all_tasks()) == 1


async def test_the_machines_clock_is_in_utc_and_goes_on() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.now().utcoffset() is not None
    assert clock.now().tzname() == "UTC"
    assert clock.monotonic() >= before
