"""Buttons and menus that work after any restart, under one net that lets no error go unanswered.

discord.py swallows what a dynamic item raises (in its check even without a log line) and the person sees a
silent failure; so all three methods are caught here and answered by the reporter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import ui

from bot.custom_ids import TEMPLATE, CustomId, Registry
from bot.gates import Gate, Refused
from bot.reporter import Told

if TYPE_CHECKING:
    import re

    from bot.client import Interaction, Mousekeeper
    from bot.texts import Texts

T = TypeVar("T")
Run = Callable[["Mousekeeper", "Interaction", str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """One thing a press can do. `run(bot, interaction, subject)` answers within 3 seconds, or defers.

    For a menu `text_key` is its placeholder, and `run` finds what was picked with `picked(interaction)`.
    """

    kind: str
    verb: str
    text_key: str
    run: Run
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    emoji: str | None = None
    gate: Gate | None = None


class Buttons(Registry[ButtonSpec]):
    """All specs, and the drawing of them for cards."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    def draw(
        self, kind: str, verb: str, subject: str, *, language: object, disabled: bool = False
    ) -> ui.Item[Any]:
        """A button for a message. Raises KeyError for one that nobody registered."""
        spec = self.find(kind, verb)
        if spec is None:
            raise KeyError(f"{kind}:{verb}")
        return button(spec, subject, texts=self._texts, language=language, disabled=disabled)


def button(
    spec: ButtonSpec, subject: str, *, texts: Texts, language: object, disabled: bool = False
) -> ui.Item[Any]:
    """One button of a card, for this subject."""
    return Button(
        ui.Button(
            label=texts(spec.text_key, language),
            style=spec.style,
            emoji=spec.emoji,
            custom_id=str(CustomId(spec.kind, subject, spec.verb)),
            disabled=disabled,
        )
    )


def menu(
    spec: ButtonSpec,
    subject: str,
    options: list[discord.SelectOption],
    *,
    texts: Texts,
    language: object,
    disabled: bool = False,
) -> ui.Item[Any]:
    """One menu of a card, for this subject."""
    return Button(
        ui.Select(
            placeholder=texts(spec.text_key, language),
            options=options,
            custom_id=str(CustomId(spec.kind, subject, spec.verb)),
            disabled=disabled,
        )
    )


def picked(interaction: Interaction) -> list[str]:
    """The values chosen in a menu."""
    data: dict[str, Any] = dict(interaction.data or {})
    return list(data.get("values", []))


class Button(ui.DynamicItem[ui.Item[Any]], template=TEMPLATE):
    """Every button and menu of ours, of this version or another; what it does stands in the registry."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], _match: re.Match[str], /
    ) -> Button:
        made = await caught(interaction, _made(cls, item))
        if made is None:
            raise Told
        return made

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return bool(await caught(interaction, self._may(interaction)))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        with interaction.client.presses.at_hand():
            await caught(interaction, self._run(interaction))

    async def _may(self, interaction: Interaction) -> bool:
        bot = interaction.client
        spec = self._spec(bot)
        if spec is None:
            await bot.reporter.answer(interaction, bot.texts("errors.old_button", interaction.locale))
            return False
        if spec.gate and not bot.gates.allowed(interaction, spec.gate):
            raise Refused(spec.gate)
        return True

    async def _run(self, interaction: Interaction) -> None:
        bot = interaction.client
        address, spec = CustomId.parse(self.custom_id), self._spec(bot)
        if spec is not None and address is not None:
            await spec.run(bot, interaction, address.subject)

    def _spec(self, bot: Mousekeeper) -> ButtonSpec | None:
        address = CustomId.parse(self.custom_id)
        return bot.buttons.find(address.kind, address.verb) if address else None


async def _made(cls: type[Button], item: ui.Item[Any]) -> Button:
    return cls(item)


async def caught(interaction: Interaction, work: Awaitable[T]) -> T | None:
    """What the work returns; an error becomes the reporter's sentence, and None."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 (the reporter logs it and answers the person)
        await interaction.client.reporter.report(interaction, error)
        return None
