"""Linting a file of upload metadata, without a release."""

from __future__ import annotations

from pathlib import Path

from core.domain.lint import lint_form, load_form
from core.services.views import Document


def lint_file(path: Path) -> Document:
    """Findings and mechanical fixes. Raises NeedsPerson for what is no metadata."""
    report = lint_form(load_form(path))
    return {"findings": [finding.as_dict() for finding in report.findings], "fixed": dict(report.fixed)}
