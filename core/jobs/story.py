"""The stage machine's story in the log: one line a step, naming its stage and subject."""

from __future__ import annotations

import logging

from core.events import Events, JobMoved
from core.log import log_context

LOG = logging.getLogger(__name__)
LEVELS = {"failed": logging.WARNING}  # by the status a job came to


def tell(events: Events) -> None:
    """Log every step of every job from now on; what it did or waits for, and why it failed."""
    events.subscribe(JobMoved, _tell)


def _tell(move: JobMoved) -> None:
    text = f"waiting: {move.text}" if move.status == "waiting" else move.text or move.status
    with log_context(move.stage, move.subject):
        LOG.log(LEVELS.get(move.status, logging.INFO), "%s", text)
