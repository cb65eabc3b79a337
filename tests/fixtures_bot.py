"""The real bot on the loopback Discord, in this process; it can be stopped, killed and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.app import App, Mode, open_app
from core.config import load
from tests.world.clock import SimulatedClock
from tests.world.discord import Discord
from tests.world.waiting import until

SETTINGS = {
    "paths": {"libation_library_root": "library"},
    "audnex": {"enabled": False},
    "audible": {"enabled": False},
}


class BotWorld:
    """A program with a token, a guild, channels and roles, on the clock of the test.

    `prepare(bot)` runs on each new bot before it logs in: a test registers its own buttons and forms there;
    `opened(app)` on each new app.
    """

    def __init__(self, folder: Path, discord: Discord, clock: SimulatedClock) -> None:
        self.folder = folder
        self.discord = discord
        self.clock = clock
        self.settings: dict[str, Any] = {**SETTINGS, "discord": discord.section()}
        self.environment = discord.environment()
        self.prepare: Callable[[Any], None] = lambda bot: None
        self.opened: Callable[[App], object] = lambda app: None
        self.mode: Mode = "serve"
        self._program = AsyncExitStack()
        self._app: App | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def app(self) -> App:
        """The core, once started."""
        assert self._app is not None
        return self._app

    @property
    def bot(self) -> Any:
        """The bot of the present connection."""
        assert self.connection.bot is not None
        return self.connection.bot

    @property
    def status(self) -> Mapping[str, Any]:
        """How the connection stands."""
        return self.connection.status()

    async def start(self) -> Any:
        """Open the program and connect; returns the bot when it is ready."""
        await self.open()
        return await self.ready()

    async def open(self, *, connect: bool = True) -> None:
        """Open the program and begin to connect."""
        from bot.connection import Connection

        (self.folder / "library").mkdir(exist_ok=True)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.settings))
        config = load(self.folder / "config.yaml", self.environment)
        self._app = await self._program.enter_async_context(open_app(config, self.mode, self.clock))
        self.opened(self._app)
        self.connection = Connection(self._app, self._made)
        if connect:
            self._task = asyncio.create_task(self.connection.run_forever(), name="connection")

    def _made(self, app: App, **options: Any) -> Any:
        from bot.client import Mousekeeper

        bot = Mousekeeper(app, guild_ready_timeout=0.05, **options)
        self.prepare(bot)
        return bot

    async def ready(self) -> Any:
        """Wait until the bot stands in its guild, all looked at."""
        await self.discord.connected()
        await until(lambda: self.status.get("state") == "connected" and self.bot.is_ready())
        return self.bot

    async def pass_until(self, condition: Callable[[], Any]) -> None:
        """Move the clock from one sleeper to the next until the condition holds; sockets get their real time."""

        def ready() -> bool:
            return bool(condition()) or self.clock.sleeping > 0

        while not condition():
            await until(ready)
            await self.clock.run_until(lambda: bool(condition()) or self.clock.sleeping == 0, patience=0.05)

    async def stop(self) -> None:
        """As SIGTERM does: the worker is cancelled, and everything closes."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._task = None
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
