"""The words of the stage machine: jobs, stages, pipelines, lanes and what a stage may answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["ready", "running", "waiting", "done", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("ready", "running", "waiting")


@dataclass(frozen=True, slots=True)
class Job:
    """One flow about one subject, at one stage."""

    id: str
    kind: str
    subject: str
    stage: str
    lane: str
    status: Status
    attempts: int
    due: datetime | None
    topic: str | None
    data: dict[str, Any]
    error: str | None
    context: dict[str, Any]
    created: datetime
    updated: datetime

    @property
    def refusals(self) -> int:
        """How often this stage was refused, waits for a system that was away not counted."""
        return int(self.context.get("refusals", 0))


@dataclass(frozen=True, slots=True)
class Done:
    """The stage is finished; `data` is merged into the job's, `text` goes into its log.

    `then` names the stage to go on with when it is not the next one.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not this time; try the same stage again after so many seconds.

    `refused` counts it against the stage's tries: being asked again will not mend it by itself.
    """

    after: float
    reason: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep until somebody signals `topic` or the time `until` comes; then the same stage runs again."""

    topic: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The flow ends here without success: failed, or cancelled when a person wanted it so."""

    reason: str
    cancelled: bool = False


Outcome = Done | Retry | Wait | Stop


@dataclass(frozen=True, slots=True)
class Stage:
    """A named step. It must be safe to run twice: it may be killed after any instruction."""

    name: str
    run: Callable[[Job], Awaitable[Outcome]]
    lane: str = "general"
    tries: int = 3  # after so many refusals that asking again will not mend by itself


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages in order. Names are stored: stages may be inserted and reordered, `aliases` keep renamed ones.

    `upgrades[n]` turns a job's data of version n into version n + 1.
    """

    kind: str
    stages: tuple[Stage, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    upgrades: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = ()

    def stage(self, name: str) -> Stage | None:
        wanted = self.aliases.get(name, name)
        return next((stage for stage in self.stages if stage.name == wanted), None)

    def names(self) -> tuple[str, ...]:
        """Every name a stored row may carry."""
        return (*(stage.name for stage in self.stages), *self.aliases)

    def after(self, name: str) -> Stage | None:
        """The stage that follows, or None at the end."""
        names = [stage.name for stage in self.stages]
        index = names.index(self.aliases.get(name, name)) + 1
        return self.stages[index] if index < len(self.stages) else None

    def upgraded(self, data: dict[str, Any]) -> dict[str, Any]:
        """The job's data brought to the present version."""
        for version in range(int(data.get("version", 0)), len(self.upgrades)):
            data = {**self.upgrades[version](data), "version": version + 1}
        return data


@dataclass(frozen=True, slots=True)
class Lane:
    """Bounds what is scarce: how many at once and, where `per` is set, how many in so many seconds.

    The rate counts from the database, so a restart cannot burst.
    """

    name: str
    width: int = 4
    rate: int | None = None
    per: float = 60.0
