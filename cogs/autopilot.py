"""/autopilot: whether the schedules run. Everybody may look; to start and stop it takes the gate `admin`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.cards.parts import escape, fit
from bot.client import Interaction, Mousekeeper
from core.events import Nudged
from core.presence import nudge

MOST = 1800  # characters of an answer, well below Discord's 2,000


class Autopilot(commands.Cog):
    """The group of commands."""

    autopilot = app_commands.Group(name="autopilot", description="autopilot", guild_only=True)

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot

    @autopilot.command(extras={"gate": "admin"})
    async def start(self, interaction: Interaction) -> None:
        await self._switch(interaction, on=True)

    @autopilot.command(extras={"gate": "admin"})
    async def stop(self, interaction: Interaction) -> None:
        await self._switch(interaction, on=False)

    @autopilot.command()
    async def status(self, interaction: Interaction) -> None:
        await self._answer(interaction, await self._bot.app.autopilot.status())

    async def _switch(self, interaction: Interaction, *, on: bool) -> None:
        app = self._bot.app
        document = await app.autopilot.switch(on, by=interaction.user.display_name)
        nudge(app.config.data)  # as the command line does: schedules, wishes and the queue look at once
        app.events.publish(Nudged())  # and the board, also where nothing can be nudged
        await self._answer(interaction, document)

    async def _answer(self, interaction: Interaction, document: dict[str, Any]) -> None:
        texts, locale = self._bot.texts, interaction.locale
        head = texts(f"pilot.{'on' if document['on'] else 'off'}", locale)
        if document["by"] and document["at"]:
            by, at = escape(document["by"], 80), moment(document["at"])
            head = f"{head} {texts('pilot.by', locale, by=by, at=at)}"
        lines = [self._schedule(row, locale) for row in document["schedules"]]
        rest = fit(lines, MOST - len(head), lambda more: texts("pilot.more", locale, number=more))
        await interaction.response.send_message(f"{head}\n{rest}".strip(), ephemeral=True)

    def _schedule(self, row: dict[str, Any], locale: discord.Locale) -> str:
        texts = self._bot.texts
        never, rests = texts("common.never", locale), texts("pilot.rests", locale)
        line = texts(
            "pilot.schedule",
            locale,
            name=row["name"],
            every=escape(row["every"], 40),
            last=moment(row["last_run"]) if row["last_run"] else never,
            next=moment(row["next_run"]) if row["next_run"] else rests,
        )
        return f"{line}\n-# ⚠️ {escape(row['last_error'], 150)}" if row["last_error"] else line


def moment(iso: str) -> str:
    """A time as each client shows it, how long ago or ahead."""
    return f"<t:{int(datetime.fromisoformat(iso).timestamp())}:R>"


async def setup(bot: Mousekeeper) -> None:
    await bot.add_cog(Autopilot(bot))
