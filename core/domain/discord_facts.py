"""What is known of the bot's place in Discord, and what it needs there; no library of Discord's is asked.

The service writes these facts down when they change, so that a command beside it can tell them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

STATE_KEY = "discord.connection"  # the row the connection keeps of itself
FURNITURE_KEY = "discord.furniture"  # the row of guild, channels and roles as the bot sees them

Severity = Literal["notice", "warning", "error"]

# Permissions by Discord's own names and bits.
PERMISSIONS: Mapping[str, int] = MappingProxyType(
    {
        "view_channel": 1 << 10,
        "send_messages": 1 << 11,
        "attach_files": 1 << 15,
        "read_message_history": 1 << 16,
        "pin_messages": 1 << 51,
    }
)
# As Discord's own settings call them.
PERMISSION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "view_channel": "View Channel",
        "send_messages": "Send Messages",
        "attach_files": "Attach Files",
        "read_message_history": "Read Message History",
        "pin_messages": "Pin Messages",
    }
)
CARDS = ("view_channel", "send_messages", "attach_files", "read_message_history")
NEEDED_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uploads": CARDS,
        "requests": CARDS,
        "alerts": ("view_channel", "send_messages"),
        "status": (*CARDS, "pin_messages"),
    }
)


def invite_link(application: str) -> str:
    """Where an administrator invites the bot, with what it needs and nothing more."""
    bits = sum(PERMISSIONS.values())
    return (
        f"https://discord.com/oauth2/authorize?client_id={application}"
        f"&scope=bot+applications.commands&permissions={bits}"
    )


def application_of(token: str) -> str | None:
    """The application's id, which is public and the first part of a bot token; None if it is not there."""
    first = token.strip().partition(".")[0]
    try:
        number = base64.b64decode(first + "=" * (-len(first) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return number if number.isdigit() and 15 <= len(number) <= 20 else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way in which the bot is not at work; `final` ones end only when somebody changes `setting`.

    The texts name `{guild}`, `{link}`, `{reason}` where they need them.
    """

    code: str
    severity: Severity
    text: str
    fix: str
    setting: str = ""
    final: bool = False


TROUBLES: Mapping[str, Trouble] = MappingProxyType(
    {
        trouble.code: trouble
        for trouble in (
            Trouble(
                "no_guild_set",
                "error",
                "DISCORD_TOKEN is set and DISCORD_GUILD_ID is not: the bot does not know its server.",
                "Put the server's id into .env as DISCORD_GUILD_ID (right-click the server, Copy Server ID).",
                "DISCORD_GUILD_ID",
                final=True,
            ),
            Trouble(
                "bad_token",
                "error",
                "Discord refuses the bot's token.",
                "Make a new one in the Developer Portal (Bot, Reset Token), put it into .env as "
                "DISCORD_TOKEN and restart.",
                "DISCORD_TOKEN",
                final=True,
            ),
            Trouble(
                "intents",
                "error",
                "Discord refuses the bot's intents, although it asks only for those everybody may have.",
                "Check that DISCORD_TOKEN belongs to a bot of your own and that it is not disabled "
                "in the Developer Portal.",
                "DISCORD_TOKEN",
                final=True,
            ),
            Trouble(
                "refused",
                "error",
                "Discord's gateway refuses the bot: {reason}",
                "Check DISCORD_GATEWAY_URL if it is set, and look for a newer version of this program.",
                "DISCORD_GATEWAY_URL",
                final=True,
            ),
            Trouble(
                "unreachable",
                "warning",
                "Discord cannot be reached: {reason}",
                "It is tried again by itself. Check the network, and DISCORD_API_BASE if it is set.",
            ),
            Trouble(
                "lost",
                "warning",
                "The connection to Discord is lost and does not come back.",
                "It is tried again by itself. See whether Discord is down or this machine is offline.",
            ),
            Trouble(
                "too_often",
                "warning",
                "The bot has connected unusually often and waits, or Discord would take its token away.",
                "It goes on by itself. See in the log why the program or the connection ends so often.",
            ),
            Trouble(
                "not_in_guild",
                "error",
                "The bot is not on the server {guild}.",
                "Check DISCORD_GUILD_ID, and invite the bot: {link}",
                "DISCORD_GUILD_ID",
            ),
            Trouble(
                "fault",
                "error",
                "The Discord part failed unexpectedly ({reason}).",
                "It is started again by itself; the log holds the details.",
            ),
        )
    }
)
