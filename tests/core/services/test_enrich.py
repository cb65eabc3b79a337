"""Asking the catalogues again: what the person sees afterwards, and for whom it is done."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.app import App
from tests.core.services.conftest import staged, stands_at


async def due(app: App, release_id: str, status: str = "waiting") -> None:
    """As if it stood at its approval and its catalogues were to be asked again by now."""
    release = await app.shelf.one(release_id)
    past = app.clock.now() - timedelta(minutes=1)
    await app.jobs.remember(release.job_id, {"enrich_at": past.isoformat()})
    await stands_at(app, release_id, "approve", status)


async def asked(app: App, release_id: str) -> bool:
    row = await app.jobs.get("upload", release_id)
    assert row is not None
    return row["data"]["enrich_at"] is None


async def test_the_warning_of_a_twin_stays_and_the_kit_is_renewed(app: App, library: Path) -> None:
    one, _ = await staged(app, library, "One")
    two, _ = await staged(app, library, "Two")
    infohash = (await app.shelf.one(one)).infohash
    await app.uploads._releases.update(two, infohash=infohash)
    await due(app, two)
    await app.regular.table()["enrich"]()
    assert await asked(app, two)
    assert any(one in line for line in (await app.shelf.one(two)).warnings)
    assert (app.config.torrent_output / "Two" / "kit.json").exists()


async def test_one_that_fails_does_not_keep_the_others_waiting(
    app: App, library: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = await staged(app, library, "One")
    two, _ = await staged(app, library, "Two")
    for release_id in (one, two):
        await due(app, release_id)
    (app.config.torrent_output / "One" / "kit.json.new").mkdir()  # nothing can be written there
    await app.regular.table()["enrich"]()
    assert not await asked(app, one)
    assert await asked(app, two)
    assert "not renewed" in caplog.text


@pytest.mark.parametrize("status", ["cancelled", "failed"])
async def test_nobody_is_asked_for_what_was_rejected_or_failed(app: App, library: Path, status: str) -> None:
    one, _ = await staged(app, library, "One")
    await due(app, one, status)
    await app.regular.table()["enrich"]()
    assert not await asked(app, one)


async def test_a_person_may_ask_before_its_time(app: App, library: Path) -> None:
    """With the autopilot off nothing else would ask: `metadata` does, for what is known to be incomplete."""
    one, _ = await staged(app, library, "One")
    two, _ = await staged(app, library, "Two")
    later = app.clock.now() + timedelta(days=1)
    await due(app, one)
    await app.jobs.remember((await app.shelf.one(one)).job_id, {"enrich_at": later.isoformat()})
    await stands_at(app, two, "approve", "waiting")
    await app.regular.table()["enrich"]()
    assert not await asked(app, one)
    await app.uploads.run_stage(["describe"])
    assert await asked(app, one)
    row = await app.jobs.get("upload", two)
    assert row is not None
    assert "enrich_at" not in row["data"], "nothing was missing there"
    await app.uploads.run_stage(["describe"], two)
    assert await asked(app, two), "named by its id it is asked for whatever is known"
