"""One folder, two names: a path as we see it, and as a program in a container sees it.

Paths are absolute file-system strings (surrogate escapes for bytes that are no UTF-8). Nothing is looked up
on disk: the other system's folders may not exist here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class PathPair(Protocol):
    """An entry of the settings' `path_maps`: `system` None means every system."""

    @property
    def host(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def system(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PathMaps:
    """The pairs that count for one system, as (host, container), normalised."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, entries: Iterable[PathPair], system: str) -> PathMaps:
        """Those of the settings' entries that name `system`, and those that name none.

        An entry naming the system comes first, so that it wins over a general one for the same folder.
        """
        own = sorted((e for e in entries if e.system in (None, system)), key=lambda e: e.system is None)
        return cls(tuple((_normal(entry.host), _normal(entry.container)) for entry in own))

    def to_container(self, path: str) -> str:
        """The path as the other system sees it; the longest matching folder wins, an unmapped path stays."""
        return _translate(path, self.pairs)

    def to_host(self, path: str) -> str:
        """The path as we see it; the longest matching folder wins, an unmapped path stays."""
        return _translate(path, tuple((container, host) for host, container in self.pairs))


def _translate(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    wanted = _normal(path)
    fitting = [(source, target) for source, target in pairs if _is_within(wanted, source)]
    if not fitting:
        return path
    source, target = max(fitting, key=lambda pair: len(pair[0]))  # of equals, max keeps the first
    rest = wanted[len(source) :].lstrip("/")
    return posixpath.join(target, rest) if rest else target


def _is_within(path: str, folder: str) -> bool:
    # Whole components only: /data/books2 does not lie in /data/books.
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _normal(path: str) -> str:
    # normpath keeps two leading slashes, as POSIX lets them mean something else; here they never do.
    normal = posixpath.normpath(path)
    return normal[1:] if normal.startswith("//") else normal
