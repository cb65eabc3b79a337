"""The upload pipeline as a table: names are stored in the database, functions are looked up here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.jobs.model import Job, Lane, Outcome, Pipeline, Stage
from core.log import log_context
from core.store.releases import KIND
from core.upload.rooms import UploadRooms
from core.upload.stages import approve, build, check, describe, publish, seed, stage

StageFunction = Callable[[UploadRooms, Job], Awaitable[Outcome]]

LANES = (
    Lane("general", 8),
    Lane("disk", 1),  # hashing and linking saturate one disk
    Lane("metadata", 3),
    Lane("client", 4),
)

# name, function, lane
STAGES: tuple[tuple[str, StageFunction, str], ...] = (
    ("stage", stage.run, "disk"),
    ("describe", describe.run, "metadata"),
    ("build", build.run, "disk"),
    ("check", check.run, "general"),
    ("approve", approve.run, "general"),
    ("publish", publish.publish, "client"),
    ("confirm", publish.confirm, "general"),
    ("start", publish.start, "client"),
    ("seed", seed.seed, "client"),
    ("record", seed.record, "general"),
)
BEFORE_APPROVAL = frozenset(name for name, _, _ in STAGES[: [row[0] for row in STAGES].index("approve") + 1])
FIRST, LAST = STAGES[0][0], STAGES[-1][0]
FIRST_LANE, LAST_LANE = STAGES[0][2], STAGES[-1][2]


def upload_pipeline(rooms: UploadRooms) -> Pipeline:
    """The stages bound to what they work with; everything they log names stage and release."""

    def bound(name: str, function: StageFunction) -> Callable[[Job], Awaitable[Outcome]]:
        async def run(job: Job) -> Outcome:
            with log_context(name, job.subject):
                return await function(rooms, job)

        return run

    return Pipeline(KIND, tuple(Stage(name, bound(name, function), lane) for name, function, lane in STAGES))
