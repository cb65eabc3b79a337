"""A client on discord.py as it is shipped: only a resolver and a certificate lead it to loopback."""

from __future__ import annotations

import argparse
import asyncio
import socket
import ssl

import aiohttp
import discord
from aiohttp.abc import AbstractResolver, ResolveResult

NAMES = ("discord.com", "gateway.discord.gg")


class Here(AbstractResolver):
    """Knows two names, and both are at one port of loopback."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in NAMES:
            raise OSError(f"{host} is not to be asked")
        found = ResolveResult(
            hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None: ...


class Client(discord.Client):
    """Says hello in a channel after its first RESUME, and leaves."""

    def __init__(self, channel_id: int, connector: aiohttp.BaseConnector) -> None:
        super().__init__(intents=discord.Intents(guilds=True), connector=connector, guild_ready_timeout=0.05)
        self._channel_id = channel_id

    async def on_resumed(self) -> None:
        channel = self.get_channel(self._channel_id)
        assert isinstance(channel, discord.TextChannel)
        assert self.ws.gateway.host == NAMES[1]
        await channel.send("over TLS")
        await self.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "authority", "token", "channel"):
        parser.add_argument(name)
    given = parser.parse_args()
    trust = ssl.create_default_context(cafile=given.authority)
    connector = aiohttp.TCPConnector(resolver=Here(int(given.port)), ssl=trust)
    async with Client(int(given.channel), connector) as client:
        await client.start(given.token)


if __name__ == "__main__":
    asyncio.run(main())
