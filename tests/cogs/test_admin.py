"""/admin and /autopilot through the real bot on the loopback Discord; the registration of commands."""

from __future__ import annotations

import discord
import pytest

from bot.tree import missing_texts
from core.events import Nudged
from core.health import Check, Finding
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord
from tests.world.discord.driver import Refused
from tests.world.discord.faults import server_error


async def test_the_autopilot_is_switched_by_admins_and_seen_by_all(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    heard: list[Nudged] = []
    bot_world.opened = lambda app: app.events.subscribe(Nudged, heard.append)
    await bot_world.start()
    olga, zoe = discord_double.person("Olga", roles=["admin"]), discord_double.person("Zoe", locale="de")
    started = await olga.slash("/autopilot start")
    assert started.ephemeral
    assert "The autopilot is on" in started.text
    assert "By Olga" in started.text
    assert len(heard) == 1
    assert await bot_world.app.autopilot.on()
    assert "Der Autopilot ist an" in (await zoe.slash("/autopilot status")).text
    refused = await zoe.slash("/autopilot stop")
    assert "**admin**" in refused.text
    assert await bot_world.app.autopilot.on()
    assert "is off" in (await olga.slash("/autopilot stop")).text
    assert not await bot_world.app.autopilot.on()


async def test_doctor_tells_what_is_wrong_first(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    olga = discord_double.person("Olga", roles=["admin"])
    reply = await (await olga.slash("/admin doctor")).done()
    assert reply.ephemeral
    assert "qBittorrent is not set" in reply.text
    assert "checks are fine" in reply.text


async def test_a_long_doctor_comes_as_a_file(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    token = discord_double.token
    many = [
        Finding("many", "error", f"Fault {number} with {token} " + "x" * 300, "Mend.") for number in range(60)
    ]

    async def check() -> list[Finding]:
        return many

    bot_world.app.health.add(Check("many", check))
    reply = await (await discord_double.person("Olga", roles=["admin"]).slash("/admin doctor")).done()
    assert "Something needs you" in reply.text
    assert len(reply.message.content) <= 2000
    whole = reply.message.file("doctor.txt").data.decode()
    assert "Fault 59" in whole
    assert token not in whole + reply.text


async def test_sync_registers_anew(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    olga = discord_double.person("Olga", roles=["admin"])
    assert discord_double.commands.puts == 1
    reply = await (await olga.slash("/admin sync")).done()
    assert "registered" in reply.text
    assert discord_double.commands.puts == 2
    discord_double.outside.fail("PUT /api/v10/applications/*", server_error(503))
    failed = await (await olga.slash("/admin sync")).done()
    assert "error id" in failed.text.lower()


async def test_admin_is_refused_with_the_role(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    reply = await discord_double.person("Bob", roles=["approve"]).slash("/admin doctor")
    assert reply.ephemeral
    assert "**admin**" in reply.text


async def test_without_roles_discord_hides_what_only_managers_may(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    bot_world.settings["discord"]["roles"] = {}
    await bot_world.start()
    with pytest.raises(Refused):
        await discord_double.person("Bob").slash("/admin doctor")
    manager = discord_double.person("Max", permissions=discord.Permissions(manage_guild=True).value)
    assert (await (await manager.slash("/admin doctor")).done()).text
    assert (await discord_double.person("Bob").slash("/autopilot status")).text


async def test_every_command_has_its_texts_in_both_languages(bot_world: BotWorld) -> None:
    bot = await bot_world.start()
    assert missing_texts(bot.texts, await bot.tree.payload()) == []


async def test_a_command_that_is_gone_is_told(bot_world: BotWorld, discord_double: Discord) -> None:
    bot = await bot_world.start()
    bot.tree.remove_command("admin", guild=bot.served)
    reply = await discord_double.person("Olga", roles=["admin"]).slash("/admin doctor")
    assert "commands were updated" in reply.text


async def test_commands_that_could_not_be_registered_are_tried_again_when_ready(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    discord_double.outside.fail("PUT /api/v10/applications/*", server_error(503))
    bot = await bot_world.start()
    await discord_double.until(lambda: discord_double.commands.puts == 1)
    assert "admin" in {command.name for command in bot.tree.get_commands(guild=bot.served)}
