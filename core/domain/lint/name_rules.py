"""Rules for authors and narrators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.domain.lint import words
from core.domain.lint.form import Form
from core.domain.lint.person_text import (
    in_name_case,
    is_inverted,
    person_key,
    split_joined,
    with_split_initials,
    without_honorifics,
    without_role,
)
from core.domain.lint.rule import LintOptions, Note, Rule
from core.domain.lint.title_rules import decoded
from core.domain.tracker_ids import find_media_type, find_old

Names = tuple[str, ...]
_FIELDS = ("authors", "narrators")
_SHORTEST_AUTHOR = 3
_AUDIO = frozenset((1, 8))


def _names_rule(code: str, message: str, cure: Callable[[Names], Names], *fields: str) -> Rule:
    """A rule whose cure rewrites a list of names; it sees the entries its cure would change."""
    fields = fields or _FIELDS

    def check(form: Form, _: LintOptions) -> Iterator[Note]:
        for name in fields:
            before = getattr(form, name)
            if cure(before) != before:
                seen = [entry for entry in before if cure((entry,)) != (entry,)] or list(before)
                yield Note(name, message.format("; ".join(entry.strip() for entry in seen)))

    def fix(form: Form) -> Form:
        return form.changed({name: cure(getattr(form, name)) or getattr(form, name) for name in fields})

    return Rule(code, check, fix)


def _each(cure: Callable[[str], str]) -> Callable[[Names], Names]:
    """The cure of one name for all of them; a name is never cured away."""
    return lambda names: tuple((cure(name) or name) if name.strip() else name for name in names)


def _plain(name: str) -> str:
    return " ".join(name.split())


def _upright(name: str) -> str:
    last, _, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if is_inverted(name) else name


def _once(names: Names) -> Names:
    first = {person_key(name) or name: name for name in reversed(names)}
    return tuple(dict.fromkeys(first[person_key(name) or name] for name in names))


def _apart(names: Names) -> Names:
    return tuple(person for name in names for person in split_joined(name))


def _authors_alone(names: Names) -> Names:
    """Without translators and other helpers; where nobody else is named, they stay without the role word."""
    bare = [(name, *without_role(name)) for name in names]
    authors = tuple(person for _, person, helps in bare if not helps)
    return authors or tuple(person or name for name, person, _ in bare)


def _narrators_alone(names: Names) -> Names:
    return tuple(without_role(name, narrator=True)[0] or name for name in names)


def _check_authors(form: Form, _: LintOptions) -> Iterator[Note]:
    if not any(name.strip() for name in form.authors):
        yield Note("authors", "There is no author.")


def _check_barred(form: Form, options: LintOptions) -> Iterator[Note]:
    barred = {person_key(name) for name in options.barred_authors}
    for name in form.authors:
        if any(person_key(without_honorifics(person)) in barred for person in split_joined(_upright(name))):
            yield Note("authors", f"{_plain(name)} is on the list of authors that must not be uploaded.")


def _check_narrators(form: Form, _: LintOptions) -> Iterator[Note]:
    old = find_old(form.category)
    media_type = find_media_type(form.media_type)
    audio = media_type in _AUDIO or (media_type is None and (old is None or old.group == "Audiobooks"))
    if audio and not any(name.strip() for name in form.narrators):
        yield Note("narrators", "There is no narrator.")


def _check_short(form: Form, _: LintOptions) -> Iterator[Note]:
    for name in form.authors:
        if name.strip() and len(name.strip()) < _SHORTEST_AUTHOR:
            yield Note("authors", f"The form takes authors of three characters or more: {name.strip()}")


def _check_placeholder(form: Form, _: LintOptions) -> Iterator[Note]:
    for field in _FIELDS:
        for name in getattr(form, field):
            if re.sub(r"\W", "", name).lower() in words.PLACEHOLDER_NAMES:
                yield Note(field, f"This is no name: {name.strip()}")


NAME_RULES = (
    Rule("AUTHOR_MISSING", _check_authors),
    Rule("AUTHOR_FORBIDDEN", _check_barred),
    Rule("NARRATOR_MISSING", _check_narrators),
    Rule("NAME_TOO_SHORT", _check_short),
    Rule("NAME_PLACEHOLDER", _check_placeholder),
    _names_rule("NAME_HTML_ENTITY", "HTML entities stand for characters here: {}", _each(decoded)),
    _names_rule("NAME_WHITESPACE", "There are stray blanks: {}", _each(_plain)),
    _names_rule("NAME_JOINED", "One entry names several people: {}", _apart),
    _names_rule("NAME_INVERTED", "The last name stands first: {}", _each(_upright)),
    _names_rule("NAME_ROLE", "Who only helped is no author: {}", _authors_alone, "authors"),
    _names_rule("NAME_ROLE", "The role does not belong to the name: {}", _narrators_alone, "narrators"),
    _names_rule("NAME_HONORIFIC", "Honorifics and degrees are left out: {}", _each(without_honorifics)),
    _names_rule("NAME_CASE", "Names are written with ordinary capitals: {}", _each(in_name_case)),
    _names_rule("NAME_INITIALS_UNSPLIT", "Initials are written apart: {}", _each(with_split_initials)),
    _names_rule("NAME_DUPLICATE", "Somebody is named twice: {}", _once),
)
