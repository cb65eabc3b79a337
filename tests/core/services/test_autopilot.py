"""Off until a person starts it once; then what the person said holds, whatever the settings say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.config import load
from core.services.autopilot import Autopilot
from core.store.engine import Store
from core.store.small import ScheduleStore, StateStore
from tests.world.clock import SimulatedClock


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "autopilot.db", clock)
    yield opened
    await opened.close()


def autopilot(store: Store, folder: Path, config: str = "") -> Autopilot:
    (folder / "config.yaml").write_text(config)
    return Autopilot(load(folder / "config.yaml", {}), store.clock, StateStore(store), ScheduleStore(store))


async def test_off_until_somebody_starts_it(store: Store, tmp_path: Path) -> None:
    assert await autopilot(store, tmp_path).resting()
    assert await autopilot(store, tmp_path, "autopilot: true").on()


@pytest.mark.parametrize("config", ["autopilot: true", "autopilot: false"])
@pytest.mark.parametrize("said", [True, False])
async def test_what_a_person_said_outlives_a_restart_and_the_settings(
    store: Store, tmp_path: Path, config: str, said: bool
) -> None:
    await autopilot(store, tmp_path, config).switch(said, by="ada")
    assert await autopilot(store, tmp_path, config).on() is said


async def test_status_tells_who_when_and_what_comes_next(
    store: Store, tmp_path: Path, clock: SimulatedClock
) -> None:
    schedules = ScheduleStore(store)
    await schedules.agree({"scan": "6h", "retention": "off"})
    await schedules.ran("scan", "Docker does not answer.")
    document = await autopilot(store, tmp_path).status()
    assert (document["on"], document["by"]) == (False, None)
    assert [row["next_run"] for row in document["schedules"]] == [None, None]
    clock.shift(3600)
    document = await autopilot(store, tmp_path).switch(True, by="ada")
    assert (document["on"], document["by"], document["at"]) == (True, "ada", clock.now().isoformat())
    retention, scan = document["schedules"]
    assert (scan["every"], scan["last_error"]) == ("6h", "Docker does not answer.")
    assert scan["last_run"] == "2026-11-02T12:00:00+00:00"
    assert scan["next_run"] == "2026-11-02T18:00:00+00:00"
    assert retention["next_run"] is None
