"""What a person may set by hand on the upload form, and how the text they type becomes a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import NeedsPerson


def _text(value: Any) -> Any:
    return str(value).strip() or None


def _list(value: Any) -> Any:
    entries = value if isinstance(value, list) else str(value).split(";" if ";" in str(value) else ",")
    return [entry for entry in (str(item).strip() for item in entries) if entry] or None


def _series(value: Any) -> Any:
    """`Name #2; Other` or a list of {name, number}."""
    if not isinstance(value, list):
        value = [entry for entry in str(value).split(";") if entry.strip()]
    series = []
    for entry in value:
        if isinstance(entry, Mapping):
            series.append({"name": str(entry.get("name", "")), "number": entry.get("number")})
        else:
            name, _, number = str(entry).partition("#")
            series.append({"name": name.strip(), "number": number.strip() or None})
    return series or None


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not str(value).strip().isdigit():
        raise ValueError("must be a whole number")
    return int(str(value).strip())


def _numbers(value: Any) -> Any:
    return [_number(entry) for entry in (_list(value) or [])] or None


def _category(value: Any) -> Any:
    text = str(value).strip()
    return int(text) if text.isdigit() else text or None


FIELDS: dict[str, Callable[[Any], Any]] = {
    "title": _text,
    "subtitle": _text,
    "authors": _list,
    "narrators": _list,
    "series": _series,
    "tags": _text,
    "description": _text,
    "thumbnail": _text,
    "language": _text,
    "isbn": _text,
    "mediaInfo": _text,
    "mediaType": _number,
    "main_cat": _number,
    "categories": _numbers,
    "category": _category,
    "flags": _list,
}


def checked_edits(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with typed values; None takes an earlier edit back. Raises NeedsPerson naming the field."""
    edits: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in FIELDS:
            raise NeedsPerson(f"There is no field {name!r} to edit.", hint=f"Fields: {', '.join(FIELDS)}.")
        if value is None or value == "":
            edits[name] = None
            continue
        try:
            edits[name] = FIELDS[name](value)
        except ValueError as error:
            raise NeedsPerson(f"{name} {error}.") from error
    return edits


def parse_assignments(assignments: list[str]) -> dict[str, Any]:
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
