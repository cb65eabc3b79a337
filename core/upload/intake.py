"""Intake: what discovery found becomes releases; what is passed over is remembered with its reason."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.config import Configuration
from core.domain.timing import parse_schedule
from core.domain.tracker_ids import BARRED_AUTHORS
from core.errors import ConfigError
from core.store.jobs import Row
from core.store.releases import ReleaseStore
from core.store.small import LibraryStore, StateStore
from core.upload.discover import FoundBook, LibraryIndex, LibraryScan, scan_library
from core.upload.pipeline import FIRST, FIRST_LANE

LOG = logging.getLogger(__name__)

RULES = "library.rules"
FORGOTTEN = "library.forgotten"  # folders of books a person let go of: found again, they wait until asked for
MET = "library.met:"  # followed by its folder: books of it have been seen
LOANS = "libation.loans"  # ASINs that are on loan from the Plus catalogue, as of the last scan


@dataclass(frozen=True, slots=True)
class Intake:
    """The result of one reading: ids of new releases, and what was passed over (new, and in all).

    `notes` are sentences about the library as a whole, such as that it is empty.
    """

    new: list[str] = field(default_factory=list)
    found: list[FoundBook] = field(default_factory=list)
    newly_skipped: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)


class Librarian:
    """Reads the library and keeps the releases' table equal to it."""

    def __init__(
        self, config: Configuration, releases: ReleaseStore, library: LibraryStore, state: StateStore
    ) -> None:
        self._config = config
        self._releases = releases
        self._library = library
        self._state = state
        self._reading = asyncio.Lock()  # two readings at once would both take a new book in

    async def read(self, now: datetime, *, full: bool = False, dry_run: bool = False) -> Intake:
        """Read what changed (everything when `full` or when a full reading is due) and take it in.

        Raises ConfigError without a library folder, NeedsPerson when it is missing or unreadable.
        """
        async with self._reading:
            return await self._read(now, full=full, dry_run=dry_run)

    async def find_again(self, source_dir: str) -> None:
        """Let the next reading find a forgotten book as a new one, which waits until somebody asks for it."""
        async with self._reading:
            forgotten = await self._state.get(FORGOTTEN, [])
            await self._state.put(FORGOTTEN, sorted({*forgotten, source_dir}))
            await self._library.forget_index()

    async def _read(self, now: datetime, *, full: bool, dry_run: bool) -> Intake:
        root = self._config.libation_library_root
        if root is None:
            raise ConfigError(
                "No library folder is set.",
                hint="Set paths.libation_library_root in config.yaml, or run `mousekeeper init`.",
            )
        content, full_read = await self._library.index(str(root))
        rules = await self._rules()
        full = full or self._full_read_due(full_read, now)
        # other rules of exclusion: every book is to be judged anew, not only what changed on disk
        before = content if rules == await self._state.get(RULES, rules) else b""
        scan = await asyncio.to_thread(self._scan, str(root), before, full)
        for note in scan.notes:
            LOG.warning("%s", note)
        loans = set(await self._state.get(LOANS, ()))
        excluded = await asyncio.to_thread(self._excluded, scan.found, loans)
        taken = [book for book in scan.found if book.source_dir not in excluded]
        skipped = [(skip.source_dir, skip.reason) for skip in scan.skipped] + sorted(excluded.items())
        if scan.unchanged:
            # a book excluded earlier is among the unchanged ones now; its reason still stands
            skipped += await self._still_excluded(skipped, scan)
        if dry_run:
            known = {_text(row["source_dir"]) for row in await self._releases.keys()}
            return Intake(
                found=[book for book in taken if book.source_dir not in known],
                skipped=skipped,
                unchanged=scan.unchanged,
                notes=scan.notes,
            )
        # known by its books, not by its index: a share that was not mounted yet, a reading that was killed
        # half-way or an index made anew change nothing about which books were there at first
        met = f"{MET}{root}"
        new = await self._take_in(taken, scan, first=not await self._state.get(met, False))
        if taken or scan.unchanged:
            await self._state.put(met, True)
        newly_skipped = await self._library.pass_over(skipped)
        await self._state.put(RULES, rules)
        await self._library.save_index(
            str(root), scan.index.to_bytes(), now if full or not content else full_read
        )
        return Intake(new, taken, newly_skipped, skipped, scan.unchanged, scan.notes)

    def _scan(self, root: str, content: bytes, full: bool) -> LibraryScan:
        config = self._config
        return scan_library(
            root,
            LibraryIndex.from_bytes(content),
            full=full,
            extensions=config.settings.mam.allowed_extensions,
            exclude=[str(path) for path in (config.data, config.staging_root, config.torrent_output)],
        )

    async def _rules(self) -> list[Any]:
        """What decides about exclusion: when it changes, books passed over before are looked at again."""
        settings = self._config.settings.upload
        loans = await self._state.get(LOANS, []) if settings.exclude_plus_loans else None
        return [settings.exclude_authors, loans]

    def _full_read_due(self, last: datetime | None, now: datetime) -> bool:
        every = parse_schedule(self._config.settings.schedules.full_read)
        due = every.next_after(last, self._config.settings.timezone) if last else None
        return due is not None and due <= now

    def _excluded(self, books: Iterable[FoundBook], loans: set[str]) -> dict[str, str]:
        from core.domain.lint.person_text import (
            person_key,
        )  # the linter's rules, loaded with the first reading

        settings = self._config.settings.upload
        barred = BARRED_AUTHORS if settings.exclude_authors is None else settings.exclude_authors
        keys = {person_key(name) for name in barred}
        reasons: dict[str, str] = {}
        for book in books:
            author = next((a.name for a in book.facts.authors if person_key(a.name) in keys), None)
            if author:
                reasons[book.source_dir] = f"books by {author} must not be uploaded (upload.exclude_authors)"
            elif settings.exclude_plus_loans and book.asin in loans:
                reasons[book.source_dir] = "on loan from the Plus catalogue (upload.exclude_plus_loans)"
        return reasons

    async def _still_excluded(
        self, skipped: Sequence[tuple[str, str]], scan: LibraryScan
    ) -> list[tuple[str, str]]:
        named = {path for path, _ in skipped} | {book.source_dir for book in scan.found} | set(scan.gone)
        known = {_text(row["source_dir"]) for row in await self._releases.keys()}
        return [
            (path, reason)
            for path, reason in await self._library.passed_over()
            if "(upload.exclude_" in reason and path not in named and path not in known
        ]

    async def _take_in(self, books: Sequence[FoundBook], scan: LibraryScan, *, first: bool) -> list[str]:
        rows = await self._releases.keys()
        by_path = await self._follow(scan, rows)
        settled = {row["id"] for path, row in by_path.items() if path not in scan.gone and not row["gone"]}
        by_asin = {row["asin"]: row for row in rows if row["asin"] and row["id"] not in settled}
        baseline = first and self._config.settings.upload.first_run == "baseline"
        forgotten = set(await self._state.get(FORGOTTEN, ()))
        fresh: list[dict[str, Any]] = []
        for book in books:
            # a release of the same ASIN whose folder is unknown or gone has its place here now
            row = by_path.get(book.source_dir) or by_asin.pop(book.asin or "", None)
            if row is None:
                fresh.append({**_row(book), "baseline": baseline or book.source_dir in forgotten})
            else:
                await self._renew(row, book)
        return await self._releases.add(fresh, stage=FIRST, lane=FIRST_LANE)

    async def _follow(self, scan: LibraryScan, rows: Sequence[Row]) -> dict[str, Row]:
        """Take note of folders that moved or went; the releases by the folders they have now."""
        by_path = {os.fsdecode(row["source_dir"]): row for row in rows if row["source_dir"] is not None}
        arrived = {new: by_path[old] for old, new in scan.moved if old in by_path}
        await self._releases.move({row["id"]: path for path, row in arrived.items()})
        left = {row["id"] for row in arrived.values()}
        by_path = {path: row for path, row in by_path.items() if row["id"] not in left} | arrived
        for path in scan.gone:
            if path in by_path:
                await self._releases.update(by_path[path]["id"], gone=True)
        return by_path

    async def _renew(self, row: Row, book: FoundBook) -> None:
        """A known release changed on disk: take it as it is now unless it is staged already."""
        values = _row(book)
        if row["stage"] != FIRST or row["status"] in ("running", "done"):
            values = {"source_dir": book.source_dir, "dev": values["dev"], "ino": values["ino"]}
        await self._releases.update(row["id"], **values, gone=False)


def _row(book: FoundBook) -> dict[str, Any]:
    return {
        "asin": book.asin,
        "title": book.facts.title or os.path.basename(book.source_dir),
        "source_dir": book.source_dir,
        "dev": str(book.dev),
        "ino": str(book.ino),
        "fingerprint": book.fingerprint,
        "parts": book.parts,
        "size": sum(file.size for file in book.files),
        "tag": book.tag,
        "files": [[file.path, file.size, file.kind] for file in book.files],
        "facts": book.facts,
        "warnings": list(book.warnings),
    }


def _text(path: bytes | None) -> str | None:
    return None if path is None else os.fsdecode(path)
