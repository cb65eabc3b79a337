"""What exists in this Discord: people, roles, channels, messages. Plain values; the rules are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.world.discord.components import Button, Select, texts, walk
from tests.world.discord.constants import (
    NO_FLAG,
    SELECTS,
    ChannelKind,
    ComponentKind,
    MessageFlag,
    MessageKind,
)

Json = dict[str, Any]


@dataclass(eq=False, slots=True)
class Role:
    id: str
    name: str
    permissions: int = 0
    position: int = 1
    color: int = 0
    bot_id: str | None = None  # the role a bot brings with it

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(eq=False, slots=True)
class User:
    """Anybody with an account. `roles` are those in the one guild; `dms_open` whether a bot may write to them."""

    id: str
    name: str
    bot: bool = False
    roles: list[Role] = field(default_factory=list)
    locale: str = "en-US"
    dms_open: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False, slots=True)
class Channel:
    id: str
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    position: int = 0
    recipient: User | None = None  # of a DM
    overwrites: dict[str, list[int]] = field(default_factory=dict)  # role or user id: [type, allow, deny]
    messages: dict[str, Message] = field(default_factory=dict)
    deleted: bool = False

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"


@dataclass(eq=False, slots=True)
class Attachment:
    id: str
    filename: str
    data: bytes
    content_type: str
    url: str
    description: str | None = None
    title: str | None = None
    ephemeral: bool = False


@dataclass(eq=False)
class Message:
    """A message as it stands now; it changes in place when it is edited."""

    id: str
    channel: Channel
    author: User
    created: datetime
    kind: MessageKind = MessageKind.DEFAULT
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: MessageFlag = NO_FLAG
    nonce: str | int | None = None
    pinned: datetime | None = None
    edited: datetime | None = None
    edits: int = 0
    deleted: bool = False
    viewer: User | None = None  # the one person who sees it, if it is ephemeral
    by_webhook: bool = False  # an interaction's answer
    metadata: Json | None = None
    reference: Json | None = None
    pings: set[str] = field(default_factory=set)  # ids of users and roles, or "everyone", notified by it

    @property
    def ephemeral(self) -> bool:
        return MessageFlag.EPHEMERAL in self.flags

    @property
    def thinking(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return MessageFlag.LOADING in self.flags

    @property
    def v2(self) -> bool:
        return MessageFlag.IS_COMPONENTS_V2 in self.flags

    @property
    def text(self) -> str:
        """Every text a person reads in it, line by line: content, embeds, components."""
        return "\n".join(part for part in self._texts() if part)

    @property
    def buttons(self) -> list[Button]:
        return [Button(node) for node in walk(self.components) if node["type"] == ComponentKind.BUTTON]

    @property
    def labels(self) -> list[str]:
        """The labels of its buttons."""
        return [button.label for button in self.buttons]

    @property
    def selects(self) -> list[Select]:
        return [Select(node) for node in walk(self.components) if node["type"] in SELECTS]

    @property
    def thumbnails(self) -> list[str]:
        """Addresses of the thumbnails shown in it."""
        nodes = (node for node in walk(self.components) if node["type"] == ComponentKind.THUMBNAIL)
        return [node["media"]["url"] for node in nodes]

    @property
    def accent(self) -> int | None:
        """The colour of its first container or embed."""
        colours = [
            node.get("accent_color")
            for node in walk(self.components)
            if node["type"] == ComponentKind.CONTAINER
        ]
        colours += [embed.get("color") for embed in self.embeds]
        return next((colour for colour in colours if colour is not None), None)

    def file(self, name: str) -> Attachment:
        """Its attachment of this name."""
        found = [attachment for attachment in self.attachments if attachment.filename == name]
        assert found, (
            f"no attachment {name!r}, but {[attachment.filename for attachment in self.attachments]}"
        )
        return found[0]

    def _texts(self) -> Iterator[str]:
        yield self.content
        for embed in self.embeds:
            yield from (
                embed.get("author", {}).get("name", ""),
                embed.get("title", ""),
                embed.get("description", ""),
            )
            for part in embed.get("fields", ()):
                yield from (part["name"], part["value"])
            yield embed.get("footer", {}).get("text", "")
        yield from texts(self.components)

    def __repr__(self) -> str:
        kind = "ephemeral message" if self.ephemeral else "message"
        return f"<{kind} {self.id} in #{self.channel.name}: {self.text[:200]!r}, buttons {self.labels}>"
