"""Runs jobs: claims due rows by lane, runs their stage, moves them in one transaction.

It sleeps until the earliest due row or a nudge; idle costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.clock import sleep_or
from core.domain.timing import LONGEST
from core.events import Events, JobMoved
from core.jobs.faults import SECRET_TOPIC, outcome_of
from core.jobs.model import Done, Job, Lane, Outcome, Pipeline, Retry, Stage, Wait
from core.store.jobs import Claim, JobStore, Row

LOG = logging.getLogger(__name__)

SOONEST = 1.0  # seconds: a stage that says "at once" must not turn in circles
UNRECORDED = timedelta(minutes=1)  # until a stage is run again whose outcome the database did not take


class Engine:
    """The stage machine over one store."""

    def __init__(
        self,
        jobs: JobStore,
        pipelines: Iterable[Pipeline],
        lanes: Iterable[Lane],
        events: Events,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self._jobs = jobs
        self._clock = jobs.clock
        self._pipelines = {pipeline.kind: pipeline for pipeline in pipelines}
        self._lanes = {lane.name: lane for lane in lanes}
        self._rated = {
            lane.name: timedelta(seconds=lane.per) for lane in self._lanes.values() if lane.rate is not None
        }
        for pipeline in self._pipelines.values():
            if strange := [stage.name for stage in pipeline.stages if stage.lane not in self._lanes]:
                raise ValueError(f"there is no lane for the stages {strange} of {pipeline.kind}")
        self._events = events
        self._scrub = scrub
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unrecorded: set[str] = set()
        self._woken = asyncio.Event()

    def nudge(self) -> None:
        """Look again now: something became runnable."""
        self._woken.set()

    async def recover(self) -> None:
        """At start: what was running goes on, what waited for a secret is tried with the present ones."""
        if count := await self._jobs.recover():
            LOG.info("%d unfinished jobs go on where the last run ended", count)
        await self._jobs.agree_lanes(
            {
                (pipeline.kind, name): stage.lane
                for pipeline in self._pipelines.values()
                for name in pipeline.names()
                if (stage := pipeline.stage(name))
            },
            otherwise=next(iter(self._lanes)),
        )
        await self._jobs.release_waits(SECRET_TOPIC)

    async def run_forever(self) -> None:
        """Work until cancelled; then give running stages up, their rows go on at the next start."""
        try:
            await self._jobs.recover()  # what an earlier call in this process gave up
            while True:
                self._woken.clear()
                if not await self._start_due(Claim()):
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

        `ignore_due` also takes rows that are to be tried later, once each. What a lane's rate holds back
        stays for later.
        """
        claim = Claim(stages=stages, subjects=subjects)
        try:
            if ignore_due:
                await self._jobs.hurry(subjects, stages)
            while True:
                self._woken.clear()
                if await self._start_due(claim):
                    continue
                if not self._tasks and not self._woken.is_set():  # set: a stage ended while we looked
                    return
                await self._woken.wait()
        finally:
            await self._abandon()

    async def _start_due(self, claim: Claim) -> bool:
        if self._unrecorded:
            stranded, self._unrecorded = self._unrecorded, set()
            await self._jobs.recover(stranded, after=UNRECORDED)
        free, _ = await self._places()
        if not any(places > 0 for places in free.values()):
            return False
        rows = await self._jobs.claim(replace(claim, free=free, rated=self._rated))
        for row in rows:
            self._busy[row["lane"]] += 1
            task = asyncio.create_task(
                self._carry(row, claim.stages), name=f"job {row['kind']} {row['subject']}"
            )
            self._tasks.add(task)
            task.add_done_callback(partial(self._finished, row))
        return bool(rows)

    def _finished(self, row: Row, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._busy[row["lane"]] -= 1
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            self._unrecorded.add(row["id"])
            LOG.critical("The stage machine could not record an outcome", exc_info=error)

    async def _places(self) -> tuple[dict[str, int], dict[str, datetime]]:
        """Free places by lane, and when a lane opens again that has none left because of its rate."""
        free = {name: lane.width - self._busy[name] for name, lane in self._lanes.items()}
        opens: dict[str, datetime] = {}
        for name, per in self._rated.items():
            rate = self._lanes[name].rate or 0
            used = await self._jobs.used_since(name, self._clock.now() - per)
            if len(used) >= rate:
                opens[name] = (used[-rate] if rate else self._clock.now()) + per
            free[name] = min(free[name], rate - len(used))
        return free, opens

    async def _sleep_until_due(self) -> None:
        free, opens = await self._places()
        waits: list[float] = []
        for lane, due in (await self._jobs.next_due(self._lanes)).items():
            # a lane that is merely full is left out: a place given back sets the event
            if lane in opens or free.get(lane, 0) > 0:
                waits.append((max(due, opens.get(lane, due)) - self._clock.now()).total_seconds())
        await sleep_or(self._clock, max(min(waits), 0.01) if waits else None, self._woken)

    async def _abandon(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, row: Row, only: frozenset[str] | None) -> None:
        """Run the row's stage, and the ones after it in the same lane."""
        row = await self._step(row, only)
        while row["status"] == "running":
            row = await self._step(row, only)

    async def _step(self, row: Row, only: frozenset[str] | None) -> Row:
        pipeline = self._pipelines.get(row["kind"])
        stage = pipeline.stage(row["stage"]) if pipeline else None
        if pipeline is None or stage is None:
            reason = (
                f"This version does not know the stage {row['stage']!r} of {row['kind']!r}. "
                "Install the version that wrote it, then `mousekeeper retry`."
            )
            return await self._record(row, {"status": "failed", "error": reason}, "stop", reason)
        job = _job(row, dict(row["data"]))
        try:
            job = _job(row, pipeline.upgraded(dict(row["data"])))
            outcome = await self._run_stage(stage, job)
            return await self._settle(row, job, pipeline, stage, outcome, only)
        except Exception as error:  # noqa: BLE001 (every fault must end in a row with a sentence)
            # also an outcome that cannot be written down: data that is no JSON, a stage that does not exist
            return await self._settle(row, job, pipeline, stage, outcome_of(error, job, stage), only)

    async def _run_stage(self, stage: Stage, job: Job) -> Outcome:
        try:
            return await stage.run(job)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the engine is being stopped
            raise RuntimeError("something this stage waited for was cancelled") from None

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
                "due": now + timedelta(seconds=max(SOONEST, min(outcome.after, LONGEST))),
                "error": outcome.reason,
                "context": {**job.context, "refusals": job.refusals + outcome.refused},
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
        if outcome.then and following is None:
            raise LookupError(f"{pipeline.kind} has no stage {outcome.then}")
        values: dict[str, Any] = {
            "data": {**job.data, **outcome.data},
            "attempts": 0,
            "error": None,
            "topic": None,
            "context": {},
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
        text = self._scrub(text)
        log = {"stage": stage or row["stage"], "event": event, "text": text}
        moved = await self._jobs.move(row["id"], self._scrubbed(values), log)
        self._events.publish(
            JobMoved(row["id"], row["kind"], row["subject"], stage or row["stage"], moved["status"], text)
        )
        return moved

    def _scrubbed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What people read of a row, without secrets: an error may quote what an outside system said."""
        clean = dict(values)
        if clean.get("error"):
            clean["error"] = self._scrub(clean["error"])
        if waiting_for := clean.get("context", {}).get("waiting_for"):
            clean["context"] = {**clean["context"], "waiting_for": self._scrub(waiting_for)}
        return clean


def _job(row: Row, data: dict[str, Any]) -> Job:
    same = "id kind subject stage lane status attempts due topic error created updated".split()
    return Job(**{name: row[name] for name in same}, data=data, context=dict(row["context"]))
