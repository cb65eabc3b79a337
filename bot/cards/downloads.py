"""The downloads card: our transfers page by page, each with its bar; the page stands in the buttons' ids."""

from __future__ import annotations

import discord
from discord import ui

from bot.cards import measures
from bot.cards.parts import escape, fit
from bot.cards.words import Words
from bot.components import Buttons
from bot.texts import Texts
from core.services.transfers import Transfer, TransferList

KIND = "downloads"
A_PAGE = 6
ROWS = 2800  # characters of the transfers; head and foot are bounded by themselves
COLOUR, TROUBLE = 0x5865F2, 0xF0A232
DOT = " · "
RESTING = frozenset({"uploading", "seeding", "complete"})  # all data is there: a bar would say nothing


def downloads_card(
    listed: TransferList, page: int, texts: Texts, language: object, buttons: Buttons
) -> ui.LayoutView:
    """One page, counted from 0; a page that is not there any more is the last one."""
    say = Words(texts, KIND, language)
    pages = max(1, -(-len(listed.transfers) // A_PAGE))
    page = min(max(0, page), pages - 1)
    view = ui.LayoutView(timeout=None)
    colour = discord.Colour(TROUBLE if listed.error or not listed.configured else COLOUR)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    container.add_item(ui.TextDisplay(_head(listed, say)))
    if shown := listed.transfers[page * A_PAGE : (page + 1) * A_PAGE]:
        container.add_item(ui.Separator())
        rows = fit([_transfer(transfer, say) for transfer in shown], ROWS, say.more)
        container.add_item(ui.TextDisplay(rows))
    if listed.seen is not None:
        container.add_item(ui.Separator())
        foot = say("page", page=page + 1, pages=pages, moment=measures.relative(listed.seen))
        container.add_item(ui.TextDisplay(f"-# {foot}"))
    if listed.configured:
        verbs = {"back": (max(0, page - 1), page == 0), "refresh": (page, False)}
        verbs["forward"] = (page + 1, page >= pages - 1)
        container.add_item(
            ui.ActionRow(
                *(
                    buttons.draw(KIND, verb, str(to), language=language, disabled=disabled)
                    for verb, (to, disabled) in verbs.items()
                )
            )
        )
    view.add_item(container)
    return view


def page_of(text: str) -> int:
    """The page out of a button's id; whatever is no number is the first."""
    return int(text) if text.isdecimal() and len(text) <= 6 else 0


def _head(listed: TransferList, say: Words) -> str:
    lines = [f"## {say('title')}"]
    if not listed.configured:
        lines.append(say("not_set"))
    elif listed.seen is not None:
        lines.append(_totals(listed, say))
    if listed.error:
        lines.append(f"🟠 {escape(listed.error, 250)}")
        seen = listed.seen and measures.relative(listed.seen)
        lines.append(say("said", moment=seen) if seen else say("never_said"))
    return "\n".join(lines)


def _totals(listed: TransferList, say: Words) -> str:
    if not listed.transfers:
        return say("none")
    down, up = (measures.speed(count, say.language) for count in (listed.down, listed.up))
    return say.count("totals", len(listed.transfers), down=down, up=up)


def _transfer(transfer: Transfer, say: Words) -> str:
    """Its name, how far it is where that says something, and its figures."""
    lines = [f"**{escape(transfer.name, 100)}**"]
    word, figures = say.name("words", transfer.word), []
    if transfer.word in RESTING:
        figures.append(word)
    else:
        lines.append(f"{measures.bar(transfer.progress)} {measures.percent(transfer.progress)}{DOT}{word}")
    if transfer.down:
        figures.append(f"↓{measures.JOINED}{measures.speed(transfer.down, say.language)}")
    if transfer.up:
        figures.append(f"↑{measures.JOINED}{measures.speed(transfer.up, say.language)}")
    if transfer.left is not None:
        figures.append(say("left", time=measures.duration(transfer.left)))
    if transfer.owed is not None:
        figures.append(say("ratio", ratio=measures.decimal(transfer.ratio, 2, say.language)))
        figures.append(say("owed", time=measures.duration(transfer.owed)) if transfer.owed else say("met"))
    figures.append(measures.size(transfer.size, say.language))
    return "\n".join((*lines, f"-# {DOT.join(figures)}"))
