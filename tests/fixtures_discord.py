"""A Discord on loopback for every test that wants one, with the contract as its judge where there is one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.world.clock import SimulatedClock
from tests.world.discord import Discord, serving_discord
from tests.world.discord.thread import on_a_thread


@pytest.fixture
async def discord_double(clock: SimulatedClock, contract: Callable[[str], Any]) -> AsyncIterator[Discord]:
    """Discord, listening; its laws of time go by `clock`. What the bot did wrong fails the test at its end."""
    discord = Discord(clock=clock, contract=contract("discord-openapi.json"))
    async with serving_discord(discord):
        yield discord
    discord.assert_clean()


@pytest.fixture
def discord_outside(contract: Callable[[str], Any]) -> Iterator[Discord]:
    """Discord on a thread and on the machine's clock, for tests of the real process: the same, without `await`."""
    with on_a_thread(Discord(contract=contract("discord-openapi.json"))) as discord:
        yield discord
        discord.assert_clean()
