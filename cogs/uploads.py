"""/uploads: what waits for somebody, one release with its story, asking Libation, trying again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.cards.parts import escape
from bot.cards.release import KIND, release_card
from bot.cards.uploads import pending_card, rules_card, timeline
from bot.client import Interaction, Mousekeeper
from bot.completion import choices
from bot.components import ButtonSpec, picked
from bot.releases import forms, presses
from bot.releases.kind import ReleaseKind
from bot.releases.presses import RULE, go_on, who

LOG = logging.getLogger(__name__)

PENDING = "pending"
WAITING_STATES = ("awaiting_approval", "held", "awaiting_upload", "failed")  # that wait for a person
TOKEN_SECONDS = 13 * 60.0  # an interaction's token dies after 15 minutes
APPROVE: dict[Any, Any] = {"gate": "approve"}


class Uploads(commands.Cog):
    """The group of commands."""

    uploads = app_commands.Group(name="uploads", description="uploads", guild_only=True, extras=APPROVE)

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._scans: set[asyncio.Task[None]] = set()

    async def cog_unload(self) -> None:
        for task in tuple(self._scans):
            task.cancel()
        await asyncio.gather(*self._scans, return_exceptions=True)

    @uploads.command()
    async def pending(self, interaction: Interaction) -> None:
        await show_pending(self._bot, interaction)

    @uploads.command()
    async def show(self, interaction: Interaction, release: str | None = None) -> None:
        if release is None:
            await show_rules(self._bot, interaction)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._bot.app.shelf.one(release)
        card = await self._bot.app.release_cards.snapshot(found)
        view = release_card(card, self._bot.texts, interaction.locale, self._bot.buttons)
        files = [discord.File(_stream(card.cover.content), card.cover.name)] if card.cover else []
        await interaction.followup.send(view=view, files=files, ephemeral=True)
        log = (await self._bot.app.shelf.show(found.id))["timeline"]
        await interaction.followup.send(
            view=timeline(log, self._bot.texts, interaction.locale), ephemeral=True
        )

    @uploads.command()
    async def scan(self, interaction: Interaction, liberate: bool = False) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        task = asyncio.create_task(self._scan(interaction, liberate), name="scan for Discord")
        self._scans.add(task)
        task.add_done_callback(self._scans.discard)
        done, _ = await asyncio.wait((task,), timeout=TOKEN_SECONDS)
        if not done:
            text = self._bot.texts("uploads.scan_goes_on", interaction.locale)
            await interaction.edit_original_response(content=text)

    @uploads.command()
    async def retry(self, interaction: Interaction, release: str) -> None:
        by, door = who(interaction)
        again = await self._bot.app.uploads.retry(release, by=by, door=door)
        go_on(self._bot, again.id)
        text = self._bot.texts("uploads.retried", interaction.locale, title=escape(again.title, 150))
        await self._bot.reporter.answer(interaction, text)

    @show.autocomplete("release")
    @choices
    async def _any(self, _interaction: Interaction, typed: str) -> Iterable[tuple[str, str]]:
        return await self._bot.app.glance.titled(typed, limit=25)

    @retry.autocomplete("release")
    @choices
    async def _stuck(self, _interaction: Interaction, typed: str) -> Iterable[tuple[str, str]]:
        return await self._bot.app.glance.titled(typed, limit=25, retryable=True)

    async def _scan(self, interaction: Interaction, liberate: bool) -> None:
        began = asyncio.get_running_loop().time()
        try:
            report = await self._bot.app.libation.scan(liberate=liberate)
            text = escape(f"{report['message']} {report['hint']}".strip(), 900)
        except Exception as error:  # noqa: BLE001 (the reporter logs it and answers whoever asked)
            await self._bot.reporter.report(interaction, error)
            return
        if asyncio.get_running_loop().time() - began < TOKEN_SECONDS:
            await interaction.edit_original_response(content=text)
        elif channel := self._bot.settings.channels.status:
            await self._bot.get_partial_messageable(channel).send(f"{interaction.user.mention} {text}")
        else:
            LOG.info("A scan asked for in Discord ended: %s", text)


async def show_pending(bot: Mousekeeper, interaction: Interaction, page: str = "0") -> None:
    """What waits for somebody, a page at a time, each with the way to its card."""
    waiting = await bot.app.glance.releases_in(WAITING_STATES)
    messages = {card.subject: card for card in await bot.app.cards.open(KIND)}
    links = {
        subject: f"https://discord.com/channels/{bot.served.id}/{card.channel}/{card.message}"
        for subject, card in messages.items()
        if card.message is not None
    }
    number = int(page) if page.isdecimal() else 0
    view = pending_card(waiting, links, number, bot.texts, interaction.locale, bot.buttons)
    await _answer(interaction, view)


async def show_rules(bot: Mousekeeper, interaction: Interaction, _id: str = "") -> None:
    """The rules that approve by themselves, with a menu to take one back."""
    view = rules_card(await bot.app.rules.all(), bot.texts, interaction.locale, bot.buttons)
    await _answer(interaction, view)


async def remove_rule(bot: Mousekeeper, interaction: Interaction, _id: str) -> None:
    """Take back the rule that was picked, and show what is left."""
    for rule_id in picked(interaction):
        await bot.app.rules.remove(rule_id)
    await show_rules(bot, interaction)


async def _answer(interaction: Interaction, view: ui.LayoutView) -> None:
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        await interaction.response.edit_message(view=view)
    else:
        await interaction.response.send_message(view=view, ephemeral=True)


def _stream(content: bytes) -> Any:
    from io import BytesIO

    return BytesIO(content)


BUTTONS = (
    *presses.BUTTONS,
    ButtonSpec(PENDING, "page", "uploads.page", show_pending, gate="approve"),
    ButtonSpec(PENDING, "back", "uploads.back", show_pending, emoji="◀️", gate="approve"),
    ButtonSpec(PENDING, "forward", "uploads.forward", show_pending, emoji="▶️", gate="approve"),
    ButtonSpec(RULE, "remove", "uploads.remove_rule", remove_rule, gate="approve"),
)


async def setup(bot: Mousekeeper) -> None:
    """discord.py calls this when the cog is loaded."""
    bot.buttons.add(*BUTTONS)
    bot.forms.add(*forms.FORMS)
    bot.projection.add(ReleaseKind(bot))
    await bot.add_cog(Uploads(bot))
