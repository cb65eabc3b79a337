"""The tracker account as people read it on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Document = dict[str, Any]

MODE_STYLES = {"normal": "green", "caution": "yellow", "emergency": "bold red"}
GIB = 2**30


def account(console: Console, document: Document) -> None:
    """The account's figures, what is frozen, the last purchases."""
    if document["seen"] is None:
        console.print("The tracker account has not been looked at yet.")
        return
    ahead, unsatisfied = document["projection"], document["unsatisfied"]
    mode = document["mode"] or "unknown"
    rows = (
        ("ratio", f"{document['ratio_text']}{_days(ahead['ratio_floor_days'], ', at its floor in')}"),
        ("traffic", f"{_gib(document['uploaded'])} up, {_gib(document['downloaded'])} down"),
        ("class", document["class"]),
        ("points", f"{_number(document['points'])}{_days(ahead['points_cap_days'], ', at the cap in')}"),
        ("an hour", _number(document["points_per_hour"])),
        ("may be spent", _number(ahead["spendable"])),
        ("wedges", _number(document["wedges"])),
        ("VIP until", (document["vip_until"] or "unknown")[:16]),
        ("unsatisfied", f"{_number(unsatisfied['count'])} of {_number(unsatisfied['limit'])}"),
        ("connectable", document["connectable"]),
        ("seen", document["seen"][:16]),
    )
    table = Table(show_header=False, box=None)
    table.add_row("mode", Text(mode, MODE_STYLES.get(mode, "")))
    for name, value in rows:
        table.add_row(name, Text(str(value if value is not None else "unknown")))
    console.print(table)
    for freeze in document["frozen"]:
        console.print(Text(f"Frozen ({freeze['scope']}): {freeze['reason']}", "yellow"))
    _purchases(console, document["purchases"])


def vip(console: Console, document: Document) -> None:
    """VIP: how long, what a renewal costs, what is planned."""
    plan = document["vip"]
    table = Table(show_header=False, box=None)
    for name, value in (
        ("VIP", {True: "yes", False: "no", None: "unknown"}[plan["is_vip"]]),
        ("until", (document["vip_until"] or "unknown")[:16]),
        ("days left", _number(plan["days_left"])),
        ("renewal", f"{plan['policy']}: {plan['action'] or 'unknown'} {plan['why'] or ''}"),
        ("expected", (plan["renewal_at"] or "unknown")[:16]),
        ("price now", _number(plan["price"])),
        ("points", _number(document["points"])),
        ("held back", _number(plan["held_back"])),
    ):
        table.add_row(name, Text(value))
    console.print(table)
    if plan["at_risk"]:
        console.print("VIP is at risk: nothing else is bought.", style="yellow")


def duties(console: Console, document: Document) -> None:
    """What has to be seeded, and for how long yet."""
    if not document["duties"]:
        console.print("No seeding duty is open.")
        return
    table = Table("Title", "Seeded, hours", "Due", "At risk", "Infohash")
    for duty in document["duties"]:
        seconds = duty["seed_seconds"]
        table.add_row(
            Text(str(duty["title"])),
            "" if seconds is None else f"{seconds / 3600:.1f}",
            (duty["due"] or "")[:16],
            Text("yes", "bold red") if duty["at_risk"] else "",
            str(duty["infohash"])[:12],
        )
    console.print(table)


def rules(console: Console, document: Document) -> None:
    """Prices, limits and the owner's rules."""
    table = Table(show_header=False, box=None)
    for name, value in document["rules"].items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)


def purchase(console: Console, document: Document) -> None:
    """One purchase and what became of it."""
    _purchases(console, [document["purchase"]])


def _purchases(console: Console, purchases: list[Document]) -> None:
    for row in purchases:
        unit = "weeks of VIP" if row["kind"] == "vip" else "GB of upload"
        what = f"{row['created'][:16]}  {row['amount']:.4g} {unit} for {row['price']:,.0f} points"
        why = row["error"] or f"{row['reason']}, by {row['by']}"
        console.print(Text(f"{what}: {row['status'].replace('_', ' ')} ({why})  {row['id']}"), soft_wrap=True)


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _days(value: float | None, before: str) -> str:
    return "" if value is None else f"{before} {value:,.0f} days"


def _gib(value: int | None) -> str:
    return "unknown" if value is None else f"{value / GIB:,.1f} GiB"


LAYOUTS = {
    "tracker_account": account,
    "tracker_vip": vip,
    "tracker_duties": duties,
    "tracker_rules": rules,
    "purchase": purchase,
}
