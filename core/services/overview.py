"""One look at everything: what the status card, the board and later the dashboard show, as a frozen value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.clock import Clock
from core.health import Finding
from core.http import program_version
from core.services.at_work import AtWork, Progressing
from core.services.autopilot import Autopilot, AutopilotState
from core.services.disks import Disk, Disks
from core.services.health import Health, SystemHealth
from core.services.views import release_document
from core.store.glance import GlanceStore, RunningJob
from core.store.releases import KIND as UPLOAD
from core.store.releases import ReleaseStore


@dataclass(frozen=True, slots=True)
class Counts:
    """How many things of a pipeline are in each state, in the order of their life, zeros left out."""

    kind: str
    states: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.states)


@dataclass(frozen=True, slots=True)
class Running:
    """A stage at work on something; `progress` is None where the stage does not say how far it is."""

    kind: str
    subject: str
    title: str
    stage: str
    since: datetime
    progress: Progressing | None = None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """The tracker account at `seen`, as the guard knows it; None is what it does not know."""

    mode: str
    seen: datetime
    user_class: str | None = None
    ratio: float | None = None
    points: int | None = None
    wedges: int | None = None
    vip_until: datetime | None = None
    unsatisfied: int | None = None
    unsatisfied_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything as it stood at `at`; `account` is None without an account."""

    at: datetime
    version: str
    autopilot: AutopilotState
    pipelines: tuple[Counts, ...]
    running: tuple[Running, ...]
    disks: tuple[Disk, ...]
    account: AccountLine | None
    systems: tuple[SystemHealth, ...]
    faults: tuple[Finding, ...]


class Pipeline(Protocol):
    """What a pipeline tells of itself at a glance."""

    kind: str

    async def counts(self) -> Mapping[str, int]: ...

    async def titles(self, subjects: Iterable[str]) -> Mapping[str, str]: ...


class UploadsAtAGlance:
    """The upload pipeline's part."""

    kind = UPLOAD

    def __init__(self, glance: GlanceStore, releases: ReleaseStore) -> None:
        self._glance = glance
        self._releases = releases

    async def counts(self) -> Mapping[str, int]:
        return await self._glance.upload_counts()

    async def titles(self, subjects: Iterable[str]) -> Mapping[str, str]:
        found = await self._releases.all(list(subjects))
        return {release.id: str(release_document(release)["title"]) for release in found}


Account = Callable[[], Awaitable[AccountLine | None]]


class Overview:
    """Gathers the snapshot; nobody outside is asked for it."""

    def __init__(
        self,
        *,
        clock: Clock,
        autopilot: Autopilot,
        pipelines: Iterable[Pipeline],
        glance: GlanceStore,
        at_work: AtWork,
        disks: Disks,
        health: Health,
        account: Account | None = None,
    ) -> None:
        self._clock = clock
        self._autopilot = autopilot
        self._pipelines = tuple(pipelines)
        self._glance = glance
        self._at_work = at_work
        self._disks = disks
        self._health = health
        self._account = account

    async def mark(self) -> tuple[object, ...]:
        """The same as before means that nobody wrote what a snapshot would show; costs next to nothing."""
        return (await self._autopilot.said(), await self._glance.last_line())

    async def snapshot(self) -> Snapshot:
        """Everything as it stands now."""
        disks, faults = await asyncio.gather(self._disks.look(), self._health.faults())
        return Snapshot(
            at=self._clock.now(),
            version=program_version(),
            autopilot=await self._autopilot.state(),
            pipelines=await self._counts(),
            running=await self._running(),
            disks=disks,
            account=await self._account() if self._account else None,
            systems=self._health.systems(),
            faults=tuple(faults),
        )

    async def _counts(self) -> tuple[Counts, ...]:
        return tuple(
            [Counts(pipeline.kind, tuple((await pipeline.counts()).items())) for pipeline in self._pipelines]
        )

    async def _running(self) -> tuple[Running, ...]:
        """What is at work, longest first; a pipeline that tells no title leaves the subject's id."""
        jobs = await self._glance.running()
        titles: dict[tuple[str, str], str] = {}
        for pipeline in self._pipelines:
            if subjects := [job.subject for job in jobs if job.kind == pipeline.kind]:
                found = await pipeline.titles(subjects)
                titles |= {(pipeline.kind, subject): title for subject, title in found.items()}
        return tuple(self._at(job, titles.get((job.kind, job.subject), job.subject)) for job in jobs)

    def _at(self, job: RunningJob, title: str) -> Running:
        progress = self._at_work.of(job.subject)
        if progress is not None and progress.stage != job.stage:
            progress = None  # the last word of the stage before
        return Running(job.kind, job.subject, title, job.stage, job.since, progress)
