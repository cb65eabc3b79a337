"""/status: what is going on, for everyone; answers are seen by who asked alone."""

from __future__ import annotations

from collections.abc import Awaitable

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.cards.downloads import downloads_card, page_of
from bot.cards.status import health_card, overview_card
from bot.client import Interaction, Mousekeeper
from bot.components import ButtonSpec


class Status(commands.Cog):
    """The group of commands."""

    status = app_commands.Group(name="status", description="status", guild_only=True)

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot

    @status.command()
    async def overview(self, interaction: Interaction) -> None:
        await show_overview(self._bot, interaction)

    @status.command()
    async def downloads(self, interaction: Interaction) -> None:
        await show_downloads(self._bot, interaction)

    @status.command()
    async def health(self, interaction: Interaction) -> None:
        await show_health(self._bot, interaction)


async def show_overview(bot: Mousekeeper, interaction: Interaction, _id: str = "") -> None:
    """Everything at a glance."""

    async def card() -> ui.LayoutView:
        return overview_card(await bot.app.overview.snapshot(), bot.texts, interaction.locale, bot.buttons)

    await _show(interaction, card())


async def show_health(bot: Mousekeeper, interaction: Interaction, _id: str = "") -> None:
    """What is wrong, and when each system is asked next."""

    async def card() -> ui.LayoutView:
        return health_card(await bot.app.overview.snapshot(), bot.texts, interaction.locale, bot.buttons)

    await _show(interaction, card())


async def show_downloads(bot: Mousekeeper, interaction: Interaction, page: str = "0") -> None:
    """One page of our transfers."""

    async def card() -> ui.LayoutView:
        listed = await bot.app.transfers.look()
        return downloads_card(listed, page_of(page), bot.texts, interaction.locale, bot.buttons)

    await _show(interaction, card())


BUTTONS = (
    ButtonSpec("status", "refresh", "status.refresh", show_overview, emoji="🔄"),
    ButtonSpec("status", "again", "status.refresh", show_health, emoji="🔄"),
    ButtonSpec("status", "overview", "status.show_overview", show_overview, emoji="🧭"),
    ButtonSpec("status", "downloads", "status.show_downloads", show_downloads, emoji="📥"),
    ButtonSpec("status", "health", "status.show_health", show_health, emoji="🩺"),
    ButtonSpec("downloads", "back", "downloads.back", show_downloads, emoji="◀️"),
    ButtonSpec("downloads", "refresh", "downloads.refresh", show_downloads, emoji="🔄"),
    ButtonSpec("downloads", "forward", "downloads.forward", show_downloads, emoji="▶️"),
)


async def _show(interaction: Interaction, card: Awaitable[ui.LayoutView]) -> None:
    """Answer with a card: in place of the pressed one where only this person sees it, else as their own.

    Disks and qBittorrent may take longer than Discord waits for a first word, so that is given at once.
    """
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.edit_original_response(view=await card, allowed_mentions=discord.AllowedMentions.none())


async def setup(bot: Mousekeeper) -> None:
    """discord.py calls this when the cog is loaded."""
    bot.buttons.add(*BUTTONS)
    await bot.add_cog(Status(bot))
