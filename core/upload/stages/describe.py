"""Describe: look at the audio, ask the catalogues, keep every field with its source."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from core.domain.book import BookFacts
from core.domain.media import MediaReport
from core.domain.release import Release
from core.events import Progress
from core.jobs.model import Done, Job, Outcome
from core.upload.cascade import Description, Evidence, describe, needs_enrichment
from core.upload.outputs import output_folder, write_json
from core.upload.rooms import UploadRooms
from core.upload.sidecar import Sidecar, find_sidecar, read_sidecar
from core.upload.stages import check

REPORTS = TypeAdapter(list[MediaReport])
LOOK_AGAIN = timedelta(hours=1)  # at the earliest, for a catalogue that failed


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """Raises NeedsPerson for audio that is not audio; a catalogue that fails never holds the release."""
    release = await rooms.releases.get(job.subject)
    reports = await _inspect(rooms, release)
    await asyncio.to_thread(_write_mediainfo, rooms, release, reports)
    description = await _describe(rooms, release, reports)
    await save(rooms, release, description, reports)
    asked = (
        ", ".join(sorted(set(description.facts.sources.values()) - {"folder", "tags"})) or "folder and tags"
    )
    return Done(
        {"enrich_at": _enrich_at(description, rooms.clock.now())},
        text=f"described from {asked}"
        + (f"; {len(description.warnings)} to look at" if description.warnings else ""),
    )


async def enrich(rooms: UploadRooms, release: Release) -> datetime | None:
    """Ask the catalogues again for a checked release and renew its kit; returns when to look once more."""
    reports = REPORTS.validate_python(release.media)
    description = await _describe(rooms, release, reports)
    await save(rooms, release, description, reports)
    await check.look(rooms, release.id)
    at = _enrich_at(description, rooms.clock.now())
    return datetime.fromisoformat(at) if at else None


async def save(
    rooms: UploadRooms, release: Release, description: Description, reports: list[MediaReport]
) -> None:
    """Keep the facts in the database and the catalogue's own words beside the torrent."""
    if description.raw_audnex is not None:
        folder = output_folder(rooms.config.torrent_output, release)
        await asyncio.to_thread(write_json, folder, "audnex.json", description.raw_audnex)
    pending = [f"{note.reason} It is asked again later." for note in description.pending]
    values: dict[str, Any] = {
        "described": description.facts,
        "warnings": [*description.warnings, *pending],
        "media": REPORTS.dump_python(reports, mode="json", exclude_defaults=True),
    }
    if release.asin is None and description.facts.asin:
        values["asin"] = description.facts.asin
    await rooms.releases.update(release.id, **values)


async def _inspect(rooms: UploadRooms, release: Release) -> list[MediaReport]:
    audio = [file for file in release.staged if _kind(release, file.source) == "audio"]
    reports: list[MediaReport] = []
    for number, file in enumerate(audio):
        rooms.events.publish(Progress(release.id, "describe", number / len(audio), "reading the audio"))
        reports.append(await rooms.inspector.inspect(os.path.join(release.staging_dir or "", file.staged)))
    return reports


def _kind(release: Release, source: str) -> str:
    kinds = {os.path.join(release.source_dir or "", path): kind for path, _, kind in release.files}
    return kinds.get(source, "")


async def _describe(rooms: UploadRooms, release: Release, reports: list[MediaReport]) -> Description:
    sidecar = await asyncio.to_thread(_sidecar, release)
    evidence = Evidence(
        folder=_only(release.facts, "folder"),
        sidecar=sidecar,
        tags=reports[0].tags if reports else BookFacts(),
        duration_s=sum(report.duration_s for report in reports) or None,
        chapters=sum(len(report.chapters) for report in reports) or None,
    )
    return await describe(evidence, rooms.sources, rooms.clock.now())


def _sidecar(release: Release) -> Sidecar:
    path = find_sidecar(release.source_dir or "")
    return read_sidecar(path) if path else Sidecar(BookFacts())


def _only(facts: BookFacts, source: str) -> BookFacts:
    others = {name: None for name, said_by in facts.sources.items() if said_by != source}
    kept = facts.model_dump(exclude=set(others) | {"sources"}, exclude_defaults=True)
    return BookFacts.model_validate(kept).named(source)


def _enrich_at(description: Description, now: datetime) -> str | None:
    times = [now + max(LOOK_AGAIN, timedelta(seconds=note.retry_after)) for note in description.pending]
    series = needs_enrichment(description.facts, description.warnings, description.facts.release_date, now)
    times += [series] if series else []
    return min(times).isoformat() if times else None


def _write_mediainfo(rooms: UploadRooms, release: Release, reports: list[MediaReport]) -> None:
    raw = [report.raw for report in reports]
    folder = output_folder(rooms.config.torrent_output, release)
    write_json(folder, "mediainfo.json", raw[0] if len(raw) == 1 else raw)
