"""Running the rules over a form: what they find, and what their cures change together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.findings import Finding
from core.domain.lint.category_rules import CATEGORY_RULES
from core.domain.lint.detail_rules import DETAIL_RULES, FLAG_RULES
from core.domain.lint.form import KEYS, Form, read_form, write_changes, write_value
from core.domain.lint.name_rules import NAME_RULES
from core.domain.lint.rule import LintOptions
from core.domain.lint.series_rules import SERIES_RULES
from core.domain.lint.title_rules import TITLE_RULES

# Flags first: a title's cure takes away the word "abridged" they are read from. Series before titles: a title
# is compared with its series' cured name.
RULES = (*FLAG_RULES, *SERIES_RULES, *TITLE_RULES, *NAME_RULES, *CATEGORY_RULES, *DETAIL_RULES)
_MOST_ROUNDS = 12  # one cure may bring another's nit to light; each only shortens or settles a text


@dataclass(frozen=True, slots=True)
class LintReport:
    """The findings, each with the field as cured so far, and all fields the cures together change."""

    findings: tuple[Finding, ...] = ()
    fixed: dict[str, Any] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(finding.code for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The outside contract's object."""
        return {"findings": [finding.as_dict() for finding in self.findings], "fixed": self.fixed}


def lint_form(data: Mapping[str, Any], options: LintOptions | None = None) -> LintReport:
    """The nits of upload metadata in the fast-fill's shape or near it; a clean form has none."""
    form = read_form(data)
    findings = tuple(_findings(data, form, options or LintOptions()))
    return LintReport(findings, write_changes(data, form, _cured(form)))


def apply_fixes(data: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata with every mechanical cure; a second time it changes nothing."""
    form = read_form(data)
    return {**data, **write_changes(data, form, _cured(form))}


def _findings(data: Mapping[str, Any], form: Form, options: LintOptions) -> Iterator[Finding]:
    """Each rule sees what the ones before it have cured, so that one nit is told once."""
    current = form
    for rule in RULES:
        cured = rule.fix(current) if rule.fix else current
        for note in rule.check(current, options):
            fix = None
            if getattr(cured, note.field) != getattr(current, note.field):
                fix = write_value(data, note.field, getattr(cured, note.field))
            yield Finding(rule.code, KEYS[note.field][0], note.message, fix)
        current = cured


def _cured(form: Form) -> Form:
    for _ in range(_MOST_ROUNDS):
        before = form
        for rule in RULES:
            form = rule.fix(form) if rule.fix else form
        if form == before:
            break
    return form
