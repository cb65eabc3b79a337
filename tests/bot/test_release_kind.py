"""Releases' cards after Discord was away: what people did meanwhile by the command line shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.app import App, open_app
from core.config import load
from core.store.releases import topic
from tests.core.services.conftest import staged
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord
from tests.world.waiting import until as eventually

Deed = Callable[[App, str], Awaitable[object]]
Meanwhile = Callable[[Deed], Awaitable[None]]


@pytest.fixture
async def meanwhile(bot_world: BotWorld) -> Meanwhile:
    """Does something to the one release while no bot runs, and lets the stages go on."""
    (bot_world.folder / "library").mkdir()

    async def done(deed: Deed) -> None:
        async with open_app(
            load(bot_world.folder / "config.yaml", bot_world.environment), "work", bot_world.clock
        ) as app:
            await deed(app, str((await app.shelf.status())["releases"][0]["id"]))
            await app.engine.run_until_idle()

    return done


async def waits(app: App, world: BotWorld) -> str:
    """A release that waits for approval."""
    release_id, _ = await staged(app, world.folder / "library")
    release = await app.shelf.one(release_id)
    place = {"stage": "approve", "status": "waiting", "due": None, "topic": topic("decision", release_id)}
    await app.jobs.move(release.job_id, place, {"stage": "check", "event": "done", "text": ""})
    return release_id


async def at_rest(world: BotWorld) -> None:
    projection = world.bot.projection

    async def looked() -> bool:
        await world.clock.advance(1)
        return projection._looking.done() and not projection._pumps.busy

    await eventually(looked)


@pytest.fixture
async def rejected(bot_world: BotWorld, discord_double: Discord, meanwhile: object) -> None:
    """A release whose card is closed, and nobody connected."""
    await bot_world.start()
    release_id = await waits(bot_world.app, bot_world)
    bot_world.bot.projection.repair()
    await at_rest(bot_world)
    await bot_world.app.uploads.decide(release_id, "reject", by="Ada", door="cli", reason="a double")
    await bot_world.app.engine.run_until_idle()
    await at_rest(bot_world)
    [card] = discord_double.history("uploads")
    assert "Rejected by Ada" in card.text
    assert (await bot_world.app.cards.open()) == []
    await bot_world.stop()
    await discord_double.disconnected()


@pytest.mark.usefixtures("rejected")
async def test_a_closed_card_whose_release_is_retried_goes_on(
    bot_world: BotWorld, discord_double: Discord, meanwhile: Meanwhile
) -> None:
    [card] = discord_double.history("uploads")
    await meanwhile(lambda app, release: app.uploads.retry(release, by="Ben", door="cli"))
    await bot_world.start()
    await at_rest(bot_world)
    assert discord_double.history("uploads") == [card]
    assert "Waits for approval" in card.text
    assert "Approve" in card.labels


@pytest.mark.usefixtures("rejected")
async def test_a_closed_card_whose_release_is_forgotten_goes(
    bot_world: BotWorld, discord_double: Discord, meanwhile: Meanwhile
) -> None:
    await meanwhile(lambda app, release: app.uploads.forget(release))
    await bot_world.start()
    await at_rest(bot_world)
    assert discord_double.history("uploads") == []


@pytest.mark.usefixtures("rejected")
async def test_a_closed_card_is_left_alone(bot_world: BotWorld, discord_double: Discord) -> None:
    [card] = discord_double.history("uploads")
    edits = card.edits
    await bot_world.start()
    await at_rest(bot_world)
    assert card.edits == edits
    discord_double.delete(card)
    bot_world.bot.projection.repair()
    await at_rest(bot_world)
    assert discord_double.history("uploads") == []


async def test_one_prepared_before_the_bot_first_ran_gets_its_card(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    """Also where it was decided before there was a bot."""
    bot_world.settings["discord"] = {}
    await bot_world.start()
    release_id = await waits(bot_world.app, bot_world)
    await bot_world.app.uploads.decide(release_id, "hold", by="root", door="cli")
    await bot_world.stop()
    await discord_double.disconnected()
    bot_world.settings["discord"] = discord_double.section()
    await bot_world.start()
    await at_rest(bot_world)
    [card] = discord_double.history("uploads")
    assert "Held by root" in card.text
