"""What a card sends, for tests: its JSON, all its text, its buttons; and the limits every message has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from discord import ui

from bot.cards.measures import JOINED
from bot.components import Buttons
from bot.texts import Texts
from tests.world.discord.constants import MessageFlag
from tests.world.discord.laws import check_message

TEXTS = Texts.load()
Json = dict[str, Any]


def walk(node: Any) -> Iterator[Json]:
    """Every component, outermost first."""
    for each in node if isinstance(node, list) else [node]:
        yield each
        for name in ("components", "accessory"):
            if name in each:
                yield from walk(each[name])


def components(view: ui.LayoutView) -> list[Json]:
    """The payload, held against Discord's laws."""
    payload = view.to_components()
    check_message({"components": payload}, MessageFlag.IS_COMPONENTS_V2)
    return payload


def text(view: ui.LayoutView) -> str:
    """All there is to read with ordinary spaces, a blank line between the parts."""
    parts = (each["content"] for each in walk(components(view)) if each["type"] == 10)
    return "\n\n".join(parts).replace(JOINED, " ")


def buttons(view: ui.LayoutView) -> dict[str, bool]:
    """custom_id -> whether it can be pressed."""
    return {
        each["custom_id"]: not each.get("disabled", False)
        for each in walk(components(view))
        if each["type"] == 2
    }


def status_buttons() -> Buttons:
    """The buttons of /status."""
    from cogs.status import BUTTONS

    made = Buttons(TEXTS)
    made.add(*BUTTONS)
    return made
