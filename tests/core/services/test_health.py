"""Health from rows and settings: doctor and Discord tell the same, and nobody outside is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.app import App, open_app
from core.config import load
from core.errors import AuthFailed, Unreachable
from core.health import Check, Finding
from core.services.disks import Answer, Disks
from core.store.cards import CardStore
from core.store.small import ScheduleStore
from tests.core.services.conftest import CONFIG
from tests.world.clock import SimulatedClock


@pytest.fixture
async def app(tmp_path: Path, library: Path, clock: SimulatedClock) -> AsyncIterator[App]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "config.yaml", {}), "work", clock) as opened:
        yield opened


async def away() -> None:
    raise Unreachable("audnex", "Audnex does not answer.", hint="Check the network.")


async def refused() -> None:
    raise AuthFailed("qbittorrent", "qBittorrent refuses the password.", secret="QB_PASSWORD")


async def well() -> None:
    return None


async def test_systems_are_told_by_how_they_are(app: App, clock: SimulatedClock) -> None:
    breakers = app.breakers
    for ask in (away, away):
        with pytest.raises(Unreachable):
            await breakers.call("audnex", ask)
    with pytest.raises(AuthFailed):
        await breakers.call("qbittorrent", refused)
    await breakers.call("audible", well)
    no, gone, good = app.health.systems()
    assert (no.system, no.name, no.state, no.fix) == (
        "qbittorrent",
        "qBittorrent",
        "refused",
        "Check QB_PASSWORD.",
    )
    assert (gone.name, gone.state, gone.since, gone.text) == (
        "Audnex",
        "away",
        clock.now(),
        "Audnex does not answer.",
    )
    assert gone.until is not None
    assert (gone.until - clock.now()).total_seconds() == 60
    assert (good.name, good.state, good.finding()) == ("Audible catalogue", "answers", None)


async def test_doctor_tells_what_health_tells(app: App) -> None:
    for _ in range(2):
        with pytest.raises(Unreachable):
            await app.breakers.call("audnex", away)
    told = {finding["check"]: finding for finding in (await app.system.doctor())["findings"]}
    assert told["audnex"]["text"].startswith("Audnex is away since 2026-11-02 12:00 UTC: Audnex does not")
    assert told["audnex"]["fix"] == "It is asked again at 2026-11-02 12:01 UTC."
    for finding in await app.health.faults():
        assert told[finding.check]["text"] == finding.text


async def test_the_worst_comes_first(app: App) -> None:
    async def bad() -> list[Finding]:
        return [
            Finding("mine", "error", "It is broken.", "Mend it."),
            Finding("mine", "ok", "The rest is not."),
        ]

    undo = app.health.add(Check("mine", bad))
    faults = await app.health.faults()
    assert faults[0] == Finding("mine", "error", "It is broken.", "Mend it.")
    assert {finding.severity for finding in faults} == {"error", "notice"}
    undo()
    undo()
    assert {finding.severity for finding in await app.health.faults()} == {"notice"}


async def test_a_check_that_breaks_is_a_finding(app: App) -> None:
    async def broken() -> list[Finding]:
        raise ValueError("secret")

    app.health.add(Check("mine", broken))
    [finding, *_] = await app.health.faults()
    assert (finding.check, finding.severity) == ("mine", "error")
    assert "secret" not in finding.text


async def test_regular_work_that_failed_is_told(app: App) -> None:
    await ScheduleStore(app.store).ran("discover", "The library cannot be read.")
    assert [f.text for f in await app.health.faults() if f.severity == "warning"] == [
        "The last discover by schedule failed: The library cannot be read."
    ]


async def test_cards_that_cannot_be_posted_are_told_once_a_reason(app: App) -> None:
    cards = CardStore(app.store)
    for subject in ("one", "two", "three"):
        await cards.want("release", subject, 7)
    one, two, three = await cards.open()
    await cards.failed(one.id, "The channel 7 is gone.")
    await cards.failed(two.id, "The channel 7 is gone.")
    await cards.failed(three.id, "I may not write there.")
    faults = [each for each in await app.health.faults() if each.check == "discord"]
    assert [fault.text for fault in faults if fault.severity == "warning"] == [
        "The channel 7 is gone. (2 cards wait for this.)",
        "I may not write there.",
    ]


@pytest.mark.parametrize(
    ("answer", "severity", "sentence"),
    [
        (
            Answer(Path("/x"), 1, free=3 * 2**20, total=2**40, writable=True),
            "warning",
            "3 MiB are left at /x.",
        ),
        (Answer(Path("/x"), 1, free=2**40, total=2**40, writable=False), "error", "/x is not writable."),
        (OSError(5, "Input/output error"), "error", "cannot be looked at: Input/output error."),
    ],
)
async def test_disks_are_judged(
    app: App, clock: SimulatedClock, answer: Answer | OSError, severity: str, sentence: str
) -> None:
    def measured(_: Path) -> Answer:
        if isinstance(answer, OSError):
            raise answer
        return answer

    app.health._disks = Disks({"data": Path("/x")}, clock, measured)
    [finding] = [finding for finding in await app.health.findings() if finding.check == "disk"]
    assert finding.severity == severity
    assert sentence in finding.text


async def test_a_library_need_not_be_writable(app: App, clock: SimulatedClock) -> None:
    def measured(folder: Path) -> Answer:
        return Answer(folder, 1, 2**40, 2**40, writable=folder.name != "library")

    app.health._disks = Disks({"data": Path("/x/data"), "library": Path("/x/library")}, clock, measured)
    assert [finding.severity for finding in await app.health.findings() if finding.check == "disk"] == ["ok"]
