"""Reading upload metadata tolerantly, whatever tool wrote it, and writing cured fields back in its shapes.

Both dialects of the fast-fill object are read, and the common variations around them: names as one text,
a list or objects; series as texts, pairs or objects; flags as list or object; MediaInfo as text or object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

KEYS = {  # attribute -> the keys tools use for it, the fast fill's own first
    "title": ("title", "name"),
    "subtitle": ("subtitle",),
    "authors": ("authors", "author"),
    "narrators": ("narrators", "narrator"),
    "series": ("series",),
    "tags": ("tags",),
    "description": ("description",),
    "thumbnail": ("thumbnail", "poster", "posterURL", "cover", "image"),
    "language": ("language", "lang_code"),
    "isbn": ("isbn", "asin"),
    "media_info": ("mediaInfo", "mediainfo", "media_info"),
    "media_type": ("mediaType", "mediatype", "media_type"),
    "main_cat": ("main_cat", "maincat", "mainCat"),
    "categories": ("categories",),
    "category": ("category",),
    "flags": ("flags",),
    "files": ("files",),
}
_SERIES_NAME_KEYS = ("name", "series", "title")
_SERIES_NUMBER_KEYS = ("number", "extra", "position", "sequence")


@dataclass(frozen=True, slots=True)
class SeriesItem:
    """A series' name and number as written; `original` keeps the shape they came in."""

    name: str
    number: str = ""
    original: Any = field(default=None, compare=False, repr=False)

    @property
    def has_room_for_number(self) -> bool:
        """Whether its shape has a place for the number at all."""
        return not isinstance(self.original, str)


@dataclass(frozen=True, slots=True)
class Form:
    """Upload metadata in one shape; texts are as written, absent ones empty."""

    title: str = ""
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    series: tuple[SeriesItem, ...] = ()
    tags: str = ""
    description: str = ""
    thumbnail: str = ""
    language: str = ""
    isbn: str = ""
    media_info: Any = None
    media_type: Any = None
    main_cat: Any = None
    categories: tuple[Any, ...] = ()
    category: Any = None
    flags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def changed(self, values: Mapping[str, Any]) -> Form:
        """The same form with other values."""
        return replace(self, **values)


def read_form(data: Mapping[str, Any]) -> Form:
    """The form in `data`; what cannot be read counts as absent."""
    raw = {name: data.get(_key(data, name)) for name in KEYS}
    return Form(
        **{name: _text(raw[name]) for name in _TEXTS},
        authors=_names(raw["authors"]),
        narrators=_names(raw["narrators"]),
        series=_series(raw["series"]),
        media_info=raw["media_info"],
        media_type=_scalar(raw["media_type"]),
        main_cat=_scalar(raw["main_cat"]),
        categories=tuple(_scalar(entry) for entry in _list(raw["categories"])),
        category=_scalar(raw["category"]),
        flags=_flags(raw["flags"]),
        files=tuple(path for entry in _list(raw["files"]) if (path := _path(entry))),
    )


def write_changes(data: Mapping[str, Any], before: Form, after: Form) -> dict[str, Any]:
    """The fields that differ, under the keys and in the shapes of `data`; an emptied text is null."""
    differing = [name for name in KEYS if getattr(after, name) != getattr(before, name)]
    return {_key(data, name): write_value(data, name, getattr(after, name)) for name in differing}


def write_value(data: Mapping[str, Any], name: str, value: Any) -> Any:
    """An attribute's value in the shape its field has in `data`."""
    return _WRITERS.get(name, _as_is)(value, data.get(_key(data, name)))


_TEXTS = ("title", "subtitle", "tags", "description", "thumbnail", "language", "isbn")


def _key(data: Mapping[str, Any], name: str) -> str:
    keys = KEYS[name]
    return next((key for key in keys if data.get(key) not in (None, "", [])), keys[0])


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None


def _list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _names(value: Any) -> tuple[str, ...]:
    entries = [entry.get("name") if isinstance(entry, Mapping) else entry for entry in _list(value)]
    return tuple(name for entry in entries if (name := _text(entry)).strip())


def _series(value: Any) -> tuple[SeriesItem, ...]:
    if isinstance(value, Mapping) and not any(key in value for key in _SERIES_NAME_KEYS):
        value = list(value.values())  # a search row's {id: [name, number]}
    entries = _list(value)
    if len(entries) == 2 and isinstance(entries[0], str) and _is_number(entries[1]):
        entries = [entries]  # one pair, not two series
    return tuple(item for entry in entries if (item := _series_item(entry)) and item.name.strip())


def _series_item(entry: Any) -> SeriesItem | None:
    if isinstance(entry, Mapping):
        name, number = (_text(entry.get(_first(entry, k))) for k in (_SERIES_NAME_KEYS, _SERIES_NUMBER_KEYS))
        return SeriesItem(name, number, entry)
    if isinstance(entry, (list, tuple)):
        texts = [_text(part) for part in entry[:2]]
        return SeriesItem(texts[0], "".join(texts[1:]), entry) if texts else None
    return SeriesItem(_text(entry), original=_text(entry))


def _is_number(value: Any) -> bool:
    return _text(value).strip().replace(".", "").replace("-", "").isdigit()


def _first(entry: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((key for key in keys if key in entry), keys[0])


def _flags(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(
            str(key) for key, on in value.items() if on and str(on).lower() not in ("0", "false", "no")
        )
    return tuple(entry for entry in _list(value) if isinstance(entry, str))


def _path(entry: Any) -> str:
    if isinstance(entry, Mapping):
        entry = entry.get("staged") or entry.get("path") or entry.get("name")
    return _text(entry)


def _as_is(value: Any, _original: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return None if value == "" else value


def _write_names(names: Iterable[str], original: Any) -> Any:
    names = list(names)
    if isinstance(original, str):
        return names[0] if len(names) == 1 else names
    entries = _list(original)
    objects = [entry for entry in entries if isinstance(entry, Mapping)]
    if len(objects) != len(entries) or not objects:
        return names
    if len(names) == len(objects):
        return [{**entry, "name": name} for entry, name in zip(objects, names, strict=True)]
    known = {entry.get("name"): entry for entry in objects}
    return [known.get(name, {"name": name}) for name in names]


def _write_series(items: Iterable[SeriesItem], _original: Any) -> list[Any]:
    return [_write_series_item(item) for item in items]


def _write_series_item(item: SeriesItem) -> Any:
    shape = item.original
    if isinstance(shape, Mapping):
        keys = _first(shape, _SERIES_NAME_KEYS), _first(shape, _SERIES_NUMBER_KEYS)
        number = {keys[1]: item.number} if item.number or keys[1] in shape else {}
        return {**shape, keys[0]: item.name, **number}
    if isinstance(shape, (list, tuple)):
        return [item.name, item.number, *shape[2:]]
    return {"name": item.name, "number": item.number} if item.number else item.name


def _write_flags(flags: Iterable[str], original: Any) -> Any:
    if isinstance(original, Mapping):
        return {**original, **dict.fromkeys(flags, True)}
    return list(flags)


_WRITERS: dict[str, Callable[[Any, Any], Any]] = {
    "authors": _write_names,
    "narrators": _write_names,
    "series": _write_series,
    "flags": _write_flags,
}
