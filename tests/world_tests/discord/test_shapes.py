"""What the double says by itself: events of the gateway against the contract's schemas, and keys nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import discord

from tests.world.discord import Discord, Permission
from tests.world.discord.judge import Judge
from tests.world_tests.discord.bot import TryBot, running

# Fields of events that Discord's documentation describes and its REST contract has no use for.
GATEWAY_KEYS = frozenset(
    "v guilds session_id session_type resume_gateway_url private_channels relationships presences user_settings"
    " geo_ordered_rtc_regions _trace unavailable large member_count members channels threads voice_states"
    " stage_instances guild_scheduled_events soundboard_sounds joined_at version token data custom_id component_type"
    " guild guild_locale context app_permissions entitlements attachment_size_limit unusual_dm_activity_until resolved"
    " value values focused member application".split()
)
BY_ID = frozenset({"users", "members", "roles", "channels", "attachments"})  # of `resolved`: keys are ids
PIECES: dict[str, dict[str, str]] = {
    "READY": {"user": "UserPIIResponse"},
    "GUILD_CREATE": {
        "roles": "GuildRoleResponse",
        "channels": "GuildChannelResponse",
        "members": "GuildMemberResponse",
    },
    "INTERACTION_CREATE": {
        "message": "MessageResponse",
        "channel": "GuildChannelResponse",
        "member": "GuildMemberResponse",
    },
    "MESSAGE_CREATE": {"": "MessageResponse"},
    "MESSAGE_UPDATE": {"": "MessageResponse"},
}


async def test_events_are_of_the_contracts_kind(discord_double: Discord) -> None:
    double = discord_double
    async with running(TryBot(double, intents=discord.Intents(guilds=True, guild_messages=True))):
        (session,) = double.gateway.live
        ada, bob = (
            double.person("Ada", permissions=Permission.MANAGE_GUILD),
            double.person("Bob", roles=["admin"]),
        )
        await ada.autocomplete("/books show", "title", "S")
        await ada.slash("/echo", text="x", to=bob, file=("a.txt", b"x"))
        menu = await ada.slash("/books menu")
        await ada.select(menu, bob, custom_id="people")
        await ada.slash("/books card")
        card = await double.message("uploads", lambda message: message.v2)
        await ada.submit(
            await ada.press(card, "Reject"), {"Reason": "x", "Kind": "Bad", "Proof": ("p.txt", b"p")}
        )
        double.messages.pin(card)
        events = [(event["t"], event["d"]) for _, event in session.events]
    assert {name for name, _ in events} >= PIECES.keys()
    judge = double.judge
    for name, data in events:
        for key, schema in PIECES.get(name, {}).items():
            pieces = data.get(key, []) if key else [data]
            for piece in pieces if isinstance(pieces, list) else [pieces]:
                problems = judge.payload(schema, piece)
                assert not problems, f"{name}.{key}: {'; '.join(map(str, problems))}"
    known = known_keys(judge)
    strange = {(name, key) for name, data in events for key in keys(data) - known}
    assert not judge.present or not strange


def keys(data: Any) -> set[str]:
    """Every key in it, however deep; ids that serve as keys are not counted."""
    return set(_keys(data, ids=False))


def _keys(data: Any, *, ids: bool) -> Iterator[str]:
    if isinstance(data, list):
        for each in data:
            yield from _keys(each, ids=False)
    elif isinstance(data, dict):
        for key, value in data.items():
            if not ids and not key.isdigit():
                yield key
            yield from _keys(value, ids=key in BY_ID and isinstance(value, dict))


def known_keys(judge: Judge) -> set[str]:
    """Every property the contract names anywhere, and the gateway's own."""

    def named(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from schema.get("properties", {}) if isinstance(schema.get("properties"), dict) else ()
            for value in schema.values():
                yield from named(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from named(value)

    return set(named(judge.contract)) | GATEWAY_KEYS


def test_a_strange_key_would_be_found(contract: Callable[[str], Any]) -> None:
    judge = Judge(contract("discord-openapi.json"))
    data = {"author": {"colour_of_eyes": 3}, "resolved": {"users": {"12": {"username": "x"}}}}
    if judge.present:
        assert keys(data) - known_keys(judge) == {"colour_of_eyes"}
