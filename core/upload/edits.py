"""What a person sets by hand on the upload form: texts become the field's own kind of value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.domain.kit import KIT_FIELDS, parse_edit
from core.errors import NeedsPerson

NAMES = (list[str], 'names, such as "First One; Second One" or ["First One", "Second One"]')
# What a value given as JSON may be; a field that is not listed takes text.
KINDS: dict[str, tuple[Any, str]] = {
    "authors": NAMES,
    "narrators": NAMES,
    "series": (list[dict[str, str]], 'series, such as "Name #1" or [{"name": "Name", "number": "1"}]'),
    "categories": (list[int], "numbers of categories, such as [39, 51]"),
    "flags": (list[str], 'flags, such as ["abridged"]'),
    "main_cat": (int, "a number"),
    "mediaType": (int, "a number"),
}


def checked_edits(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with typed values; None takes an earlier edit back. Raises NeedsPerson naming the field."""
    edits: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in KIT_FIELDS:
            raise NeedsPerson(f"There is no field {name!r}.", hint=f"Fields: {', '.join(KIT_FIELDS)}.")
        try:
            edits[name] = (parse_edit(name, value) or None) if isinstance(value, str) else _typed(name, value)
        except ValueError as error:
            raise NeedsPerson(str(error)) from error
    return edits


def _typed(name: str, value: Any) -> Any:
    """A value given as JSON, which must be of the field's own kind. Raises ValueError with a sentence."""
    kind, such_as = KINDS.get(name, (str, "text"))
    try:
        return TypeAdapter(kind | None).validate_python(value, strict=True)
    except ValidationError:
        raise ValueError(f"The field {name} takes {such_as}.") from None


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """`field=value` texts as a mapping; a value that is a JSON list or object is read as such."""
    changes: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise NeedsPerson(f"{assignment!r} is not field=value.", hint="Such as --set title='A Book'.")
        changes[name.strip()] = _json_or_text(value)
    return changes


def _json_or_text(value: str) -> Any:
    if value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
