"""Health as data: small checks, each finding with a severity, a sentence and a way to mend it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import MousekeeperError

LOG = logging.getLogger(__name__)

Severity = Literal["ok", "notice", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `fix` says what a person should do, empty where nothing is to be done."""

    check: str
    severity: Severity
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A named look at one thing; `run` returns its findings, none meaning all is well."""

    name: str
    run: Callable[[], Awaitable[list[Finding]]]


async def run_checks(checks: Iterable[Check]) -> list[Finding]:
    """Every check's findings; one that fails itself becomes a finding and does not stop the others."""
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += await check.run()
        except MousekeeperError as error:
            findings.append(Finding(check.name, "error", error.message, error.hint))
        except Exception as error:  # a broken check must not hide what the others see
            LOG.exception("The check %s failed", check.name)
            findings.append(Finding(check.name, "error", f"This check failed with {type(error).__name__}."))
    return findings
