"""The forms of a release's card: why it is rejected, the fields of the upload form, the upload itself."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.cards.parts import escape
from bot.cards.release import KIND
from bot.forms import Form, FormSpec, Values
from bot.releases.presses import decide, go_on, patiently, who
from core.errors import NeedsPerson

if TYPE_CHECKING:
    from bot.client import Interaction, Mousekeeper

TITLE_LENGTH = 45  # characters of a form's title
EDITABLE = ("title", "series", "narrators", "category", "flags")
LARGEST_TORRENT = 10 * 2**20
ADDRESS = re.compile(r"https?://\S{1,280}|\d{1,12}")


def _form(bot: Mousekeeper, key: str, locale: object) -> Form:
    return Form(title=bot.texts(f"uploads.form.{key}", locale)[:TITLE_LENGTH])


def _field(bot: Mousekeeper, name: str, locale: object, item: ui.Item[Any]) -> ui.Label[Form]:
    description = bot.texts.find(f"uploads.field.{name}.hint", locale)
    return ui.Label(
        text=bot.texts(f"uploads.field.{name}.label", locale), description=description, component=item
    )


async def build_reject(bot: Mousekeeper, _release_id: str, locale: discord.Locale) -> Form:
    form = _form(bot, "reject", locale)
    reason: ui.TextInput[Form] = ui.TextInput(
        custom_id="reason", style=discord.TextStyle.paragraph, max_length=500, required=True
    )
    form.add_item(_field(bot, "reason", locale, reason))
    return form


async def submit_reject(bot: Mousekeeper, interaction: Interaction, release_id: str, values: Values) -> None:
    reason = str(values.get("reason") or "").strip()
    if await decide(bot, interaction, release_id, "reject", reason or None):
        await interaction.response.defer()


async def build_edit(bot: Mousekeeper, release_id: str, locale: discord.Locale) -> Form:
    present = await _present(bot, release_id)
    form = _form(bot, "edit", locale)
    for name in EDITABLE:
        long = name in ("series", "narrators")
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        text: ui.TextInput[Form] = ui.TextInput(
            custom_id=name, style=style, default=present[name][:4000], max_length=4000, required=False
        )
        form.add_item(_field(bot, name, locale, text))
    return form


async def submit_edit(bot: Mousekeeper, interaction: Interaction, release_id: str, values: Values) -> None:
    """Only what differs from what stands there now becomes an edit; an emptied field takes an edit back."""
    present = await _present(bot, release_id)
    given = {name: " ".join(str(values.get(name) or "").split()) for name in EDITABLE}
    changes = {name: text for name, text in given.items() if text != " ".join(present[name].split())}
    if not changes:
        await bot.reporter.answer(interaction, bot.texts("uploads.nothing_changed", interaction.locale))
        return
    by, door = who(interaction)
    await patiently(interaction, bot.app.uploads.edit(release_id, changes, by=by, door=door))
    bot.projection.touch(KIND, release_id)
    fields = escape(", ".join(changes), 200)
    await bot.reporter.answer(interaction, bot.texts("uploads.edited", interaction.locale, fields=fields))


async def build_uploaded(bot: Mousekeeper, _release_id: str, locale: discord.Locale) -> Form:
    form = _form(bot, "uploaded", locale)
    link: ui.TextInput[Form] = ui.TextInput(custom_id="link", max_length=290, required=False)
    form.add_item(_field(bot, "link", locale, link))
    torrent: ui.FileUpload[Form] = ui.FileUpload(custom_id="torrent", required=False, max_values=1)
    form.add_item(_field(bot, "torrent", locale, torrent))
    return form


async def submit_uploaded(
    bot: Mousekeeper, interaction: Interaction, release_id: str, values: Values
) -> None:
    """The site has it: with the link or number of its page, and the site's own .torrent where it differs."""
    by, door = who(interaction)
    link = str(values.get("link") or "").strip() or None
    if link and not ADDRESS.fullmatch(link):
        raise NeedsPerson(
            "The link is neither an address nor a number.", hint="Copy it from the torrent's page."
        )
    attached: list[discord.Attachment] = values.get("torrent") or []
    if not attached:
        await bot.app.uploads.uploaded(release_id, by=by, door=door, url=link)
        go_on(bot, release_id)
        await interaction.response.defer()
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    if attached[0].size > LARGEST_TORRENT:
        raise NeedsPerson("That file is too large for a .torrent.", hint="Attach the one the site offers.")
    with tempfile.TemporaryDirectory(prefix="mousekeeper-") as folder:
        path = Path(folder, "returned.torrent")
        await attached[0].save(path)
        await bot.app.uploads.uploaded(release_id, by=by, door=door, url=link, torrent=str(path))
    go_on(bot, release_id)
    await interaction.followup.send(bot.texts("uploads.uploaded", interaction.locale), ephemeral=True)


async def _present(bot: Mousekeeper, release_id: str) -> dict[str, str]:
    release = await bot.app.shelf.one(release_id)
    form = (await bot.app.release_cards.snapshot(release)).form
    return {name: _as_typed(form.get(name)) for name in EDITABLE}


def _as_typed(value: Any) -> str:
    """A field as people type it: names, series and flags apart by semicolons."""
    if isinstance(value, list | Mapping):
        return "; ".join(_entry(each) for each in value)
    return "" if value is None else str(value)


def _entry(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['name']} #{value['number']}" if value.get("number") else str(value["name"])
    return str(value)


FORMS = (
    FormSpec(KIND, "reject", build_reject, submit_reject, "approve"),
    FormSpec(KIND, "edit", build_edit, submit_edit, "approve"),
    FormSpec(KIND, "uploaded", build_uploaded, submit_uploaded, "approve"),
)
