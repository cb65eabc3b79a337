"""The upload pipeline as people use it: discover, prepare, decide, correct, and look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.domain.release import DECIDABLE, UPLOADABLE, Decision, Release, imported_releases
from core.errors import MousekeeperError, NeedsPerson, NotNow
from core.services.enrichment import Enrichment
from core.services.runner import Runner
from core.services.shelf import Shelf
from core.services.views import Document, found_document, release_document, releases_document
from core.store.decisions import DecisionStore
from core.store.releases import ReleaseStore
from core.upload.handback import keep_torrent
from core.upload.intake import Intake, Librarian
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
        enrichment: Enrichment,
        write_kit: Callable[[Release], Awaitable[None]],
        torrent_output: Path,
    ) -> None:
        self._clock = clock
        self._shelf = shelf
        self._releases = releases
        self._decisions = decisions
        self._librarian = librarian
        self._runner = runner
        self._enrichment = enrichment
        self._write_kit = write_kit
        self._torrent_output = torrent_output

    # Work: needs stages to run, here or in the service.

    async def discover(
        self, *, everything: bool = False, rescan: bool = False, dry_run: bool = False
    ) -> Document:
        """Read the library; shows what is new, or with `everything` also what is known and passed over."""
        intake = await self.read_library(rescan=rescan, dry_run=dry_run)
        if dry_run:
            return _preview(intake)
        shown = await self._releases.all(None if everything else intake.new)
        skipped = intake.skipped if everything else intake.newly_skipped
        return {
            "releases": [release_document(release) for release in shown],
            "skipped": _skips(skipped),
            "unchanged": intake.unchanged,
            "notes": intake.notes,
        }

    async def read_library(self, *, rescan: bool = False, dry_run: bool = False) -> Intake:
        """Take in what is new in the library, without showing it."""
        return await self._librarian.read(self._clock.now(), full=rescan, dry_run=dry_run)

    async def prepare(self, reference: str | None = None, *, dry_run: bool = False) -> Document:
        """Take one release, or all, as far as a person's approval."""
        known = reference is not None and bool(await self._releases.find(reference))
        intake = Intake() if known else await self.read_library(dry_run=dry_run)
        if dry_run:
            return await self._plan(reference, intake)
        chosen = await self._chosen(reference)
        await self._releases.wish_for(chosen)
        document = await self._worked(chosen, BEFORE_APPROVAL)
        return {**document, "skipped": _skips(intake.newly_skipped), "notes": intake.notes}

    async def run_stage(self, stages: Sequence[str], reference: str | None = None) -> Document:
        """Run just these stages for what is ready, put-off tries included.

        To describe is also to ask the catalogues again for what waits with incomplete facts.
        """
        chosen = await self._chosen(reference)
        if "describe" in stages:
            await self._enrichment.ask_now(chosen)
        return await self._worked(chosen, frozenset(stages))

    async def _chosen(self, reference: str | None) -> list[str] | None:
        return None if reference is None else [(await self._shelf.one(reference)).id]

    async def _worked(self, chosen: list[str] | None, stages: frozenset[str]) -> Document:
        """Run stages; shows the releases, which failed in this very call, which wait for another try."""
        before = await self._releases.failed(chosen)
        await self._run(chosen, stages, hurry=True)
        document = releases_document(await self._releases.all(chosen))
        document["failed_now"] = sorted(await self._releases.failed(chosen) - before)
        document["put_off"] = await self._releases.put_off(stages, chosen)
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
        if torrent and release.uploaded is None and release.state in UPLOADABLE:
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
        edited = await self._decisions.edit(release.id, checked_edits(changes), by=by, door=door)
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
        """Remove a release and what was prepared for it.

        Raises NeedsPerson once it may be seeding, NotNow while a stage is at work on it.
        """
        release = await self._shelf.one(reference)
        if release.may_seed:
            raise NeedsPerson(
                f"{_name(release)} is {release.state}: its torrent may be seeding.",
                hint="Once its duty is met, remove it from qBittorrent yourself; nothing is deleted here.",
            )
        if not await self._decisions.let_go(release):
            raise NotNow(f"{_name(release)} is being worked on.", hint="Try again in a moment.")
        removed = await asyncio.to_thread(withdraw, release, self._torrent_output)
        await self._releases.forget(release.id)
        if release.source_dir is not None:
            await self._librarian.find_again(release.source_dir)
        return {"forgotten": release.id, "title": release.title, "removed": removed}

    async def take_over(self, document: Mapping[str, Any], *, dry_run: bool = False) -> Document:
        """Adopt another tool's state so that nothing is processed twice."""
        rows = imported_releases(document)
        if not rows and not any(section in document for section in ("processed", "failed")):
            raise NeedsPerson(
                "This file is no state file.", hint="Expected JSON with `processed` and `failed` by ASIN."
            )
        if dry_run:
            known = {row["asin"] for row in await self._releases.keys()}
            new = len({row["asin"] for row in rows} - known)
        else:
            new = len(await self._releases.take_over(rows, last=LAST, first=FIRST, lane=LAST_LANE))
        counts = {"imported": new, "known_before": len(rows) - new, "in_file": len(rows)}
        return {**counts, "dry_run": True} if dry_run else counts

    async def _run(
        self, ids: Sequence[str] | None, stages: frozenset[str] | None, *, hurry: bool = False
    ) -> None:
        if self._runner is None:
            raise MousekeeperError("This command needs the service or the data folder to itself.")
        await self._runner.run(ids, stages=stages, hurry=hurry)

    async def _plan(self, reference: str | None, intake: Intake) -> Document:
        waiting = [
            release for release in await self._releases.at_stages((FIRST,)) if release.state == "discovered"
        ]
        if reference is not None:
            waiting = [release for release in waiting if reference.upper() in (release.id, release.asin)]
        would = [release_document(release) for release in waiting]
        fresh = [book for book in _preview(intake)["releases"] if reference in (None, book["asin"])]
        return {
            "releases": [*would, *fresh],
            "counts": {"discovered": len(would) + len(fresh)},
            "dry_run": True,
        }


def _preview(intake: Intake) -> Document:
    """What a reading that writes nothing found."""
    found = [found_document(book) for book in intake.found]
    skipped = _skips(intake.skipped)
    return {"releases": found, "skipped": skipped, "notes": intake.notes, "dry_run": True}


def _skips(skipped: Sequence[tuple[str, str]]) -> list[Document]:
    return [{"source_dir": path, "reason": reason} for path, reason in skipped]


def _name(release: Release) -> str:
    return f"“{release.title}” ({release.id})"


def _why_not(release: Release, verb: str) -> str:
    if release.decision and release.state not in DECIDABLE:
        when = f" at {release.decided_at:%Y-%m-%d %H:%M} UTC" if release.decided_at else ""
        return f"{_name(release)} was decided already: {release.decision} by {release.decided_by}{when}."
    return f"{_name(release)} is {release.state}, not awaiting approval; {verb} has no effect now."
