"""The one guild, its people and everything in it; finding things, and who may do what where."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tests.world.discord.constants import (
    ALL_PERMISSIONS,
    BOT_MAY,
    EVERYONE_MAY,
    NO_INTENT,
    ChannelKind,
    Intent,
    Permission,
)
from tests.world.discord.entities import Channel, Json, Message, Role, User
from tests.world.discord.errors import ApiError
from tests.world.discord.ids import Changes, Snowflakes


class Clock(Protocol):
    def now(self) -> datetime: ...


class WallClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds, for each channel (or webhook, guild) of a route."""

    requests: int
    seconds: float


@dataclass(slots=True)
class Knobs:
    """Every number a test may want otherwise; durations of Discord's laws are judged by the injected clock."""

    ack_seconds: float = 3.0
    token_seconds: float = 15 * 60.0
    nonce_seconds: float = 5 * 60.0
    attachment_bytes: int = 10 * 1024 * 1024
    heartbeat_seconds: float = 41.25  # real time, as all of the gateway
    acknowledge_heartbeats: bool = True
    approved_intents: Intent = NO_INTENT  # the privileged ones switched on in the developer portal
    gateway_sends: int = 120  # a client's messages in a minute
    identify_limit: int = 1000  # in 24 hours of the injected clock
    replayed_events: int = 500  # what a session keeps for RESUME
    command_creates: int = 200  # in 24 hours
    limits: Mapping[str, Limit] = field(
        default_factory=dict
    )  # "PATCH /channels/{channel_id}/messages/{message_id}"
    other_limit: Limit = Limit(100, 1.0)  # of routes not named above, in real time as discord.py waits it
    global_limit: Limit = Limit(1000, 1.0)  # real Discord: 50 a second
    patience: float = 10.0  # real seconds the driver waits for the bot


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the bot, or this double, did against the contract or the documented laws."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class State:
    """What the parts of the double share."""

    def __init__(self, clock: Clock | None = None, knobs: Knobs | None = None) -> None:
        self.clock = clock or WallClock()
        self.knobs = knobs or Knobs()
        self.new_id = Snowflakes(self.clock.now)
        self.changes = Changes()
        self.findings: list[Finding] = []
        self.refusals: list[tuple[str, ApiError]] = []  # every 4xx given, with its route
        self.origin = "http://127.0.0.1"  # known once the first request has arrived
        self.token = f"double.{secrets.token_urlsafe(24)}"
        self.bot = User(self.new_id(), "Mousekeeper", bot=True)
        self.application_id = self.bot.id  # as of every application made since 2016
        self.owner = User(self.new_id(), "Owner")
        self.guild_id = self.new_id()
        self.guild_name = "Library"
        self.in_guild = True
        self.everyone = Role(self.guild_id, "@everyone", EVERYONE_MAY, position=0)
        self.bot_role = Role(self.new_id(), "Mousekeeper", BOT_MAY, bot_id=self.bot.id)
        self.bot.roles.append(self.bot_role)
        self.roles = {role.id: role for role in (self.everyone, self.bot_role)}
        self.users = {user.id: user for user in (self.bot, self.owner)}
        self.channels: dict[str, Channel] = {}
        self.commands: dict[str, Json] = {}  # by id; those with a guild_id belong to the guild
        self.attachments: dict[str, Any] = {}
        self.closing = False

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def found(self, where: str, what: object) -> None:
        """Note a finding."""
        self.findings.append(Finding(where, str(what)))
        self.changes.tell()

    # --- finding things, or refusing as Discord does ----------------------------------------------------------------

    def channel(self, channel_id: str) -> Channel:
        channel = self.channels.get(channel_id)
        if channel is None or channel.deleted:
            raise ApiError(10003)
        if not self.may(self.bot, channel, Permission.VIEW_CHANNEL):
            raise ApiError(50001)
        return channel

    def message(self, channel: Channel, message_id: str) -> Message:
        """A message reachable by a bot's token: an ephemeral one is not."""
        message = channel.messages.get(message_id)
        if message is None or message.deleted or message.ephemeral:
            raise ApiError(10008)
        return message

    def guild(self, guild_id: str) -> None:
        if guild_id != self.guild_id:
            raise ApiError(10004)
        if not self.in_guild:
            raise ApiError(50001)

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise ApiError(10013)
        return self.users[user_id]

    # --- who may ----------------------------------------------------------------------------------------------------

    def permissions(self, user: User, channel: Channel | None = None) -> int:
        """What this person may do in the guild, or in one channel of it, as Discord computes it."""
        if channel is not None and channel.kind is ChannelKind.DM:
            return int(EVERYONE_MAY) if user in (self.bot, channel.recipient) else 0
        if user is self.owner:
            return ALL_PERMISSIONS
        held = self.everyone.permissions
        for role in user.roles:
            held |= role.permissions
        if held & Permission.ADMINISTRATOR:
            return ALL_PERMISSIONS
        if channel is not None:
            held = _overwritten(
                held, channel, [self.everyone.id], [role.id for role in user.roles], [user.id]
            )
            if not held & Permission.VIEW_CHANNEL:
                return 0
            if not held & Permission.SEND_MESSAGES:
                held &= ~int(Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.MENTION_EVERYONE)
        return held

    def may(self, user: User, channel: Channel | None, permission: Permission) -> bool:
        return self.permissions(user, channel) & permission == permission

    def require(self, channel: Channel, permission: Permission) -> None:
        """Refuse with 50013 what the bot may not do here."""
        if not self.may(self.bot, channel, permission):
            raise ApiError(50013)

    # --- time -------------------------------------------------------------------------------------------------------

    def since(self, moment: datetime) -> timedelta:
        return self.now - moment


def _overwritten(held: int, channel: Channel, *groups: Iterable[str]) -> int:
    """Apply a channel's overwrites: for everyone, then for all roles together, then for the member."""
    for group in groups:
        allow = deny = 0
        for holder in group:
            _, more, less = channel.overwrites.get(holder, (0, 0, 0))
            allow |= more
            deny |= less
        held = held & ~deny | allow
    return held
