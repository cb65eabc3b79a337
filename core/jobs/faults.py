"""What becomes of a job when its stage raises: again later, a wait for a setting, or a person."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from core.domain.timing import delay_for
from core.errors import AuthFailed, BadReply, MousekeeperError, NeedsPerson, NotNow, RateLimited, Rejected
from core.jobs.model import Job, Outcome, Retry, Stage, Stop, Wait

LOG = logging.getLogger(__name__)

SECRET_TOPIC = "secret:"  # noqa: S105 (a topic's name: waiting for a setting to change, until the next start)
UNEXPECTED_TRIES = 3


def outcome_of(error: Exception, job: Job, stage: Stage) -> Outcome:
    """The outcome an error stands for; the first matching row of the table decides."""
    return next(answer(error, job, stage) for kind, answer in FAULTS if isinstance(error, kind))


def _later(error: Exception, job: Job, _stage: Stage) -> Outcome:
    after = getattr(error, "retry_after", None)
    return Retry(delay_for(job.attempts + 1) if after is None else after, str(error))


def _a_few_times(error: Exception, job: Job, stage: Stage) -> Outcome:
    return _unless_tried_often(str(error), job, stage.tries)


def _for_a_secret(error: Exception, _job: Job, _stage: Stage) -> Outcome:
    return Wait(f"{SECRET_TOPIC}{getattr(error, 'secret', '')}", str(error))


def _for_a_person(error: Exception, _job: Job, _stage: Stage) -> Outcome:
    return Stop(str(error))


def _our_fault(error: Exception, job: Job, stage: Stage) -> Outcome:
    mark = secrets.token_hex(4)
    LOG.error("Stage %s of %s failed unexpectedly [%s]", stage.name, job.subject, mark, exc_info=error)
    reason = f"Unexpected {type(error).__name__} in stage {stage.name}; the log has it under {mark}."
    return _unless_tried_often(reason, job, UNEXPECTED_TRIES)


def _unless_tried_often(reason: str, job: Job, tries: int) -> Outcome:
    if job.refusals + 1 >= tries:
        return Stop(reason)
    return Retry(delay_for(job.refusals + 1), reason, refused=True)


FAULTS: tuple[tuple[type[Exception], Callable[[Exception, Job, Stage], Outcome]], ...] = (
    (AuthFailed, _for_a_secret),
    (RateLimited, _later),
    (NotNow, _later),
    (NeedsPerson, _for_a_person),
    (Rejected, _a_few_times),
    (BadReply, _a_few_times),
    (MousekeeperError, _later),
    (Exception, _our_fault),
)
