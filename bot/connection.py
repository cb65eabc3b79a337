"""Keeps the bot connected; optional, supervised, patient: the program works the same without Discord.

discord.py itself resumes and reconnects once it was connected. What it does not do is here: trying again when
Discord is away at the start, never coming too often, stopping with a sentence where only a person can help.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import aiohttp
import discord

from bot.client import Mousekeeper
from bot.furniture import CHANGES, look
from bot.pacing import Identifies, Retry, TooOften
from bot.standing import Standing
from bot.wire import point_discord_at, proxy_for, quieten, stop_leftovers
from core.app import App
from core.domain.discord_facts import FURNITURE_KEY, TROUBLES, invite_link

LOG = logging.getLogger(__name__)

FINISH_SECONDS, CLOSE_SECONDS = 1.5, 2.5  # for what is being done, and for saying goodbye
PAUSE_SECONDS = 5.0  # before identifying anew within a connection: Discord's rule
TASKS = ("discord.py: ", "discord-ui-", "CommandTree-")  # what discord.py calls them
TOKEN = re.compile(r"[\x21-\x7e]+")


class Failure(NamedTuple):
    """Why a connection ended or did not come about: a code of TROUBLES, and what was seen."""

    code: str
    reason: str = ""


class Connection:
    """One worker of the service: `run_forever` ends only by being cancelled, and says goodbye then."""

    def __init__(self, app: App, make: Callable[..., Mousekeeper] = Mousekeeper) -> None:
        self._app = app
        self._make = make
        self._settings = app.config.settings
        self._identifies = Identifies(app.state, app.clock)
        self._retry = Retry(app.state, app.clock)
        self._standing = Standing(app)
        self.bot: Mousekeeper | None = None

    def status(self) -> Mapping[str, Any]:
        """How it stands, as it is written down: state, trouble, since, until, name, application."""
        return self._standing.row

    async def run_forever(self) -> None:
        """Connect, stay connected, come back; where only a person can help, wait for the next start."""
        quieten()
        point_discord_at(self._settings.discord_api_base, self._settings.discord_gateway_url)
        await self._standing.load()
        try:
            while True:
                failure = self._unusable()
                if failure is None:
                    await self._wait_for_turn()
                    failure = await self._attempt()
                if TROUBLES[failure.code].final:
                    await self._standing.stopped(*failure)
                    await asyncio.Event().wait()  # settings are read again at the next start only
                if failure.code != "too_often":
                    await self._retry.failed()
                await self._standing.away("waiting", *failure)
        finally:
            await self._standing.closed()

    def _unusable(self) -> Failure | None:
        """What is wrong with the settings themselves."""
        if self._settings.discord_guild_id is None:
            return Failure("no_guild_set")
        return None if TOKEN.fullmatch(self._token()) else Failure("bad_token")

    async def _wait_for_turn(self) -> None:
        wait, spacing = await self._retry.wait(), await self._identifies.wait()
        if spacing > wait:
            await self._standing.away("waiting", "too_often")
        if (longer := max(wait, spacing)) > 0:
            LOG.debug("Discord is tried again in %.0f s", longer)
            await self._standing.waits(longer)
            await self._app.clock.sleep(longer)

    async def _attempt(self) -> Failure:
        """Connect with a new client (a closed one is not reusable) and stay; returns why it ended."""
        await self._standing.away(
            "connecting", self._standing.trouble, self._standing.row.get("reason") or ""
        )
        self.bot = bot = self._make(self._app, proxy=proxy_for(self._settings.discord_api_base))
        bot.before_identify = self._before_identify
        self._listen(bot)
        try:
            await bot.start(self._token())
        except Exception as error:  # noqa: BLE001 (the supervisor: whatever it was, the program goes on)
            code, reason = failure_of(error)
            return Failure(code, self._app.scrub(reason))
        finally:
            await self._say_goodbye(bot)
        return Failure("unreachable", "it closed the connection.")

    async def _before_identify(self, *, initial: bool) -> None:
        if not initial:
            await self._app.clock.sleep(PAUSE_SECONDS)
        await self._identifies.use()

    async def _say_goodbye(self, bot: Mousekeeper) -> None:
        self.bot = None
        await finished(FINISH_SECONDS)  # what somebody pressed a moment ago
        stop_leftovers(bot)
        with suppress(TimeoutError, aiohttp.ClientError, OSError, discord.DiscordException):
            async with asyncio.timeout(CLOSE_SECONDS):
                await bot.close()
        await finished(0)

    def _token(self) -> str:
        token = self._settings.discord_token
        return token.get_secret_value().strip() if token else ""

    # --- what discord.py tells of ---------------------------------------------------------------------------

    def _listen(self, bot: Mousekeeper) -> None:
        async def connected() -> None:
            await self._connected(bot)

        async def came_or_went(guild: discord.Guild) -> None:
            if guild.id == bot.served.id:
                if bot.home is not None and self._standing.trouble == "not_in_guild":
                    await bot.register(force=True)  # a guild that threw us out has forgotten our commands
                await self._connected(bot)

        async def changed(*_: object) -> None:
            await self._look(bot)

        bot.add_listener(connected, "on_ready")
        bot.add_listener(connected, "on_resumed")
        for event in ("on_guild_join", "on_guild_available", "on_guild_remove"):
            bot.add_listener(came_or_went, event)
        bot.add_listener(self._lost, "on_disconnect")
        for change in CHANGES:
            bot.add_listener(changed, change)

    async def _connected(self, bot: Mousekeeper) -> None:
        facts = {
            "application": str(bot.application_id or ""),
            "name": bot.user.name if bot.user else "The bot",
        }
        await self._retry.succeeded()
        if bot.home is None:
            await self._standing.not_invited(bot.served.id, invite_link(facts["application"]), **facts)
            return
        if self._standing.state != "connected":
            LOG.info("Connected to Discord as %s, serving %s", facts["name"], bot.home.name)
        await self._standing.connected(**facts)
        await self._look(bot)

    async def _lost(self) -> None:
        """discord.py tells of it at each of its tries; only the first is news."""
        if self._standing.state == "connected":
            LOG.info("The connection to Discord is lost; it is resumed by itself")
            await self._standing.away("lost", None)

    async def _look(self, bot: Mousekeeper) -> None:
        if bot.home is not None:
            found = look(bot.home, self._settings.discord)
            if await self._app.state.get(FURNITURE_KEY) != found:
                await self._app.state.put(FURNITURE_KEY, found)


async def finished(seconds: float) -> None:
    """Wait so long for what discord.py runs for events, presses and commands; cancel what takes longer.

    discord.py leaves these tasks to themselves; without an owner they would go on with a closed database.
    """
    running = [
        task
        for task in asyncio.all_tasks()
        if task.get_name().startswith(TASKS) and task is not asyncio.current_task()
    ]
    if running:
        _, late = await asyncio.wait(running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def failure_of(error: Exception) -> Failure:
    """What an error that ended the connection means for the next try."""
    match error:
        case discord.LoginFailure() | discord.ConnectionClosed(code=4004):
            return Failure("bad_token")
        case discord.PrivilegedIntentsRequired() | discord.ConnectionClosed(code=4013 | 4014):
            return Failure("intents")
        case discord.ConnectionClosed(code=4010 | 4011 | 4012):
            return Failure("refused", f"it closed with {error.code}.")
        case TooOften():
            return Failure("too_often")
        case discord.HTTPException():
            return Failure("unreachable", f"it answered {error.status}.")
        case aiohttp.ClientError() | OSError() | TimeoutError() | discord.DiscordException():
            return Failure("unreachable", f"{type(error).__name__}: {error}".rstrip(": ")[:200])
    LOG.error("The connection to Discord ended unexpectedly", exc_info=error)
    return Failure("fault", type(error).__name__)
