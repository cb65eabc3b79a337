"""One frozen look at everything: counts, what runs, disks, health, the autopilot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from core.app import App, open_app
from core.config import load
from core.events import Progress
from core.services.overview import AccountLine, Overview
from tests.core.services.conftest import ASINS, CONFIG, found, put, stands_at
from tests.world.clock import SimulatedClock


@pytest.fixture
async def app(tmp_path: Path, library: Path, clock: SimulatedClock) -> AsyncIterator[App]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "config.yaml", {}), "work", clock) as opened:
        yield opened


async def test_a_fresh_program_has_little_to_tell(app: App, clock: SimulatedClock) -> None:
    snapshot = await app.overview.snapshot()
    assert snapshot.at == clock.now()
    assert (snapshot.autopilot.on, snapshot.autopilot.by) == (False, None)
    [uploads] = snapshot.pipelines
    assert (uploads.kind, uploads.states, uploads.total) == ("upload", (), 0)
    assert (snapshot.running, snapshot.account, snapshot.systems) == ((), None, ())
    [disk] = snapshot.disks
    assert set(disk.folders) == {"data", "staging", "torrents", "library"}
    assert {finding.check for finding in snapshot.faults} == {"qbittorrent", "announce", "discord", "account"}
    with pytest.raises(FrozenInstanceError):
        snapshot.version = "2"  # type: ignore[misc]


async def test_counts_are_those_of_status(app: App, library: Path) -> None:
    for name in ASINS:
        put(library, f"{name} [{ASINS[name]}]")
    releases = (await app.uploads.discover())["releases"]
    await stands_at(app, releases[0]["id"], "approve", "waiting")
    await stands_at(app, releases[1]["id"], "seed", "failed")
    snapshot = await app.overview.snapshot()
    assert dict(snapshot.pipelines[0].states) == (await app.shelf.status())["counts"]
    assert list(dict(snapshot.pipelines[0].states)) == ["discovered", "awaiting_approval", "failed"]
    assert snapshot.pipelines[0].total == 3


async def test_what_runs_is_told_with_its_progress(app: App, library: Path, clock: SimulatedClock) -> None:
    book = await found(app, library)
    await stands_at(app, book, "build", "running")
    began = clock.now()
    app.events.publish(Progress(book, "build", 0.0, "hashing"))
    clock.shift(10)
    app.events.publish(Progress(book, "build", 0.25, "hashing"))
    [running] = (await app.overview.snapshot()).running
    assert (running.kind, running.subject, running.title) == ("upload", book, "One")
    assert (running.stage, running.since) == ("build", began)
    assert running.progress is not None
    assert (running.progress.fraction, running.progress.left) == (0.25, 30)


async def test_a_word_of_the_stage_before_is_not_shown(app: App, library: Path) -> None:
    book = await found(app, library)
    app.events.publish(Progress(book, "stage", 0.5))
    await stands_at(app, book, "build", "running")
    [running] = (await app.overview.snapshot()).running
    assert running.progress is None


async def test_a_person_s_title_is_shown_and_a_foreign_job_has_its_id(app: App, library: Path) -> None:
    book = await found(app, library)
    await app.uploads.edit(book, {"title": "By Hand"}, by="ada", door="test")
    await stands_at(app, book, "build", "running")
    async with app.store.write() as connection:
        await app.jobs.add(
            connection,
            [{"kind": "other", "subject": "X1", "stage": "go", "lane": "general", "status": "running"}],
        )
    titles = {running.kind: running.title for running in (await app.overview.snapshot()).running}
    assert titles == {"upload": "By Hand", "other": "X1"}


async def test_the_autopilot_tells_what_comes_next(app: App, clock: SimulatedClock) -> None:
    await app.autopilot.switch(True, by="ada")
    autopilot = (await app.overview.snapshot()).autopilot
    assert (autopilot.on, autopilot.by, autopilot.at) == (True, "ada", clock.now())
    due = {row.name: row.next_run for row in autopilot.schedules}
    assert due["discover"] == clock.now()  # it never ran


async def test_the_mark_moves_when_somebody_wrote(app: App, library: Path, clock: SimulatedClock) -> None:
    marks = [await app.overview.mark()]
    book = await found(app, library)
    marks.append(await app.overview.mark())
    await app.autopilot.switch(True, by="ada")
    marks.append(await app.overview.mark())
    await stands_at(app, book, "approve", "waiting")
    marks.append(await app.overview.mark())
    await app.uploads.decide(book, "hold", by="ada", door="test")
    marks.append(await app.overview.mark())
    assert len(set(marks)) == len(marks)
    clock.shift(3600)
    await app.overview.snapshot()
    assert await app.overview.mark() == marks[-1]


async def test_the_account_is_told_where_there_is_one(app: App, clock: SimulatedClock) -> None:
    line = AccountLine(mode="free", seen=clock.now(), ratio=2.5)

    async def account() -> AccountLine | None:
        return line

    parts = {name: getattr(app.overview, f"_{name}") for name in "clock autopilot pipelines glance".split()}
    more = {name: getattr(app.overview, f"_{name}") for name in "at_work disks health".split()}
    assert (await Overview(**parts, **more, account=account).snapshot()).account is line
