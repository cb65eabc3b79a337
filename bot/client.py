"""The bot: one object a connection, wired from the core's app; what it does stands in cogs and cards."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import discord
from discord.ext import commands

from bot.components import Button, Buttons, caught
from bot.custom_ids import TEMPLATE
from bot.forms import Forms
from bot.gates import Gates
from bot.pacing import Sockets
from bot.presses import Presses
from bot.projection import Projection
from bot.reporter import Reporter
from bot.texts import Texts
from bot.tree import CatalogueTranslator, Tree

if TYPE_CHECKING:
    from core.app import App

LOG = logging.getLogger(__name__)

# Loaded by name, in this order.
COGS: tuple[str, ...] = ("cogs.status", "cogs.uploads", "cogs.autopilot", "cogs.admin")

INTENTS = discord.Intents(guilds=True)  # no privileged one: nothing to ask Discord or the owner for
LONGEST_REST = 60.0  # seconds to wait for a rate limit; a longer one is an error people hear of
SYNC_SECONDS = 10.0  # for registering commands; the connection does not wait longer


class BeforeIdentify(Protocol):
    """Waits until the bot may identify with Discord, and counts it; what it raises ends the connection."""

    async def __call__(self, *, initial: bool) -> None: ...


class Mousekeeper(commands.Bot):
    """discord.py's bot with our app, texts, gates, buttons, forms and reporter in it.

    `guild_ready_timeout`: seconds discord.py waits for a further guild before it is ready; we serve one.
    """

    tree: Tree  # made by commands.Bot from tree_cls

    def __init__(
        self,
        app: App,
        *,
        texts: Texts | None = None,
        proxy: str | None = None,
        guild_ready_timeout: float = 0.25,
    ) -> None:
        settings = app.config.settings
        super().__init__(
            commands.when_mentioned,  # there are no text commands
            tree_cls=Tree,
            help_command=None,
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_REST,
            guild_ready_timeout=guild_ready_timeout,
            proxy=proxy,
        )
        self.app = app
        self.settings = settings.discord
        self.served = discord.Object(settings.discord_guild_id or 0)
        self.texts = texts or Texts.load()
        self.language: str = settings.discord.language
        self.gates = Gates(self.settings.roles, self.served.id, self.texts)
        self.reporter = Reporter(self.texts, self.gates, app.scrub, self.settings.channels.uploads)
        self.buttons = Buttons(self.texts)
        self.forms = Forms()
        self.presses = Presses()
        self.projection = Projection(self)
        self.registered = False
        self.before_identify: BeforeIdentify | None = None  # whoever counts how often we come
        self._sockets = Sockets(app.clock)
        self._open_socket = self.http.ws_connect
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.http.ws_connect = self._ws_connect  # type: ignore[method-assign]  # no hook stands before it

    @property
    def home(self) -> discord.Guild | None:
        """The guild we serve, once Discord has told of it."""
        return self.get_guild(self.served.id)

    async def setup_hook(self) -> None:
        """Everything that must stand before the first event; runs once, after the login."""
        self.add_dynamic_items(Button)
        await self.tree.set_translator(CatalogueTranslator(self.texts))
        for name in COGS:
            try:
                await self.load_extension(name)
            except commands.ExtensionError:  # one subject less, and the others work
                LOG.exception("%s could not be loaded", name)
        for (
            command
        ) in self.tree.get_commands():  # cogs need not say which guild; every command is the guild's
            self.tree.remove_command(command.name)
            self.tree.add_command(command, guild=self.served)
        await self.register()

    async def register(self, *, force: bool = False) -> bool:
        """Register the commands if they changed; whether they stand.

        A failure is logged and tried again when ready.
        """
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                await self.tree.register(force=force)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            LOG.warning("The commands could not be registered with Discord: %s", error)
            self.registered = False
        else:
            self.registered = True
        return self.registered

    async def close(self) -> None:
        await self.projection.close()
        known = getattr(self.ws, "socket", None)
        if self._socket is not None and self._socket is not known:
            await self._socket.close()  # discord.py leaves one open at which it was not to identify
        await super().close()

    async def on_resumed(self) -> None:
        self.projection.repair()

    async def on_guild_channel_delete(self, _channel: discord.abc.GuildChannel) -> None:
        self.projection.repair()

    async def on_guild_channel_update(self, *_: discord.abc.GuildChannel) -> None:
        self.projection.repair()

    async def on_guild_role_update(self, *_: discord.Role) -> None:
        self.projection.repair()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if self.before_identify is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            await self.before_identify(initial=initial)

    async def _ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        await self._sockets.turn()
        self._socket = await self._open_socket(url, compress=compress)
        return self._socket

    async def on_ready(self) -> None:
        self.projection.start()
        if not self.registered:
            await self.register()

    async def on_interaction(self, interaction: Interaction) -> None:
        """What discord.py itself does not hand to our code: forms, and components that were never ours."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.forms.route(interaction)
        elif interaction.type is discord.InteractionType.component:
            await caught(interaction, self._answer_foreign(interaction))

    async def _answer_foreign(self, interaction: Interaction) -> None:
        custom_id = str(dict(interaction.data or {}).get("custom_id", ""))
        if not TEMPLATE.fullmatch(custom_id):
            await self.reporter.answer(interaction, self.texts("errors.foreign_button", interaction.locale))

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        LOG.exception("An error in %s", event_method)  # noqa: LOG004 (called while it is handled)


Interaction = discord.Interaction[Mousekeeper]
