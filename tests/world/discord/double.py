"""The double as a test holds it: the guild's furniture, people, troubles, and what was found wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from tests.world.discord import shapes
from tests.world.discord.bodies import Body
from tests.world.discord.commands import Commands
from tests.world.discord.constants import ChannelKind, Intent, Permission
from tests.world.discord.driver import Person
from tests.world.discord.entities import Channel, Json, Message, Role, User
from tests.world.discord.errors import answer
from tests.world.discord.gateway import Gateway
from tests.world.discord.interactions import Interaction, Interactions
from tests.world.discord.judge import Judge, read_contract
from tests.world.discord.limits import Limits
from tests.world.discord.messages import Messages
from tests.world.discord.rest import API, Basics, Front
from tests.world.discord.rest_messages import ChannelRoutes, WebhookRoutes
from tests.world.discord.state import Clock, Finding, Knobs, State
from tests.world.outside import OUTSIDE, WHEN_SERVED, Outside, Served, outside_app, serving

T = TypeVar("T")

CHANNELS = ("uploads", "requests", "alerts", "status")
ROLES = ("approve", "request", "admin")
LARGEST_BODY = 256 * 1024 * 1024
ROLE, MEMBER = 0, 1  # whom a channel's overwrite is for


class Discord:
    """A Discord with one guild, and a bot invited to it."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        knobs: Knobs | None = None,
        contract: dict[str, Any] | None = None,
    ) -> None:
        self.state = State(clock, knobs)
        self.gateway = Gateway(self.state)
        self.messages = Messages(self.state, self.gateway)
        self.interactions = Interactions(self.state, self.gateway, self.messages)
        self.commands = Commands(self.state)
        self.judge = Judge(contract)
        self.limits = Limits(self.state)
        for name in CHANNELS:
            self.add_channel(name)
        for name in ROLES:
            self.add_role(name)
        self.app = self._application()
        self._served: Served | None = None

    # --- where it is ------------------------------------------------------------------------------------------------

    @property
    def outside(self) -> Outside:
        """Its log of requests and planned faults; see `faults`."""
        return self.app[OUTSIDE]

    @property
    def api_base(self) -> str:
        """For DISCORD_API_BASE."""
        return self.state.origin + API

    @property
    def gateway_url(self) -> str:
        """For DISCORD_GATEWAY_URL."""
        return self.state.origin.replace("http", "ws", 1) + "/gateway"

    @property
    def token(self) -> str:
        return self.state.token

    @property
    def guild_id(self) -> str:
        return self.state.guild_id

    def environment(self) -> dict[str, str]:
        """The `.env` of a program that is to use it."""
        return {
            "DISCORD_TOKEN": self.token,
            "DISCORD_GUILD_ID": self.guild_id,
            "DISCORD_API_BASE": self.api_base,
            "DISCORD_GATEWAY_URL": self.gateway_url,
        }

    def section(self) -> Json:
        """The `discord` section of its configuration: channels and roles by their names."""
        return {
            "channels": {name: int(self.channel(name).id) for name in CHANNELS},
            "roles": {name: int(self.role(name).id) for name in ROLES},
        }

    # --- furniture --------------------------------------------------------------------------------------------------

    def channel(self, name: str) -> Channel:
        """The guild's channel of this name."""
        return next(each for each in shapes.guild_channels(self.state) if each.name == name)

    def role(self, name: str) -> Role:
        return next(each for each in self.state.roles.values() if each.name == name)

    def add_channel(self, name: str) -> Channel:
        state = self.state
        channel = Channel(state.new_id(), name, position=len(state.channels))
        state.channels[channel.id] = channel
        self._channel_event("CHANNEL_CREATE", channel)
        return channel

    def delete_channel(self, channel: Channel) -> None:
        channel.deleted = True
        self._channel_event("CHANNEL_DELETE", channel)
        self.state.changes.tell()

    def add_role(self, name: str, permissions: int = 0) -> Role:
        state = self.state
        role = Role(state.new_id(), name, permissions, position=len(state.roles))
        state.roles[role.id] = role
        self.gateway.dispatch(
            "GUILD_ROLE_CREATE",
            {"guild_id": state.guild_id, "role": shapes.role(role)},
            intents=Intent.GUILDS,
        )
        return role

    def person(
        self,
        name: str,
        roles: Iterable[Role | str] = (),
        *,
        permissions: int = 0,
        locale: str = "en-US",
        here: Channel | str = "uploads",
    ) -> Person:
        """Somebody in the guild at their client; the same name is the same person.

        `permissions` come with a role of their own, `Permission.ADMINISTRATOR` for somebody who may do everything.
        """
        user = next((each for each in self.state.users.values() if each.name == name and not each.bot), None)
        if user is None:
            user = User(self.state.new_id(), name)
            self.state.users[user.id] = user
        user.locale = locale
        for each in roles:
            role = self.role(each) if isinstance(each, str) else each
            if role not in user.roles:
                user.roles.append(role)
        if permissions:
            user.roles.append(self.add_role(f"{name}'s", permissions))
        return Person(self, user, self.channel(here) if isinstance(here, str) else here)

    def deny(self, channel: Channel, permission: Permission, to: Role | User | None = None) -> None:
        """Take a permission away in one channel, from the bot if nobody is named."""
        self._overwrite(channel, to, allow=0, deny=int(permission))

    def allow(self, channel: Channel, permission: Permission, to: Role | User | None = None) -> None:
        """Give a permission in one channel."""
        self._overwrite(channel, to, allow=int(permission), deny=0)

    def invite_bot(self) -> None:
        """The bot is in the guild again."""
        self.state.in_guild = True
        self.gateway.dispatch("GUILD_CREATE", shapes.guild_create(self.state), intents=Intent.GUILDS)

    def _overwrite(self, channel: Channel, to: Role | User | None, *, allow: int, deny: int) -> None:
        holder = to or self.state.bot
        kind = ROLE if isinstance(holder, Role) else MEMBER
        _, allowed, denied = channel.overwrites.get(holder.id, (kind, 0, 0))
        channel.overwrites[holder.id] = [kind, allowed & ~deny | allow, denied & ~allow | deny]
        self._channel_event("CHANNEL_UPDATE", channel)

    def _channel_event(self, event: str, channel: Channel) -> None:
        self.gateway.dispatch(event, shapes.channel(self.state, channel), intents=Intent.GUILDS)

    def kick_bot(self) -> None:
        """The bot is thrown out of the guild."""
        self.state.in_guild = False
        self.gateway.dispatch("GUILD_DELETE", {"id": self.guild_id}, intents=Intent.GUILDS)

    # --- messages ---------------------------------------------------------------------------------------------------

    def history(self, channel: Channel | str) -> list[Message]:
        """The messages of a channel that everybody sees, oldest first."""
        channel = self.channel(channel) if isinstance(channel, str) else channel
        return [message for message in channel.messages.values() if not message.ephemeral]

    def dm(self, person: Person) -> list[Message]:
        """What the bot has written to somebody directly."""
        found = (each for each in self.state.channels.values() if each.kind is ChannelKind.DM)
        return [
            message for each in found if each.recipient is person.user for message in each.messages.values()
        ]

    def plant(self, channel: Channel | str, **form: Any) -> Message:
        """A message as if the bot had posted it once, with any components: an older version's, a forger's."""
        channel = self.channel(channel) if isinstance(channel, str) else channel
        return self.messages.create(channel, self.state.bot, Body(form))

    async def message(
        self, channel: Channel | str, condition: Callable[[Message], Any] = lambda message: True
    ) -> Message:
        """Wait for the first message in a channel of which the condition holds."""
        where = self.channel(channel) if isinstance(channel, str) else channel

        def found() -> Message | None:
            return next((each for each in self.history(where) if condition(each)), None)

        try:
            message = await self.until(found, "the message")
        except TimeoutError:
            raise TimeoutError(f"no such message in #{where.name}; there are {self.history(where)}") from None
        assert message is not None
        return message

    def delete(self, message: Message) -> None:
        """Somebody with every permission deletes a message."""
        self.messages.delete(message)

    def closed_forms(self, opener: Interaction) -> set[str]:
        """custom_ids of the forms that this interaction opened and the bot has taken."""
        return {
            each.data["custom_id"]
            for each in self.interactions.all
            if each.cause is opener and each.answer is not None
        }

    # --- waiting ----------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], T], what: str = "the condition", seconds: float = 0) -> T:
        """Wait until `condition()` holds; looked at whenever anything changes here. Raises TimeoutError."""
        return await self.state.changes.until(condition, seconds or self.state.knobs.patience, what)

    async def connected(self) -> None:
        """Wait until a bot is connected, identified or resumed."""
        await self.until(lambda: self.gateway.live, "a connected bot")

    async def disconnected(self) -> None:
        """Wait until none is."""
        await self.until(lambda: not self.gateway.connections, "no connection")

    # --- troubles; those of single routes are planned with `outside.fail` --------------------------------------------

    def reconnect(self) -> None:
        """Op 7: Discord asks the bot to connect anew and resume."""
        self.gateway.reconnect()

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9."""
        self.gateway.invalidate(resumable=resumable)

    def drop(self, code: int = 4000) -> None:
        """Close the gateway's connections with a code."""
        self.gateway.drop(code)

    def cut(self) -> None:
        """Break the gateway's connections without a word; new ones are taken."""
        self.gateway.cut()

    async def go_away(self) -> None:
        """Nobody listens any more, and every connection breaks; sessions stay."""
        assert self._served is not None, "it is not served"
        await self._served.go_away()

    async def come_back(self) -> None:
        """Listen again, at the same address."""
        assert self._served is not None, "it is not served"
        await self._served.come_back()

    def revoke_token(self) -> None:
        """The token is reset: REST answers 401, and the gateway closes with 4004."""
        self.state.token = "another.token.altogether"
        self.gateway.drop(4004)

    # --- judgement --------------------------------------------------------------------------------------------------

    @property
    def findings(self) -> list[Finding]:
        """What the bot, or this double, did against the contract or Discord's laws."""
        return self.state.findings

    def assert_clean(self) -> None:
        """Fail with every finding there is."""
        assert not self.findings, "\n".join(map(str, self.findings))

    # --- the server -------------------------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        app = outside_app(largest_body=LARGEST_BODY)
        app[DISCORD] = self
        app[WHEN_SERVED] = self._served_at
        app.middlewares.append(Front(self.state, self.limits, self.judge).middleware)
        Basics(self.state, self.gateway, self.commands).add_to(app)
        ChannelRoutes(self.state, self.messages).add_to(app)
        WebhookRoutes(self.state, self.messages, self.interactions).add_to(app)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/", self._root)
        app.on_shutdown.append(self._shut_down)
        return app

    def _served_at(self, served: Served) -> None:
        self._served = served
        self.state.origin = served.url

    async def _root(self, request: web.Request) -> web.StreamResponse:
        """The gateway where it has a host of its own; else what a program needs to be set up with."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.handle(request)
        return answer({"environment": self.environment(), "discord": self.section()})

    async def _shut_down(self, _: web.Application) -> None:
        self.state.closing = True
        self.gateway.drop(1001)


DISCORD: web.AppKey[Discord] = web.AppKey("discord", Discord)


def create_app() -> web.Application:
    """A Discord of its own on the machine's clock, with the contract as its judge where there is one."""
    return Discord(contract=read_contract()).app


@asynccontextmanager
async def serving_discord(
    discord: Discord, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Served]:
    """Serve it on a loopback port for as long as the block lasts."""
    async with serving(discord.app, host=host, port=port) as served:
        yield served
