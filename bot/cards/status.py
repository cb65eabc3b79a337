"""The status and health cards: pure functions of a snapshot, within Discord's limits whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import discord
from discord import ui

from bot.cards import measures
from bot.cards.parts import escape, fit
from bot.cards.progressing import bar_line
from bot.cards.words import Words
from bot.components import Buttons
from bot.texts import Texts
from core.health import Finding, Severity
from core.services.disks import Disk
from core.services.health import SystemHealth
from core.services.overview import AccountLine, Counts, Running, Snapshot

KIND = "status"
BOARD = "board"  # kind and id of the one that stays in its channel
ALL = "all"  # the id in the buttons: there is one status
ICONS: dict[Severity, str] = {"error": "🔴", "warning": "🟠", "notice": "🔵", "ok": "🟢"}
COLOURS: dict[Severity, int] = {"error": 0xDA373C, "warning": 0xF0A232, "notice": 0x5865F2, "ok": 0x23A55A}
PEOPLE_HEAR_OF: dict[Severity, str] = {"error": "errors", "warning": "warnings"}
SYSTEM_SEVERITY: dict[str, Severity] = {"refused": "error", "away": "warning", "answers": "ok"}
FOR_PEOPLE = ("awaiting_approval", "awaiting_upload", "failed")  # states that wait for somebody: written bold

# Characters of each part; together they stay under the 4,000 of a message.
HEAD, PIPELINES, RUNNING, DISKS, ACCOUNT, HEALTH = 500, 700, 900, 500, 250, 800
FINDINGS, SYSTEMS = 2200, 1300
NEXT_RUNS = 2
MODE_ICONS = {"normal": "🟢", "caution": "🟠", "emergency": "🔴"}  # of the account's ratio
LONG_AGO = timedelta(hours=2)
DOT = " · "


def overview_card(
    snapshot: Snapshot, texts: Texts, language: object, buttons: Buttons, *, board: bool = False
) -> ui.LayoutView:
    """Everything at a glance; the board leaves out what would change without anything happening."""
    say = Words(texts, KIND, language)
    parts = [
        _head(snapshot, say),
        _pipelines(snapshot.pipelines, say),
        _at_work(snapshot.running, say),
        _disks(snapshot.disks, say),
    ]
    if snapshot.account is not None:
        parts.append(_account(snapshot.account, say, snapshot.at, board=board))
    if trouble := _health(snapshot, say):
        parts.append(trouble)
    if board:  # its message is found again by what its buttons say
        kind, subject, verbs = BOARD, BOARD, ["downloads", "health"]
        foot = say("version", version=snapshot.version)
    else:
        kind, subject, verbs = KIND, ALL, ["refresh", "downloads", "health"]
        foot = say("as_of", version=snapshot.version, moment=measures.relative(snapshot.at))
    row = [buttons.draw(kind, verb, subject, language=language) for verb in verbs]
    return _card(worst(snapshot), parts, foot, row)


def health_card(snapshot: Snapshot, texts: Texts, language: object, buttons: Buttons) -> ui.LayoutView:
    """Every finding with its mending, and when each system is asked next."""
    say = Words(texts, KIND, language)
    title = f"## {say('health_title')}\n{_verdict(snapshot, say)}"
    findings = fit([_finding(finding, say) for finding in snapshot.faults], FINDINGS, say.more)
    systems = fit([*_troubles(snapshot.systems, say), *_well(snapshot.systems, say)], SYSTEMS, say.more)
    parts = [part for part in (title, findings, systems) if part]
    foot = say("as_of", version=snapshot.version, moment=measures.relative(snapshot.at))
    verbs = ("again", "overview")
    row = [buttons.draw(KIND, verb, ALL, language=language) for verb in verbs]
    return _card(worst(snapshot), parts, foot, row)


def worst(snapshot: Snapshot) -> Severity:
    """The severity that decides the card's colour."""
    found = {finding.severity for finding in snapshot.faults}
    found |= {SYSTEM_SEVERITY[system.state] for system in snapshot.systems}
    return next((severity for severity in PEOPLE_HEAR_OF if severity in found), "ok")


def _card(severity: Severity, parts: Iterable[str], foot: str, row: Iterable[ui.Item[Any]]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=discord.Colour(COLOURS[severity]))
    for part in parts:
        container.add_item(ui.TextDisplay(part))
        container.add_item(ui.Separator())
    container.add_item(ui.TextDisplay(f"-# {foot}"))
    container.add_item(ui.ActionRow(*row))
    view.add_item(container)
    return view


def _head(snapshot: Snapshot, say: Words) -> str:
    return fit([f"## {say('title')}", _verdict(snapshot, say), _autopilot(snapshot, say)], HEAD, say.more)


def _verdict(snapshot: Snapshot, say: Words) -> str:
    severities = [finding.severity for finding in snapshot.faults]
    severities += [SYSTEM_SEVERITY[system.state] for system in snapshot.systems]
    said = [
        f"{ICONS[severity]} {say.count(key, count)}"
        for severity, key in PEOPLE_HEAR_OF.items()
        if (count := severities.count(severity))
    ]
    return "  ".join(said) or f"{ICONS['ok']} {say('all_well')}"


def _autopilot(snapshot: Snapshot, say: Words) -> str:
    pilot = snapshot.autopilot
    line = say("autopilot.on" if pilot.on else "autopilot.off")
    details = []
    if pilot.by and pilot.at:
        details.append(say("autopilot.by", by=escape(pilot.by, 40), moment=measures.relative(pilot.at)))
    coming = sorted((row.next_run, row.name) for row in pilot.schedules if row.next_run is not None)
    if pilot.on and coming:
        runs = ", ".join(_run(name, due, snapshot.at, say) for due, name in coming[:NEXT_RUNS])
        details.append(say("autopilot.next", runs=runs))
    return _noted(line, DOT.join(details))


def _run(name: str, due: datetime, now: datetime, say: Words) -> str:
    shown = say.name("schedules", name)
    if due <= now:
        return say("autopilot.due", name=shown)
    return say("autopilot.run", name=shown, moment=measures.relative(due))


def _pipelines(pipelines: Iterable[Counts], say: Words) -> str:
    return fit([_counts(counts, say) for counts in pipelines], PIPELINES, say.more)


def _counts(counts: Counts, say: Words) -> str:
    states = [_state(state, count, say) for state, count in counts.states]
    return f"**{say.name('pipelines', counts.kind)}**\n{DOT.join(states) or say('nothing_yet')}"


def _state(state: str, count: int, say: Words) -> str:
    text = f"{count}{measures.JOINED}{say.name('states', state)}"
    return f"**{text}**" if state in FOR_PEOPLE else text


def _at_work(running: Iterable[Running], say: Words) -> str:
    lines = [_running(each, say) for each in running] or [say("idle")]
    return f"**{say('at_work')}**\n{fit(lines, RUNNING, say.more)}"


def _running(each: Running, say: Words) -> str:
    title = f"{escape(each.title, 80)}{DOT}{say.name('stages', each.stage)}"
    bar = bar_line(each.progress, say)
    return f"{title}\n{bar or '-# ' + say('since', moment=measures.relative(each.since))}"


def _disks(disks: Iterable[Disk], say: Words) -> str:
    lines = [_disk(disk, say) for disk in disks]
    return f"**{say('disk')}**\n{fit(lines, DISKS, say.more)}"


def _disk(disk: Disk, say: Words) -> str:
    folders = ", ".join(say.name("folders", folder) for folder in disk.folders)
    if disk.free is None or not disk.total:
        return f"{ICONS['error']} {folders}: {escape(disk.fault, 80) or '?'}"
    free, total = (measures.size(count, say.language) for count in (disk.free, disk.total))
    used = measures.bar(1 - disk.free / disk.total)
    return _noted(f"{used} {say('free', free=free, total=total)}", folders)


def _account(account: AccountLine, say: Words, now: datetime, *, board: bool) -> str:
    """The account on one line; the board rounds its points and tells its age only when that is long."""
    points, seen = account.points, None if board and now - account.seen < LONG_AGO else account.seen
    if board and points is not None:
        points -= points % 100
    known = [
        f"{MODE_ICONS.get(account.mode, ICONS['notice'])} {say.name('modes', account.mode)}",
        escape(account.user_class, 30) if account.user_class else None,
        None
        if account.ratio is None
        else say("ratio", ratio=measures.decimal(account.ratio, 2, say.language)),
        None if points is None else say("points", points=measures.count(points, say.language)),
        None if account.wedges is None else say("wedges", wedges=account.wedges),
        say("vip_until", day=measures.date(account.vip_until)) if account.vip_until else None,
        None
        if account.unsatisfied is None
        else say("unsatisfied", count=account.unsatisfied, limit=account.unsatisfied_limit or "?"),
        say("seen", moment=measures.relative(seen)) if seen else None,
    ]
    line = DOT.join(text for text in known if text)
    return f"**{say('account')}**\n{fit([line], ACCOUNT, say.more)}"


def _health(snapshot: Snapshot, say: Words) -> str:
    lines = [
        f"{ICONS['error']} {say('refused', system=escape(system.name, 40), text=escape(system.text, 120))}"
        if system.state == "refused"
        else f"{ICONS['warning']} {_away(system, 'away_short', say)}"
        for system in snapshot.systems
        if system.state != "answers"
    ]
    lines += [
        f"{ICONS[finding.severity]} {escape(finding.text, 160)}"
        for finding in snapshot.faults
        if finding.severity in PEOPLE_HEAR_OF
    ]
    if notices := sum(finding.severity == "notice" for finding in snapshot.faults):
        lines.append(f"{ICONS['notice']} {say.count('notices', notices)}")
    return f"**{say('health')}**\n{fit(lines, HEALTH, say.more)}" if lines else ""


def _finding(finding: Finding, say: Words) -> str:
    text = say("finding", check=escape(finding.check, 40), text=escape(finding.text, 300))
    return _noted(f"{ICONS[finding.severity]} {text}", escape(finding.fix, 200))


def _troubles(systems: Iterable[SystemHealth], say: Words) -> list[str]:
    """Refused ones with their mending, those away with the moment they are asked again."""
    lines = []
    for system in systems:
        if system.state == "refused":
            text = say("refused", system=escape(system.name, 40), text=escape(system.text, 200))
            lines.append(_noted(f"{ICONS['error']} {text}", escape(system.fix, 200)))
        elif system.state == "away":
            text = _away(system, "away", say)
            lines.append(_noted(f"{ICONS['warning']} {text}", _again(system, say)))
    return lines


def _noted(line: str, note: str) -> str:
    return f"{line}\n-# {note}" if note else line


def _well(systems: Iterable[SystemHealth], say: Words) -> list[str]:
    names = [escape(system.name, 40) for system in systems if system.state == "answers"]
    return [f"{ICONS['ok']} {say('answers', systems=', '.join(names))}"] if names else []


def _away(system: SystemHealth, key: str, say: Words) -> str:
    since = measures.relative(system.since) if system.since else "?"
    text, again = escape(system.text, 200), _again(system, say)
    return say(key, system=escape(system.name, 40), moment=since, text=text, again=again)


def _again(system: SystemHealth, say: Words) -> str:
    if system.until is None:
        return say("asked_at_use")
    return say("asked_again", moment=measures.relative(system.until))
