"""Commands and autocompletion that fail, and rate limits: a sentence each, and never silence."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
import simcord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Mousekeeper
from bot.completion import choices
from tests.bot.test_components import Probe
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord
from tests.world.discord.faults import too_many_requests


class Trying(commands.Cog):
    """A command for the tests; what it does is set by them."""

    trying = app_commands.Group(name="trying", description="Try", guild_only=True)
    offers: Any = staticmethod(lambda typed: [])
    fails_with: Exception | None = None

    @trying.command(description="Try one")
    @app_commands.describe(what="What")
    async def one(self, interaction: Interaction, what: str) -> None:
        if self.fails_with:
            raise self.fails_with
        await interaction.response.send_message(f"tried {what}", ephemeral=True)

    @one.autocomplete("what")
    @choices
    async def offered(self, interaction: Interaction, typed: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = self.offers(typed)
        return found


@pytest.fixture
def trying(bot_world: BotWorld) -> Trying:
    cog = Trying()

    def prepare(bot: Mousekeeper) -> None:
        original = bot.setup_hook

        async def setup_hook() -> None:
            await bot.add_cog(cog)
            await original()

        bot.setup_hook = setup_hook  # type: ignore[method-assign]

    bot_world.prepare = prepare
    return cog


async def test_completion_offers_what_fits(
    bot_world: BotWorld, discord_double: Discord, trying: Trying
) -> None:
    await bot_world.start()
    ada = discord_double.person("Ada")
    trying.offers = lambda typed: (
        [(f"{typed} " + "n" * 200, "v"), ("long", "v" * 101), ("", "bare")]
        + [(str(number), str(number)) for number in range(40)]
    )
    offered = await ada.autocomplete("/trying one", "what", "sal")
    assert len(offered) == 25
    assert offered[0]["name"].startswith("sal nnn")
    assert len(offered[0]["name"]) == 100
    assert offered[1] == {"name": "bare", "value": "bare"}


async def test_a_failing_completion_offers_nothing_and_is_logged(
    bot_world: BotWorld, discord_double: Discord, trying: Trying, caplog: pytest.LogCaptureFixture
) -> None:
    await bot_world.start()
    trying.offers = lambda typed: 1 / 0
    assert await discord_double.person("Ada").autocomplete("/trying one", "what", "sal") == []
    assert any("Nothing could be offered" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("x"), "error id"),
        (discord.RateLimited(12.4), "12 seconds"),
        (app_commands.NoPrivateMessage(), "on the server only"),
        (TimeoutError(), "in time"),
    ],
)
async def test_a_failing_command_is_answered(
    bot_world: BotWorld, discord_double: Discord, trying: Trying, error: Exception, said: str
) -> None:
    await bot_world.start()
    trying.fails_with = error
    reply = await discord_double.person("Ada").slash("/trying one", what="it")
    assert reply.ephemeral
    assert said in reply.text


async def test_a_short_rate_limit_is_waited_out_and_a_ban_is_told(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    bot = await bot_world.start()
    channel = bot.get_channel(bot.settings.channels.uploads)
    discord_double.outside.fail("POST /api/v10/channels/*/messages", too_many_requests(0.05))
    assert (await channel.send("waited")).content == "waited"
    discord_double.outside.fail("POST /api/v10/channels/*/messages", too_many_requests(900, via=True))
    with pytest.raises(discord.RateLimited):
        await channel.send("not for a quarter of an hour")
    discord_double.outside.fail("POST /api/v10/channels/*/messages", too_many_requests(30, via=False))
    with pytest.raises(discord.HTTPException):
        await channel.send("no")


# --- the second net ------------------------------------------------------------------------------------------------


async def simulated(bot: Mousekeeper, probe: Probe, guild_id: int) -> list[str]:
    """A press, a form and a refusal in SimCord's world."""
    async with simcord.run(bot) as env:
        guild = env.create_guild(id=guild_id)
        channel = guild.create_text_channel("uploads")
        ada = guild.add_member(env.create_user("Ada"))
        view = discord.ui.LayoutView(timeout=None)
        row = discord.ui.ActionRow[Any]()
        for verb in ("press", "approve", "open"):
            row.add_item(bot.buttons.draw("probe", verb, "7", language="en"))
        view.add_item(row)
        await bot.get_channel(channel.id).send(view=view)  # type: ignore[union-attr]
        said = []
        for verb in ("press", "approve"):
            pressed = await ada.click(channel.last_message, custom_id=f"mk1:probe:7:{verb}")
            said.append(str(pressed.response.content))
        opened = await ada.click(channel.last_message, custom_id="mk1:probe:7:open")
        sent = await ada.submit_modal(opened, {"reason": "too quiet", "kind": ["Worse"]})
        return [*said, str(sent.response.content)]


async def test_presses_and_forms_go_alike_in_both_worlds(
    bot_world: BotWorld, discord_double: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what waits for hours in the background, SimCord takes for work that never ends
    monkeypatch.setattr("bot.client.COGS", ())
    monkeypatch.setattr("bot.projection.Projection.start", lambda _: None)
    probe = Probe()
    bot_world.prepare = probe.prepare
    bot = await bot_world.start()
    ada = discord_double.person("Ada")
    number = await probe.card(bot, "press", "approve", "open")
    card = await discord_double.message("uploads", lambda message: message.id == str(number))
    seen = [(await ada.press(card, custom_id=f"mk1:probe:7:{verb}")).text for verb in ("press", "approve")]
    opened = await ada.press(card, custom_id="mk1:probe:7:open")
    seen.append((await ada.submit(opened, {"Reason": "too quiet", "Kind": "Worse"})).text)
    await bot_world.stop()

    await bot_world.open(connect=False)
    other = Mousekeeper(bot_world.app, guild_ready_timeout=0.05)
    probe.prepare(other)
    # in a task of its own: SimCord leaves its webhook adapter in the context it ran in
    simulation = simulated(other, probe, int(discord_double.guild_id))
    told = await asyncio.create_task(simulation, name="simcord")
    assert told[0] == seen[0] == "pressed 7"
    assert "Manage Server" in told[1]
    assert "Manage Server" in seen[1]
    assert told[2] == seen[2] == "sent 7"
