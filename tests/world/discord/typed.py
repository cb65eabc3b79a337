"""What a person types and picks, turned into the data of an interaction, and refused where a client would refuse it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.world.discord import shapes
from tests.world.discord.bodies import Upload
from tests.world.discord.constants import ComponentKind, OptionKind
from tests.world.discord.entities import Attachment, Channel, Json, Role, User
from tests.world.discord.replies import Field
from tests.world.discord.state import State

LARGEST_INTEGER = 2**53
TEXT_LIMIT = 4000
PICKED_KINDS: dict[int, tuple[type, ...]] = {
    ComponentKind.USER_SELECT: (User,),
    ComponentKind.ROLE_SELECT: (Role,),
    ComponentKind.MENTIONABLE_SELECT: (User, Role),
    ComponentKind.CHANNEL_SELECT: (Channel,),
    OptionKind.USER + 100: (User,),
    OptionKind.CHANNEL + 100: (Channel,),
    OptionKind.ROLE + 100: (Role,),
    OptionKind.MENTIONABLE + 100: (User, Role),
}
File = tuple[str, bytes]  # a name and what is in it
Store = Callable[[Upload], Attachment]


class Refused(AssertionError):
    """A client would not have let the person do this."""


class Resolved:
    """The things an interaction refers to by id, spelt out."""

    def __init__(self, state: State, where: Channel, store: Store) -> None:
        self._state = state
        self._where = where
        self._store = store
        self.data: dict[str, dict[str, Json]] = {}

    def add(self, thing: object, allowed: tuple[type, ...]) -> str:
        """Its id, after noting what it is."""
        thing = getattr(thing, "user", thing)  # a Person stands for their user
        if not isinstance(thing, allowed):
            raise Refused(f"{thing!r} is none of {[each.__name__ for each in allowed]}")
        if isinstance(thing, User):
            self._note("users", thing.id, shapes.user(thing))
            details = shapes.interaction_member(self._state, thing, self._where)
            self._note(
                "members", thing.id, {k: v for k, v in details.items() if k not in ("user", "mute", "deaf")}
            )
        elif isinstance(thing, Role):
            self._note("roles", thing.id, shapes.role(thing))
        elif isinstance(thing, Channel):
            shape = shapes.channel(self._state, thing)
            self._note(
                "channels",
                thing.id,
                {**shape, "permissions": str(self._state.permissions(self._state.bot, thing))},
            )
        return str(thing.id)  # type: ignore[attr-defined]

    def upload(self, file: File) -> str:
        """The id of an uploaded file."""
        name, data = file
        kept = self._store(Upload("0", name, _content_type(name), data))
        self._note("attachments", kept.id, {**shapes.attachment(kept), "ephemeral": True})
        return kept.id

    def _note(self, kind: str, number: str, shape: Json) -> None:
        self.data.setdefault(kind, {})[number] = shape


def _content_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


# --- options of commands ---------------------------------------------------------------------------------------------


def options(
    known: Sequence[Json], given: Mapping[str, Any], resolved: Resolved, *, partly: bool = False
) -> list[Json]:
    """The options of a command as a client sends them. With `partly` required ones may still be missing."""
    by_name = {option["name"]: option for option in known}
    if strange := given.keys() - by_name.keys():
        raise Refused(f"no such option: {sorted(strange)}; there are {sorted(by_name)}")
    missing = [name for name, option in by_name.items() if option.get("required") and name not in given]
    if missing and not partly:
        raise Refused(f"required options are missing: {missing}")
    return [
        {"name": name, "type": by_name[name]["type"], "value": option_value(by_name[name], value, resolved)}
        for name, value in given.items()
    ]


def option_value(option: Json, value: Any, resolved: Resolved) -> Any:
    kind, name = OptionKind(option["type"]), option["name"]
    if choices := option.get("choices"):
        found = [each["value"] for each in choices if value in _names(each)]
        if not found:
            raise Refused(f"{name}: {value!r} is no choice of {[each['name'] for each in choices]}")
        return found[0]
    if kind is OptionKind.STRING:
        return _within(
            name, _of(str, name, value), len(value), option.get("min_length"), option.get("max_length")
        )
    if kind is OptionKind.INTEGER:
        number = _within(name, _of(int, name, value), value, option.get("min_value"), option.get("max_value"))
        return _within(name, number, value, -LARGEST_INTEGER, LARGEST_INTEGER)
    if kind is OptionKind.NUMBER:
        return _within(name, float(value), value, option.get("min_value"), option.get("max_value"))
    if kind is OptionKind.BOOLEAN:
        return _of(bool, name, value)
    if kind is OptionKind.ATTACHMENT:
        return resolved.upload(value)
    return resolved.add(value, PICKED_KINDS[kind + 100])


def _names(choice: Json) -> list[Any]:
    return [choice["value"], choice["name"], *(choice.get("name_localizations") or {}).values()]


def _of(wanted: type, name: str, value: Any) -> Any:
    if type(value) is not wanted:
        raise Refused(f"{name}: {value!r} is no {wanted.__name__}")
    return value


def _within(name: str, value: Any, measure: float, low: float | None, high: float | None) -> Any:
    if low is not None and measure < low:
        raise Refused(f"{name}: {measure} is under {low}")
    if high is not None and measure > high:
        raise Refused(f"{name}: {measure} is over {high}")
    return value


# --- menus and forms -------------------------------------------------------------------------------------------------


def picked(node: Json, chosen: Sequence[Any], resolved: Resolved) -> list[str]:
    """The values of a select (or a group of boxes) for what a person picked, by label or by value."""
    name = node["custom_id"]
    if "options" in node:
        by_label = {option["label"]: option["value"] for option in node["options"]}
        values = set(by_label.values())
        if strange := [each for each in chosen if each not in by_label and each not in values]:
            raise Refused(f"{name}: {strange} are not among {sorted(by_label)}")
        found = [each if each in values else by_label[each] for each in chosen]
    elif node["type"] == ComponentKind.FILE_UPLOAD:
        found = [resolved.upload(each) for each in chosen]
    else:
        found = [resolved.add(each, PICKED_KINDS[node["type"]]) for each in chosen]
    optional = node.get("required") is False and not found
    if not optional:
        low, high = (
            node.get("min_values", 1),
            node.get("max_values") or max(1, len(node.get("options") or ())),
        )
        if node["type"] != ComponentKind.CHECKBOX_GROUP:
            high = node.get("max_values", 1)
        _within(name, found, len(found), low, high)
    return found


def filled(field: Field, value: Any, resolved: Resolved) -> Json:
    """A form's component as it is submitted. `value` None leaves it as it opened."""
    node = field.node
    sent: Json = {"type": node["type"], "id": node["id"], "custom_id": node["custom_id"]}
    if field.kind is ComponentKind.TEXT_INPUT:
        return {**sent, "value": _written(field, field.value if value is None else value)}
    if field.kind is ComponentKind.CHECKBOX:
        return {
            **sent,
            "value": bool(node.get("default")) if value is None else _of(bool, field.label, value),
        }
    if value is None:
        chosen = [option["value"] for option in field.options if option.get("default")]
    else:
        chosen = list(value) if isinstance(value, list | tuple) and not _is_file(value) else [value]
    if field.kind is ComponentKind.RADIO_GROUP:
        found = picked({**node, "min_values": int(field.required), "max_values": 1}, chosen, resolved)
        return {**sent, "value": found[0] if found else None}
    return {**sent, "values": picked(node, chosen, resolved)}


def _is_file(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes)


def _written(field: Field, text: str) -> str:
    node = field.node
    if not text and field.required:
        raise Refused(f"{field.label}: must be filled in")
    if text:
        _within(field.label, text, len(text), node.get("min_length"), node.get("max_length") or TEXT_LIMIT)
    return text
