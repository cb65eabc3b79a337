"""Commands beside other work, and a start that meets an unusable folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.app import App, open_app
from core.breaker import Breakers
from core.config import load
from core.services.runner import Runner
from tests.core.services.conftest import found, stands_at


async def test_a_command_waits_for_its_own_stages_only(app: App, library: Path) -> None:
    release_id = await found(app, library)
    await stands_at(app, release_id, "publish", "running")  # an hour's check, say
    beside = Runner(app.engine, app.jobs, app.events, Breakers(app.store, app.events), alone=False)
    async with asyncio.timeout(5):
        await beside.run(None, stages=frozenset({"stage", "describe"}))


async def test_a_staging_folder_that_refuses_does_not_keep_the_program_from_starting(
    tmp_path: Path, library: Path
) -> None:
    (tmp_path / "config.yaml").write_text("paths: {staging_root: staging}\n")
    (tmp_path / "staging").write_text("no folder")
    async with open_app(load(tmp_path / "config.yaml", {}), "work") as app:
        assert (await app.shelf.status())["releases"] == []
