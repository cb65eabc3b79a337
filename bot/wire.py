"""discord.py's own knobs that are no options of its client: addresses, proxies, what it logs."""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import discord
import yarl
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

OWN_BASE, OWN_GATEWAY = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY


def point_discord_at(api_base: str | None, gateway_url: str | None) -> None:
    """Use these addresses instead of Discord's (REST and gateway proxies, tests).

    discord.py has no option for them: both are class attributes, read when a request is made and at the first
    connection. So they are assigned once, before the first client is made.
    """
    Route.BASE = api_base.rstrip("/") if api_base else OWN_BASE
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url) if gateway_url else OWN_GATEWAY


def proxy_for(api_base: str | None) -> str | None:
    """The proxy that the environment names for Discord; discord.py does not look for it itself."""
    parts = urlsplit(api_base or OWN_BASE)
    if not parts.hostname or proxy_bypass(parts.netloc):
        return None
    return getproxies_environment().get(parts.scheme)


def quieten() -> None:
    """Leave to our own log lines what discord.py tells at every try, with tracebacks; no talk of voice."""
    logging.getLogger("discord").setLevel(logging.WARNING)
    # it logs each attempt to reconnect as an error with a traceback; the connection tells of it once
    logging.getLogger("discord.client").setLevel(logging.CRITICAL)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def stop_leftovers(client: discord.Client) -> None:
    """End what discord.py forgets when it is closed between HELLO and READY."""
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler) and thread.ws._connection is client._connection:
            thread.stop()
    if (waiting := client._connection._ready_task) is not None:
        waiting.cancel()
