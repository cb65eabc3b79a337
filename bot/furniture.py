"""The guild as the bot finds it: are the configured channels and roles there, and may it work there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from core.domain.discord_facts import NEEDED_IN

if TYPE_CHECKING:
    from core.settings import Discord

# Events after which a look is worth it; `member_update` comes for the bot itself alone.
CHANGES = (
    "on_guild_channel_create",
    "on_guild_channel_delete",
    "on_guild_channel_update",
    "on_guild_role_create",
    "on_guild_role_delete",
    "on_guild_role_update",
    "on_guild_update",
    "on_member_update",
)


def look(guild: discord.Guild, settings: Discord) -> dict[str, Any]:
    """What is there, as plain data; `core.services.discord_health` makes sentences of it."""
    gates = settings.roles.model_dump()
    return {
        "guild_id": str(guild.id),
        "guild_name": guild.name,
        "channels": [
            _channel(guild, purpose, number, _acting(gates, purpose))
            for purpose, number in settings.channels.model_dump().items()
            if number is not None
        ],
        "roles": [
            {"gate": gate, "id": str(number), "name": role.name if (role := guild.get_role(number)) else None}
            for gate, numbers in gates.items()
            for number in numbers
        ],
    }


def _acting(gates: dict[str, list[int]], purpose: str) -> list[int]:
    """Roles whose members have something to do in this channel."""
    gate = {"uploads": "approve", "requests": "request"}.get(purpose)
    return gates[gate] if gate else []


def _channel(guild: discord.Guild, purpose: str, number: int, acting: list[int]) -> dict[str, Any]:
    channel = guild.get_channel_or_thread(number)
    found: dict[str, Any] = {
        "purpose": purpose,
        "id": str(number),
        "name": channel.name if channel else None,
        "usable": isinstance(channel, discord.TextChannel | discord.Thread),
        "missing": [],
        "hidden_from": [],
    }
    if channel is not None and found["usable"]:
        ours = channel.permissions_for(guild.me)
        roles = [role for each in acting if (role := guild.get_role(each))]
        found["missing"] = [name for name in NEEDED_IN[purpose] if not getattr(ours, name)]
        found["hidden_from"] = [role.name for role in roles if not channel.permissions_for(role).view_channel]
    return found
