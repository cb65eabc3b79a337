"""What one genre says about categories, and how the tables write it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from core.domain.tracker_ids import FICTION, NONFICTION

_MAINS = {"F": FICTION, "N": NONFICTION, "?": None}


@dataclass(frozen=True, slots=True)
class Row:
    """A genre's meaning: fiction or not (None: both), an old category (None: says nothing), new ones."""

    main: int | None
    old: int | None
    new: tuple[int, ...]


def genre_key(name: str) -> str:
    """A genre's name as compared: "Children's Audiobooks" -> "childrens audiobooks", "&" as "and"."""
    folded = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    bare = "".join(mark for mark in folded if not unicodedata.combining(mark))
    return " ".join(re.sub(r"[^\w\s]", "", re.sub(r"[/+\-]", " ", bare)).split())


def read_rows(table: str) -> dict[str, Row]:
    """A table of rows "name; other name | F, N or ? | old or - | new new", by compared name.

    A row may run on after a semicolon.
    """
    rows: dict[str, Row] = {}
    for line in re.sub(r";\n\s*", "; ", table.strip()).splitlines():
        names, main, old, new = (cell.strip() for cell in line.split("|"))
        row = Row(
            _MAINS[main], None if old == "-" else int(old), tuple(int(number) for number in new.split())
        )
        rows |= {genre_key(name): row for name in names.split(";")}
    return rows
