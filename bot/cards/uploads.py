"""Lists about uploads: what waits for somebody, the standing rules, one release's story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.cards.parts import escape, fit
from bot.cards.words import Words
from bot.components import Buttons, menu
from bot.texts import Texts
from core.store.glance import Listed
from core.store.rules import Rule

PAGE = 10  # releases on a page
BUDGET = 3500
SHOWN_RULES = 25  # options of a menu
SUBJECT = "uploads"


def pending_card(
    waiting: Sequence[Listed],
    links: Mapping[str, str],
    page: int,
    texts: Texts,
    language: object,
    buttons: Buttons,
) -> ui.LayoutView:
    """One page; a page beyond the end is the last."""
    say = Words(texts, SUBJECT, language)
    pages = max(1, -(-len(waiting) // PAGE))
    page = min(max(page, 0), pages - 1)
    lines = [f"## {say.count('pending', len(waiting))}"]
    for each in waiting[page * PAGE : (page + 1) * PAGE]:
        title = f"**{escape(each.title, 90)}**"
        state = texts(f"release.state.{each.state}", language)
        link = links.get(each.id)
        lines.append(f"- {title} · {state}" + (f" · [{say('card')}]({link})" if link else f" · `{each.id}`"))
    if pages > 1:
        lines.append(f"-# {say('pages', page=page + 1, pages=pages)}")
    rows: list[ui.Item[Any]] = []
    if pages > 1:
        back = buttons.draw("pending", "back", str(max(page - 1, 0)), language=language, disabled=page == 0)
        forward = buttons.draw(
            "pending", "forward", str(min(page + 1, pages - 1)), language=language, disabled=page == pages - 1
        )
        rows.append(ui.ActionRow(back, forward))
    return _view(fit(lines, BUDGET, lambda number: say("more", number=number)), rows)


def rules_card(rules: Sequence[Rule], texts: Texts, language: object, buttons: Buttons) -> ui.LayoutView:
    """Every rule, and a menu to take one back."""
    say = Words(texts, SUBJECT, language)
    lines = [f"## {say('rules')}"]
    if not rules:
        lines.append(say("no_rules"))
    for rule in rules:
        by, moment = escape(rule.made_by, 60), _moment(rule.created)
        lines.append(f"- {say('rule', author=escape(rule.value, 80), by=by, moment=moment)}")
    rows: list[ui.Item[Any]] = []
    spec = buttons.find("rule", "remove")
    if rules and spec is not None:
        options = [
            discord.SelectOption(label=rule.value[:100] or "?", value=rule.id) for rule in rules[:SHOWN_RULES]
        ]
        rows.append(ui.ActionRow(menu(spec, "all", options, texts=texts, language=language)))
    return _view(fit(lines, BUDGET, lambda number: say("more", number=number)), rows)


def timeline(log: Sequence[Mapping[str, Any]], texts: Texts, language: object) -> ui.LayoutView:
    """What happened to a release, the newest first."""
    say = Words(texts, SUBJECT, language)
    lines = [f"### {say('timeline')}"]
    for line in reversed(log):
        what = escape(f"{line['stage']}: {line['event']}", 60)
        text = f" — {escape(str(line['text']), 160)}" if line["text"] else ""
        lines.append(f"- {_moment(datetime.fromisoformat(line['at']))} {what}{text}")
    return _view(fit(lines, BUDGET, lambda number: say("more", number=number)), [])


def _view(text: str, rows: Sequence[ui.Item[Any]]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(ui.TextDisplay(text), *rows)
    view.add_item(container)
    return view


def _moment(when: datetime) -> str:
    return f"<t:{int(when.timestamp())}:R>"
