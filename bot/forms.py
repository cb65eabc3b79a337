"""Forms (Discord's modals) that can be sent in after a restart: all of them go through one router.

discord.py keeps a form's object in memory until it is sent in, and forgets it with the process. Here a form
is known by its custom_id alone; discord.py keeps none, so nothing answers twice and forms that people close
cost no memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.components import caught
from bot.custom_ids import CustomId, Registry
from bot.gates import Gate, Refused

if TYPE_CHECKING:
    from bot.client import Interaction, Mousekeeper

Values = dict[str, Any]
FILES = discord.ComponentType.file_upload.value


class Form(ui.Modal):
    """A modal that discord.py does not keep; the router gives it its custom_id."""

    def is_finished(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class FormSpec:
    """One form: `build(bot, subject, locale)` draws it within 3 seconds, `submit` takes it back.

    `submit(bot, interaction, subject, values)` gets the value of each input by its custom_id: text, a list of
    picked values, or a list of discord.Attachment.
    """

    kind: str
    verb: str
    build: Callable[[Mousekeeper, str, discord.Locale], Awaitable[Form]]
    submit: Callable[[Mousekeeper, Interaction, str, Values], Awaitable[None]]
    gate: Gate | None = None


class Forms(Registry[FormSpec]):
    """All specs, and the way to open a form and to take it back."""

    async def open(self, interaction: Interaction, kind: str, verb: str, subject: str) -> None:
        """Show a form in answer to a press or command. Raises Refused, and KeyError for an unknown form."""
        spec = self.find(kind, verb)
        if spec is None:
            raise KeyError(f"{kind}:{verb}")
        self._check(interaction, spec)
        form = await spec.build(interaction.client, subject, interaction.locale)
        form.custom_id = str(CustomId(kind, subject, verb))
        await interaction.response.send_modal(form)

    async def route(self, interaction: Interaction) -> None:
        """Take a form that was sent in; whatever goes wrong is answered."""
        with interaction.client.presses.at_hand():
            await caught(interaction, self._submit(interaction))

    async def _submit(self, interaction: Interaction) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        address = CustomId.parse(str(data.get("custom_id", "")))
        spec = self.find(address.kind, address.verb) if address else None
        bot = interaction.client
        if spec is None or address is None:
            await bot.reporter.answer(interaction, bot.texts("errors.old_form", interaction.locale))
            return
        self._check(interaction, spec)
        await spec.submit(bot, interaction, address.subject, values_of(interaction, data))

    def _check(self, interaction: Interaction, spec: FormSpec) -> None:
        if spec.gate and not interaction.client.gates.allowed(interaction, spec.gate):
            raise Refused(spec.gate)


def values_of(interaction: discord.Interaction[Any], data: dict[str, Any]) -> Values:
    """The value of each input of a form that was sent in, by the input's custom_id."""
    files = (data.get("resolved") or {}).get("attachments", {})

    def attachment(key: str) -> discord.Attachment:
        return discord.Attachment(data=files[key], state=interaction._state)  # no public way from the payload

    values: Values = {}
    for each in _inputs(data.get("components") or []):
        chosen = each.get("values")
        if each.get("type") == FILES:
            values[each["custom_id"]] = [attachment(key) for key in chosen or [] if key in files]
        else:
            values[each["custom_id"]] = chosen if chosen is not None else each.get("value")
    return values


def _inputs(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The inputs among nested components: rows hold `components`, labels one `component`."""
    for each in components:
        if "custom_id" in each:
            yield each
        yield from _inputs(each.get("components") or [])
        if each.get("component"):
            yield from _inputs([each["component"]])
