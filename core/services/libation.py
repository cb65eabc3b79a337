"""Asking Libation for new books, and what its answer means for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.config import Configuration
from core.domain.containers import ContainerEngine
from core.errors import ConfigError
from core.health import Finding
from core.services.views import Document
from core.store.small import StateStore
from core.upload.intake import LOANS

if TYPE_CHECKING:
    from core.integrations.libation.client import Libation
    from core.integrations.libation.models import LibationBook


class LibationService:
    """Visits to the Libation container; without LIBATION_CONTAINER it says how to set it."""

    def __init__(
        self, config: Configuration, state: StateStore, engine: Callable[[], ContainerEngine]
    ) -> None:
        self._config = config
        self._state = state
        self._engine = engine
        self._client: Libation | None = None

    @property
    def configured(self) -> bool:
        return self._config.settings.libation_container is not None

    async def scan(self, *, liberate: bool = False) -> Document:
        """Scan the account and, when asked, fetch what is pending; remembers which titles are loans."""
        settings = self._config.settings
        report = await self._libation().acquire(
            liberate=liberate, include_loans=not settings.upload.exclude_plus_loans
        )
        if report.ok or report.loans:  # what it told of loans holds, also where the fetching failed
            await self._state.put(LOANS, sorted(book.asin for book in report.loans))
        return {
            "ok": report.ok,
            "outcome": report.outcome,
            "message": report.sentence,
            "hint": report.hint,
            "total": report.total,
            "new": report.new,
            "pending": [_title(book) for book in report.pending],
            "failed": [_title(book) for book in report.failed],
            "loans": [_title(book) for book in report.loans],
        }

    async def check(self) -> list[Finding]:
        """What about Libation's set-up stands in the way of good uploads."""
        if not self.configured:
            return []
        found = await self._libation().check()
        return [Finding("libation", finding.severity, finding.sentence, finding.fix) for finding in found]

    def _libation(self) -> Libation:
        container = self._config.settings.libation_container
        if container is None:
            raise ConfigError(
                "No Libation container is set.",
                hint="Set LIBATION_CONTAINER in .env to its name, such as libation.",
            )
        if self._client is None:
            from core.integrations.libation.client import Libation

            limits = self._config.settings.libation
            self._client = Libation(
                self._engine(),
                container,
                scan_timeout=limits.scan_timeout_seconds,
                liberate_timeout=limits.liberate_timeout_seconds,
            )
        return self._client


def _title(book: LibationBook) -> dict[str, Any]:
    return {"asin": book.asin, "title": book.title, "status": str(book.status)}
