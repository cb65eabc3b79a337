"""What people hear when something fails: one table from kinds of error to sentences, one way to say them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands
from sqlalchemy.exc import OperationalError

from bot.gates import Refused, WrongGuild
from core.errors import MousekeeperError

if TYPE_CHECKING:
    from bot.client import Interaction
    from bot.gates import Gates
    from bot.texts import Texts

LOG = logging.getLogger(__name__)

LONGEST = 2000  # characters of a message
UNKNOWN_INTERACTION, TOKEN_EXPIRED = 10062, 50027
Fields = Mapping[str, object]


class Told(Exception):
    """Somebody was answered already; ends the work, and is neither logged nor answered again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How one kind of error is told: which text, how loud in the log (None: not at all), which fields."""

    kind: type[Exception] | tuple[type[Exception], ...]
    key: str
    level: int | None = None
    fields: Callable[[Any], Fields] = lambda _: {}


LATE = (discord.DiscordServerError, aiohttp.ClientError, asyncio.TimeoutError)
STALE = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)

# The first that fits is taken.
TABLE = (
    Entry(STALE, "errors.commands_updated", logging.INFO),
    Entry(app_commands.NoPrivateMessage, "errors.guild_only"),
    Entry(WrongGuild, "errors.other_guild", logging.INFO),
    Entry(app_commands.TransformerError, "errors.bad_value", None, lambda e: {"value": _plain(str(e.value))}),
    Entry(app_commands.CommandOnCooldown, "errors.cooldown", None, lambda e: _seconds(e.retry_after)),
    Entry(MousekeeperError, "errors.ours", logging.INFO, lambda e: {"message": _plain(str(e))}),
    Entry(discord.RateLimited, "errors.discord_busy", logging.WARNING, lambda e: _seconds(e.retry_after)),
    Entry(discord.Forbidden, "errors.forbidden", logging.WARNING),
    Entry(discord.NotFound, "errors.gone", logging.WARNING),
    Entry(LATE, "errors.discord_away", logging.WARNING),
    Entry(OperationalError, "errors.database_busy", logging.ERROR),
)
UNEXPECTED = Entry(Exception, "errors.unexpected", logging.ERROR)


class Reporter:
    """Answers people whatever happens; each answer to an error carries an id that the log knows."""

    def __init__(
        self, texts: Texts, gates: Gates, scrub: Callable[[str], str], quiet_channel: int | None
    ) -> None:
        self._texts = texts
        self._gates = gates
        self._scrub = scrub
        self._quiet_channel = quiet_channel  # holds nothing but cards

    async def report(self, interaction: discord.Interaction[Any], error: Exception) -> None:
        """Log the error as its kind asks, and tell the person. Never raises."""
        error = _cause(error)
        if isinstance(error, Told):
            return
        if isinstance(error, Refused):
            await self.answer(interaction, self._gates.refusal(interaction, error.gate))
            return
        entry = next((each for each in TABLE if isinstance(error, each.kind)), UNEXPECTED)
        number = secrets.token_hex(3)
        if entry.level is not None:
            trace = error if entry is UNEXPECTED or entry.level >= logging.ERROR else None
            LOG.log(entry.level, "Error %s at %s: %s", number, _place(interaction), error, exc_info=trace)
        await self.answer(
            interaction, self._texts(entry.key, interaction.locale, **{"id": number, **entry.fields(error)})
        )

    async def answer(self, interaction: discord.Interaction[Any], text: str) -> None:
        """Say it to this person alone: as the answer, after it, or, too late for both, in the channel.

        Never raises.
        """
        text = self._scrub(text)
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        try:
            await self._reply(interaction, text)
        except discord.HTTPException as error:
            LOG.warning("No answer could be given at %s: %s", _place(interaction), error)
            if error.code in (UNKNOWN_INTERACTION, TOKEN_EXPIRED):
                await self._say_in_channel(interaction, text)
        except (aiohttp.ClientError, OSError, RuntimeError, discord.DiscordException) as error:
            LOG.warning("No answer could be given at %s: %s", _place(interaction), error)

    async def _reply(self, interaction: discord.Interaction[Any], text: str) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            if not interaction.response.is_done():
                await interaction.response.autocomplete([])
        elif not interaction.response.is_done():
            await interaction.response.send_message(text, ephemeral=True)
        else:
            await interaction.followup.send(text, ephemeral=True)

    async def _say_in_channel(self, interaction: discord.Interaction[Any], text: str) -> None:
        channel = interaction.channel
        if not isinstance(channel, discord.abc.Messageable) or interaction.channel_id == self._quiet_channel:
            return
        try:
            await channel.send(f"{interaction.user.mention} {text}"[:LONGEST])
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            LOG.warning("Nor could it be said in the channel: %s", error)


def _cause(error: Exception) -> Exception:
    """What a command really failed of."""
    while isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    return error


def _place(interaction: Interaction) -> str:
    """Where it happened, for the log: which command or component, who."""
    data: dict[str, Any] = dict(interaction.data or {})
    what = data.get("custom_id") or (interaction.command and f"/{interaction.command.qualified_name}")
    return f"{what or data.get('name', 'unknown')} (user {interaction.user.id})"


def _seconds(number: float) -> Fields:
    return {"seconds": max(1, round(number))}


def _plain(text: str) -> str:
    """Text from outside: shown as it is, whatever marks it holds."""
    return discord.utils.escape_markdown(text[:1500])
