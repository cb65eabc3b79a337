"""The REST routes of channels, their messages, interactions' callbacks and webhooks, and the files they kept."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.world.discord import shapes
from tests.world.discord.bodies import BODY
from tests.world.discord.constants import ChannelKind, MessageKind, Permission
from tests.world.discord.entities import Channel, Json, Message
from tests.world.discord.errors import ApiError, answer, bad_form
from tests.world.discord.interactions import Interactions
from tests.world.discord.messages import Messages
from tests.world.discord.rest import API
from tests.world.discord.state import State

PINS_LIMIT = 250
PLAIN_KINDS = (MessageKind.DEFAULT, MessageKind.REPLY, MessageKind.CHAT_INPUT_COMMAND)


class ChannelRoutes:
    """`/channels/...`, reached with the bot's token."""

    def __init__(self, state: State, messages: Messages) -> None:
        self._state = state
        self._messages = messages

    def add_to(self, app: web.Application) -> None:
        add, base = app.router.add_route, f"{API}/channels/{{channel_id}}"
        add("GET", base, self.channel)
        add("POST", base + "/typing", self.typing)
        add("GET", base + "/messages", self.list)
        add("POST", base + "/messages", self.create)
        add("GET", base + "/messages/pins", self.pins)
        add("PUT", base + "/messages/pins/{message_id}", self.pin)
        add("DELETE", base + "/messages/pins/{message_id}", self.unpin)
        add("POST", base + "/messages/bulk-delete", self.bulk_delete)
        add("GET", base + "/messages/{message_id}", self.get)
        add("PATCH", base + "/messages/{message_id}", self.edit)
        add("DELETE", base + "/messages/{message_id}", self.delete)

    async def channel(self, request: web.Request) -> web.Response:
        return answer(shapes.channel(self._state, self._channel(request)))

    async def typing(self, request: web.Request) -> web.Response:
        self._state.require(self._channel(request), Permission.SEND_MESSAGES)
        return web.Response(status=204)

    async def list(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        if not self._state.may(self._state.bot, channel, Permission.READ_MESSAGE_HISTORY):
            return answer([])
        seen = [message for message in channel.messages.values() if not message.ephemeral]
        return answer([self._shape(message) for message in _page(seen, dict(request.query))])

    async def create(self, request: web.Request) -> web.Response:
        channel, body, state = self._channel(request), request[BODY], self._state
        state.require(channel, Permission.SEND_MESSAGES)
        if body.uploads:
            state.require(channel, Permission.ATTACH_FILES)
        if channel.recipient is not None and not channel.recipient.dms_open:
            raise ApiError(50007)
        if (twin := self._twin(body.form)) is not None:
            return answer(self._shape(twin))
        if not state.may(state.bot, channel, Permission.EMBED_LINKS):
            body.form.pop("embeds", None)  # Discord leaves them out without a word
        return answer(self._shape(self._messages.create(channel, state.bot, body)))

    def _twin(self, form: Json) -> Message | None:
        """With `enforce_nonce`, the message the bot sent with this nonce within the last minutes."""
        nonce, state = form.get("nonce"), self._state
        if nonce is None or not form.get("enforce_nonce"):
            return None
        for channel in state.channels.values():
            for message in reversed(channel.messages.values()):
                recent = state.since(message.created).total_seconds() < state.knobs.nonce_seconds
                if recent and message.author is state.bot and str(message.nonce) == str(nonce):
                    return message
        return None

    async def get(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._state.require(message.channel, Permission.READ_MESSAGE_HISTORY)
        return answer(self._shape(message))

    async def edit(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message.author is not self._state.bot:
            raise ApiError(50005)
        if message.kind not in PLAIN_KINDS:
            raise ApiError(50021)
        return answer(self._shape(self._messages.edit(message, request[BODY])))

    async def delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._deletable(message)
        self._messages.delete(message)
        return web.Response(status=204)

    async def bulk_delete(self, request: web.Request) -> web.Response:
        channel, wanted = self._channel(request), [str(each) for each in request[BODY].form["messages"]]
        self._state.require(channel, Permission.MANAGE_MESSAGES)
        for message_id in wanted:
            if message_id in channel.messages:
                self._messages.delete(channel.messages[message_id])
        return web.Response(status=204)

    def _deletable(self, message: Message) -> None:
        if message.author is not self._state.bot:
            if message.channel.kind is ChannelKind.DM:
                raise ApiError(50003)
            self._state.require(message.channel, Permission.MANAGE_MESSAGES)

    async def pins(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        pinned = [message for message in channel.messages.values() if message.pinned]
        pinned.sort(key=lambda message: (message.pinned, int(message.id)), reverse=True)
        items = [
            {"pinned_at": shapes.moment(message.pinned), "message": self._shape(message)}
            for message in pinned
            if message.pinned
        ]
        return answer({"items": items, "has_more": False})

    async def pin(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._state.require(message.channel, Permission.PIN_MESSAGES)
        if sum(each.pinned is not None for each in message.channel.messages.values()) >= PINS_LIMIT:
            raise ApiError(30003)
        self._messages.pin(message)
        return web.Response(status=204)

    async def unpin(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._state.require(message.channel, Permission.PIN_MESSAGES)
        self._messages.unpin(message)
        return web.Response(status=204)

    def _channel(self, request: web.Request) -> Channel:
        return self._state.channel(request.match_info["channel_id"])

    def _message(self, request: web.Request) -> Message:
        return self._state.message(self._channel(request), request.match_info["message_id"])

    def _shape(self, message: Message) -> Json:
        return shapes.message(self._state, message)


def _page(messages: list[Message], query: dict[str, str]) -> list[Message]:
    """The messages asked for, newest first. `before`, `after`, `around` are ids, `limit` 1 to 100."""
    try:
        limit = int(query.get("limit", "50"))
        edges = {name: int(query[name]) for name in ("before", "after", "around") if name in query}
    except ValueError:
        raise bad_form(["limit"], "is not a number", "NUMBER_TYPE_COERCE") from None
    if not 1 <= limit <= 100:
        raise bad_form(["limit"], "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
    messages = sorted(messages, key=lambda message: int(message.id))
    if "around" in edges:
        near = sorted(messages, key=lambda message: abs(int(message.id) - edges["around"]))[:limit]
        return sorted(near, key=lambda message: int(message.id), reverse=True)
    if "after" in edges:
        return [each for each in messages if int(each.id) > edges["after"]][:limit][::-1]
    if "before" in edges:
        messages = [each for each in messages if int(each.id) < edges["before"]]
    return messages[-limit:][::-1]


class WebhookRoutes:
    """`/interactions/...` and `/webhooks/...`, whose secret is the token in their path; and the kept files."""

    def __init__(self, state: State, messages: Messages, interactions: Interactions) -> None:
        self._state = state
        self._messages = messages
        self._interactions = interactions

    def add_to(self, app: web.Application) -> None:
        add, base = app.router.add_route, f"{API}/webhooks/{{webhook_id}}/{{webhook_token}}"
        add("POST", f"{API}/interactions/{{interaction_id}}/{{interaction_token}}/callback", self.callback)
        add("POST", base, self.follow_up)
        add("GET", base + "/messages/{message_id}", self.get)
        add("PATCH", base + "/messages/{message_id}", self.edit)
        add("DELETE", base + "/messages/{message_id}", self.delete)
        add("GET", "/attachments/{channel_id}/{attachment_id}/{filename}", self.attachment)

    async def callback(self, request: web.Request) -> web.Response:
        place = request.match_info
        made = self._interactions.respond(place["interaction_id"], place["interaction_token"], request[BODY])
        if request.query.get("with_response") in ("1", "true"):
            return answer(self._interactions.callback_response(made))
        return web.Response(status=204)

    async def follow_up(self, request: web.Request) -> web.Response:
        message = self._interactions.follow_up(self._token(request), request[BODY])
        return answer(shapes.message(self._state, message))  # an interaction's webhook waits even unasked

    async def get(self, request: web.Request) -> web.Response:
        return answer(shapes.message(self._state, self._message(request)))

    async def edit(self, request: web.Request) -> web.Response:
        message = self._messages.edit(self._message(request), request[BODY])
        return answer(shapes.message(self._state, message))

    async def delete(self, request: web.Request) -> web.Response:
        self._messages.delete(self._message(request))
        return web.Response(status=204)

    async def attachment(self, request: web.Request) -> web.Response:
        kept: Any = self._state.attachments.get(request.match_info["attachment_id"])
        if kept is None or kept.filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})

    def _token(self, request: web.Request) -> str:
        if request.match_info["webhook_id"] != self._state.application_id:
            raise ApiError(10015)
        return request.match_info["webhook_token"]

    def _message(self, request: web.Request) -> Message:
        return self._interactions.message_of(self._token(request), request.match_info["message_id"])
