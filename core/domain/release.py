"""An edition we own on its way to the tracker: its value, its states, and what may be decided when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.domain.book import BookFacts

Decision = Literal["approve", "reject", "hold"]

STATES = (
    "discovered",
    "staged",
    "described",
    "built",
    "awaiting_approval",
    "held",
    "rejected",
    "approved",
    "awaiting_upload",
    "seeding",
    "complete",
    "failed",
)

# What a release is while its job stands at a stage; a stage that is not listed keeps the name before it.
STATE_AT_STAGE = {
    "stage": "discovered",
    "describe": "staged",
    "build": "described",
    "check": "built",
    "approve": "awaiting_approval",
    "publish": "approved",
    "confirm": "awaiting_upload",
    "start": "approved",
    "seed": "seeding",
    "record": "seeding",
}
STATE_DECIDED = {"approve": "approved", "reject": "rejected", "hold": "held"}
DECIDABLE = ("awaiting_approval", "held")
UPLOADABLE = ("approved", "awaiting_upload")
AT_THE_CLIENT = (
    "start",
    "seed",
    "record",
)  # stages at which the torrent may be seeding, whatever failed there

ANNOUNCED = ("seed", "record")  # stages at which the site knows the torrent

DUTY_SECONDS = 259_200  # 72 hours of seeding, owed for each torrent


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of the release: where it came from, its place in the staged folder, its size in bytes."""

    source: str
    staged: str
    size: int


@dataclass(frozen=True, slots=True)
class Release:
    """A release with its job's position. Paths are `os.fsdecode`d text."""

    id: str
    asin: str | None
    title: str
    source_dir: str | None
    parts: int
    size: int
    tag: str | None
    fingerprint: str | None
    files: tuple[tuple[str, int, str], ...]  # relative path, size, kind
    facts: BookFacts
    described: BookFacts
    edits: dict[str, Any]
    media: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    staged: tuple[StagedFile, ...]
    staging_dir: str | None
    torrent_path: str | None
    infohash: str | None
    decision: Decision | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    uploaded: dict[str, Any] | None
    baseline: bool
    gone: bool
    created: datetime
    updated: datetime
    job_id: str
    stage: str
    status: str
    attempts: int
    due: datetime | None
    topic: str | None
    error: str | None
    context: dict[str, Any]

    @property
    def state(self) -> str:
        return release_state(self.stage, self.status, self.decision)

    @property
    def may_seed(self) -> bool:
        """Whether somebody may be downloading it from us: its files must stay where they are."""
        out = self.state in ("approved", "awaiting_upload") or self.stage in AT_THE_CLIENT
        return out and self.staging_dir is not None

    @property
    def known(self) -> BookFacts:
        """The best facts so far: merged ones once described, folder and sidecar before."""
        return self.described if self.described.sources else self.facts


def release_state(stage: str, status: str, decision: str | None) -> str:
    """The state people see, derived from where the job stands."""
    if status == "failed":
        return "failed"
    if status == "cancelled":
        return "rejected"
    if status == "done":
        return "complete"
    if stage == "approve" and decision is not None:
        return STATE_DECIDED[decision]  # decided is decided, also before the job has moved
    return STATE_AT_STAGE.get(stage, "discovered")


def count_states(states: Iterable[str]) -> dict[str, int]:
    """How many of each state, in the order of a release's life, zeros left out."""
    counts = Counter(states)
    return {state: counts[state] for state in STATES if counts[state]}


def imported_releases(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows out of another tool's processed.json, versions 1 and 2; senseless entries are left out."""
    rows: list[dict[str, Any]] = []
    for status, section in (("done", "processed"), ("failed", "failed")):
        entries = document.get(section)
        for asin, entry in entries.items() if isinstance(entries, Mapping) else ():
            if isinstance(entry, Mapping):
                rows.append(_imported(str(asin), entry, status))
    return rows


def _imported(asin: str, entry: Mapping[str, Any], status: str) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = entry.get(name)
        return value if isinstance(value, str) and value else None

    retries = entry.get("retry_count")
    return {
        "asin": asin,
        "title": text("title") or asin,
        "author": text("author"),
        "staging_dir": text("staging_dir"),
        "torrent_path": text("torrent_path"),
        "infohash": (text("infohash") or "").lower() or None,
        "status": status,
        "error": (text("error") or "failed before it was taken over") if status == "failed" else None,
        "attempts": retries if isinstance(retries, int) and not isinstance(retries, bool) else 0,
    }
