"""How Discord stands: from the settings, and from what the service last wrote down about its connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.clock import Clock
from core.config import Configuration
from core.domain.discord_facts import (
    FURNITURE_KEY,
    NEEDED_IN,
    PERMISSION_NAMES,
    STATE_KEY,
    TROUBLES,
    application_of,
    invite_link,
)
from core.health import Finding
from core.presence import HEARTBEAT
from core.store.small import StateStore

CHECK = "discord"
SILENT_SECONDS = 120.0  # without a heartbeat the service is taken for gone

Facts = dict[str, Any]


class DiscordHealth:
    """One check for doctor, health and board. `live`: asked within the service, whose own rows are fresh."""

    def __init__(self, config: Configuration, state: StateStore, clock: Clock, *, live: bool) -> None:
        self._config = config
        self._state = state
        self._clock = clock
        self._live = live

    async def check(self) -> list[Finding]:
        """What is wrong, or that all is well, with the invite link."""
        settings = self._config.settings
        if settings.discord_token is None:
            return [
                Finding(
                    CHECK,
                    "notice",
                    "Discord is not set: decisions are made on the command line.",
                    "Put DISCORD_TOKEN and DISCORD_GUILD_ID into .env; docs/install.md tells how.",
                )
            ]
        if settings.discord_guild_id is None:
            return [_trouble("no_guild_set", {})]
        connection: Facts = await self._state.get(STATE_KEY) or {}
        furniture: Facts = await self._state.get(FURNITURE_KEY) or {}
        if furniture.get("guild_id") != str(settings.discord_guild_id):
            furniture = {}
        found = [self._standing(connection, furniture), *self._unset()]
        found += _of_channels(furniture, settings.discord.channels.model_dump())
        found += _of_roles(furniture, settings.discord.roles.model_dump())
        return [*found, *self._invitation(connection)]

    def _standing(self, connection: Facts, furniture: Facts) -> Finding:
        state = connection.get("state")
        if state is None or state == "closed" or not self._at_work():
            return Finding(
                CHECK,
                "notice",
                "The service does not run, so the bot is not connected.",
                "Start it with `mousekeeper run`.",
            )
        if trouble := connection.get("trouble"):
            facts = {
                **connection,
                "guild": self._config.settings.discord_guild_id,
                "link": self._link(connection),
            }
            found = _trouble(trouble, facts)
            again = connection.get("until")
            fix = f"{found.fix} Next try: {again[:16].replace('T', ' ')} UTC." if again else found.fix
            return Finding(CHECK, found.severity, found.text, fix)
        if state != "connected":
            return Finding(CHECK, "notice", "The bot is connecting to Discord.")
        place = furniture.get("guild_name") or self._config.settings.discord_guild_id
        since = str(connection.get("since", ""))[:16].replace("T", " ")
        return Finding(
            CHECK, "ok", f"{connection.get('name', 'The bot')} is connected to {place} since {since} UTC."
        )

    def _at_work(self) -> bool:
        if self._live:
            return True
        try:
            beaten = (self._config.data / HEARTBEAT).stat().st_mtime
        except OSError:
            return False
        return self._clock.now().timestamp() - beaten < SILENT_SECONDS

    def _unset(self) -> Iterator[Finding]:
        settings = self._config.settings.discord
        if settings.channels.uploads is None:
            yield Finding(
                CHECK,
                "warning",
                "No channel is set for releases that wait for approval.",
                "Set discord.channels.uploads in config.yaml to its id (right-click it, Copy Channel ID).",
            )
        if not settings.roles.approve:
            yield Finding(
                CHECK,
                "notice",
                "No role may approve: only members with the permission Manage Server can.",
                "Set discord.roles.approve in config.yaml, if others shall.",
            )

    def _invitation(self, connection: Facts) -> Iterator[Finding]:
        if link := self._link(connection):
            wanted = ", ".join(PERMISSION_NAMES.values())
            yield Finding(CHECK, "ok", f"The bot's invite link: {link} (permissions: {wanted}).")

    def _link(self, connection: Facts) -> str:
        token = self._config.settings.discord_token
        known = connection.get("application") or (token and application_of(token.get_secret_value()))
        return invite_link(known) if known else ""


def _trouble(code: str, facts: Facts) -> Finding:
    trouble = TROUBLES.get(code) or TROUBLES["fault"]
    shown = {"guild": "", "link": "", "reason": "", **facts}
    return Finding(CHECK, trouble.severity, trouble.text.format(**shown), trouble.fix.format(**shown).strip())


def _of_channels(furniture: Facts, configured: dict[str, int | None]) -> Iterator[Finding]:
    """Channels that are configured and not there, not usable, or not seen by those who should act in them."""
    for seen in furniture.get("channels", ()):
        purpose, setting = seen["purpose"], f"discord.channels.{seen['purpose']}"
        if seen["id"] != str(configured.get(purpose)):
            continue  # the settings changed since
        if seen["name"] is None:
            yield Finding(
                CHECK,
                "error",
                f"There is no channel {seen['id']} on the server, or the bot does not see it ({setting}).",
                f"Set {setting} in config.yaml to an existing channel's id, or let the bot view it.",
            )
        elif not seen["usable"]:
            yield Finding(
                CHECK,
                "error",
                f"#{seen['name']} ({setting}) is no text channel.",
                f"Set {setting} in config.yaml to a text channel's id.",
            )
        else:
            yield from _of_permissions(seen, purpose)


def _of_permissions(seen: Facts, purpose: str) -> Iterator[Finding]:
    missing = [PERMISSION_NAMES.get(name, name) for name in seen["missing"] if name in NEEDED_IN[purpose]]
    if missing:
        yield Finding(
            CHECK,
            "error",
            f"In #{seen['name']} the bot lacks: {', '.join(missing)}.",
            "Give the bot's role these permissions in that channel's settings.",
        )
    if seen["hidden_from"]:
        yield Finding(
            CHECK,
            "warning",
            f"#{seen['name']} is hidden from roles that should act there: {', '.join(seen['hidden_from'])}.",
            "Let these roles view the channel.",
        )


def _of_roles(furniture: Facts, configured: dict[str, list[int]]) -> Iterator[Finding]:
    """Roles that are configured and not there."""
    seen = [
        role for role in furniture.get("roles", ()) if int(role["id"]) in configured.get(role["gate"], [])
    ]
    for role in seen:
        if role["name"] is None:
            yield Finding(
                CHECK,
                "warning",
                f"There is no role {role['id']} on the server (discord.roles.{role['gate']}).",
                f"Set discord.roles.{role['gate']} in config.yaml to an existing role's id.",
            )
    approving = [role for role in seen if role["gate"] in ("approve", "admin")]
    if approving and all(role["name"] is None for role in approving):
        yield Finding(
            CHECK,
            "warning",
            "None of the roles that may approve exists: only members with Manage Server can.",
            "Mend discord.roles.approve in config.yaml.",
        )
