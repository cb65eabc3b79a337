"""The real bot on the loopback Discord, in this process; it can be stopped, killed and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.app import App, open_app
from core.config import load
from tests.world.clock import SimulatedClock
from tests.world.discord import Discord

SETTINGS = {
    "paths": {"libation_library_root": "library"},
    "audnex": {"enabled": False},
    "audible": {"enabled": False},
}


class BotWorld:
    """A program with a token, a guild, channels and roles, on the clock of the test.

    `prepare(bot)` runs on each new bot before it logs in: a test registers its own buttons and forms there.
    """

    def __init__(self, folder: Path, discord: Discord, clock: SimulatedClock) -> None:
        self.folder = folder
        self.discord = discord
        self.clock = clock
        self.settings: dict[str, Any] = {**SETTINGS, "discord": discord.section()}
        self.environment = discord.environment()
        self.prepare: Callable[[Any], None] = lambda bot: None
        self._program = AsyncExitStack()
        self._app: App | None = None
        self._bot: Any = None
        self._task: asyncio.Task[None] | None = None

    @property
    def app(self) -> App:
        """The core, once started."""
        assert self._app is not None
        return self._app

    @property
    def bot(self) -> Any:
        """The connected bot."""
        assert self._bot is not None
        return self._bot

    async def start(self) -> Any:
        """Open the program and connect; returns the bot when it is ready."""
        from bot.client import Mousekeeper
        from tests.world_tests.discord.bot import point_at

        (self.folder / "library").mkdir(exist_ok=True)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.settings))
        config = load(self.folder / "config.yaml", self.environment)
        self._app = await self._program.enter_async_context(open_app(config, "serve", self.clock))
        point_at(self.discord)
        self._bot = Mousekeeper(self._app, guild_ready_timeout=0.05)
        self.prepare(self._bot)
        self._task = asyncio.create_task(self._bot.start(self.discord.token), name="bot")
        await self.discord.connected()
        await self._bot.wait_until_ready()
        return self._bot

    async def stop(self) -> None:
        """Log out and close everything."""
        if self._bot is not None:
            await self._bot.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._bot = self._task = None
        await self._program.aclose()
        self._app = None

    async def restart(self) -> Any:
        await self.stop()
        await self.discord.disconnected()
        return await self.start()


@pytest.fixture
async def bot_world(
    tmp_path: Path, discord_double: Discord, clock: SimulatedClock
) -> AsyncIterator[BotWorld]:
    """Everything there is, not started yet."""
    world = BotWorld(tmp_path, discord_double, clock)
    yield world
    await world.stop()
