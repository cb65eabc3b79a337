"""Writing, editing and deleting messages, for the bot and for people."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tests.world.discord import laws, shapes
from tests.world.discord.bodies import Body, Upload
from tests.world.discord.components import completed, medias, texts
from tests.world.discord.constants import ChannelKind, Intent, MessageFlag, MessageKind, Permission
from tests.world.discord.entities import Attachment, Channel, Json, Message, User
from tests.world.discord.errors import ApiError, bad_form
from tests.world.discord.gateway import Gateway
from tests.world.discord.state import State

SETTABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
CHANGEABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2
USER_MENTION, ROLE_MENTION = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
LEFT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Messages:
    """The one place where messages change, so that laws hold and events go out."""

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._state = state
        self._gateway = gateway

    def create(
        self,
        channel: Channel,
        author: User,
        body: Body,
        *,
        viewer: User | None = None,
        by_webhook: bool = False,
        metadata: Json | None = None,
        kind: MessageKind = MessageKind.DEFAULT,
    ) -> Message:
        """Post a message. With `viewer` it is ephemeral. Raises ApiError."""
        state, form = self._state, body.form
        flags = MessageFlag(form.get("flags") or 0) & SETTABLE
        if viewer is not None:
            flags |= MessageFlag.EPHEMERAL
        attachments = self._new_attachments(channel, body, ephemeral=viewer is not None)
        laws.check_message(form, flags, files=len(attachments))
        message = Message(
            state.new_id(),
            channel,
            author,
            state.now,
            kind=kind,
            attachments=attachments,
            flags=flags,
            nonce=form.get("nonce"),
            viewer=viewer,
            by_webhook=by_webhook,
            metadata=metadata,
        )
        self._refer(message, form)
        self._fill(message, form)
        self._report_unshown(message, attachments)
        channel.messages[message.id] = message
        self._tell("MESSAGE_CREATE", message)
        return message

    def thinking(self, channel: Channel, *, viewer: User | None, metadata: Json) -> Message:
        """The placeholder of a deferred answer."""
        flags = MessageFlag.LOADING | (MessageFlag.EPHEMERAL if viewer else MessageFlag(0))
        state = self._state
        message = Message(
            state.new_id(),
            channel,
            state.bot,
            state.now,
            kind=MessageKind.CHAT_INPUT_COMMAND,
            flags=flags,
            viewer=viewer,
            by_webhook=True,
            metadata=metadata,
        )
        channel.messages[message.id] = message
        self._tell("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, body: Body) -> Message:
        """Change what the form names; the rest stays. Raises ApiError and leaves the message as it was."""
        form = body.form
        flags = message.flags & ~MessageFlag.LOADING
        if (asked := form.get("flags")) is not None:
            if message.v2 and not asked & MessageFlag.IS_COMPONENTS_V2:
                raise bad_form(["flags"], "The IS_COMPONENTS_V2 flag cannot be removed.")
            flags = flags & ~CHANGEABLE | MessageFlag(asked) & CHANGEABLE
        new = self._new_attachments(message.channel, body, ephemeral=message.ephemeral)
        attachments = self._kept_attachments(message, form) + new
        whole = {
            "content": form.get("content", message.content),
            "embeds": form.get("embeds", message.embeds),
            "components": form.get("components", message.components),
        }
        laws.check_message(whole, flags, files=len(attachments))
        thinking, before = message.thinking, (message.attachments, message.flags)
        message.attachments, message.flags = attachments, flags
        try:
            self._fill(message, form)
        except ApiError:
            message.attachments, message.flags = before
            raise
        self._report_unshown(message, new)
        if not thinking:  # the answer that replaces "is thinking" is no edit to a reader
            message.edited = self._state.now
            message.edits += 1
        self._tell("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        self._state.changes.tell()
        if not message.ephemeral:
            data: Json = {"id": message.id, "channel_id": message.channel.id}
            if message.channel.kind is not ChannelKind.DM:
                data["guild_id"] = self._state.guild_id
            self._gateway.dispatch("MESSAGE_DELETE", data, intents=_intent(message.channel))

    def pin(self, message: Message) -> None:
        """Pin it, which posts a system message as the real Discord does."""
        if message.pinned is None:
            message.pinned = self._state.now
            self._tell("MESSAGE_UPDATE", message)
            notice = Message(
                self._state.new_id(),
                message.channel,
                self._state.bot,
                self._state.now,
                kind=MessageKind.CHANNEL_PINNED_MESSAGE,
                reference=self._reference(message.channel, message.id),
            )
            message.channel.messages[notice.id] = notice
            self._tell("MESSAGE_CREATE", notice)

    def unpin(self, message: Message) -> None:
        if message.pinned is not None:
            message.pinned = None
            self._tell("MESSAGE_UPDATE", message)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _fill(self, message: Message, form: Json) -> None:
        """Set content, embeds and components from the form, all or nothing."""

        def resolve(url: str) -> Json:
            return self._media(message, url)

        components, embeds = message.components, message.embeds
        if "components" in form:
            components = completed(form["components"] or [], resolve)
        if "embeds" in form:
            embeds = [_embed(embed, resolve) for embed in form["embeds"] or []]
        message.components, message.embeds = components, embeds
        if "content" in form:
            message.content = (form["content"] or "").strip()
        allowed = form.get("allowed_mentions")
        told = "\n".join((message.content, *texts(message.components)))
        message.pings = self._pings(told, allowed, everyone=self._may_ping_everyone(message))

    def _media(self, message: Message, url: str) -> Json:
        scheme, _, name = url.partition("://")
        if scheme == "attachment":
            found = [each for each in message.attachments if each.filename == name]
            if not found:
                there = [each.filename for each in message.attachments]
                raise bad_form(
                    ["components"], f"The attachment {name!r} is not among {there}.", "UNFURLED_MEDIA_ITEM"
                )
        else:
            if scheme not in ("http", "https"):
                raise bad_form(
                    ["components"], f"Scheme {scheme!r} must be one of http, https, attachment.", "URL_TYPE"
                )
            found = [each for each in message.attachments if each.url == url]
        media: Json = {"id": self._state.new_id(), "url": url, "proxy_url": url}
        if found:
            one = found[0]
            media.update(url=one.url, proxy_url=one.url, content_type=one.content_type, attachment_id=one.id)
            media["size"] = len(one.data)
        return media

    def _new_attachments(self, channel: Channel, body: Body, *, ephemeral: bool) -> list[Attachment]:
        described = {str(each.get("id")): each for each in body.form.get("attachments") or () if "id" in each}
        return [
            self.store(channel, upload, described.get(upload.index, {}), ephemeral=ephemeral)
            for upload in body.uploads
        ]

    def store(self, channel: Channel, upload: Upload, told: Json, *, ephemeral: bool = False) -> Attachment:
        """Keep an upload and give it its address."""
        state = self._state
        if len(upload.data) > state.knobs.attachment_bytes:
            raise ApiError(40005)
        wanted = told.get("filename") or upload.filename
        name = LEFT_IN_NAMES.sub("_", wanted)
        number = state.new_id()
        kept = Attachment(
            number,
            name,
            upload.data,
            upload.content_type,
            f"{state.origin}/attachments/{channel.id}/{number}/{name}",
            description=told.get("description"),
            title=wanted.rpartition(".")[0] if name != wanted else None,
            ephemeral=ephemeral,
        )
        state.attachments[number] = kept
        return kept

    def _kept_attachments(self, message: Message, form: Json) -> list[Attachment]:
        if (listed := form.get("attachments")) is None:
            return list(message.attachments)
        kept = {str(each.get("id")) for each in listed}
        return [each for each in message.attachments if each.id in kept]

    def _report_unshown(self, message: Message, new: list[Attachment]) -> None:
        """In a v2 message a file nobody references is invisible: a mistake nobody would notice."""
        if message.v2:
            shown = {media["url"] for media in medias(message.components)}
            for each in new:
                if each.url not in shown:
                    self._state.found(
                        f"message in #{message.channel.name}", f"attachment {each.filename} is not shown"
                    )

    def _refer(self, message: Message, form: Json) -> None:
        if wanted := form.get("message_reference"):
            target = message.channel.messages.get(str(wanted.get("message_id")))
            if target is None and wanted.get("fail_if_not_exists", True):
                raise bad_form(["message_reference"], "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
            message.kind = MessageKind.REPLY
            message.reference = self._reference(message.channel, str(wanted["message_id"]))

    def _reference(self, channel: Channel, message_id: str) -> Json:
        where: Json = {"type": 0, "channel_id": channel.id, "message_id": message_id}
        return where if channel.kind is ChannelKind.DM else {**where, "guild_id": self._state.guild_id}

    def _may_ping_everyone(self, message: Message) -> bool:
        return self._state.may(message.author, message.channel, Permission.MENTION_EVERYONE)

    def _pings(self, text: str, allowed: Json | None, *, everyone: bool) -> set[str]:
        """Whom this text notifies, given what its sender allowed (None: everything)."""
        state, allowed = (
            self._state,
            {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed,
        )
        parse = allowed.get("parse") or ()
        users, roles = set(USER_MENTION.findall(text)), set(ROLE_MENTION.findall(text))
        if "users" not in parse:
            users &= {str(each) for each in allowed.get("users") or ()}
        if "roles" not in parse:
            roles &= {str(each) for each in allowed.get("roles") or ()}
        loud = everyone and "everyone" in parse and ("@everyone" in text or "@here" in text)
        return (users & state.users.keys()) | (roles & state.roles.keys()) | ({"everyone"} if loud else set())

    def _tell(self, event: str, message: Message) -> None:
        self._state.changes.tell()
        if message.ephemeral:
            return
        own = message.author is self._state.bot or message.channel.kind is ChannelKind.DM

        def data(intents: int) -> Json:
            seen = own or bool(intents & Intent.MESSAGE_CONTENT)
            return shapes.gateway_message(self._state, message, content=seen)

        self._gateway.dispatch(event, data, intents=_intent(message.channel))


def _intent(channel: Channel) -> Intent:
    return Intent.DIRECT_MESSAGES if channel.kind is ChannelKind.DM else Intent.GUILD_MESSAGES


def _embed(given: Json, resolve: Any) -> Json:
    embed = deepcopy(given)
    embed["type"] = "rich"
    for key in ("image", "thumbnail"):
        if embed.get(key):
            media = resolve(embed[key]["url"])
            embed[key] = {
                "url": media["url"],
                "proxy_url": media["proxy_url"],
                "width": 0,
                "height": 0,
                "flags": 0,
            }
    for key, icon in (("author", "icon_url"), ("footer", "icon_url")):
        part = embed.get(key)
        if part and part.get(icon):
            part[icon] = resolve(part[icon])["url"]
    return {key: value for key, value in embed.items() if value is not None}
