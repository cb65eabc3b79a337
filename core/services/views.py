"""What people and programs get to see of a release: the JSON shapes others build on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.domain.release import Release, count_states

if TYPE_CHECKING:
    from core.upload.found import FoundBook

Document = dict[str, Any]
ITS_TURN = "its turn with the autopilot, or somebody to ask for it (prepare)"


def release_document(release: Release) -> Document:
    """One release; the keys named in the contract stay, more may come."""
    facts = release.known
    return {
        "id": release.id,
        "asin": release.asin,
        "title": release.edits.get("title") or facts.title or release.title,
        "authors": release.edits.get("authors") or [author.name for author in facts.authors],
        "narrators": release.edits.get("narrators") or facts.narrators,
        "series": [{"name": entry.name, "position": entry.position} for entry in facts.series],
        "year": facts.year,
        "source_dir": release.source_dir,
        "parts": release.parts,
        "size": release.size,
        "state": release.state,
        "stage": release.stage,
        "attempts": release.attempts,
        "error": release.error,
        "staging_dir": release.staging_dir,
        "torrent_path": release.torrent_path,
        "infohash": release.infohash,
        "waiting_for": waiting_for(release),
        "next_try": _iso(release.due) if release.status == "ready" and release.attempts else None,
        "decision": _decision(release),
        "uploaded": release.uploaded,
        "warnings": list(release.warnings),
        "sources": facts.sources,
        "source_gone": release.gone,
        "created": _iso(release.created),
        "updated": _iso(release.updated),
    }


def found_document(book: FoundBook) -> Document:
    """A book in the library as the release it would become, with the same keys; it has no id yet."""
    facts = book.facts
    return {
        "id": None,
        "asin": book.asin,
        "title": facts.title,
        "authors": [author.name for author in facts.authors],
        "narrators": facts.narrators,
        "series": [{"name": entry.name, "position": entry.position} for entry in facts.series],
        "year": facts.year,
        "source_dir": book.source_dir,
        "parts": book.parts,
        "state": "discovered",
        "stage": None,
        "attempts": 0,
        **dict.fromkeys(("error", "staging_dir", "torrent_path", "infohash", "waiting_for")),
    }


def releases_document(releases: Iterable[Release]) -> Document:
    """A list of releases with the counts of their states."""
    listed = list(releases)
    return {
        "releases": [release_document(release) for release in listed],
        "counts": count_states(release.state for release in listed),
    }


def waiting_for(release: Release) -> str | None:
    """What the release waits for, in words; None while it works or when it is over."""
    if release.status == "waiting":
        if (release.topic or "").startswith("wished:"):
            return "somebody to ask for it (prepare)" if release.baseline else ITS_TURN
        return str(release.context.get("waiting_for") or release.topic)
    if release.status == "ready" and release.attempts and release.due:
        return f"another try at {release.due:%Y-%m-%d %H:%M} UTC"
    return None


def files_document(release: Release) -> list[Document]:
    """Every file of the release: where it came from, its place in the staged folder, its size."""
    if release.staged:
        return [{"source": file.source, "staged": file.staged, "size": file.size} for file in release.staged]
    base = release.source_dir or ""
    return [
        {"source": os.path.join(base, path), "staged": None, "size": size} for path, size, _ in release.files
    ]


def _decision(release: Release) -> Document | None:
    if release.decision is None:
        return None
    return {
        "verb": release.decision,
        "by": release.decided_by,
        "at": _iso(release.decided_at),
        "reason": release.decision_reason,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
