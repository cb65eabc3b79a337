"""The upload pipeline as people use it: discover, prepare, decide, correct, and look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.clock import Clock
from core.domain.release import DECIDABLE, UPLOADABLE, Decision, Release, imported_releases
from core.errors import MousekeeperError, NeedsPerson
from core.services.runner import Runner
from core.services.shelf import Shelf
from core.services.views import Document, release_document, releases_document
from core.store.decisions import DecisionStore
from core.store.releases import ReleaseStore
from core.upload.handback import keep_torrent
from core.upload.intake import Librarian
from core.upload.pipeline import BEFORE_APPROVAL, FIRST, LAST, LAST_LANE
from core.upload.withdraw import withdraw


class Uploads:
    """Everything a person can do with releases; `by` and `door` name who did it and through what."""

    def __init__(
        self,
        *,
        clock: Clock,
        shelf: Shelf,
        releases: ReleaseStore,
        decisions: DecisionStore,
        librarian: Librarian,
        runner: Runner | None,
        write_kit: Callable[[Release], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._shelf = shelf
        self._releases = releases
        self._decisions = decisions
        self._librarian = librarian
        self._runner = runner
        self._write_kit = write_kit

    # Work: needs stages to run, here or in the service.

    async def discover(
        self, *, everything: bool = False, rescan: bool = False, dry_run: bool = False
    ) -> Document:
        """Read the library; shows what is new, or with `everything` also what is known and passed over."""
        intake = await self._librarian.read(self._clock.now(), full=rescan, dry_run=dry_run)
        if dry_run:
            found = [
                {
                    "source_dir": book.source_dir,
                    "asin": book.asin,
                    "title": book.facts.title,
                    "parts": book.parts,
                }
                for book in intake.found
            ]
            return {
                "releases": found,
                "skipped": _skips(intake.skipped),
                "notes": intake.notes,
                "dry_run": True,
            }
        shown = await self._releases.all(None if everything else intake.new)
        skipped = intake.skipped if everything else intake.newly_skipped
        return {
            "releases": [release_document(release) for release in shown],
            "skipped": _skips(skipped),
            "unchanged": intake.unchanged,
            "notes": intake.notes,
        }

    async def prepare(self, reference: str | None = None, *, dry_run: bool = False) -> Document:
        """Take one release, or all, as far as a person's approval."""
        discovered = await self._discover_if_possible(reference, dry_run=dry_run)
        if dry_run:
            return await self._plan(reference, discovered)
        chosen = None if reference is None else [(await self._shelf.one(reference)).id]
        await self._releases.wish_for(chosen)
        before = {release.id for release in await self._releases.all(chosen) if release.state == "failed"}
        await self._run(chosen, BEFORE_APPROVAL)
        releases = await self._releases.all(chosen)
        document = releases_document(releases)
        document["skipped"] = discovered.get("skipped", [])
        document["notes"] = discovered.get("notes", [])
        document["failed_now"] = [r.id for r in releases if r.state == "failed" and r.id not in before]
        return document

    async def run_stage(self, stages: Sequence[str], reference: str | None = None) -> Document:
        """Run just these stages for what is ready, put-off tries included."""
        chosen = None if reference is None else [(await self._shelf.one(reference)).id]
        before = {release.id for release in await self._releases.all(chosen) if release.state == "failed"}
        await self._run(chosen, frozenset(stages), hurry=True)
        releases = await self._releases.all(chosen)
        document = releases_document(releases)
        document["failed_now"] = [r.id for r in releases if r.state == "failed" and r.id not in before]
        return document

    async def carry_on(self, release_id: str) -> None:
        """Let one release go on after a decision, as far as it goes now."""
        await self._run([release_id], None)

    # Decisions: rows, valid at once, whether or not a service is at work.

    async def decide(
        self, reference: str, verb: Decision, *, by: str, door: str, reason: str | None = None
    ) -> Release:
        """Approve, reject or hold. Raises NeedsPerson when it is too early or somebody decided before."""
        release = await self._shelf.one(reference)
        result = await self._decisions.decide(release.id, verb, by=by, door=door, reason=reason)
        if not result.won:
            raise NeedsPerson(_why_not(result.release, verb))
        return result.release

    async def uploaded(
        self, reference: str, *, by: str, door: str, url: str | None = None, torrent: str | None = None
    ) -> Release:
        """A person submitted the form; `torrent` is the path of the .torrent the site gave back."""
        release = await self._shelf.one(reference)
        said: dict[str, Any] = {"by": by, "at": self._clock.now().isoformat(), "url": url}
        if torrent:
            said["torrent_path"] = await asyncio.to_thread(keep_torrent, release, torrent)
        result = await self._decisions.say_uploaded(release.id, said, by=by, door=door)
        if not result.won:
            if result.release.uploaded:
                raise NeedsPerson(
                    f"{_name(release)} was marked uploaded already, by {result.release.uploaded['by']}."
                )
            raise NeedsPerson(
                f"{_name(release)} is {result.release.state}; only a release that is "
                f"{' or '.join(UPLOADABLE)} can be marked uploaded."
            )
        return result.release

    async def retry(self, reference: str, *, by: str, door: str) -> Release:
        """Let a failed, rejected or delayed release try again."""
        release = await self._shelf.one(reference)
        if not await self._decisions.begin_again(release.id, by=by, door=door):
            raise NeedsPerson(f"{_name(release)} is {release.state}; there is nothing to try again.")
        return await self._releases.get(release.id)

    async def edit(self, reference: str, changes: Mapping[str, Any], *, by: str, door: str) -> Release:
        """Set fields of the upload form by hand; they win over every source from now on."""
        from core.upload.edits import checked_edits

        release = await self._shelf.one(reference)
        edits = {**release.edits, **checked_edits(changes)}
        kept = {name: value for name, value in edits.items() if value is not None}
        await self._releases.update(release.id, edits=kept)
        await self._releases.note(release.id, "edit", f"{', '.join(sorted(changes))} by {by} ({door})")
        edited = await self._releases.get(release.id)
        if edited.infohash:
            await self._write_kit(edited)
        return edited

    async def fix(self, reference: str, *, by: str, door: str) -> tuple[Release, dict[str, Any]]:
        """Apply every mechanical fix the linter offers; returns the fields it changed."""
        release = await self._shelf.one(reference)
        fixed = self._shelf.mechanical_fixes(release)
        if fixed:
            release = await self.edit(release.id, fixed, by=by, door=door)
        return release, fixed

    async def forget(self, reference: str) -> Document:
        """Remove a release and what was prepared for it. Raises NeedsPerson once it may be seeding."""
        release = await self._shelf.one(reference)
        if release.state in ("approved", "awaiting_upload", "seeding", "complete") and release.staging_dir:
            raise NeedsPerson(
                f"{_name(release)} is {release.state}: its torrent may be seeding.",
                hint="Once its duty is met, remove it from qBittorrent yourself; nothing is deleted here.",
            )
        removed = await asyncio.to_thread(withdraw, release)
        await self._releases.forget(release.id)
        if release.source_dir is not None:
            await self._librarian.find_again(release.source_dir)
        return {"forgotten": release.id, "title": release.title, "removed": removed}

    async def take_over(self, document: Mapping[str, Any]) -> Document:
        """Adopt another tool's state so that nothing is processed twice."""
        rows = imported_releases(document)
        if not rows and not any(section in document for section in ("processed", "failed")):
            raise NeedsPerson(
                "This file is no state file.", hint="Expected JSON with `processed` and `failed` by ASIN."
            )
        added = await self._releases.take_over(rows, last=LAST, first=FIRST, lane=LAST_LANE)
        return {"imported": len(added), "known_before": len(rows) - len(added), "in_file": len(rows)}

    async def _run(
        self, ids: Sequence[str] | None, stages: frozenset[str] | None, *, hurry: bool = False
    ) -> None:
        if self._runner is None:
            raise MousekeeperError("This command needs the service or the data folder to itself.")
        await self._runner.run(ids, stages=stages, hurry=hurry)

    async def _discover_if_possible(self, reference: str | None, *, dry_run: bool) -> Document:
        if reference is not None and await self._releases.find(reference):
            return {}
        return await self.discover(dry_run=dry_run)

    async def _plan(self, reference: str | None, discovered: Document) -> Document:
        waiting = [r for r in await self._releases.all() if r.state == "discovered"]
        if reference is not None:
            waiting = [r for r in waiting if reference.upper() in (r.id, r.asin)]
        would = [release_document(release) for release in waiting]
        fresh = [entry for entry in discovered.get("releases", []) if reference in (None, entry["asin"])]
        return {
            "releases": [*would, *fresh],
            "counts": {"discovered": len(would) + len(fresh)},
            "dry_run": True,
        }


def _skips(skipped: Sequence[tuple[str, str]]) -> list[Document]:
    return [{"source_dir": path, "reason": reason} for path, reason in skipped]


def _name(release: Release) -> str:
    return f"“{release.title}” ({release.id})"


def _why_not(release: Release, verb: str) -> str:
    if release.decision and release.state not in DECIDABLE:
        when = f" at {release.decided_at:%Y-%m-%d %H:%M} UTC" if release.decided_at else ""
        return f"{_name(release)} was decided already: {release.decision} by {release.decided_by}{when}."
    return f"{_name(release)} is {release.state}, not awaiting approval; {verb} has no effect now."
