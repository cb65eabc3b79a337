"""What our buttons, menus and forms carry: `mk1:<kind>:<id>:<verb>`, ids only, nothing to be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

VERSION = "1"
# Of any version, so that old ones are answered.
TEMPLATE = re.compile(r"mk(?P<version>\d+):(?P<rest>.*)", re.DOTALL)
LONGEST = 100  # characters Discord allows

_PART = re.compile(r"[^:]+")


@dataclass(frozen=True, slots=True)
class CustomId:
    """Of what kind the thing is, its id, and what is to be done with it."""

    kind: str
    subject: str
    verb: str

    def __str__(self) -> str:
        text = f"mk{VERSION}:{self.kind}:{self.subject}:{self.verb}"
        if len(text) > LONGEST or not all(map(_PART.fullmatch, (self.kind, self.subject, self.verb))):
            raise ValueError(f"not usable as a custom_id: {text!r}")
        return text

    @classmethod
    def parse(cls, text: str) -> CustomId | None:
        """Read one back; None for another version's and for what is none of ours."""
        match = TEMPLATE.fullmatch(text)
        if match is None or match["version"] != VERSION:
            return None
        parts = match["rest"].split(":")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


class Named(Protocol):
    """What a registry holds: something that answers for one verb of one kind."""

    @property
    def kind(self) -> str: ...

    @property
    def verb(self) -> str: ...


N = TypeVar("N", bound=Named)


class Registry(Generic[N]):
    """Who answers for which kind and verb."""

    def __init__(self) -> None:
        self._specs: dict[tuple[str, str], N] = {}

    def add(self, *specs: N) -> None:
        """Raises ValueError for a kind and verb that is taken."""
        for spec in specs:
            if (spec.kind, spec.verb) in self._specs:
                raise ValueError(f"{spec.kind}:{spec.verb} is registered twice")
            self._specs[spec.kind, spec.verb] = spec

    def find(self, kind: str, verb: str) -> N | None:
        return self._specs.get((kind, verb))

    def __iter__(self) -> Iterator[N]:
        return iter(self._specs.values())
