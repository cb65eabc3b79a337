"""Stages seen from outside: who is told of their progress, and where, and what they read."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

from core.app import App
from core.events import Progress
from core.upload.kit import kit_of
from tests.core.services.conftest import found


async def test_progress_is_told_on_the_loop(app: App, library: Path) -> None:
    release_id = await found(app, library)
    told: list[int] = []
    app.events.subscribe(Progress, lambda _event: told.append(threading.get_ident()))
    await app.uploads._releases.wish_for([release_id])
    await app.engine.run_until_idle(stages=frozenset({"stage"}))
    assert (await app.shelf.one(release_id)).state == "staged"
    assert set(told) == {threading.get_ident()}


async def test_a_template_lies_beside_the_configuration(app: App, library: Path, tmp_path: Path) -> None:
    release = await app.shelf.one(await found(app, library))
    (tmp_path / "mine.j2").write_text("by {{ book.authors[0].name }}")
    upload = app.config.settings.upload.model_copy(update={"description_template": "mine.j2"})
    settings = app.config.settings.model_copy(update={"upload": upload})
    kit = kit_of(release, dataclasses.replace(app.config, settings=settings))
    assert kit.form["description"] == "by An Author"
