"""/status through the real bot on the loopback Discord: for everyone, after restarts, whatever is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.events import Progress
from tests.core.integrations.qbittorrent.conftest import serving
from tests.core.services.conftest import found, stands_at
from tests.core.services.test_transfers import Room
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord
from tests.world.qbittorrent import DOUBLE, create_app


@pytest.fixture
async def torrents(bot_world: BotWorld, tmp_path: Path) -> AsyncIterator[Room]:
    """A qBittorrent double the program is set up with."""
    app = create_app()
    async with serving(app) as url:
        double = app[DOUBLE]
        bot_world.environment |= {
            "QB_HOST": url,
            "QB_USERNAME": double.username,
            "QB_PASSWORD": double.password,
        }
        yield Room(double, tmp_path / "torrents", None, None)  # type: ignore[arg-type]  # only its double is used
        await bot_world.stop()  # before what it talks to goes


async def test_overview_is_for_everyone_and_seen_by_one(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    app = bot_world.app
    book = await found(app, bot_world.folder / "library")
    await stands_at(app, book, "build", "running")
    app.events.publish(Progress(book, "build", 0.5, "hashing"))
    reply = await (await discord_double.person("Zoe").slash("/status overview")).done()
    assert reply.ephemeral
    assert "**Uploads**\n1\u00a0described" in reply.text
    assert "One · building the torrent\n▰▰▰▰▰▰▱▱▱▱▱▱ 50\u00a0%" in reply.text
    assert reply.message.labels == ["Refresh", "Downloads", "Health"]


async def test_refresh_shows_what_is_now_in_place(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    zoe = discord_double.person("Zoe")
    reply = await (await zoe.slash("/status overview")).done()
    assert "nothing yet" in reply.text
    await found(bot_world.app, bot_world.folder / "library")
    await (await zoe.press(reply, "Refresh")).updated()
    assert "1\u00a0discovered" in reply.message.text
    await (await zoe.press(reply, "Health")).updated()
    assert "qBittorrent is not set" in reply.message.text
    await (await zoe.press(reply, "Overview")).updated()
    await (await zoe.press(reply, "Downloads")).updated()
    assert "QB\\_HOST" in reply.message.text or "QB_HOST" in reply.message.text


async def test_people_hear_their_own_language(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    uwe = discord_double.person("Uwe", locale="de")
    reply = await (await uwe.slash("/status health")).done()
    assert "## Zustand" in reply.text
    assert reply.message.labels == ["Aktualisieren", "Übersicht"]


async def test_health_says_when_who_is_away_is_asked_again(
    bot_world: BotWorld, discord_double: Discord, torrents: Room
) -> None:
    torrents.double.fail("*", status=500, times=99)
    await bot_world.start()
    ada = discord_double.person("Ada")
    for _ in range(2):
        await (await ada.slash("/status downloads")).done()
        bot_world.clock.shift(10)
    reply = await (await ada.slash("/status health")).done()
    assert "🟠 **qBittorrent** is away since <t:" in reply.text
    assert "asked again <t:" in reply.text


async def test_downloads_page_through_and_survive_a_restart(
    bot_world: BotWorld, discord_double: Discord, torrents: Room
) -> None:
    for number in range(14):
        torrents.put(f"Book {number:02}", state="downloading", progress=number / 20, amount_left=9, eta=90)
    await bot_world.start()
    ada = discord_double.person("Ada")
    reply = await (await ada.slash("/status downloads")).done()
    assert "14 torrents" in reply.text
    assert "page 1 of 3" in reply.text
    await (await ada.press(reply, "Forward")).updated()
    assert "page 2 of 3" in reply.message.text
    assert "**Book 06**" in reply.message.text
    await bot_world.restart()
    await (await ada.press(reply, "Forward")).updated()
    assert "page 3 of 3" in reply.message.text
    for infohash in list(torrents.double.torrents)[3:]:
        del torrents.double.torrents[infohash]
    bot_world.clock.shift(10)
    await (await ada.press(reply, "Refresh")).updated()
    assert "page 1 of 1" in reply.message.text
    assert "3 torrents" in reply.message.text


async def test_ten_people_are_one_question(
    bot_world: BotWorld, discord_double: Discord, torrents: Room
) -> None:
    torrents.put("One")
    await bot_world.start()
    people: list[Any] = [discord_double.person(f"P{number}") for number in range(10)]
    for person in people:
        await (await person.slash("/status downloads")).done()
    assert torrents.asked == 3  # the login's, by category and by tag


async def test_a_page_of_another_world_is_the_first(
    bot_world: BotWorld, discord_double: Discord, torrents: Room
) -> None:
    torrents.put("One")
    bot = await bot_world.start()
    from bot.cards.downloads import downloads_card
    from core.services.transfers import TransferList

    view = downloads_card(TransferList(), 0, bot.texts, "en", bot.buttons)
    form = view.to_components()
    form[0]["components"][-1]["components"][1]["custom_id"] = "mk1:downloads:no number:refresh"
    message = discord_double.plant("status", components=form, flags=1 << 15)
    reply = await (await discord_double.person("Ada", here="status").press(message, "Refresh")).done()
    assert reply.ephemeral
    assert "page 1 of 1" in reply.text
