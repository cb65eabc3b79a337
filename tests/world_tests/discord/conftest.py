"""What the tests of the loopback Discord share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.world.discord import Discord, Intent, Person
from tests.world_tests.discord.rest import Rest


@pytest.fixture
async def rest(discord_double: Discord) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as session:
        yield Rest(discord_double, session)
    # Every refused form is a finding; here they were meant.
    discord_double.findings[:] = [each for each in discord_double.findings if "50035" not in each.what]


@pytest.fixture
async def ada(discord_double: Discord, rest: Rest) -> AsyncIterator[Person]:
    """Somebody who pesters a bot that listens but never answers by itself."""
    async with aiohttp.ClientSession() as session, session.ws_connect(discord_double.gateway_url) as socket:
        await socket.send_json({"op": 2, "d": {"token": discord_double.token, "intents": int(Intent.GUILDS)}})
        await discord_double.connected()
        scope = f"/applications/{discord_double.state.application_id}/guilds/{discord_double.guild_id}"
        command = {"name": "try", "description": "Try", "type": 1}
        assert (await rest("PUT", f"{scope}/commands", [command]))[0] == 200
        yield discord_double.person("Ada", here="status")
