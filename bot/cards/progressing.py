"""How far a running stage is, as one line."""

from __future__ import annotations

from bot.cards import measures
from bot.cards.words import Words
from bot.texts import Texts
from core.services.at_work import Progressing


def bar_line(progress: Progressing | None, say: Words) -> str:
    """Its bar, percent and time left, in the status card's words; empty where it says nothing of that."""
    if progress is None or progress.fraction is None:
        return ""
    line = f"{measures.bar(progress.fraction)} {measures.percent(progress.fraction)}"
    return line if progress.left is None else f"{line} · {say('left', time=measures.duration(progress.left))}"


def stage_line(progress: Progressing | None, texts: Texts, language: object) -> str:
    """The same for another card, with what the stage does before it."""
    say = Words(texts, "status", language)
    bar = bar_line(progress, say)
    return f"{say.name('stages', progress.stage)} {bar}" if progress and bar else ""
