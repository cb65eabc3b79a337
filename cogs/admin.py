"""/admin: what the owner looks at and mends from Discord; takes the gate `admin`."""

from __future__ import annotations

import io
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.cards.parts import escape
from bot.client import Interaction, Mousekeeper

MOST = 1800  # characters of an answer, well below Discord's 2,000; the rest goes into a file
SIGNS = {"error": "🔴", "warning": "🟠", "notice": "🔵"}


class Admin(commands.Cog):
    """The group of commands."""

    admin = app_commands.Group(name="admin", description="admin", guild_only=True, extras={"gate": "admin"})

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot

    @admin.command()
    async def doctor(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)  # it tries things out
        document = await self._bot.app.system.doctor()
        text, whole = self._told(document, interaction.locale)
        files = [discord.File(io.BytesIO(whole.encode()), "doctor.txt")] if len(text) > MOST else []
        await interaction.edit_original_response(content=_cut(text), attachments=files)

    @admin.command()
    async def sync(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.tree.register(force=True)
        self._bot.registered = True
        await interaction.edit_original_response(content=self._bot.texts("admin.synced", interaction.locale))

    def _told(self, document: dict[str, Any], locale: discord.Locale) -> tuple[str, str]:
        """What doctor found, as a message, and whole as a file's text."""
        texts, scrub = self._bot.texts, self._bot.app.scrub
        findings = document["findings"]
        wrong = [each for each in findings if each["severity"] in SIGNS]
        well = len(findings) - len(wrong)
        key = "admin.doctor_ok" if document["ok"] else "admin.doctor_wrong"
        lines = [texts(key, locale), *map(_line, wrong), texts.count("admin.doctor_well", well, locale)]
        lines.append(f"-# Mousekeeper {document['version']} · Python {document['python']}")
        whole = [
            f"{each['severity']:<8} {each['check']:<12} {each['text']} {each['fix']}" for each in findings
        ]
        return scrub("\n".join(lines)), scrub("\n".join(whole))


def _line(finding: dict[str, str]) -> str:
    fix = f"\n-# {escape(finding['fix'], 400)}" if finding["fix"] else ""
    return f"{SIGNS[finding['severity']]} **{finding['check']}** {escape(finding['text'], 400)}{fix}"


def _cut(text: str) -> str:
    """Whole lines, as many as fit."""
    if len(text) <= MOST:
        return text
    return f"{text[: text.rfind(chr(10), 0, MOST)]}\n…"


async def setup(bot: Mousekeeper) -> None:
    await bot.add_cog(Admin(bot))
