"""Alerts of the real service at a receiver on loopback: once each, through outages, kills and a stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import CONFIGURATION, FAILED, REFUSING, Program, World
from tests.fixtures_qbittorrent import RealQbittorrent, free_port
from tests.world.audio import make_book
from tests.world.catalogue import Catalogue
from tests.world.outside import silence, status
from tests.world.studio import Studio
from tests.world.waiting import until_sync

SALT, WREN = "B0MKB00001", "B0MKB00008"


def prepared(keeper: Program, studio: Studio, *asins: str) -> None:
    """Releases that wait for a decision, made without the catalogues, which would be away too."""
    for catalogue in ("audnex", "audible"):
        keeper.configure(catalogue, enabled=False)
    for asin in asins:
        book = Catalogue.load().get(asin)
        assert book is not None
        make_book(keeper.library, book, seconds=2, studio=studio)
    keeper("prepare")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A path at the receiver for this test alone."""
    return f"/{tmp_path.name}"


@pytest.fixture
def titles(outside_world: World, path: str) -> Callable[[], list[str]]:
    """What arrived there so far."""
    return lambda: [message.title for message in outside_world.alerted(path)]


@pytest.mark.audio
@pytest.mark.qbittorrent
def test_a_system_that_goes_and_comes_back_is_told_once_each(
    keeper: Program,
    qbittorrent_nox: RealQbittorrent,
    studio: Studio,
    outside_world: World,
    path: str,
    titles: Callable[[], list[str]],
) -> None:
    server = qbittorrent_nox
    keeper.use(server.url, server.username, server.password)
    keeper.keep_secret(APPRISE_URLS=f"phone={outside_world.alert_address(path)}")
    prepared(keeper, studio, SALT, WREN)
    server.stop()
    service = keeper.start()
    for asin in (SALT, WREN):
        keeper("approve", asin)
    until_sync(titles, 30, what="the alert that qBittorrent is away")
    assert service.stop()[0] == 0

    service = keeper.start()  # still away: nobody is told again
    put_off = "SELECT count(*) FROM job WHERE stage = 'publish' AND status = 'ready' AND attempts > 0"
    until_sync(lambda: keeper.rows(put_off) == [(2,)], 30, what="another try of both")
    assert titles() == ["qBittorrent is away"]

    server.start()
    for asin in (SALT, WREN):
        keeper("retry", asin)
    until_sync(lambda: len(titles()) == 2, 30, what="the alert that it is back")
    until_sync(lambda: keeper.states() == {"awaiting_upload": 2}, 30, what="both to go on")
    assert titles() == ["qBittorrent is away", "qBittorrent is back"]
    assert service.stop()[0] == 0
    rows = keeper.rows("SELECT event, status FROM alert ORDER BY id")
    assert rows == [("system_down", "sent"), ("system_up", "sent")]


@pytest.mark.audio
def test_killed_between_row_and_send_it_is_sent_after_the_restart(
    keeper: Program, studio: Studio, outside_world: World, path: str, titles: Callable[[], list[str]]
) -> None:
    keeper.keep_secret(
        APPRISE_URLS=outside_world.alert_address(path), QB_HOST=f"127.0.0.1:{free_port()}", QB_USERNAME="u"
    )
    prepared(keeper, studio, SALT)
    receiver = outside_world.outside("alerts")
    receiver.fail(path, silence(), always=True)
    service = keeper.start()
    keeper("approve", SALT)
    until_sync(lambda: receiver.asked(path), 30, what="the message to be on its way")
    assert keeper.rows("SELECT status FROM alert") == [("waiting",)]
    service.kill()
    receiver.recover()

    again = keeper.start()
    until_sync(titles, 30, what="the message after the restart")
    assert again.stop()[0] == 0
    assert titles() == ["qBittorrent is away"]
    assert keeper.rows("SELECT status, attempts FROM alert") == [("sent", 0)]


@pytest.mark.audio
def test_a_receiver_that_hangs_does_not_keep_the_service(
    keeper: Program, studio: Studio, outside_world: World, path: str
) -> None:
    keeper.keep_secret(
        APPRISE_URLS=outside_world.alert_address(f"{path}?rto=60"), QB_HOST=f"127.0.0.1:{free_port()}"
    )
    prepared(keeper, studio, SALT)
    receiver = outside_world.outside("alerts")
    receiver.fail(path, silence(), always=True)
    service = keeper.start()
    keeper("approve", SALT)
    until_sync(lambda: receiver.asked(path), 30, what="the message to be on its way")
    code, seconds = service.stop()
    assert code == 0
    assert seconds < 8, "before the watchdog has to end it"
    assert keeper.rows("SELECT status FROM alert") == [("waiting",)]


def test_doctor_sends_a_test_to_every_service(keeper: Program, outside_world: World, path: str) -> None:
    receiver = outside_world.outside("alerts")
    good, bad = outside_world.alert_address(path), outside_world.alert_address(f"{path}-bad")
    receiver.fail(f"{path}-bad", status(403, text="hushhush"), always=True)
    keeper.keep_secret(APPRISE_URLS=f"phone,desk={good}?+X-Auth=hushhush late={bad}")
    keeper.configure("alerts", rules={"system_down": ["phone", "tablet"], "*": ["phone"]})

    told = keeper("doctor", "--alert", "--json", code=FAILED)
    took = {"service": "JSON (desk, phone)", "tags": ["desk", "phone"], "taken": True, "status": "success"}
    refused = {"service": "JSON (late)", "tags": ["late"], "taken": False, "status": "failure"}
    assert told.json["alerts"] == [{**took, "reason": ""}, {**refused, "reason": "it answered 403"}]
    about = [(f["severity"], f["text"]) for f in told.json["findings"] if f["check"] == "alerts"]
    assert about == [
        ("warning", "No service carries the tag tablet of alerts.rules."),
        ("warning", "Entry 2 of APPRISE_URLS is reached by no alert."),
        ("ok", "Alerts can go to JSON (desk, phone), JSON (late)."),
        ("ok", "JSON (desk, phone) took the test message."),
        ("error", "JSON (late) did not take the test message (failure: it answered 403)."),
    ]
    [message] = outside_world.alerted(path)
    assert message.title == "Mousekeeper: a test"

    shown = keeper("doctor", "--alert", "-v", code=FAILED)
    assert len(outside_world.alerted(path)) == 2
    keeper("doctor", "--alert", "--dry-run", code=None)
    keeper("doctor", code=None)
    assert len(outside_world.alerted(path)) == 2, "only when it is asked for"
    for ran in (told, shown):
        assert "hushhush" not in ran.stdout + ran.stderr
        assert good not in ran.stdout + ran.stderr


def test_an_address_that_cannot_be_used_is_named_by_its_place(keeper: Program) -> None:
    keeper.keep_secret(
        APPRISE_URLS=f"json://{REFUSING.removeprefix('http://')} a=hushhush://x discord://hushhush"
    )
    told = keeper("run", code=CONFIGURATION)
    assert "APPRISE_URLS: entries 2 and 3 of 3 are not an address Apprise can use" in told.stderr
    doctor = keeper("doctor", "--json", code=FAILED)
    assert "entries 2 and 3 of 3" in json.dumps(doctor.json["findings"])
    keeper.keep_secret(APPRISE_URLS="json://127.0.0.1 hushhush")
    syntax = keeper("status", "--json", code=CONFIGURATION)
    assert "APPRISE_URLS: entry 2 of 2 is not read" in syntax.stderr
    keeper.keep_secret(APPRISE_URLS=None)
    unset = keeper("doctor", "--alert", code=CONFIGURATION)
    assert "APPRISE_URLS is not set" in unset.stderr
    for ran in keeper.ran:
        assert "hushhush" not in ran.stdout + ran.stderr


@pytest.mark.audio
def test_one_pass_also_alerts(
    keeper: Program, studio: Studio, outside_world: World, path: str, titles: Callable[[], list[str]]
) -> None:
    keeper.keep_secret(APPRISE_URLS=outside_world.alert_address(path), QB_HOST=f"127.0.0.1:{free_port()}")
    prepared(keeper, studio, SALT)
    keeper.keep_secret(QB_HOST=None)
    keeper("approve", SALT)
    keeper.keep_secret(QB_HOST=f"127.0.0.1:{free_port()}")
    keeper("run", "--once")
    assert titles() == ["qBittorrent is away"]
