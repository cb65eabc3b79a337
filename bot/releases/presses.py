"""What the buttons of a release's card do: commit first, acknowledge, and let the card follow."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import ui

from bot.cards.parts import escape
from bot.cards.release import KIND
from bot.components import ButtonSpec
from core.domain.release import Decision, Release
from core.errors import MousekeeperError, NeedsPerson
from core.upload.rules import AUTHOR, author_key, authors_of

if TYPE_CHECKING:
    from bot.client import Interaction, Mousekeeper

RULE = "rule"
PATIENCE = 1.0  # seconds without an answer; Discord allows three
T = TypeVar("T")


def who(interaction: Interaction) -> tuple[str, str]:
    """Who did it, as the timeline names them, and through which door."""
    return interaction.user.display_name[:80], f"discord {interaction.user.id}"


async def decide(
    bot: Mousekeeper, interaction: Interaction, release_id: str, verb: Decision, reason: str | None = None
) -> Release | None:
    """Commit a decision; None where somebody decided before, which is answered."""
    by, door = who(interaction)
    try:
        release = await bot.app.uploads.decide(release_id, verb, by=by, door=door, reason=reason)
    except NeedsPerson:
        bot.projection.touch(KIND, release_id)  # whoever pressed looked at an old card
        await _too_late(bot, interaction, release_id)
        return None
    go_on(bot, release_id)
    return release


async def patiently(interaction: Interaction, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; where it takes its time, such as for a cover, the bot is seen thinking."""
    task = asyncio.create_task(work, name="a press")
    try:
        done, _ = await asyncio.wait((task,), timeout=PATIENCE)
        if not done:
            await interaction.response.defer(ephemeral=True, thinking=True)
    except asyncio.CancelledError:  # the program stops
        task.cancel()
        raise
    except Exception:  # nobody can be answered any more; what was begun is ended all the same
        await task
        raise
    return await task


def go_on(bot: Mousekeeper, release_id: str) -> None:
    """What was committed takes effect at once, and shows."""
    bot.app.engine.nudge()
    bot.projection.touch(KIND, release_id)


async def _too_late(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    release = await bot.app.shelf.one(release_id)
    say, locale = bot.texts, interaction.locale
    if release.decision and release.decided_at:
        text = say(
            f"uploads.already.{release.decision}",
            locale,
            by=escape(release.decided_by or "?", 80),
            moment=f"<t:{int(release.decided_at.timestamp())}:R>",
        )
    else:
        text = say("uploads.not_now", locale, state=say(f"release.state.{release.state}", locale))
    await bot.reporter.answer(interaction, text)


async def approve(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    """Approve in one press; remembering the author is offered afterwards."""
    release = await decide(bot, interaction, release_id, "approve")
    if release is None:
        return
    await interaction.response.defer()
    authors = authors_of(release)
    if authors and not await bot.app.rules.known(AUTHOR, author_key(authors[0])):
        view = ui.LayoutView(timeout=None)
        text = bot.texts("uploads.remember_offer", interaction.locale, author=escape(authors[0], 80))
        view.add_item(ui.TextDisplay(text))
        view.add_item(
            ui.ActionRow(bot.buttons.draw(RULE, "remember", release_id, language=interaction.locale))
        )
        await interaction.followup.send(view=view, ephemeral=True)


async def hold(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    if await decide(bot, interaction, release_id, "hold"):
        await interaction.response.defer()


async def fix(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    """Apply the mechanical fixes and say which fields they changed."""
    by, door = who(interaction)
    work = bot.app.uploads.fix(release_id, by=by, door=door)
    _, fixed = await patiently(interaction, work)
    bot.projection.touch(KIND, release_id)
    fields = escape(", ".join(fixed), 300)
    key = "uploads.fixed" if fixed else "uploads.nothing_to_fix"
    await bot.reporter.answer(interaction, bot.texts(key, interaction.locale, fields=fields))


async def retry(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    by, door = who(interaction)
    await bot.app.uploads.retry(release_id, by=by, door=door)
    go_on(bot, release_id)
    await interaction.response.defer()


async def kit(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    """Hand the kit to this person alone: the form as a file, the cover, the torrent only by the setting."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    release = await bot.app.shelf.one(release_id)
    if release.infohash is None:
        raise MousekeeperError(
            "The kit of this release is not written yet.", hint="Try again once it is built."
        )
    files = await bot.app.release_cards.kit_files(release, torrent=bot.settings.attach_torrent)
    lines = [bot.texts("uploads.kit", interaction.locale)]
    if release.torrent_path:
        lines.append(
            bot.texts("uploads.kit_torrent", interaction.locale, path=escape(release.torrent_path, 300))
        )
    await interaction.followup.send(
        "\n".join(lines),
        files=[discord.File(BytesIO(content), filename=name) for name, content in files.items()],
        ephemeral=True,
    )


async def remember(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    """Make the rule that approves this author's books from now on."""
    release = await bot.app.shelf.one(release_id)
    rule = await bot.app.rules.remember_author(release, by=who(interaction)[0])
    text = bot.texts("uploads.remembered", interaction.locale, author=escape(rule.value, 80))
    await bot.reporter.answer(interaction, text)


async def ask_reason(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    await bot.forms.open(interaction, KIND, "reject", release_id)


async def ask_fields(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    await bot.forms.open(interaction, KIND, "edit", release_id)


async def ask_uploaded(bot: Mousekeeper, interaction: Interaction, release_id: str) -> None:
    await bot.forms.open(interaction, KIND, "uploaded", release_id)


_STYLE = discord.ButtonStyle
BUTTONS = (
    ButtonSpec(KIND, "approve", "release.button.approve", approve, _STYLE.success, "✅", "approve"),
    ButtonSpec(KIND, "reject", "release.button.reject", ask_reason, _STYLE.danger, "✖️", "approve"),
    ButtonSpec(KIND, "edit", "release.button.edit", ask_fields, _STYLE.secondary, "✏️", "approve"),
    ButtonSpec(KIND, "fix", "release.button.fix", fix, _STYLE.secondary, "🧹", "approve"),
    ButtonSpec(KIND, "kit", "release.button.kit", kit, _STYLE.secondary, "📋", "approve"),
    ButtonSpec(KIND, "uploaded", "release.button.uploaded", ask_uploaded, _STYLE.primary, "📤", "approve"),
    ButtonSpec(KIND, "hold", "release.button.hold", hold, _STYLE.secondary, "⏸️", "approve"),
    ButtonSpec(KIND, "retry", "release.button.retry", retry, _STYLE.primary, "🔁", "approve"),
    ButtonSpec(RULE, "remember", "uploads.remember", remember, _STYLE.secondary, "📌", "approve"),
)
