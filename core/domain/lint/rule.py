"""What a rule of the linter is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.domain.lint.form import Form
from core.domain.tracker_ids import BARRED_AUTHORS


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What an owner may set: authors that must not be uploaded, the longest path in characters."""

    barred_authors: tuple[str, ...] = BARRED_AUTHORS
    max_path: int = 225


@dataclass(frozen=True, slots=True)
class Note:
    """A nit seen in one of the form's attributes, in a sentence."""

    field: str
    message: str


Check = Callable[[Form, LintOptions], Iterator[Note]]
Fix = Callable[[Form], Form]


@dataclass(frozen=True, slots=True)
class Rule:
    """A nit's code, how it is seen, and its cure where one is mechanical.

    A cure never empties a field the form needs, and cures what its check sees: a second run changes nothing.
    """

    code: str
    check: Check
    fix: Fix | None = field(default=None)
