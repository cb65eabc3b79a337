"""The linter for the upload form: every nit staff and helpers name, with a cure where it is mechanical."""

from core.domain.findings import Finding
from core.domain.lint.load import load_form
from core.domain.lint.rule import LintOptions
from core.domain.lint.run import LintReport, apply_fixes, lint_form

__all__ = ["Finding", "LintOptions", "LintReport", "apply_fixes", "lint_form", "load_form"]
