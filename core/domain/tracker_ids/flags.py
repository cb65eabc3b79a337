"""Content flags: the form's keys and the bits a search row carries."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.tracker_ids.spelling import plain


@dataclass(frozen=True, slots=True)
class ContentFlag:
    """A flag: `key` in forms, `bit` in search rows, `meaning` for people."""

    key: str
    bit: int
    meaning: str


FLAGS = {
    flag.key: flag
    for flag in (
        ContentFlag("cLang", 1 << 1, "crude language"),
        ContentFlag("vio", 1 << 2, "violence"),
        ContentFlag("sSex", 1 << 3, "some explicit sexual content"),
        ContentFlag("eSex", 1 << 4, "explicit sexual content"),
        ContentFlag("abridged", 1 << 5, "abridged"),
        ContentFlag("lgbt", 1 << 6, "LGBT themed"),
    )
}
_BY_NAME = {plain(flag.key): flag for flag in FLAGS.values()} | {
    plain(flag.meaning): flag for flag in FLAGS.values()
}


def find_flag(name: object) -> ContentFlag | None:
    """The flag of a key ("cLang") or meaning ("crude language"), whatever the case."""
    return _BY_NAME.get(plain(name)) if isinstance(name, str) else None
