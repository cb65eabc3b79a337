"""A day of trouble, shortened: 24 outages and 8 restarts, and no card lost, doubled or stale."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.bot.day_of_trouble import a_day
from tests.fixtures_bot import BotWorld


class Hasty:
    """asyncio for a part of discord.py whose waits no option shortens."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, _: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py's own waits are real seconds: between reconnects, and between tries of a request."""
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.02)
    monkeypatch.setattr("discord.http.asyncio", Hasty())


async def played(world: BotWorld, seed: int) -> None:
    random.seed(seed)  # the jitter of the bot's own delays
    async with a_day(world, seed) as day:
        await day.play()
        await day.judge()


@pytest.mark.usefixtures("hasty")
async def test_a_day_of_trouble(bot_world: BotWorld) -> None:
    await played(bot_world, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", [2, 3, 4])
async def test_other_days_of_trouble(bot_world: BotWorld, seed: int) -> None:
    await played(bot_world, seed)
