"""Rendering the description as HTML or BBCode.

A user's own template is tried first; where it fails, the built-in one serves and a finding says what broke:
a typo in a template must not hold a release.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from core.domain.book import BookFacts
from core.domain.findings import Finding
from core.domain.media import MediaReport
from core.upload.description.context import template_context
from core.upload.description.sanitise import bbcode_from_html, clean_html, neutral_bbcode

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

Style = Literal["html", "bbcode"]
_TEMPLATES = os.path.join(os.path.dirname(__file__), "templates")
_LARGEST_TEMPLATE = 256 * 1024


class BBCode(str):
    """Text that is BBCode already; everything else a template prints has its tags made ordinary text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Described:
    """A description and what went wrong making it."""

    text: str
    findings: tuple[Finding, ...] = ()


def describe(
    facts: BookFacts,
    media: Sequence[MediaReport],
    *,
    style: Style = "html",
    template: str | None = None,
    files: Sequence[str] = (),
    origin: str | None = None,
) -> Described:
    """The description in `style`, from the user's `template` (a path) or the built-in one.

    Reads the template from the disk: run it in a thread.
    """
    context = template_context(facts, media, files, origin)
    context["synopsis"] = _synopsis(facts.description, style)
    if template is None:
        return Described(_built_in(style, context))
    try:
        return Described(_render(_read(template), template, style, context))
    except _Broken as broken:
        name = os.fsencode(os.path.basename(template)).decode("utf-8", "replace")
        message = f"Your description template {name} {broken}. The built-in one was used instead."
        return Described(
            _built_in(style, context), (Finding("DESCRIPTION_TEMPLATE", "description", message),)
        )


class _Broken(Exception):
    """A template cannot be used; the text goes on after its name."""


def _synopsis(text: str | None, style: Style) -> Any:
    if style == "bbcode":
        return BBCode(bbcode_from_html(text)) if text else BBCode("")
    from markupsafe import Markup

    return Markup(clean_html(text)) if text else Markup("")  # noqa: S704 (cleaned to a few harmless tags)


def _built_in(style: Style, context: dict[str, Any]) -> str:
    path = os.path.join(_TEMPLATES, f"description.{style}.j2")
    return _render(_read(path), path, style, context)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_LARGEST_TEMPLATE + 1)
    except UnicodeDecodeError:
        raise _Broken("is not text in UTF-8") from None
    except OSError as error:
        raise _Broken(f"cannot be read ({(error.strerror or type(error).__name__).lower()})") from None
    if len(text) > _LARGEST_TEMPLATE:
        raise _Broken("is larger than 256 KiB")
    return text


def _render(source: str, path: str, style: Style, context: dict[str, Any]) -> str:
    from jinja2 import TemplateSyntaxError

    environment = _environment(style)
    try:
        code = environment.compile(source, os.path.basename(path), "<template>")
        template = environment.template_class.from_code(environment, code, environment.make_globals(None))
        return template.render(context).strip()
    except TemplateSyntaxError as error:
        raise _Broken(f"has a fault in line {error.lineno}: {error.message}") from None
    except Exception as error:  # noqa: BLE001 (a template can raise anything its expressions can)
        raise _Broken(f"fails in line {_line_of(error)}: {error}") from None


def _line_of(error: BaseException) -> int:
    """The template's line an error came from; jinja rewrites tracebacks to point there."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@cache
def _environment(style: Style) -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        autoescape=style == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_as_bbcode if style == "bbcode" else None,
    )


def _as_bbcode(value: object) -> object:
    from jinja2 import Undefined

    if isinstance(value, (BBCode, Undefined)):
        return value
    return BBCode(neutral_bbcode(str(value)))
