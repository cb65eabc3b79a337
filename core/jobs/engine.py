"""Runs jobs: claims due rows by lane, runs their stage, moves them in one transaction.

It sleeps until the earliest due row or a nudge; idle costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from core.clock import sleep_or
from core.events import Events, JobMoved
from core.jobs.faults import SECRET_TOPIC, outcome_of
from core.jobs.model import Done, Job, Lane, Outcome, Pipeline, Retry, Stage, Wait
from core.store.jobs import Claim, JobStore, Row

LOG = logging.getLogger(__name__)


class Engine:
    """The stage machine over one store."""

    def __init__(
        self, jobs: JobStore, pipelines: Iterable[Pipeline], lanes: Iterable[Lane], events: Events
    ) -> None:
        self._jobs = jobs
        self._clock = jobs.clock
        self._pipelines = {pipeline.kind: pipeline for pipeline in pipelines}
        self._lanes = {lane.name: lane for lane in lanes}
        self._events = events
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def nudge(self) -> None:
        """Look again now: something became runnable."""
        self._woken.set()

    async def recover(self) -> None:
        """At start: what was running goes on, what waited for a secret is tried with the present ones."""
        if count := await self._jobs.recover():
            LOG.info("%d unfinished jobs go on where the last run ended", count)
        await self._jobs.release_waits(SECRET_TOPIC)

    async def run_forever(self) -> None:
        """Work until cancelled; then give running stages up, their rows go on at the next start."""
        try:
            while True:
                self._woken.clear()
                started = await self._start_due(Claim(free={}))
                if started:
                    continue
                await self._sleep_until_due()
        finally:
            await self._abandon()

    async def run_until_idle(
        self,
        *,
        stages: frozenset[str] | None = None,
        subjects: frozenset[str] | None = None,
        ignore_due: bool = False,
    ) -> None:
        """Run what is runnable now (perhaps only some stages or subjects); return when nothing is left.

        `ignore_due` also takes rows that are to be tried later, once each.
        """
        claim = Claim(free={}, stages=stages, subjects=subjects, ignore_due=ignore_due)
        try:
            while True:
                self._woken.clear()
                if await self._start_due(claim):
                    claim = Claim(free={}, stages=stages, subjects=subjects)
                    continue
                if not self._tasks:
                    return
                await self._woken.wait()
        finally:
            await self._abandon()

    async def _start_due(self, claim: Claim) -> bool:
        free = await self._free_places()
        if not any(places > 0 for places in free.values()):
            return False
        rows = await self._jobs.claim(Claim(free, claim.stages, claim.subjects, claim.ignore_due))
        for row in rows:
            self._busy[row["lane"]] += 1
            task = asyncio.create_task(
                self._carry(row, claim.stages), name=f"job {row['kind']} {row['subject']}"
            )
            self._tasks.add(task)
            task.add_done_callback(self._finished)
        return bool(rows)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            LOG.critical("The stage machine could not record an outcome", exc_info=error)

    async def _free_places(self) -> dict[str, int]:
        free = {name: lane.width - self._busy[name] for name, lane in self._lanes.items()}
        for name, lane in self._lanes.items():
            if lane.rate is not None and free[name] > 0:
                since = self._clock.now() - timedelta(seconds=lane.per)
                free[name] = min(free[name], lane.rate - len(await self._jobs.used_since(name, since)))
        return free

    async def _sleep_until_due(self) -> None:
        # rows of a full lane are left out: they start when a place is given back, which sets the event
        free = await self._free_places()
        waits = [lane.per / lane.rate for lane in self._lanes.values() if lane.rate and free[lane.name] <= 0]
        due = await self._jobs.next_due(Claim(free))
        if due is not None:
            waits.append((due - self._clock.now()).total_seconds())
        await sleep_or(self._clock, max(min(waits), 0.01) if waits else None, self._woken)

    async def _abandon(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, row: Row, only: frozenset[str] | None) -> None:
        """Run the row's stage, and the ones after it in the same lane."""
        lane = row["lane"]
        try:
            row = await self._step(row, only)
            while row["status"] == "running":
                row = await self._step(row, only)
        finally:
            self._busy[lane] -= 1

    async def _step(self, row: Row, only: frozenset[str] | None) -> Row:
        pipeline = self._pipelines.get(row["kind"])
        stage = pipeline.stage(row["stage"]) if pipeline else None
        if pipeline is None or stage is None:
            reason = (
                f"This version does not know the stage {row['stage']!r} of {row['kind']!r}. "
                "Install the version that wrote it, or `mousekeeper retry` to begin again."
            )
            return await self._record(row, {"status": "failed", "error": reason}, "stop", reason)
        if self._lanes[stage.lane].rate is not None:
            await self._jobs.note_use(stage.lane, timedelta(seconds=self._lanes[stage.lane].per))
        job = _job(row, pipeline.upgraded(dict(row["data"])))
        outcome = await self._run_stage(stage, job)
        return await self._settle(row, job, pipeline, stage, outcome, only)

    async def _run_stage(self, stage: Stage, job: Job) -> Outcome:
        try:
            return await stage.run(job)
        except Exception as error:  # noqa: BLE001 (every fault must end in a row with a sentence)
            return outcome_of(error, job, stage)

    async def _settle(
        self,
        row: Row,
        job: Job,
        pipeline: Pipeline,
        stage: Stage,
        outcome: Outcome,
        only: frozenset[str] | None,
    ) -> Row:
        now = self._clock.now()
        if isinstance(outcome, Done):
            values = self._after_done(job, pipeline, stage, outcome, only, now)
            return await self._record(row, values, "done", outcome.text, stage.name)
        if isinstance(outcome, Retry):
            values = {
                "status": "ready",
                "attempts": job.attempts + 1,
                "due": now + timedelta(seconds=outcome.after),
                "error": outcome.reason,
            }
            return await self._record(row, values, "retry", outcome.reason, stage.name)
        if isinstance(outcome, Wait):
            values = {
                "status": "waiting",
                "topic": outcome.topic,
                "due": outcome.until,
                "error": outcome.reason if outcome.topic.startswith(SECRET_TOPIC) else None,
                "context": {**job.context, "waiting_for": outcome.reason},
            }
            return await self._record(row, values, "wait", outcome.reason, stage.name)
        values = {
            "status": "cancelled" if outcome.cancelled else "failed",
            "attempts": job.attempts + 1,
            "due": None,
            "topic": None,
            "error": outcome.reason,
        }
        return await self._record(row, values, "stop", outcome.reason, stage.name)

    def _after_done(
        self,
        job: Job,
        pipeline: Pipeline,
        stage: Stage,
        outcome: Done,
        only: frozenset[str] | None,
        now: datetime,
    ) -> dict[str, Any]:
        following = pipeline.stage(outcome.then) if outcome.then else pipeline.after(stage.name)
        values: dict[str, Any] = {
            "data": {**job.data, **outcome.data},
            "attempts": 0,
            "error": None,
            "topic": None,
            "context": {key: value for key, value in job.context.items() if key != "waiting_for"},
        }
        if following is None:
            return {**values, "status": "done", "due": None}
        # in its own lane a job keeps its place; another lane's places are given out by the loop alone
        same_lane = following.lane == stage.lane and self._lanes[stage.lane].rate is None
        go_on = same_lane and (only is None or following.name in only)
        return {
            **values,
            "stage": following.name,
            "lane": following.lane,
            "status": "running" if go_on else "ready",
            "woken": None,
            "due": now,
        }

    async def _record(
        self, row: Row, values: Mapping[str, Any], event: str, text: str, stage: str | None = None
    ) -> Row:
        log = {"stage": stage or row["stage"], "event": event, "text": text}
        moved = await self._jobs.move(row["id"], values, log)
        self._events.publish(
            JobMoved(row["id"], row["kind"], row["subject"], stage or row["stage"], moved["status"], text)
        )
        return moved


def _job(row: Row, data: dict[str, Any]) -> Job:
    names = ("id", "kind", "subject", "stage", "lane", "status", "attempts", "due", "topic", "error")
    return Job(
        **{name: row[name] for name in names},
        data=data,
        context=dict(row["context"]),
        created=row["created"],
        updated=row["updated"],
    )


@contextlib.asynccontextmanager
async def running(engine: Engine) -> Any:
    """The engine at work in the background for the length of a block."""
    task = asyncio.create_task(engine.run_forever(), name="jobs")
    try:
        yield engine
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
