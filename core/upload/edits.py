"""What a person sets by hand on the upload form: texts become the field's own kind of value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.kit import KIT_FIELDS, parse_edit
from core.errors import NeedsPerson


def checked_edits(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with typed values; None takes an earlier edit back. Raises NeedsPerson naming the field."""
    edits: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in KIT_FIELDS:
            raise NeedsPerson(f"There is no field {name!r}.", hint=f"Fields: {', '.join(KIT_FIELDS)}.")
        try:
            edits[name] = (parse_edit(name, value) or None) if isinstance(value, str) else value
        except ValueError as error:
            raise NeedsPerson(str(error)) from error
    return edits


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
