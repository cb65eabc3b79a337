"""/status: what is going on, for everyone; answers are seen by who asked alone.

Putting the board up and taking it down changes what all see, so that takes the gate `admin`.
"""

from __future__ import annotations

from collections.abc import Awaitable

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.board import Board, Outcome
from bot.cards.downloads import downloads_card, page_of
from bot.cards.status import health_card, overview_card
from bot.client import Interaction, Mousekeeper
from bot.components import ButtonSpec
from bot.gates import Refused


class Status(commands.Cog):
    """The group of commands."""

    status = app_commands.Group(name="status", description="status", guild_only=True)

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._board = Board(bot)

    async def cog_load(self) -> None:
        self._bot.buttons.add(*BUTTONS)
        await self._board.start()

    async def cog_unload(self) -> None:
        await self._board.close()

    @status.command()
    async def overview(self, interaction: Interaction, live: bool | None = None) -> None:
        if live is None:
            await show_overview(self._bot, interaction)
            return
        if not self._bot.gates.allowed(interaction, "admin"):
            raise Refused("admin")
        await interaction.response.defer(ephemeral=True, thinking=True)
        text = await (self._put_up(interaction) if live else self._take_down(interaction))
        await interaction.edit_original_response(content=text)

    async def _put_up(self, interaction: Interaction) -> str:
        channels, texts = self._bot.settings.channels, self._bot.texts
        channel = channels.status or interaction.channel_id
        if channel is None or channel == channels.uploads:
            return texts("board.no_place", interaction.locale)
        outcome = await self._board.put_up(channel, interaction.user.display_name)
        key, more = OUTCOMES[outcome]
        said = texts(key, interaction.locale, channel=channel, error=await self._board.fault())
        return f"{said}\n{texts(more, interaction.locale)}" if more else said

    async def _take_down(self, interaction: Interaction) -> str:
        there = await self._board.take_down()
        return self._bot.texts("board.stopped" if there else "board.none", interaction.locale)

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


# what is said of a board that was put up, and what besides
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "shown": ("board.shown", ""),
    "not_pinned": ("board.shown", "board.not_pinned"),
    "coming": ("board.coming", ""),
    "fault": ("board.fault", ""),
}
BUTTONS = (
    ButtonSpec("status", "refresh", "status.refresh", show_overview, emoji="🔄"),
    ButtonSpec("status", "again", "status.refresh", show_health, emoji="🔄"),
    ButtonSpec("status", "overview", "status.show_overview", show_overview, emoji="🧭"),
    ButtonSpec("status", "downloads", "status.show_downloads", show_downloads, emoji="📥"),
    ButtonSpec("status", "health", "status.show_health", show_health, emoji="🩺"),
    ButtonSpec("board", "downloads", "status.show_downloads", show_downloads, emoji="📥"),
    ButtonSpec("board", "health", "status.show_health", show_health, emoji="🩺"),
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
    await bot.add_cog(Status(bot))
