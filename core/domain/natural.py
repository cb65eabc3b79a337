"""The order people expect of numbered things: part 2 before part 10, disc by disc."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any


def natural_order(paths: Iterable[str]) -> list[str]:
    """Relative paths in natural order, folder by folder; the same for every order of the input."""
    known = list(paths)
    return sorted(known, key=natural_key) if len(known) > 1 else known


def natural_key(path: str) -> tuple[Any, ...]:
    """What to sort a relative path by; case decides only between names that are otherwise the same."""
    key = _name_key()
    return (tuple(key(part) for part in path.split("/")), path)


@cache
def _name_key() -> Callable[[str], Any]:
    from natsort import natsort_keygen, ns

    made: Callable[[str], Any] = natsort_keygen(alg=ns.IGNORECASE)
    return made
