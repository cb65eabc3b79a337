"""Who may do what: role gates, decided here for commands, buttons and forms alike.

A gate is passed by the roles configured for it, by the admin roles, and by members with the permission Manage
Server: they can change what the bot may do on their server, so keeping them out would be a pretence. Where no
role is configured for a gate, the others are refused with the setting to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands

if TYPE_CHECKING:
    from bot.client import Interaction
    from bot.texts import Texts
    from core.settings import Roles

Gate = Literal["approve", "request", "admin"]
EXTRA = "gate"  # how a command says its gate: extras={"gate": "approve"}
MANAGERS = discord.Permissions(manage_guild=True)


class Refused(app_commands.CheckFailure):
    """Somebody may not do this; the reporter answers which role it takes."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(f"refused at the gate {gate}")
        self.gate: Gate = gate


class WrongGuild(app_commands.CheckFailure):
    """The interaction comes from a server this bot does not serve."""


class Gates:
    """The configured roles, asked."""

    def __init__(self, roles: Roles, guild_id: int, texts: Texts) -> None:
        self._roles: dict[Gate, list[int]] = {
            "approve": [int(role) for role in roles.approve],
            "request": [int(role) for role in roles.request],
            "admin": [int(role) for role in roles.admin],
        }
        self._guild_id = guild_id
        self._texts = texts

    def allowed(self, interaction: discord.Interaction[Any], gate: Gate) -> bool:
        """Whether who pressed or typed may pass; asked anew each time, on our side."""
        if interaction.guild_id != self._guild_id:
            return False
        permissions = (
            interaction.permissions
        )  # Discord's own count for this channel, administrators' included
        if permissions.manage_guild or permissions.administrator:
            return True
        member = interaction.user
        passing = {*self._roles[gate], *self._roles["admin"]}
        return isinstance(member, discord.Member) and any(role.id in passing for role in member.roles)

    def refusal(self, interaction: Interaction, gate: Gate) -> str:
        """The sentence for somebody who may not: names the roles it takes, or the setting that is missing."""
        locale, roles = interaction.locale, self._roles[gate]
        if interaction.guild_id != self._guild_id:
            key = "errors.guild_only" if interaction.guild_id is None else "errors.other_guild"
            return self._texts(key, locale)
        if not roles:
            return self._texts("errors.refused_unset", locale, gate=gate)
        names = self._texts("errors.or", locale).join(
            f"**{_name(interaction.guild, role)}**" for role in roles
        )
        return self._texts("errors.refused_roles", locale, roles=names)

    def default_permissions(self, gate: Gate) -> discord.Permissions | None:
        """What Discord hides a command by; None shows it to all, as a configured role may use it.

        Discord knows nothing of our roles: hiding by permission would hide it from people who have the role.
        """
        return None if self._roles[gate] or self._roles["admin"] else MANAGERS


def gate_of(command: app_commands.Command[Any, ..., Any] | app_commands.Group | Any) -> Gate | None:
    """The gate a command stands behind: its own, or that of a group around it."""
    while command is not None:
        if gate := getattr(command, "extras", {}).get(EXTRA):
            return gate  # type: ignore[no-any-return]
        command = getattr(command, "parent", None)
    return None


def _name(guild: discord.Guild | None, role_id: int) -> str:
    role = guild.get_role(role_id) if guild else None
    return discord.utils.escape_markdown(role.name) if role else f"<@&{role_id}>"
