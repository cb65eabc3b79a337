"""The slash commands as a whole: gates before, the reporter behind them, their texts and registration."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as At

from bot.gates import Refused, gate_of
from bot.texts import FIRST, LANGUAGES, Texts, language_of

if TYPE_CHECKING:
    from bot.client import Interaction, Mousekeeper

    Base = app_commands.CommandTree[Mousekeeper]
else:
    Base = app_commands.CommandTree

LOG = logging.getLogger(__name__)

DIGEST = "discord.commands"  # the state row: what was registered last
Payload = list[dict[str, Any]]


class Tree(Base):
    """discord.py's command tree with our error net, our gates, and a registration when something changed."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Every command's gate; one behind which somebody may not pass is refused here."""
        gate = gate_of(interaction.command)
        if gate is None or self.client.gates.allowed(interaction, gate):
            return True
        await self.client.reporter.report(interaction, Refused(gate))
        return False

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        await self.client.reporter.report(interaction, error)

    async def register(self, *, force: bool = False) -> bool:
        """Send the commands to Discord if they differ from what was sent last; whether they were sent.

        Raises what discord.py raises. A guild takes 200 new commands a day: sending at each start would use
        that up in a crash loop.
        """
        bot, guild = self.client, self.client.served
        payload = await self.payload()
        digest = hashlib.sha256(
            json.dumps([bot.application_id, guild.id, payload], sort_keys=True).encode()
        ).hexdigest()
        if not force and await bot.app.state.get(DIGEST) == digest:
            return False
        if bot.application_id is None:
            raise discord.app_commands.MissingApplicationID
        await bot.http.bulk_upsert_guild_commands(bot.application_id, guild.id, payload=payload)
        await bot.app.state.put(DIGEST, digest)
        LOG.info("%d commands are registered with Discord", len(payload))
        return True

    async def payload(self) -> Payload:
        """What is registered: every command with its texts and default permissions."""
        commands = self.get_commands(guild=self.client.served)
        translator = self.translator or app_commands.Translator()
        payload = [await each.get_translated_payload(self, translator) for each in commands]
        for command, data in zip(commands, payload, strict=True):
            gate = gate_of(command)
            hidden_by = self.client.gates.default_permissions(gate) if gate else None
            data["default_member_permissions"] = hidden_by.value if hidden_by is not None else None
            _describe(self.client.texts, f"commands.{data['name']}", data)
        return payload


def _describe(texts: Texts, key: str, data: dict[str, Any]) -> None:
    """Put the catalogue's English in the place of descriptions, down to the options and their choices."""
    if said := texts.find(f"{key}.description", FIRST):
        data["description"] = said
    for option in data.get("options", ()):
        _describe(texts, f"{key}.{option['name']}", option)


class CatalogueTranslator(app_commands.Translator):
    """Names and descriptions of commands in the languages of the catalogue."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: Any
    ) -> str | None:
        """The catalogue's text for this place, None where it has none in that language."""
        if language_of(locale) == FIRST:
            return None  # what Discord shows anyhow
        return self._texts.find(_key(context, string), locale)


def _key(context: Any, string: app_commands.locale_str) -> str:
    what = context.data
    match context.location:
        case At.command_name | At.group_name:
            return f"commands.{_dotted(what)}.name"
        case At.command_description | At.group_description:
            return f"commands.{_dotted(what)}.description"
        case At.parameter_name:
            return f"commands.{_dotted(what.command)}.{what.name}.name"
        case At.parameter_description:
            return f"commands.{_dotted(what.command)}.{what.name}.description"
        case _:
            return f"choices.{string.message}"


def _dotted(command: app_commands.Command[Any, ..., Any] | app_commands.Group) -> str:
    return command.qualified_name.replace(" ", ".")


def missing_texts(texts: Texts, payload: Payload) -> list[str]:
    """Keys of descriptions that some language lacks; for the tests."""
    wanted = [key for data in payload for key in _description_keys(f"commands.{data['name']}", data)]
    return [f"{language}: {key}" for language in LANGUAGES for key in wanted if not texts.find(key, language)]


def _description_keys(key: str, data: dict[str, Any]) -> list[str]:
    keys = [f"{key}.description"]
    for option in data.get("options", ()):
        keys += _description_keys(f"{key}.{option['name']}", option)
    return keys
