"""A release's upload kit: the form's values, and what the linter says of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from core.config import Configuration
from core.domain.category_rules import choose_categories
from core.domain.findings import Finding
from core.domain.kit import build_kit
from core.domain.lint import LintOptions, LintReport, lint_form
from core.domain.media import MediaReport
from core.domain.release import Release
from core.upload.description import describe

REPORTS = TypeAdapter(list[MediaReport])


@dataclass(frozen=True, slots=True)
class Kit:
    """The fast-fill object with all its keys, the findings, and the fields mechanical fixes would change."""

    form: dict[str, Any]
    findings: tuple[Finding, ...]
    fixed: Mapping[str, Any]


def kit_of(release: Release, config: Configuration) -> Kit:
    """What a person would paste into the form now. Reads a description template: call it in a thread."""
    settings = config.settings
    facts = release.known
    media = REPORTS.validate_python(release.media)
    files = [file.staged for file in release.staged] or [path for path, _, _ in release.files]
    origin = "Libation" if "sidecar" in facts.sources.values() else None
    described = describe(
        facts,
        media,
        style=settings.upload.description,
        template=_template(config),
        files=files,
        origin=origin,
    )
    choice = choose_categories(facts, fallback_category=settings.mam.category_id)
    form = build_kit(
        facts,
        media,
        files=files,
        description=described.text,
        dialect=settings.upload.kit_dialect,
        origin=origin,
        choice=choice,
        edits=release.edits,
    )
    report = _lint({**form, "files": files}, config)
    doubts = [finding for finding in choice.findings if finding.field not in release.edits]
    seen = {finding.code for finding in report.findings}
    return Kit(
        form,
        (*report.findings, *(doubt for doubt in doubts if doubt.code not in seen), *described.findings),
        {name: value for name, value in report.fixed.items() if name in form},
    )


def _template(config: Configuration) -> str | None:
    """The person's own template; a relative path counts from the configuration file."""
    given = config.settings.upload.description_template
    return os.path.join(config.base, os.path.expanduser(given)) if given else None


def _lint(form: Mapping[str, Any], config: Configuration) -> LintReport:
    settings = config.settings
    barred = settings.upload.exclude_authors
    longest = settings.mam.max_filename_length
    options = LintOptions(max_path=longest) if barred is None else LintOptions(tuple(barred), longest)
    return lint_form(form, options)
