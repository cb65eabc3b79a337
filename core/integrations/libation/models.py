"""What Libation knows about a library, and what became of asking it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic import ValidatorFunctionWrapHandler as Handler

from core.domain.asin import parse_asin
from core.integrations.libation.outcomes import Outcome


class BookStatus(StrEnum):
    """How far Libation got with a book."""

    NOT_LIBERATED = "NotLiberated"
    LIBERATED = "Liberated"
    ERROR = "Error"
    PARTIAL = "PartialDownload"
    UNKNOWN = "Unknown"


class LibationBook(BaseModel):
    """One title of Libation's export. Only the ASIN must be right; any other strange value counts as unknown.

    The account it was bought with is left out: it is an e-mail address, and nothing here needs it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    asin: str = Field(alias="AudibleProductId")
    title: str = Field("", alias="Title")
    subtitle: str = Field("", alias="Subtitle")
    authors: str = Field("", alias="AuthorNames")  # as Libation joins them: "A, B"
    narrators: str = Field("", alias="NarratorNames")
    series: str = Field("", alias="SeriesNames")
    series_order: str = Field("", alias="SeriesOrder")  # "1 : Series"
    minutes: int | None = Field(None, alias="LengthInMinutes")
    locale: str = Field("", alias="Locale")
    content_type: str = Field("", alias="ContentType")
    status: BookStatus = Field(BookStatus.UNKNOWN, alias="BookStatus")
    plus: bool = Field(False, alias="IsAudiblePlus")
    included_until: datetime | None = Field(None, alias="IncludedUntil")
    absent: bool = Field(False, alias="AbsentFromLastScan")

    @field_validator("*", mode="wrap")
    @classmethod
    def _tolerate(cls, value: Any, handler: Handler, info: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            known = cls.model_fields[info.field_name]
            if known.is_required():
                raise
            return known.default

    @field_validator("asin")
    @classmethod
    def _valid_asin(cls, value: str) -> str:
        asin = parse_asin(value)
        if asin is None:
            raise ValueError("no ASIN")
        return asin

    @property
    def loan(self) -> bool:
        """Lent by the Plus catalogue, not bought."""
        return self.plus or self.included_until is not None

    @property
    def wanted(self) -> bool:
        """Still to be fetched; a series' own entry and what has left the account never can be."""
        waiting = self.status in {BookStatus.NOT_LIBERATED, BookStatus.PARTIAL}
        return waiting and not self.absent and self.content_type != "Parent"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The titles a person may care about: to be fetched, failed, and lent (fetched or not)."""

    pending: tuple[LibationBook, ...] = ()
    failed: tuple[LibationBook, ...] = ()
    loans: tuple[LibationBook, ...] = ()

    @classmethod
    def of(cls, books: Iterable[LibationBook], *, include_loans: bool = False) -> Shelf:
        """Sort the export. Loans are set apart unless they are to be treated like bought books."""
        books = tuple(books)
        ours = [book for book in books if include_loans or not book.loan]
        return cls(
            pending=tuple(book for book in ours if book.wanted),
            failed=tuple(book for book in ours if book.status is BookStatus.ERROR),
            loans=() if include_loans else tuple(book for book in books if book.loan),
        )


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan said; `new` counts titles Libation had not seen, not titles waiting to be fetched."""

    outcome: Outcome
    total: int | None = None
    new: int | None = None


@dataclass(frozen=True, slots=True)
class LiberateResult:
    """What a run of `liberate` said, and how many titles it began."""

    outcome: Outcome
    begun: int = 0


@dataclass(frozen=True, slots=True)
class LibationReport:
    """All of one visit to Libation, for people and for the pipeline."""

    outcome: str  # the outcome's code
    sentence: str
    hint: str
    ok: bool
    total: int | None = None
    new: int | None = None
    pending: Sequence[LibationBook] = ()
    failed: Sequence[LibationBook] = ()
    loans: Sequence[LibationBook] = ()

    @classmethod
    def of(cls, outcome: Outcome, scan: ScanResult, shelf: Shelf | None = None) -> LibationReport:
        shelf = shelf or Shelf()
        return cls(
            outcome.code,
            outcome.sentence,
            outcome.hint,
            outcome.ok,
            scan.total,
            scan.new,
            shelf.pending,
            shelf.failed,
            shelf.loans,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about Libation's set-up a person should know, with a way to mend it."""

    code: str
    severity: Literal["error", "warning"]
    sentence: str
    fix: str
