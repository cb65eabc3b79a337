"""What a person sees of what they did: the bot's answer as it develops, and the forms it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.world.discord.components import walk
from tests.world.discord.constants import Callback, ComponentKind
from tests.world.discord.entities import Json, Message
from tests.world.discord.interactions import Interaction
from tests.world.discord.state import WallClock

if TYPE_CHECKING:
    from tests.world.discord.double import Discord


class NoAnswer(AssertionError):
    """The person reads "The application did not respond"."""


class Reply:
    """An interaction from its sender's side. Everything on it is live: a later edit shows."""

    def __init__(self, discord: Discord, interaction: Interaction) -> None:
        self._discord = discord
        self.interaction = interaction
        self._edits_before = interaction.source.edits if interaction.source else 0

    @property
    def kind(self) -> Callback | None:
        """How the bot has answered, None before it has."""
        return self.interaction.answer

    @property
    def failed(self) -> bool:
        """Whether three seconds have passed without an answer, or nobody was there to give one."""
        return self._discord.interactions.failed(self.interaction)

    @property
    def thinking(self) -> bool:
        """Whether it says that the bot is thinking."""
        original = self.interaction.original
        return self.kind is Callback.DEFERRED_MESSAGE and original is not None and original.thinking

    @property
    def latency(self) -> float | None:
        """Real seconds from the person's act to the bot's answer."""
        return self.interaction.latency

    @property
    def message(self) -> Message | None:
        """The message that answers; for an update the one that was updated. None while the bot is thinking."""
        original = self.interaction.original
        if self.kind is None or self.kind is Callback.MODAL or original is None or original.thinking:
            return None
        return None if original.deleted else original

    @property
    def messages(self) -> list[Message]:
        """Every new message this brought the person, in order."""
        first = [self.message] if self.kind in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE) else []
        return [
            each for each in (*first, *self.interaction.followups) if each is not None and not each.deleted
        ]

    @property
    def text(self) -> str:
        """All there is to read in those."""
        return "\n".join(message.text for message in self.messages)

    @property
    def ephemeral(self) -> bool:
        """Whether the first of them is for this person alone."""
        return bool(self.messages) and self.messages[0].ephemeral

    @property
    def modal(self) -> Modal | None:
        """The form that was opened."""
        return Modal(self.interaction, self.interaction.modal) if self.interaction.modal is not None else None

    @property
    def choices(self) -> list[Json]:
        """What autocomplete offered: name and value each."""
        return self.interaction.choices or []

    async def answered(self) -> Reply:
        """Wait for the bot's first answer. Raises NoAnswer."""
        knobs = self._discord.state.knobs
        seconds = knobs.patience
        if isinstance(self._discord.state.clock, WallClock):
            seconds = min(seconds, knobs.ack_seconds + 0.2)
        with suppress(TimeoutError):
            await self._discord.state.changes.until(lambda: self.kind or self.failed, seconds, "an answer")
        if self.kind is None:
            why = "the bot did not answer" if self.interaction.delivered else "the bot is not connected"
            raise NoAnswer(f"{self._what()}: {why}")
        return self

    async def done(self) -> Reply:
        """Wait until the bot is thinking no more. Raises NoAnswer."""
        await self.answered()
        await self.until(lambda reply: not reply.thinking, "the deferred answer")
        return self

    async def updated(self) -> Message:
        """Wait until the message whose component was used has been edited since, and give it."""
        source = self.interaction.source
        assert source is not None, "nothing was pressed on a message"
        await self.until(lambda _: source.edits > self._edits_before, "an edit of the message")
        return source

    async def followup(self, number: int = 1) -> Message:
        """Wait for the so manieth follow-up, and give it."""
        await self.until(lambda _: len(self.interaction.followups) >= number, f"follow-up {number}")
        return self.interaction.followups[number - 1]

    async def until(self, condition: Callable[[Reply], Any], what: str = "the condition") -> Reply:
        """Wait for anything else about it. Raises NoAnswer after the double's patience."""
        try:
            await self._discord.state.changes.until(
                lambda: condition(self), self._discord.state.knobs.patience, what
            )
        except TimeoutError as error:
            raise NoAnswer(f"{self._what()}: {error}; {self!r}") from None
        return self

    def _what(self) -> str:
        data = self.interaction.data
        return f"{self.interaction.user.name}'s {data.get('name') or data.get('custom_id')}"

    def __repr__(self) -> str:
        kind = self.kind.name if self.kind else "no answer"
        return f"<reply to {self._what()}: {kind}, {self.messages or self.interaction.modal or ''}>"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in: its label as shown, and the component."""

    label: str
    node: Json

    @property
    def custom_id(self) -> str:
        return str(self.node["custom_id"])

    @property
    def kind(self) -> ComponentKind:
        return ComponentKind(self.node["type"])

    @property
    def value(self) -> str:
        """What a text input holds when it opens."""
        return str(self.node.get("value") or "")

    @property
    def required(self) -> bool:
        return self.node.get("required") is not False

    @property
    def options(self) -> list[Json]:
        return list(self.node.get("options") or ())


class Modal:
    """A form as it is open on somebody's screen; it stays open whatever becomes of the bot."""

    def __init__(self, opener: Interaction, form: Json) -> None:
        self.opener = opener
        self.form = form

    @property
    def title(self) -> str:
        return str(self.form["title"])

    @property
    def custom_id(self) -> str:
        return str(self.form["custom_id"])

    @property
    def text(self) -> str:
        """Title, labels with their descriptions, and text displays."""
        nodes = list(walk(self.form["components"]))
        parts = [
            str(node[key]) for node in nodes for key in ("label", "description", "content") if node.get(key)
        ]
        return "\n".join((self.title, *parts))

    @property
    def fields(self) -> list[Field]:
        return list(_fields(self.form["components"]))

    def field(self, name: str) -> Field:
        """The field with this label or custom_id."""
        found = [field for field in self.fields if name in (field.label, field.custom_id)]
        assert len(found) == 1, f"{len(found)} fields {name!r} among {[field.label for field in self.fields]}"
        return found[0]

    @property
    def values(self) -> dict[str, str]:
        """What its text inputs hold when it opens, by label."""
        return {field.label: field.value for field in self.fields if field.kind is ComponentKind.TEXT_INPUT}

    def __repr__(self) -> str:
        return f"<modal {self.title!r} {self.custom_id}: {[field.label for field in self.fields]}>"


def _fields(components: list[Json]) -> Iterator[Field]:
    for node in components:
        if node["type"] == ComponentKind.LABEL:
            yield Field(str(node["label"]), node["component"])
        elif node["type"] == ComponentKind.ACTION_ROW:
            for child in node["components"]:
                yield Field(str(child.get("label") or ""), child)
