"""The approval card: one release as people decide about it, in every state of its life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.cards import measures
from bot.cards.parts import escape, fit
from bot.cards.progressing import stage_line
from bot.cards.words import Words
from bot.components import Buttons
from bot.texts import Texts
from core.services.at_work import Progressing
from core.services.release_card import Audio, ReleaseCard

KIND = "release"
DOT = " · "
CLOSED = ("complete", "rejected")  # states after which the card is left alone

# What can be pressed, a row each: decisions first, then what helps to decide.
MEND = ("edit", "fix", "kit")
# state -> symbol, colour of the card's edge, rows of buttons
LOOKS: dict[str, tuple[str, int, tuple[tuple[str, ...], ...]]] = {
    "discovered": ("⏳", 0x5865F2, ()),
    "staged": ("⏳", 0x5865F2, ()),
    "described": ("⏳", 0x5865F2, ()),
    "built": ("⏳", 0x5865F2, ()),
    "awaiting_approval": ("🟡", 0xF0B232, (("approve", "reject", "hold"), MEND)),
    "held": ("⏸️", 0x949BA4, (("approve", "reject"), MEND)),
    "rejected": ("⛔", 0xDA373C, (("retry",),)),
    "approved": ("🔵", 0x5865F2, (("uploaded", *MEND),)),
    "awaiting_upload": ("📤", 0x00A8FC, (("uploaded", *MEND),)),
    "seeding": ("🌱", 0x23A55A, (("kit",),)),
    "complete": ("✅", 0x23A55A, ()),
    "failed": ("🔴", 0xDA373C, (("retry", "kit"),)),
}

# Characters of each part; together they stay under the 4,000 of a message.
HEAD, FACTS, WARNINGS, FINDINGS, STATE = 1000, 750, 500, 750, 900


def release_card(
    card: ReleaseCard,
    texts: Texts,
    language: object,
    buttons: Buttons,
    *,
    direct: bool = False,
    progress: Progressing | None = None,
) -> ui.LayoutView:
    """Pure: the same snapshot gives the same card. `direct`: approval seeds without waiting for a person."""
    say = Words(texts, KIND, language)
    _, colour, rows = LOOKS[card.release.state]
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=discord.Colour(colour))
    container.add_item(_head(card, say))
    container.add_item(ui.Separator())
    for part in (_facts(card, say), _warnings(card, say), _findings(card, say)):
        if part:
            container.add_item(ui.TextDisplay(part))
    container.add_item(ui.Separator())
    at_work = stage_line(progress, texts, language)
    container.add_item(ui.TextDisplay(_state(card, say, direct=direct, at_work=at_work)))
    for row in _rows(card, rows):
        drawn: list[ui.Item[Any]] = [
            buttons.draw(KIND, verb, card.release.id, language=language, disabled=_is_idle(card, verb))
            for verb in row
        ]
        container.add_item(ui.ActionRow(*drawn))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def _head(card: ReleaseCard, say: Words) -> ui.Item[Any]:
    lines = [f"## {escape(card.title, 150) or escape(card.release.id)}"]
    people = [f"**{escape(', '.join(card.authors), 150)}**"] if card.authors else []
    if card.narrators:
        people.append(say("read_by", narrators=escape(", ".join(card.narrators), 120)))
    if people:
        lines.append(", ".join(people))
    places = [escape(f"{name} #{place}" if place else name, 60) for name, place in card.series[:3]]
    year = [str(card.release.known.year)] if card.release.known.year else []
    if rest := DOT.join((*places, *year)):
        lines.append(f"-# {rest}")
    text: ui.TextDisplay[ui.LayoutView] = ui.TextDisplay(
        fit(lines, HEAD, lambda number: say("more", number=number))
    )
    if card.cover is None:
        return text
    return ui.Section(text, accessory=ui.Thumbnail(f"attachment://{card.cover.name}"))


def _facts(card: ReleaseCard, say: Words) -> str:
    release, lines = card.release, []
    if card.audio is not None:
        lines.append(say("audio", facts=DOT.join(_audio(card.audio, say))))
    size = measures.size(release.size, say.language)
    lines.append(say("files", facts=DOT.join((say.count("parts", release.parts), size))))
    if torrent := card.torrent:
        pieces = say("pieces", number=torrent.pieces, size=measures.size(torrent.piece_length, say.language))
        said = (
            say.count("torrent_files", torrent.files),
            pieces,
            say("private" if torrent.private else "public"),
            f"`{torrent.infohash[:12]}`",
        )
        lines.append(say("torrent", facts=DOT.join(said)))
    lines.append(say("form", facts=DOT.join(_form(card, say))))
    return fit(lines, FACTS, lambda number: say("more", number=number))


def _audio(audio: Audio, say: Words) -> Iterator[str]:
    yield measures.duration(audio.seconds)
    if audio.codec:
        yield escape(audio.codec, 40)
    if audio.bitrate:
        yield say("kbps", number=round(audio.bitrate / 1000))
    if audio.channels:
        names = {1: "mono", 2: "stereo"}
        yield say(names.get(audio.channels, "channels"), number=audio.channels)
    if audio.chapters:
        yield say.count("chapters", audio.chapters)


def _form(card: ReleaseCard, say: Words) -> Iterator[str]:
    category = card.form.get("category")
    yield escape(str(category), 60) if category else say("no_category")
    if language := card.form.get("language"):
        yield escape(str(language), 30)
    flags = card.form.get("flags")
    if flags:
        yield escape(", ".join(str(flag) for flag in flags), 80)


def _warnings(card: ReleaseCard, say: Words) -> str:
    if not card.release.warnings:
        return say("no_duplicate")
    lines = [say("duplicates"), *(f"- {escape(warning, 110)}" for warning in card.release.warnings)]
    return fit(lines, WARNINGS, lambda number: say("more", number=number))


def _findings(card: ReleaseCard, say: Words) -> str:
    if not card.findings:
        return say("no_findings")
    lines = [say.count("findings", len(card.findings))]
    lines += [f"- {escape(finding.message, 110)}" for finding in card.findings]
    if card.fixable:
        lines.insert(1, f"-# {say('fixable', fields=escape(', '.join(card.fixable), 80))}")
    return fit(lines, FINDINGS, lambda number: say("more", number=number))


def _state(card: ReleaseCard, say: Words, *, direct: bool, at_work: str) -> str:
    release = card.release
    symbol, _, _ = LOOKS[release.state]
    key = f"next.{release.state}"
    if direct and release.state == "awaiting_approval":
        key += "_direct"
    lines = [f"{symbol} **{say(f'state.{release.state}')}**", say(key)]
    if at_work:
        lines.append(at_work)
    if release.error:
        lines.insert(1, say("trouble", error=escape(release.error, 180)))
    elif release.status == "waiting" and card.waiting_for and release.stage in ("publish", "start", "seed"):
        lines.append(say("waits_for", what=escape(card.waiting_for, 120)))
    if release.status == "ready" and release.attempts and release.due:
        lines.append(say("next_try", moment=measures.relative(release.due)))
    lines += _deeds(card, say)
    return fit(lines, STATE, lambda number: say("more", number=number))


def _deeds(card: ReleaseCard, say: Words) -> Iterator[str]:
    """Who decided what and when, in small print at the end."""
    release = card.release
    if release.decision and release.decided_at:
        by = escape(release.decided_by or "?", 60)
        yield f"-# {say(f'decided.{release.decision}', by=by, moment=_moment(release.decided_at))}"
        if release.decision_reason:
            yield f"-# {say('reason', reason=escape(release.decision_reason, 120))}"
    if said := release.uploaded:
        when = datetime.fromisoformat(str(said["at"]))
        yield f"-# {say('uploaded', by=escape(str(said['by']), 60), moment=_moment(when))}"


def _moment(when: datetime) -> str:
    return f"<t:{int(when.timestamp())}:f>"


def _rows(card: ReleaseCard, rows: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, ...]]:
    """The rows of this state; a release that is put off can be tried again at once."""
    release = card.release
    yield from rows
    delayed = release.status == "ready" and release.attempts > 0
    held_back = release.status == "waiting" and (release.topic or "").startswith(("secret:", "system:"))
    if delayed or held_back:
        yield ("retry",)


def _is_idle(card: ReleaseCard, verb: str) -> bool:
    """Whether pressing it would change nothing."""
    return (verb == "fix" and not card.fixable) or (verb == "uploaded" and card.release.uploaded is not None)
