"""A finding: something a person may want to mend before a form goes out. Findings never block."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """A nit: its code, the form's field, a sentence, and the field's cured value where that is mechanical."""

    code: str
    field: str
    message: str
    fix: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The outside contract's object."""
        return asdict(self)
