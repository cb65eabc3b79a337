"""SimCord, the second net: the same small bot in a simulation without sockets sees and shows the same."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import simcord

from tests.world.discord import Discord
from tests.world_tests.discord.bot import TryBot, running


def texts(message: discord.Message) -> list[str]:
    """What stands in its text displays."""

    def within(parts: Any) -> list[str]:
        found = []
        for part in parts:
            if isinstance(part, discord.TextDisplay):
                found.append(part.content)
            found += within(getattr(part, "children", ()))
        return found

    return within(message.components)


async def simulated(discord_double: Discord) -> list[str]:
    """The card as it stands in SimCord's world after a rejection."""
    async with simcord.run(TryBot(discord_double)) as env:
        guild = env.create_guild(id=int(discord_double.guild_id))
        channel = guild.create_text_channel("uploads")
        person = guild.add_member(env.create_user("Ada"))
        await person.slash(channel, "books card")
        opened = await person.click(channel.last_message, label="Reject")
        await person.submit_modal(opened, {"reason": "too quiet", "kind": ["Worse"]})
        return texts(channel.last_message)


async def test_a_form_changes_the_card_alike_in_both(discord_double: Discord) -> None:
    # In a task of its own: SimCord leaves its webhook adapter in the context it ran in.
    expected = await asyncio.create_task(simulated(discord_double))

    async with running(TryBot(discord_double)):
        ada = discord_double.person("Ada")
        await ada.slash("/books card")
        card = await discord_double.message("uploads")
        await ada.submit(await ada.press(card, "Reject"), {"Reason": "too quiet", "Kind": "Worse"})

    assert expected == [card.text]
    assert "too quiet" in card.text
