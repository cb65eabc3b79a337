"""The life of an interaction: sent, answered once within three seconds, followed up for fifteen minutes."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime

from tests.world.discord import laws, shapes
from tests.world.discord.bodies import Body
from tests.world.discord.components import completed
from tests.world.discord.constants import (
    ANSWERS,
    Callback,
    ChannelKind,
    InteractionKind,
    MessageFlag,
    MessageKind,
)
from tests.world.discord.entities import Channel, Json, Message, User
from tests.world.discord.errors import ApiError, bad_form
from tests.world.discord.gateway import Gateway
from tests.world.discord.messages import Messages
from tests.world.discord.state import State


@dataclass(eq=False)
class Interaction:
    """One thing a person did, and all the bot made of it."""

    id: str
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    created: datetime
    data: Json
    source: Message | None = None  # the message whose component was used, or which opened the modal
    metadata: Json = field(default_factory=dict)
    delivered: bool = False  # whether any session got it, or will at its RESUME
    answer: Callback | None = None
    answered: datetime | None = None
    original: Message | None = None  # what @original means
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    cause: Interaction | None = None  # which opened the modal that this submits
    sent_at: float = field(default_factory=time.monotonic)  # real seconds, for measuring
    latency: float | None = None


class Interactions:
    """Sends interactions to the bot and takes its answers."""

    def __init__(self, state: State, gateway: Gateway, messages: Messages) -> None:
        self._state = state
        self._gateway = gateway
        self._messages = messages
        self.all: list[Interaction] = []
        self._by_token: dict[str, Interaction] = {}

    # --- the person's side ------------------------------------------------------------------------------------------

    def send(
        self,
        kind: InteractionKind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """Dispatch INTERACTION_CREATE. `cause` is the interaction that opened the modal now submitted."""
        state = self._state
        made = Interaction(
            state.new_id(),
            secrets.token_urlsafe(48),
            kind,
            user,
            channel,
            state.now,
            data,
            source,
            cause=cause,
        )
        made.metadata = self._metadata(made, cause)
        if kind in (InteractionKind.COMPONENT, InteractionKind.MODAL_SUBMIT):
            made.original = source
        self.all.append(made)
        self._by_token[made.token] = made
        made.delivered = self._gateway.dispatch("INTERACTION_CREATE", self._payload(made))
        return made

    def _payload(self, made: Interaction) -> Json:
        state, user, channel = self._state, made.user, made.channel
        payload: Json = {
            "id": made.id,
            "application_id": state.application_id,
            "type": int(made.kind),
            "token": made.token,
            "version": 1,
            "data": made.data,
            "channel": shapes.interaction_channel(state, channel, user),
            "channel_id": channel.id,
            "locale": user.locale,
            "app_permissions": shapes.app_permissions(state, channel),
            "entitlements": [],
            "authorizing_integration_owners": made.metadata["authorizing_integration_owners"],
            "attachment_size_limit": state.knobs.attachment_bytes,
        }
        if channel.kind is ChannelKind.DM:
            payload.update(user=shapes.user(user), context=1)
        else:
            payload.update(
                member=shapes.interaction_member(state, user, channel),
                guild_id=state.guild_id,
                guild={"id": state.guild_id, "locale": "en-US", "features": []},
                guild_locale="en-US",
                context=0,
            )
        if made.source is not None:
            payload["message"] = shapes.message(state, made.source)
        return payload

    def _metadata(self, made: Interaction, cause: Interaction | None) -> Json:
        installed_by = "0" if made.channel.kind is ChannelKind.DM else self._state.guild_id
        metadata: Json = {
            "id": made.id,
            "type": int(made.kind),
            "user": shapes.user(made.user),
            "authorizing_integration_owners": {"0": installed_by},
        }
        if made.kind is InteractionKind.COMPONENT and made.source is not None:
            metadata["interacted_message_id"] = made.source.id
        if made.kind is InteractionKind.MODAL_SUBMIT and cause is not None:
            metadata["triggering_interaction_metadata"] = cause.metadata
        return metadata

    def failed(self, made: Interaction) -> bool:
        """Whether the person has read that the application did not respond."""
        late = self._state.since(made.created).total_seconds() >= self._state.knobs.ack_seconds
        return made.answer is None and (late or not made.delivered)

    # --- the bot's side ---------------------------------------------------------------------------------------------

    def respond(self, interaction_id: str, token: str, body: Body) -> Interaction:
        """Take the one answer. Raises ApiError."""
        made = self._by_token.get(token)
        if made is None or made.id != interaction_id:
            raise ApiError(10062)
        if made.answer is not None:
            raise ApiError(40060)
        if self.failed(made):
            raise ApiError(10062)
        form = body.form
        answer = Callback(form["type"]) if form.get("type") in list(Callback) else None
        if answer is None or answer not in ANSWERS[made.kind]:
            raise bad_form(
                ["type"], f"Type {form.get('type')} does not answer a {made.kind.name} interaction."
            )
        if answer in (Callback.UPDATE_MESSAGE, Callback.DEFERRED_UPDATE) and made.source is None:
            raise bad_form(["type"], "There is no message to update.")
        self._take(made, answer, Body(form.get("data") or {}, body.uploads))
        made.answer, made.answered = answer, self._state.now
        made.latency = time.monotonic() - made.sent_at
        self._state.changes.tell()
        return made

    def _take(self, made: Interaction, answer: Callback, body: Body) -> None:
        form = body.form
        if answer is Callback.MESSAGE:
            made.original = self._create(made, body)
        elif answer is Callback.DEFERRED_MESSAGE:
            viewer = made.user if form.get("flags", 0) & MessageFlag.EPHEMERAL else None
            made.original = self._messages.thinking(made.channel, viewer=viewer, metadata=made.metadata)
        elif answer is Callback.UPDATE_MESSAGE and made.source is not None:
            self._still_there(made.source)
            self._messages.edit(made.source, body)
        elif answer is Callback.MODAL:
            laws.check_modal(form)
            made.modal = {**form, "components": completed(form["components"], lambda url: {"url": url})}
        elif answer is Callback.AUTOCOMPLETE:
            made.choices = form.get("choices") or []

    def follow_up(self, token: str, body: Body) -> Message:
        """A further message; the first one after a deferral takes the place of "is thinking"."""
        made = self.by_token(token)
        if made.original is not None and made.original.thinking and not made.original.deleted:
            return self._messages.edit(made.original, body)
        message = self._create(made, body)
        made.followups.append(message)
        self._state.changes.tell()
        return message

    def _create(self, made: Interaction, body: Body) -> Message:
        ephemeral = body.form.get("flags", 0) & MessageFlag.EPHEMERAL
        command = made.kind is InteractionKind.COMMAND
        return self._messages.create(
            made.channel,
            self._state.bot,
            body,
            viewer=made.user if ephemeral else None,
            by_webhook=True,
            metadata=made.metadata,
            kind=MessageKind.CHAT_INPUT_COMMAND if command else MessageKind.DEFAULT,
        )

    def by_token(self, token: str) -> Interaction:
        """An interaction by its webhook token, while that lives. Raises ApiError."""
        made = self._by_token.get(token)
        if made is None:
            raise ApiError(10015)
        if self._state.since(made.created).total_seconds() >= self._state.knobs.token_seconds:
            raise ApiError(50027)
        if made.answer is None:
            raise ApiError(10015)
        return made

    def message_of(self, token: str, message_id: str) -> Message:
        """The message a token reaches: `@original`, a follow-up, or the message its component is on."""
        made = self.by_token(token)
        reachable = [
            message for message in (made.original, made.source, *made.followups) if message is not None
        ]
        if message_id == "@original":
            found = made.original
        else:
            found = next((message for message in reachable if message.id == message_id), None)
        if found is None:
            raise ApiError(10008)
        self._still_there(found)
        return found

    def _still_there(self, message: Message) -> None:
        if message.channel.deleted:
            raise ApiError(10003)
        if message.deleted:
            raise ApiError(10008)

    def callback_response(self, made: Interaction) -> Json:
        """What `with_response` asks for."""
        state = self._state
        about: Json = {"id": made.id, "type": int(made.kind), "channel_id": made.channel.id}
        if made.channel.kind is not ChannelKind.DM:
            about["guild_id"] = state.guild_id
        shape: Json = {"interaction": about}
        if made.answer in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.UPDATE_MESSAGE):
            message = made.original
            assert message is not None
            about.update(
                response_message_id=message.id,
                response_message_loading=message.thinking,
                response_message_ephemeral=message.ephemeral,
            )
            if made.answer is not Callback.DEFERRED_MESSAGE:
                shape["resource"] = {"type": int(made.answer), "message": shapes.message(state, message)}
        return shape
