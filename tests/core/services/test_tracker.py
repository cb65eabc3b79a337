"""The account for people: a document in any state, decisions, health, the command."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app as command_line
from core.app import App, open_app
from core.config import load
from core.domain.guard.account import Account
from core.domain.guard.ratio_policy import ModeState
from core.errors import NeedsPerson
from core.guard.build import GuardRows
from core.store.purchases import Intent

GIB = 2**30


async def seen(app: App, **known: Any) -> None:
    """As if the guard had looked."""
    rows = GuardRows.of(app.store)
    now = app.clock.now()
    account = Account(now, "VIP", 500 * GIB, 100 * GIB, 5.0, 60_000.0, 7, now + timedelta(days=60), 4, 150)
    await rows.log.add(Account(**{**{name: getattr(account, name) for name in account.__slots__}, **known}))
    if await rows.modes.current() is None:
        await rows.modes.move(None, ModeState("normal", now), 5.0)


async def test_before_the_first_look_everything_is_null(app: App) -> None:
    document = await app.tracker.document()
    assert document["ratio"] is document["mode"] is document["points"] is document["vip_until"] is None
    assert document["unsatisfied"] == {"count": None, "limit": None}
    assert document["duties"] == []
    json.dumps(document, allow_nan=False)


async def test_the_documents_keys_that_others_build_on(app: App) -> None:
    await seen(app)
    document = await app.tracker.document()
    assert (document["ratio"], document["mode"], document["class"]) == (5.0, "normal", "VIP")
    assert (document["points"], document["wedges"], document["points_per_hour"]) == (60_000, 7, None)
    assert document["unsatisfied"] == {"count": 4, "limit": 150}
    assert document["vip_until"].startswith("20")
    assert document["vip"]["action"] == "wait"
    json.dumps(document, allow_nan=False)


async def test_an_infinite_ratio_is_null_and_said_in_words(app: App) -> None:
    await seen(app, downloaded=0, stated_ratio=math.inf)
    document = await app.tracker.document()
    assert (document["ratio"], document["ratio_text"]) == (None, "infinite")
    json.dumps(document, allow_nan=False)


async def test_upload_is_ordered_as_far_as_vip_leaves_points(app: App) -> None:
    with pytest.raises(NeedsPerson, match="has not been looked at"):
        await app.tracker.buy_upload(50, by="ada", door="cli")
    await seen(app)
    with pytest.raises(NeedsPerson, match="no less than 50"):
        await app.tracker.buy_upload(49, by="ada", door="cli")
    with pytest.raises(NeedsPerson, match="VIP comes first, and leaves"):
        await app.tracker.buy_upload(100, by="ada", door="cli")
    purchase = await app.tracker.buy_upload(50, by="ada", door="discord")
    assert (purchase.status, purchase.price, purchase.by) == ("planned", 25_000, "ada")
    with pytest.raises(NeedsPerson, match="Another purchase"):
        await app.tracker.buy_upload(50, by="bea", door="cli")


async def test_a_word_on_what_is_asked_counts_once(app: App) -> None:
    rows = GuardRows.of(app.store)
    asked = await rows.purchases.intend(
        Intent("vip", 4, 5_000, "end", "guard", "guard"), per_day=2, asking=True
    )
    assert asked is not None
    won, purchase = await app.tracker.answer(asked.id, yes=True, by="ada", door="discord")
    assert (won, purchase.status, purchase.by) == (True, "planned", "ada")
    won, purchase = await app.tracker.answer(asked.id, yes=False, by="bea", door="cli")
    assert (won, purchase.by) == (False, "ada")
    with pytest.raises(NeedsPerson, match="no such purchase"):
        await app.tracker.answer("nothing", yes=True, by="ada", door="cli")


async def test_the_account_at_a_glance(app: App) -> None:
    assert (await app.overview.snapshot()).account is None
    await seen(app)
    line = (await app.overview.snapshot()).account
    assert line is not None
    assert (line.mode, line.ratio, line.points, line.unsatisfied_limit) == ("normal", 5.0, 60_000, 150)


async def test_without_a_session_nobody_is_asked(app: App) -> None:
    assert app.guard is None
    with pytest.raises(NeedsPerson, match="MAM_ID is not set"):
        await app.tracker.refresh()
    assert [finding.severity for finding in await app.tracker.check()] == ["notice"]


@pytest.fixture
def folder(tmp_path: Path, library: Path) -> Path:
    (tmp_path / "config.yaml").write_text("paths: {libation_library_root: library}\n")
    (tmp_path / ".env").write_text("MAM_ID=a-session-of-nobody\nMAM_BASE_URL=http://127.0.0.1:9\n")
    return tmp_path


async def test_health_tells_what_needs_eyes(folder: Path) -> None:
    async with open_app(load(folder / "config.yaml", {}), "work") as app:
        assert app.guard is not None
        assert [finding.severity for finding in await app.tracker.check()] == ["notice"]
        await seen(app)
        assert [finding.severity for finding in await app.tracker.check()] == ["ok"]
        rows = GuardRows.of(app.store)
        episode = await rows.modes.current()
        await rows.modes.move(episode, ModeState("emergency", app.clock.now()), 0.9)
        now = app.clock.now()
        await seen(app, at=now - timedelta(hours=7), vip_until=now + timedelta(days=1))
        texts = [(finding.check, finding.severity) for finding in await app.tracker.check()]
        assert texts == [("account", "warning"), ("account", "error"), ("vip", "warning")]


def test_the_command_looks_without_anything_there(folder: Path) -> None:
    for what in ("account", "vip", "duties", "rules"):
        told = CliRunner().invoke(command_line, ["tracker", what, "--config", str(folder / "config.yaml")])
        assert told.exit_code == 0, told.output
    told = CliRunner().invoke(command_line, ["tracker", "--json", "--config", str(folder / "config.yaml")])
    assert json.loads(told.stdout)["mode"] is None
    assert not (folder / "data").exists()  # looking makes nothing


def test_the_command_freezes_and_thaws(folder: Path) -> None:
    config = ["--config", str(folder / "config.yaml"), "--json"]
    frozen = CliRunner().invoke(command_line, ["tracker", "freeze", *config])
    assert [freeze["scope"] for freeze in json.loads(frozen.stdout)["frozen"]] == ["all"]
    thawed = CliRunner().invoke(command_line, ["tracker", "thaw", *config])
    assert json.loads(thawed.stdout)["frozen"] == []


@pytest.mark.parametrize("words", [["nonsense"], ["buy"], ["buy", "much"], ["yes"]], ids=" ".join)
def test_a_command_nobody_understands_is_a_usage_error(folder: Path, words: list[str]) -> None:
    told = CliRunner().invoke(command_line, ["tracker", *words, "--config", str(folder / "config.yaml")])
    assert told.exit_code == 2


def test_buying_without_a_tracker_is_a_sentence(folder: Path) -> None:
    told = CliRunner().invoke(command_line, ["tracker", "buy", "50", "--config", str(folder / "config.yaml")])
    assert told.exit_code == 1
    assert "has not been looked at yet" in told.stderr
    dry = CliRunner().invoke(
        command_line, ["tracker", "buy", "50", "--dry-run", "--json", "--config", str(folder / "config.yaml")]
    )
    assert json.loads(dry.stdout)["dry_run"] is True


def test_the_account_as_people_read_it(folder: Path) -> None:
    async def fill() -> None:
        async with open_app(load(folder / "config.yaml", {}), "work") as app:
            await seen(app)
            rows = GuardRows.of(app.store)
            await rows.purchases.intend(
                Intent("vip", 4, 5_000, "end", "guard", "guard"), per_day=2, asking=True
            )
            await rows.freezes.put("all", "ada froze everything.", by="ada")

    asyncio.run(fill())
    told = CliRunner().invoke(command_line, ["tracker", "--config", str(folder / "config.yaml")])
    assert told.exit_code == 0, told.output
    for word in ("normal", "5.00", "60,000", "4 of 150", "Frozen (all)", "weeks of VIP", "asked"):
        assert word in told.stdout
