"""What Discord refuses in a message or a form although its published contract lets it pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.world.discord.components import walk
from tests.world.discord.constants import (
    LINK_BUTTON,
    PREMIUM_BUTTON,
    SELECTS,
    V1_COMPONENTS,
    ComponentKind,
    MessageFlag,
)
from tests.world.discord.errors import ApiError, Problem

Json = dict[str, Any]

CONTENT_LIMIT = 2000
EMBEDS_LIMIT = 6000
ROWS_LIMIT = 5
COMPONENTS_LIMIT = 40
TEXT_LIMIT = 4000
MODAL_LIMIT = 5
IN_MODALS = frozenset({ComponentKind.LABEL, ComponentKind.ACTION_ROW, ComponentKind.TEXT_DISPLAY})


def check_message(form: Mapping[str, Any], flags: int, *, files: int = 0) -> None:
    """Refuse what this message, as it would stand after the request, must not be.

    `form` holds its content, embeds and components; `files` counts its attachments. Raises ApiError.
    """
    content = form.get("content") or ""
    embeds = form.get("embeds") or []
    components = form.get("components") or []
    if flags & MessageFlag.IS_COMPONENTS_V2:
        problems = [*_v2(form, components)]
        empty = not components
    else:
        problems = [*_v1(content, embeds, components)]
        empty = not (content.strip() or embeds or files or form.get("poll") or form.get("sticker_ids"))
    problems += _all_components(components)
    if problems:
        raise ApiError(50035, problems)
    if empty:
        raise ApiError(50006)


def check_modal(form: Mapping[str, Any]) -> None:
    """Refuse a form no person could fill in. Raises ApiError."""
    components = form.get("components") or []
    problems = []
    if not 1 <= len(components) <= MODAL_LIMIT:
        problems.append(Problem(("data", "components"), f"Must be between 1 and {MODAL_LIMIT} in length."))
    for number, node in enumerate(components):
        if node.get("type") not in IN_MODALS:
            problems.append(Problem(("data", "components", number, "type"), "Not allowed in a modal."))
    for node in walk(components):
        value, longest = node.get("value"), node.get("max_length") or TEXT_LIMIT
        if node["type"] == ComponentKind.TEXT_INPUT and value and len(value) > longest:
            problems.append(
                Problem(("data", "components"), f"The value of {node['custom_id']} is over {longest}.")
            )
        if node["type"] == ComponentKind.TEXT_INPUT and (node.get("min_length") or 0) > longest:
            problems.append(
                Problem(("data", "components"), f"min_length of {node['custom_id']} is over max_length.")
            )
    problems += _all_components(components)
    if problems:
        raise ApiError(50035, problems)


def _v2(form: Mapping[str, Any], components: list[Json]) -> Iterator[Problem]:
    for key in ("content", "embeds", "poll", "sticker_ids"):
        if form.get(key):
            yield Problem(
                (key,),
                f"Cannot use {key} with the IS_COMPONENTS_V2 flag.",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS",
            )
    everything = list(walk(components))
    if len(everything) > COMPONENTS_LIMIT:
        yield Problem(("components",), f"{len(everything)} components; {COMPONENTS_LIMIT} are the limit.")
    length = sum(len(node["content"]) for node in everything if node["type"] == ComponentKind.TEXT_DISPLAY)
    if length > TEXT_LIMIT:
        yield Problem(
            ("components",),
            f"Total displayable text size is {length}; {TEXT_LIMIT} is the limit.",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        )


def _v1(content: str, embeds: list[Json], components: list[Json]) -> Iterator[Problem]:
    if len(content) > CONTENT_LIMIT:
        yield Problem(("content",), f"Must be {CONTENT_LIMIT} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    length = sum(len(text) for embed in embeds for text in _embed_texts(embed))
    if length > EMBEDS_LIMIT:
        yield Problem(
            ("embeds",), f"Embed size exceeds maximum size of {EMBEDS_LIMIT}", "MAX_EMBED_SIZE_EXCEEDED"
        )
    if len(components) > ROWS_LIMIT:
        yield Problem(
            ("components",), f"Must be between 1 and {ROWS_LIMIT} in length.", "BASE_TYPE_BAD_LENGTH"
        )
    for number, node in enumerate(components):
        if node.get("type") != ComponentKind.ACTION_ROW:
            allowed = "only with the IS_COMPONENTS_V2 flag"
            yield Problem(("components", number, "type"), f"Component type {node.get('type')}: {allowed}.")
    for node in walk(components):
        if node["type"] not in V1_COMPONENTS and node not in components:
            yield Problem(
                ("components",), f"Component type {node['type']} without the IS_COMPONENTS_V2 flag."
            )


def _embed_texts(embed: Json) -> Iterator[str]:
    yield embed.get("title") or ""
    yield embed.get("description") or ""
    yield (embed.get("author") or {}).get("name") or ""
    yield (embed.get("footer") or {}).get("text") or ""
    for part in embed.get("fields") or ():
        yield part.get("name") or ""
        yield part.get("value") or ""


def _all_components(components: list[Json]) -> Iterator[Problem]:
    nodes = list(walk(components))
    for name, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        for value, times in Counter(node[name] for node in nodes if node.get(name)).items():
            if times > 1:
                yield Problem(("components",), f"Component {name} {value!r} cannot be duplicated", code)
    for node in nodes:
        if node["type"] == ComponentKind.BUTTON:
            yield from _button(node)
        elif node["type"] in SELECTS:
            yield from _select(node)
        elif node["type"] == ComponentKind.ACTION_ROW:
            yield from _row(node)


def _button(node: Json) -> Iterator[Problem]:
    style, shown = node.get("style"), node.get("label") or node.get("custom_id") or "?"
    needed = {LINK_BUTTON: "url", PREMIUM_BUTTON: "sku_id"}.get(style or 0, "custom_id")
    if not node.get(needed):
        yield Problem(
            ("components",), f"Button {shown!r} needs a {needed}.", "BUTTON_COMPONENT_INVALID_SHAPE"
        )
    for other in {"url", "custom_id"} - {needed}:
        if node.get(other):
            yield Problem(("components",), f"Button {shown!r} of style {style} has no {other}.")
    if style != PREMIUM_BUTTON and not (node.get("label") or node.get("emoji")):
        yield Problem(("components",), f"Button {shown!r} needs a label or an emoji.")
    if not valid_emoji(node.get("emoji")):
        yield Problem(
            ("components",), f"Button {shown!r}: Invalid emoji {node['emoji']}", "COMPONENT_INVALID_EMOJI"
        )


def _select(node: Json) -> Iterator[Problem]:
    name, options = node.get("custom_id"), node.get("options") or []
    low, high = node.get("min_values", 1), node.get("max_values", 1)
    if node["type"] == ComponentKind.STRING_SELECT:
        if not options:
            yield Problem(("components",), f"Select {name!r} needs options.")
        if options and high > len(options):
            yield Problem(("components",), f"Select {name!r}: max_values {high} of {len(options)} options.")
        yield from _same(f"Select {name!r}: option value", (option.get("value") for option in options))
        if sum(bool(option.get("default")) for option in options) > high:
            yield Problem(("components",), f"Select {name!r} has more defaults than max_values.")
        for option in options:
            if not valid_emoji(option.get("emoji")):
                yield Problem(("components",), f"Select {name!r}: Invalid emoji", "COMPONENT_INVALID_EMOJI")
    if low > high:
        yield Problem(("components",), f"Select {name!r}: min_values {low} is over max_values {high}.")


def _row(node: Json) -> Iterator[Problem]:
    kinds = [child.get("type") for child in node.get("components") or ()]
    if any(kind in SELECTS for kind in kinds) and len(kinds) > 1:
        yield Problem(("components",), "A row holds buttons, or one select alone.")


def _same(what: str, values: Iterable[Any]) -> Iterator[Problem]:
    for value, times in Counter(values).items():
        if times > 1:
            yield Problem(("components",), f"{what} {value!r} is there {times} times.")


def valid_emoji(emoji: Json | None) -> bool:
    """Whether it is a custom emoji's id or a character that is an emoji; `:name:` and plain letters are not."""
    if not emoji or emoji.get("id"):
        return True
    name = emoji.get("name") or ""
    return bool(name) and any(ord(c) > 127 for c in name) and all(not c.isalpha() for c in name)
