"""Libation through its command line: look for new books, fetch them, list what it knows."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from ulid import ULID

from core.domain.containers import ContainerEngine, OnLine, ProcessResult
from core.errors import BadReply, IntegrationError, NeedsPerson
from core.integrations.libation.models import (
    Finding,
    LibationBook,
    LibationReport,
    LiberateResult,
    ScanResult,
    Shelf,
)
from core.integrations.libation.outcomes import (
    Outcome,
    of_engine_error,
    of_failure,
    of_shortfall,
    outcome,
    titles,
)
from core.integrations.libation.setup import SETTINGS, books_folder, judge, judge_access

T = TypeVar("T")

log = logging.getLogger(__name__)

SYSTEM = "libation"
BINARY = "/libation/LibationCli"
TAG = "libation"  # marks our commands in the container, so that one left over from a crash is found
MAX_EXPORT = 128 * 1024 * 1024  # bytes; some 4 KiB a title

_TOTAL = re.compile(r"^\s*Total processed:\s*([\d.,]+)\s*$", re.MULTILINE)
_NEW = re.compile(r"^\s*New:\s*([\d.,]+)\s*$", re.MULTILINE)
_BEGUN = re.compile(r"^DownloadDecryptBook Begin:", re.MULTILINE)


class Failed(NeedsPerson):
    """A command of Libation's failed; `outcome` is the table's row."""

    def __init__(self, ended: Outcome) -> None:
        super().__init__(ended.sentence, hint=ended.hint)
        self.outcome = ended


class Libation:
    """One Libation container. Time limits are in seconds.

    `scan`, `liberate` and `acquire` raise nothing that is an ending by the table: they return it.
    `export` and `check` raise Failed (a row of the table), `export` also BadReply.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        container: str,
        *,
        binary: str = BINARY,
        scan_timeout: float = 600.0,
        liberate_timeout: float = 14_400.0,
        command_timeout: float = 300.0,
    ) -> None:
        self._engine = engine
        self._container = container
        self._binary = binary
        self._scan_timeout = scan_timeout
        self._liberate_timeout = liberate_timeout
        self._command_timeout = command_timeout
        self._working = asyncio.Lock()  # Libation's database is for one writer

    async def acquire(
        self, *, liberate: bool = False, include_loans: bool = False, on_line: OnLine | None = None
    ) -> LibationReport:
        """One whole visit: scan, list, and with `liberate` fetch what is pending."""
        scan = await self.scan()
        if not scan.outcome.ok:
            return LibationReport.of(scan.outcome, scan)
        try:
            shelf = Shelf.of(await self.export(), include_loans=include_loans)
            if not (liberate and shelf.pending):
                return LibationReport.of(_after_scan(scan, shelf), scan, shelf)
            fetched = await self.liberate(_to_fetch(shelf), on_line=on_line)
            shelf = Shelf.of(await self.export(), include_loans=include_loans)
            return LibationReport.of(fetched.outcome, scan, shelf)
        except Failed as error:
            return LibationReport.of(error.outcome, scan)
        except BadReply:
            return LibationReport.of(outcome("bad_reply"), scan)

    async def scan(self) -> ScanResult:
        """Let Libation look into the account. Its "New: 0" does not mean that nothing is pending."""
        try:
            result = await self._work(["scan"], self._scan_timeout)
        except Failed as error:
            return ScanResult(error.outcome)
        total, new = _number(_TOTAL, result.stdout), _number(_NEW, result.stdout)
        if total is None or new is None:
            return ScanResult(outcome("bad_reply"))
        if total == 0:
            return ScanResult(outcome("no_titles"), total, new)
        found = outcome("not_liberated", pending=titles(new)) if new else outcome("nothing_new")
        return ScanResult(found, total, new)

    async def liberate(self, asins: Sequence[str] = (), *, on_line: OnLine | None = None) -> LiberateResult:
        """Fetch these titles, or all that wait.

        A named title is fetched again even if it was before; all that wait may mean loans too.
        """
        try:
            result = await self._work(["liberate", *asins], self._liberate_timeout, on_line)
        except Failed as error:
            return LiberateResult(error.outcome)
        begun = len(_BEGUN.findall(result.stdout))
        return LiberateResult(of_shortfall(result) or outcome("liberated"), begun)

    async def export(self) -> list[LibationBook]:
        """Every title Libation knows, by way of a file in the container that is removed again."""
        path = f"/tmp/mousekeeper-{ULID()}.json"  # noqa: S108 -- in the container, unique
        try:
            await self._command(["export", "-p", path, "-j"])
            read = await self._exec(["cat", path], self._command_timeout, max_output=MAX_EXPORT)
        finally:
            await self._forget(path)
        if read.exit_code or read.truncated:
            raise BadReply(SYSTEM, "Libation's export cannot be read back from its container.")
        return await asyncio.to_thread(parse_export, read.stdout)

    async def check(self) -> list[Finding]:
        """What about Libation's settings and folders stands in the way of good uploads."""
        said = await self._command(["get-setting", "-b", *SETTINGS])
        findings = judge(said.stdout)
        if folder := books_folder(said.stdout):
            access = await self._exec(
                ["sh", "-c", 'id -u; [ -d "$1" ] && [ -w "$1" ] && echo writable', "sh", folder],
                self._command_timeout,
            )
            findings += judge_access(folder, access.stdout)
        return findings

    async def _work(self, argv: list[str], timeout: float, on_line: OnLine | None = None) -> ProcessResult:
        """A command that writes: alone, and after what a crash of ours left running is ended."""
        async with self._working:
            if not await self._ask(self._engine.end(self._container, TAG)):
                raise Failed(outcome("still_busy", container=self._container))
            return await self._command(argv, timeout, on_line=on_line, tag=TAG)

    async def _command(
        self,
        argv: list[str],
        timeout: float | None = None,
        *,
        on_line: OnLine | None = None,
        tag: str = "libation-question",
    ) -> ProcessResult:
        limit = timeout or self._command_timeout
        result = await self._exec([self._binary, *argv], limit, on_line=on_line, tag=tag)
        if result.exit_code:
            raise Failed(of_failure(result, self._container))
        return result

    async def _exec(self, argv: list[str], timeout: float, **how: Any) -> ProcessResult:
        return await self._ask(self._engine.exec(self._container, argv, timeout=timeout, **how))

    async def _ask(self, answer: Awaitable[T]) -> T:
        """The engine's answer, its failures as rows of our table."""
        try:
            return await answer
        except IntegrationError as error:
            raise Failed(of_engine_error(error, self._container)) from error

    async def _forget(self, path: str) -> None:
        try:
            await self._exec(["rm", "-f", path], self._command_timeout)
        except Failed as error:
            log.debug("Libation's export %s stays in the container: %s", path, error)


def parse_export(text: str) -> list[LibationBook]:
    """The titles of an `export -j`, those without a valid ASIN left out; raises BadReply for no list."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadReply(SYSTEM, "Libation's export is not JSON.") from error
    if not isinstance(entries, list):
        raise BadReply(SYSTEM, "Libation's export is not a list of titles.")
    books, strange = [], 0
    for entry in entries:
        try:
            books.append(LibationBook.model_validate(entry))
        except ValidationError:
            strange += 1
    if strange:
        log.warning("Libation's export holds %d entries without a valid ASIN; they are left out.", strange)
    return books


def _after_scan(scan: ScanResult, shelf: Shelf) -> Outcome:
    """What is pending decides, not what is new."""
    if shelf.pending:
        return outcome("not_liberated", pending=titles(len(shelf.pending)))
    return outcome("nothing_new") if scan.outcome.ok else scan.outcome


def _to_fetch(shelf: Shelf) -> list[str]:
    """Which titles to name: none where all that waits is ours, as Libation then keeps its own pauses for
    titles Audible has just refused; those that are ours where it would fetch loans too."""
    if any(book.wanted for book in shelf.loans):
        return [book.asin for book in shelf.pending]
    return []


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    digits = re.sub(r"\D", "", found[1]) if found else ""
    return int(digits) if digits else None
