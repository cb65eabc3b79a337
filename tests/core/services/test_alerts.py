"""Alerts from the bus to the services: told once, by rule, at the right time, whatever the services do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.app import App
from core.domain.alert_events import alert
from core.errors import AuthFailed, ConfigError, MousekeeperError, Unreachable
from core.events import Alert, AlertsWritten, JobMoved, SystemState
from core.store.releases import KIND
from core.store.tables import state
from tests.core.services.alerting import at_work, pass_time, program, sent, tried
from tests.fixtures_qbittorrent import free_port
from tests.world import alerts
from tests.world.alerts import Received
from tests.world.clock import SimulatedClock
from tests.world.outside import Served, cut, drop, hold, html, serving, silence, status
from tests.world.waiting import until

AWAY = SystemState("qbittorrent", up=False, text="qBittorrent does not answer.")
BACK = SystemState("qbittorrent", up=True, text="qbittorrent answers again.")
EMERGENCY = Alert("ratio_emergency", "ratio:", "urgent", "The ratio is low", "It is 0.99.")


@pytest.fixture
async def double() -> AsyncIterator[Served]:
    async with serving(alerts.create_app()) as served:
        yield served


def at(double: Served, path: str) -> list[str]:
    """Titles that arrived there."""
    return [message.title for message in alerts.received(double.app, path)]


def urls(double: Served, *entries: str) -> str:
    """`phone=/phone` as an entry of APPRISE_URLS that leads to the receiver."""
    parts = [entry.rpartition("=") for entry in entries or ("/phone",)]
    return " ".join(f"{tags}{equals}{alerts.address(double, path)}" for tags, equals, path in parts)


# --- what is told, and to whom -----------------------------------------------------------------------------------


async def test_away_and_back_are_one_message_each(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        app.events.publish(AWAY)
        await until(lambda: at(double, "/phone"), 30)
        for change in (AWAY, AWAY, BACK):
            app.events.publish(change)
        await sent(app, 2, clock)
    assert alerts.received(double.app) == [
        Received(
            "/phone",
            "qBittorrent is away",
            "qBittorrent does not answer.\n"
            "What needs it waits and is tried again by itself, at growing intervals.\n"
            "See that it runs and can be reached; you hear when it is back.",
            "warning",
        ),
        Received(
            "/phone",
            "qBittorrent is back",
            "It answers again.\nWhat waited for it goes on by itself.",
            "success",
        ),
    ]


async def test_rules_choose_who_is_told(tmp_path: Path, clock: SimulatedClock, double: Served) -> None:
    rules = ['rules: {system_down: Phone, system_up: [], disk_low: [desk, phone], "*": [desk]}']
    services = urls(double, "phone=/phone", "desk,PHONE=/desk", "/untagged")
    async with program(tmp_path, clock, services, rules) as app, at_work(app):
        app.events.publish(AWAY)
        app.events.publish(BACK)
        app.events.publish(alert("disk_low", "/d", folder="/d", left="1 GiB"))
        app.events.publish(alert("torrent_stopped", "1", title="One", left="3 hours"))
        await sent(app, 3, clock)
    full = "The disk of /d is nearly full"
    assert at(double, "/phone") == ["qBittorrent is away", full]
    assert at(double, "/desk") == ["qBittorrent is away", full, "One is stopped"]
    assert at(double, "/untagged") == []


async def test_without_rules_everybody_hears_all(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    async with program(tmp_path, clock, urls(double, "phone=/phone", "/untagged")) as app, at_work(app):
        app.events.publish(AWAY)
        await sent(app, 1, clock)
    assert at(double, "/phone") == at(double, "/untagged") == ["qBittorrent is away"]


async def test_a_refused_secret_is_named(tmp_path: Path, clock: SimulatedClock, double: Served) -> None:
    async def refuse() -> None:
        raise AuthFailed("qbittorrent", "qBittorrent refuses the password.", secret="QB_PASSWORD")

    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        for _ in range(2):
            with pytest.raises(AuthFailed):
                await app.runner._breakers.call("qbittorrent", refuse)
        await sent(app, 1, clock)
    [message] = alerts.received(double.app)
    assert message.title == "qBittorrent refuses our credentials"
    assert "Put the right QB_PASSWORD into .env" in message.text
    assert message.kind == "failure"


async def test_a_release_that_fails_or_waits(tmp_path: Path, clock: SimulatedClock, double: Served) -> None:
    def moved(subject: str, stage: str, status: str, text: str) -> JobMoved:
        return JobMoved("1", KIND, subject, stage, status, text)

    async with program(tmp_path, clock, urls(double), ["rules: {approval_waiting: all}"]) as app:
        releases = app.uploads._releases
        rows = [{"title": title, "source_dir": f"/books/{title}"} for title in ("@everyone\nRed", "Blue")]
        red, blue = await releases.add(rows, stage="stage", lane="disk")
        async with at_work(app):
            app.events.publish(moved(red, "build", "failed", "No space left."))
            app.events.publish(moved(blue, "approve", "waiting", "a person's approval"))
            app.events.publish(moved(blue, "confirm", "waiting", "the upload"))  # is told by name only
            app.events.publish(moved(blue, "stage", "ready", ""))
            await sent(app, 2, clock)
    first, second = alerts.received(double.app)
    assert first.title == "@\u200beveryone Red needs you"
    assert "It failed at the stage build: No space left." in first.text
    assert f"mousekeeper retry {red}" in first.text
    assert second.title == "Blue waits for your approval"


async def test_a_full_disk_is_told_once_and_when_it_has_room(
    tmp_path: Path, clock: SimulatedClock, double: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_again() -> None:
        await until(lambda: (clock.next_wake or 10_000) <= 900, what="the last look to be over")
        await clock.advance(clock.next_wake or 0)

    monkeypatch.setattr("core.services.disks.PATIENCE", 10_000)  # seconds of a clock that jumps by looks
    monkeypatch.setattr("core.services.alert_sources.LEAST_SPACE", 2**60)
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        await until(lambda: at(double, "/phone"), 30)
        places = len(await app.alert_store.recent())
        for _ in range(20):
            await look_again()
        monkeypatch.setattr("core.services.alert_sources.LEAST_SPACE", 1)
        await look_again()
        await sent(app, 2 * places, clock)
    assert [title.rpartition(" ")[2] for title in at(double, "/phone")] == ["full"] * places + [
        "again"
    ] * places


async def test_a_guard_writes_one_in_its_own_transaction(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        async with app.store.write() as connection:
            values = {"key": "mode", "value": "emergency", "updated": clock.now()}
            await connection.execute(sa.insert(state).values(**values))
            await app.alert_store.add(EMERGENCY, connection)
        assert at(double, "/phone") == []
        app.events.publish(AlertsWritten())
        await sent(app, 1, clock)
    assert at(double, "/phone") == ["The ratio is low"]


async def test_many_at_once_are_one_message(tmp_path: Path, clock: SimulatedClock, double: Served) -> None:
    async with program(tmp_path, clock, urls(double)) as app:
        for number in range(30):
            await app.alert_store.add(
                alert("torrent_stopped", f"{number}", title=f"Book {number}", left="3 hours")
            )
        await app.alert_store.add(EMERGENCY)
        await app.alerts.run_once()
        await sent(app, 31, clock)
    urgent, many = alerts.received(double.app)
    assert urgent.title == "The ratio is low"
    assert many.title == "30 things happened"
    assert "2026-11-02 13:00 Book 0 is stopped" in many.text
    assert "and 10 more" in many.text


# --- when ----------------------------------------------------------------------------------------------------------


async def test_quiet_hours_hold_all_but_the_urgent(tmp_path: Path, double: Served) -> None:
    clock = SimulatedClock(datetime(2026, 11, 2, 22, 30, tzinfo=UTC))  # 23:30 in Berlin
    rules = ["quiet_hours: 23:00-07:00"]
    async with program(tmp_path, clock, urls(double), rules) as app, at_work(app):
        app.events.publish(AWAY)
        app.events.publish(EMERGENCY)
        await until(lambda: at(double, "/phone"), 30)
        await pass_time(clock, 7.5 * 3600 - 30)
        assert at(double, "/phone") == ["The ratio is low"]
        await pass_time(clock, 30)
        await sent(app, 2, clock)
    message = alerts.received(double.app)[1]
    assert message.title == "qBittorrent is away"
    assert message.text.endswith("It happened at 2026-11-02 23:30.")


async def test_the_same_within_the_cool_down_is_no_message(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    async with program(tmp_path, clock, urls(double), ["cool_down: 1h"]) as app, at_work(app):
        for _ in range(4):
            app.events.publish(AWAY)
            await sent(app, 1, clock)
            await pass_time(clock, 900)
        app.events.publish(AWAY)
        await sent(app, 2, clock)
    assert len(at(double, "/phone")) == 2


# --- services in trouble ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(500), "it answered 500"),
        (status(403, text="hushhush"), "it answered 403"),
        (drop(), "it cannot be reached"),
    ],
)
async def test_what_was_not_taken_is_sent_again(
    tmp_path: Path,
    clock: SimulatedClock,
    double: Served,
    caplog: pytest.LogCaptureFixture,
    fault: object,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO, "core")
    double.outside.fail("/phone", fault, always=True)  # type: ignore[arg-type]
    async with program(tmp_path, clock, urls(double, "a,b=/phone", "/desk")) as app, at_work(app):
        app.events.publish(AWAY)
        for tries, after in ((1, 0), (2, 60), (3, 300)):
            await pass_time(clock, after)
            await tried(app, tries, clock)
        [row] = await app.alert_store.recent()
        assert (row.status, row.error, row.reached) == ("waiting", f"JSON (a, b): {reason}", ("JSON",))
        double.outside.recover()
        await pass_time(clock, 900)
        await sent(app, 1, clock)
    assert at(double, "/phone") == at(double, "/desk") == ["qBittorrent is away"], "nobody is told twice"
    told = [record.getMessage() for record in caplog.records if record.name == "core.services.alert_sender"]
    assert told == [
        f"JSON (a, b) did not take an alert ({reason}); it is tried again",
        "JSON (a, b) takes alerts again",
    ]


async def test_a_dead_port_and_a_tag_nobody_carries(tmp_path: Path, clock: SimulatedClock) -> None:
    services = f"phone=json://127.0.0.1:{free_port()}/x"
    rules = ["rules: {system_down: phone, system_up: [tablet]}"]
    async with program(tmp_path, clock, services, rules) as app:
        undo = app.alerts.listen()
        app.events.publish(AWAY)
        app.events.publish(BACK)
        undo()
        await app.alerts.run_once()
        up, down = await app.alert_store.recent()
        assert down.error == "JSON (phone): it cannot be reached"
        assert up.error == "no service carries a tag of its rule"
        assert (up.status, down.status) == ("waiting", "waiting")
        texts = [finding.text for finding in await app.alerts.check()]
    assert texts == [
        "No service carries the tag tablet of alerts.rules.",
        "Not told yet: JSON (phone): it cannot be reached (1 waiting).",
        "Not told yet: no service carries a tag of its rule (1 waiting).",
    ]


async def test_a_service_that_hangs_keeps_nobody_waiting_long(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    double.outside.fail("/hung", silence(), always=True)
    services = f"{urls(double, '/hung')}?rto=0.5 {urls(double, '/phone')}"
    async with program(tmp_path, clock, services) as app, at_work(app):
        app.events.publish(AWAY)
        await until(lambda: at(double, "/phone"), 30)
        app.events.publish(BACK)
        await until(lambda: len(at(double, "/phone")) == 2, 30)
        await tried(app, 1, clock)
        assert app.alerts.on
    assert len(double.outside.asked("/hung")) >= 2


@pytest.mark.parametrize("fault", [html(), cut()], ids=["html", "cut"])
async def test_any_200_is_a_yes(tmp_path: Path, clock: SimulatedClock, double: Served, fault: object) -> None:
    """Apprise looks at the status alone; what a service writes below it is read by nobody."""
    double.outside.fail("/phone", fault)  # type: ignore[arg-type]
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        app.events.publish(AWAY)
        await until(lambda: double.outside.asked("/phone"), 30)
        await until(lambda: tried_or_sent(app), 30)


async def tried_or_sent(app: App) -> bool:
    return all(row.status == "sent" or row.attempts for row in await app.alert_store.recent())


# --- restarts --------------------------------------------------------------------------------------------------------


async def test_what_was_not_sent_is_sent_after_a_restart(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    double.outside.fail("/phone", status(503), always=True)
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        app.events.publish(AWAY)
        await tried(app, 1, clock)
    double.outside.recover()
    clock.shift(61)
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        await sent(app, 1, clock)
    assert at(double, "/phone") == ["qBittorrent is away"]


async def test_a_message_on_its_way_when_the_program_stops_is_noted(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    gate = asyncio.Event()
    double.outside.fail("/phone", hold(gate))
    async with program(tmp_path, clock, urls(double)) as app:
        async with at_work(app) as task:
            app.events.publish(AWAY)
            await until(lambda: double.outside.asked("/phone"), 30)
            task.cancel()
            gate.set()
            with suppress(asyncio.CancelledError):
                await task
        await sent(app, 1, clock)
    assert at(double, "/phone") == ["qBittorrent is away"]


async def test_one_that_hangs_does_not_keep_the_program_from_stopping(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    double.outside.fail("/phone", silence(), always=True)
    async with program(tmp_path, clock, urls(double) + "?rto=1") as app:
        async with at_work(app) as task:
            app.events.publish(AWAY)
            await until(lambda: double.outside.asked("/phone"), 30)
            task.cancel()
            await clock.run_until(task.done, limit=3.5)
        [row] = await app.alert_store.recent()
        assert row.status == "waiting", "it is sent again after the restart"


async def test_who_went_away_before_a_crash_is_told_once(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    async def fail() -> None:
        raise Unreachable("qbittorrent", "qBittorrent does not answer.")

    async with program(tmp_path, clock, urls(double)) as app:
        with pytest.raises(Unreachable):
            await app.runner._breakers.call("qbittorrent", fail)  # nobody listened
    for _ in range(3):
        async with program(tmp_path, clock, urls(double)) as app, at_work(app):
            await sent(app, 1, clock)
        clock.shift(86_400)
    assert at(double, "/phone") == ["qBittorrent is away"]


async def test_a_database_that_refuses_tells_nobody_twice(
    tmp_path: Path, clock: SimulatedClock, double: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        note = app.alert_store.sent

        async def refuse(_reached: object) -> None:
            raise MousekeeperError("The database cannot be used at present.")

        monkeypatch.setattr(app.alert_store, "sent", refuse)
        app.events.publish(AWAY)
        await until(lambda: at(double, "/phone"), 30)
        await pass_time(clock, 300)
        monkeypatch.setattr(app.alert_store, "sent", note)
        await pass_time(clock, 30)
        await sent(app, 1, clock)
    assert at(double, "/phone") == ["qBittorrent is away"]


async def test_a_rule_taken_away_drops_what_waits(
    tmp_path: Path, clock: SimulatedClock, double: Served
) -> None:
    double.outside.fail("/phone", status(503))
    async with program(tmp_path, clock, urls(double)) as app, at_work(app):
        app.events.publish(AWAY)
        await tried(app, 1, clock)
    clock.shift(timedelta(hours=1).total_seconds())
    async with program(tmp_path, clock, urls(double), ["rules: {system_down: []}"]) as app:
        await app.alerts.run_once()
        assert [row.status for row in await app.alert_store.recent()] == ["dropped"]
    assert at(double, "/phone") == []


# --- settings and secrets --------------------------------------------------------------------------------------------


async def test_nothing_is_loaded_or_kept_without_services(tmp_path: Path, clock: SimulatedClock) -> None:
    async with program(tmp_path, clock, "") as app:
        undo = app.alerts.listen()
        app.events.publish(AWAY)
        undo()
        await app.alerts.run_once()
        assert not app.alerts.on
        assert await app.alert_store.recent() == []
        assert await app.alerts.check() == []
        with pytest.raises(ConfigError, match="APPRISE_URLS is not set"):
            await app.alerts.test()


async def test_no_secret_of_a_service_is_told(
    tmp_path: Path, clock: SimulatedClock, double: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hushhush"
    double.outside.fail("/*", status(500, text=secret), always=True)
    where = alerts.address(double, "")
    host = where.removeprefix("json://")
    services = f"json://user:{secret}@{host}/{secret}?+X-Auth={secret} {where}/y?-{secret}={secret}"
    async with program(tmp_path, clock, services) as app, at_work(app):
        app.events.publish(SystemState("x", up=False, text=f"it said {secret}; {services}"))
        await tried(app, 1, clock)
        tested = (
            str(await app.alerts.test()) + str(await app.alerts.try_out()) + str(await app.alerts.check())
        )
        rows = str(await app.alert_store.recent())
        loaded = repr((await app.alerts.services()).services)
    [first, *_] = double.outside.asked(f"/{secret}")
    assert first.headers["X-Auth"] == secret, "it reached its service"
    for place in (tested, rows, loaded, caplog.text):
        assert secret not in place
    assert any(record.name.startswith("core.") for record in caplog.records)
