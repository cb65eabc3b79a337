"""Documents as people read them on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import render_tracker

Document = dict[str, Any]

STATE_STYLES = {
    "awaiting_approval": "bold yellow",
    "approved": "cyan",
    "awaiting_upload": "bold cyan",
    "seeding": "green",
    "complete": "bold green",
    "failed": "bold red",
    "rejected": "red",
    "held": "magenta",
}
SEVERITY_STYLES = {"ok": "green", "notice": "cyan", "warning": "yellow", "error": "bold red"}


def render(document: Document, layout: str) -> None:
    """Print a document by its layout's name."""
    console = Console()
    LAYOUTS[layout](console, document)


def _releases(console: Console, document: Document) -> None:
    releases = document["releases"]
    if not releases:
        console.print("No releases.")
    else:
        table = Table("Title", "Author", "Parts", "State", "Waits for, or what went wrong", "ASIN or id")
        for release in releases:
            state = release.get("state", "new")
            table.add_row(
                _text(release["title"]),
                _text(", ".join(release.get("authors", []))),
                str(release.get("parts", "")),
                Text(state.replace("_", " "), STATE_STYLES.get(state, "")),
                _text(release.get("error") or release.get("waiting_for") or ""),
                release.get("asin") or release.get("id") or "",
            )
        console.print(table)
    counts = document.get("counts", {})
    if counts:
        console.print(" · ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.items()))
    _skipped(console, document.get("skipped", []))


def _discovery(console: Console, document: Document) -> None:
    _releases(console, document)
    if unchanged := document.get("unchanged"):
        console.print(f"{unchanged} folders unchanged.", style="dim")


def _skipped(console: Console, skipped: list[Document]) -> None:
    if skipped:
        table = Table("Passed over", "Why", title_justify="left")
        for entry in skipped:
            table.add_row(_text(entry["source_dir"]), _text(entry["reason"]))
        console.print(table)


def _one(console: Console, document: Document) -> None:
    for release in document["releases"]:
        waits = f"; waits for {release['waiting_for']}" if release["waiting_for"] else ""
        error = f"\n{release['error']}" if release["error"] else ""
        console.print(
            _text(f"{release['title']} is {release['state'].replace('_', ' ')}{waits}.{error}"),
            highlight=False,
        )


def _release(console: Console, document: Document) -> None:
    head = Table(show_header=False, box=None)
    for name in (
        "title",
        "authors",
        "narrators",
        "series",
        "year",
        "asin",
        "state",
        "waiting_for",
        "error",
        "source_dir",
        "staging_dir",
        "torrent_path",
        "infohash",
    ):
        value = document.get(name)
        if value:
            head.add_row(name.replace("_", " "), _text(_plain(value)))
    console.print(head)
    kit = Table("Field", "Value", "From", title="Upload form", title_justify="left")
    for name, value in document["kit"].items():
        if value not in (None, "", []):
            kit.add_row(name, _text(_shortened(_plain(value))), document.get("sources", {}).get(name, ""))
    console.print(kit)
    _lint(console, document)
    files = Table("File", "Bytes", title="Files", title_justify="left")
    for file in document["files"]:
        files.add_row(_text(file["staged"] or file["source"]), f"{file['size']:,}")
    console.print(files)
    for line in document["timeline"]:
        console.print(
            _text(f"{line['at'][:19]}  {line['stage']:<9} {line['event']:<9} {line['text']}"), style="dim"
        )


def _lint(console: Console, document: Document) -> None:
    findings = document["findings"]
    if not findings:
        console.print("No findings: the form is clean.", style="green")
        return
    table = Table("Finding", "Field", "What", "Fix", title="Findings", title_justify="left")
    for finding in findings:
        fix = finding["fix"]
        table.add_row(
            finding["code"], finding["field"], _text(finding["message"]), _text(_plain(fix)) if fix else ""
        )
    console.print(table)


def _findings(console: Console, document: Document) -> None:
    for finding in document["findings"]:
        line = Text(f"{finding['severity']:<8}", SEVERITY_STYLES[finding["severity"]])
        line.append(f"{finding['check']:<12} {finding['text']} ", "default")
        line.append(finding["fix"], "dim")
        console.print(line)
    console.print(
        f"Mousekeeper {document['version']}, Python {document['python']}, data in {document['data']}",
        style="dim",
    )


def _scan(console: Console, document: Document) -> None:
    console.print(
        _text(f"{document['message']} {document['hint']}".strip()),
        style="green" if document["ok"] else "yellow",
    )
    for name in ("pending", "failed", "loans"):
        for book in document[name]:
            console.print(_text(f"{name:<8} {book['asin']}  {book['title']}"))


def _autopilot(console: Console, document: Document) -> None:
    by = f" (by {document['by']})" if document["by"] else ""
    console.print(f"The autopilot is {'on' if document['on'] else 'off'}{by}.")
    table = Table("Schedule", "Every", "Last run", "Next run", "Last error")
    for row in document["schedules"]:
        table.add_row(
            row["name"],
            row["every"],
            (row["last_run"] or "never")[:16],
            (row["next_run"] or "rests")[:16],
            _text(row["last_error"] or ""),
        )
    if document["schedules"]:
        console.print(table)


def _tree(console: Console, document: Document) -> None:
    import yaml

    console.print(_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True)), highlight=False)


def _plain_layout(console: Console, document: Document) -> None:
    for name, value in document.items():
        if value not in (None, "", []):
            console.print(
                _text(f"{name.replace('_', ' ')}: {_plain(value)}"), highlight=False, soft_wrap=True
            )


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        named = value.get("name") or ""
        place = value.get("position") or value.get("number")
        return f"{named} #{place}" if named and place else named or str(value)
    return str(value)


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else f"{flat[:299]}…"


def _text(value: str) -> Text:
    """Text from outside: no markup, bytes that are no UTF-8 shown as such, control characters visible."""
    shown = value.encode("utf-8", "backslashreplace").decode()
    return Text("".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in shown))


LAYOUTS: dict[str, Callable[[Console, Document], None]] = {
    "releases": _releases,
    "discovery": _discovery,
    "one": _one,
    "release": _release,
    "lint": _lint,
    "findings": _findings,
    "scan": _scan,
    "autopilot": _autopilot,
    "tree": _tree,
    "plain": _plain_layout,
    **render_tracker.LAYOUTS,
}
