"""The REST side: what every request goes through, and the routes of users, application, guild and commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.world.discord import shapes
from tests.world.discord.bodies import BODY, read_body
from tests.world.discord.commands import Commands
from tests.world.discord.constants import ChannelKind
from tests.world.discord.entities import Channel
from tests.world.discord.errors import ApiError, answer, unauthorized
from tests.world.discord.gateway import Gateway
from tests.world.discord.judge import Judge
from tests.world.discord.limits import Limits
from tests.world.discord.state import State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API = "/api/v10"
# Routes whose secret is the token in their path.
OPEN = (f"{API}/interactions/", f"{API}/webhooks/")
UNAUTHENTICATED = (f"{API}/gateway",)


class Front:
    """What a request meets before its route, and its answer after it: token, limits, contract, refusals."""

    def __init__(self, state: State, limits: Limits, judge: Judge) -> None:
        self._state = state
        self._limits = limits
        self._judge = judge

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        state = self._state
        if not request.path.startswith(f"{API}/"):
            return await handler(request)
        resource = request.match_info.route.resource
        route = f"{request.method} {resource.canonical.removeprefix(API) if resource else request.path}"
        if (refused := self._limits.refuse(route, request)) is not None:
            return refused
        try:
            response = await self._judged(request, handler, route)
        except ApiError as error:
            state.refusals.append((route, error))
            if error.code == 50035:
                state.found(route, error)
            response = error.response()
        except web.HTTPException as error:
            state.found(route, f"the double has no such route ({error.status} {request.path})")
            response = answer({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
        except Exception as error:  # a form the double did not foresee: it must not pass unseen
            state.found(route, f"the double broke: {error!r}")
            response = answer({"message": "500: Internal Server Error", "code": 0}, 500)
        self._limits.mark(route, request, response)
        return response

    async def _judged(self, request: web.Request, handler: Handler, route: str) -> web.StreamResponse:
        self._authenticate(request)
        body = request[BODY] = await read_body(request)
        method, path = request.method, request.path.removeprefix(API)
        routed = request.match_info.http_exception is None
        problems = self._judge.request(method, path, request.content_type, body) if routed else []
        if problems:
            raise ApiError(50035, problems)
        response = await handler(request)
        if isinstance(response, web.Response):
            for problem in self._judge.response(method, path, response):
                self._state.found(f"answer to {route}", problem)
        return response

    def _authenticate(self, request: web.Request) -> None:
        if request.path.startswith(OPEN) or request.path in UNAUTHENTICATED:
            return
        if request.headers.get("Authorization") != f"Bot {self._state.token}":
            raise unauthorized()


class Basics:
    """Routes about the bot itself, its guild and its commands."""

    def __init__(self, state: State, gateway: Gateway, commands: Commands) -> None:
        self._state = state
        self._gateway = gateway
        self._commands = commands

    def add_to(self, app: web.Application) -> None:
        add = app.router.add_route
        add("GET", f"{API}/users/@me", self.me)
        add("GET", f"{API}/users/@me/guilds", self.my_guilds)
        add("POST", f"{API}/users/@me/channels", self.create_dm)
        add("GET", f"{API}/users/{{user_id}}", self.user)
        add("GET", f"{API}/oauth2/applications/@me", self.application)
        add("GET", f"{API}/applications/@me", self.application)
        add("GET", f"{API}/gateway", self.gateway)
        add("GET", f"{API}/gateway/bot", self.gateway_bot)
        add("GET", f"{API}/guilds/{{guild_id}}", self.guild)
        add("GET", f"{API}/guilds/{{guild_id}}/channels", self.guild_channels)
        add("GET", f"{API}/guilds/{{guild_id}}/roles", self.guild_roles)
        add("GET", f"{API}/guilds/{{guild_id}}/members/{{user_id}}", self.guild_member)
        for scope in ("", "/guilds/{guild_id}"):
            base = f"{API}/applications/{{application_id}}{scope}/commands"
            add("GET", base, self.list_commands)
            add("PUT", base, self.put_commands)
            add("POST", base, self.post_command)
            add("GET", base + "/{command_id}", self.get_command)
            add("PATCH", base + "/{command_id}", self.patch_command)
            add("DELETE", base + "/{command_id}", self.delete_command)

    async def me(self, request: web.Request) -> web.Response:
        return answer(shapes.me(self._state))

    async def my_guilds(self, request: web.Request) -> web.Response:
        state = self._state
        mine = {
            "id": state.guild_id,
            "name": state.guild_name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(state.permissions(state.bot)),
            "features": [],
        }
        return answer([mine] if state.in_guild else [])

    async def user(self, request: web.Request) -> web.Response:
        return answer(shapes.user(self._state.user(request.match_info["user_id"])))

    async def create_dm(self, request: web.Request) -> web.Response:
        state = self._state
        recipient = state.user(str(request[BODY].form.get("recipient_id")))
        known = (each for each in state.channels.values() if each.recipient is recipient)
        channel = next(known, None) or Channel(
            state.new_id(), f"@{recipient.name}", ChannelKind.DM, 0, recipient
        )
        state.channels[channel.id] = channel
        return answer(shapes.channel(state, channel))

    async def application(self, request: web.Request) -> web.Response:
        return answer(shapes.application(self._state))

    async def gateway(self, request: web.Request) -> web.Response:
        return answer({"url": self._gateway_url(request)})

    async def gateway_bot(self, request: web.Request) -> web.Response:
        limit: dict[str, Any] = {
            "total": self._state.knobs.identify_limit,
            "remaining": self._gateway.starts_left(),
            "reset_after": 86_400_000 if self._gateway.identifies else 0,
            "max_concurrency": 1,
        }
        return answer({"url": self._gateway_url(request), "shards": 1, "session_start_limit": limit})

    def _gateway_url(self, request: web.Request) -> str:
        return f"{'wss' if request.secure else 'ws'}://{request.host}/gateway"

    async def guild(self, request: web.Request) -> web.Response:
        self._state.guild(request.match_info["guild_id"])
        return answer(shapes.guild(self._state))

    async def guild_channels(self, request: web.Request) -> web.Response:
        self._state.guild(request.match_info["guild_id"])
        return answer([shapes.channel(self._state, each) for each in shapes.guild_channels(self._state)])

    async def guild_roles(self, request: web.Request) -> web.Response:
        self._state.guild(request.match_info["guild_id"])
        return answer([shapes.role(each) for each in self._state.roles.values()])

    async def guild_member(self, request: web.Request) -> web.Response:
        self._state.guild(request.match_info["guild_id"])
        user = self._state.users.get(request.match_info["user_id"])
        if user is None:
            raise ApiError(10007)
        return answer(shapes.member(user))

    # --- commands ---------------------------------------------------------------------------------------------------

    def _scope(self, request: web.Request) -> str | None:
        if request.match_info["application_id"] != self._state.application_id:
            raise ApiError(50001)
        guild_id = request.match_info.get("guild_id")
        if guild_id is not None and (guild_id != self._state.guild_id or not self._state.in_guild):
            raise ApiError(50001)
        return guild_id

    async def list_commands(self, request: web.Request) -> web.Response:
        return answer(self._commands.of(self._scope(request)))

    async def put_commands(self, request: web.Request) -> web.Response:
        return answer(self._commands.replace(self._scope(request), request[BODY].json))

    async def post_command(self, request: web.Request) -> web.Response:
        made, new = self._commands.upsert(self._scope(request), request[BODY].form)
        return answer(made, 201 if new else 200)

    async def get_command(self, request: web.Request) -> web.Response:
        return answer(self._commands.get(self._scope(request), request.match_info["command_id"]))

    async def patch_command(self, request: web.Request) -> web.Response:
        scope, form = self._scope(request), request[BODY].form
        return answer(self._commands.change(scope, request.match_info["command_id"], form))

    async def delete_command(self, request: web.Request) -> web.Response:
        self._commands.delete(self._scope(request), request.match_info["command_id"])
        return web.Response(status=204)
