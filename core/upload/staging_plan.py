"""What staging a book means, before anything is touched: the release's folder, its files and their names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.domain.book import BookFacts
from core.domain.names import Naming, release_names
from core.errors import NeedsPerson
from core.upload.found import AUDIO, OTHER, kind_of, shown


@dataclass(frozen=True, slots=True)
class StagingItem:
    """One file to stage: where it is, its name in the release's folder, its size in bytes, what it is."""

    source: str
    staged: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class StagingPlan:
    """The release's folder name and its files; `left_out` are (path, reason) of those it may not contain."""

    name: str
    items: tuple[StagingItem, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


def plan_staging(
    source_dir: str,
    files: Iterable[tuple[str, int, str]],
    facts: BookFacts,
    *,
    max_length: int = 225,
    extensions: Collection[str],
    tag: str | None = None,
    discriminator: str | None = None,
) -> StagingPlan:
    """Each of the `files` (path in `source_dir`, size, kind) that a release may contain, under its new name.

    The same input gives the same names. A book without an ASIN is told from others of its name by
    `discriminator`, its folder by default. Raises NeedsPerson where there is no audio or no room for a name.
    """
    allowed = frozenset(extension.lower().lstrip(".") for extension in extensions)
    kept: dict[str, tuple[int, str]] = {}
    left_out: list[tuple[str, str]] = []
    for path, size, _ in files:
        extension = os.path.splitext(path)[1].lstrip(".").lower()
        kind = kind_of(extension, allowed)
        if kind == OTHER:
            left_out.append((path, f"a release may not contain {extension or 'such'} files"))
        else:
            kept[path] = size, kind
    if not any(kind == AUDIO for _, kind in kept.values()):
        raise NeedsPerson(
            f"{shown(source_dir)} has no audio that a release may contain.",
            hint="Is the book still there? See mam.allowed_extensions.",
        )
    naming = Naming.of(facts, tag=tag, discriminator=source_dir if discriminator is None else discriminator)
    names = release_names(naming, ((path, kind) for path, (_, kind) in kept.items()), max_length=max_length)
    items = (
        StagingItem(os.path.join(source_dir, path), names.files[path], size, kind)
        for path, (size, kind) in kept.items()
    )
    return StagingPlan(names.folder, tuple(items), tuple(left_out))
