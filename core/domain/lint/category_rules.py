"""Rules for categories, main category and media type, which must fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.domain.lint.category_fit import (
    MEDIA_TYPES_OF_GROUP,
    mains_of,
    new_for,
    only_main_of,
    only_media_type_of,
)
from core.domain.lint.form import Form
from core.domain.lint.rule import LintOptions, Note, Rule
from core.domain.tracker_ids import (
    GENERAL,
    MAIN_CATEGORIES,
    MEDIA_TYPES,
    NEW_CATEGORIES,
    find_main_category,
    find_media_type,
    find_new,
    find_old,
    fits_main,
)
from core.domain.tracker_ids.spelling import as_id

_FIRST_UNKNOWN = max(NEW_CATEGORIES) + 1
_MUSICOLOGY = 3


def _new_ids(form: Form) -> list[int]:
    """The known new categories; ids the site may have added since are left alone."""
    return [known.id for entry in form.categories if (known := find_new(entry))]


def _check_missing(form: Form, _: LintOptions) -> Iterator[Note]:
    if form.category is None:
        yield Note("category", "There is no (old) category.")
    if not form.categories:
        yield Note("categories", "There are no new categories.")


def _check_unknown(form: Form, _: LintOptions) -> Iterator[Note]:
    if form.category is not None and find_old(form.category) is None:
        yield Note("category", f"The form knows no such category: {form.category}")
    for entry in form.categories:
        number = as_id(entry)
        if find_new(entry) is None and (number is None or number < _FIRST_UNKNOWN):
            yield Note("categories", f"The form knows no such new category: {entry}")


def _check_general(form: Form, _: LintOptions) -> Iterator[Note]:
    old = find_old(form.category)
    if old and old.id in GENERAL:
        yield Note("category", f"{old.label} is refused by the site's fill: choose what the book is about.")


def _check_main(form: Form, _: LintOptions) -> Iterator[Note]:
    if find_main_category(form.main_cat) is None:
        said = f" ({form.main_cat} is none)" if form.main_cat is not None else ""
        yield Note("main_cat", f"Choose fiction (1) or non-fiction (2){said}.")


def _check_media_type(form: Form, _: LintOptions) -> Iterator[Note]:
    if find_media_type(form.media_type) is None:
        yield Note("media_type", "Choose the media type; an audiobook is 1.")


def _check_fit(form: Form, _: LintOptions) -> Iterator[Note]:
    old = find_old(form.category)
    media_type, main = find_media_type(form.media_type), find_main_category(form.main_cat)
    new = _new_ids(form)
    if old and media_type and media_type not in MEDIA_TYPES_OF_GROUP[old.group]:
        yield Note("media_type", f"{old.label} does not go with the media type {MEDIA_TYPES[media_type]}.")
    if old and main and mains_of(old) and main not in mains_of(old):
        yield Note("main_cat", f"{old.label} does not go with {MAIN_CATEGORIES[main]}.")
    if main:
        for number in _misfits(form):
            where = MAIN_CATEGORIES[main].lower() if NEW_CATEGORIES[number].mains else "audiobooks"
            yield Note("categories", f"{NEW_CATEGORIES[number].name} ({number}) is not for {where}.")
    if old and new and new_for(old) and not new_for(old) & set(new) and _all_known(form):
        named = ", ".join(f"{NEW_CATEGORIES[number].name} ({number})" for number in new)
        yield Note("categories", f"None of {named} fits {old.label}.")


def _misfits(form: Form) -> list[int]:
    main, media_type = find_main_category(form.main_cat), find_media_type(form.media_type)
    if main is None or media_type == _MUSICOLOGY:
        return []
    return [number for number in _new_ids(form) if not fits_main(number, main)]


def _all_known(form: Form) -> bool:
    return len(_new_ids(form)) == len(form.categories)


def _without_misfits(form: Form) -> Form:
    """New categories that may not stand beside the main one are left out, as long as one remains."""
    misfits = set(_misfits(form))
    kept = tuple(
        entry for entry in form.categories if (known := find_new(entry)) is None or known.id not in misfits
    )
    return replace(form, categories=kept) if kept else form


def _main_from_old(form: Form) -> Form:
    main = only_main_of(find_old(form.category))
    return replace(form, main_cat=main) if main and find_main_category(form.main_cat) is None else form


def _media_type_from_old(form: Form) -> Form:
    media_type = only_media_type_of(find_old(form.category))
    return (
        replace(form, media_type=media_type)
        if media_type and find_media_type(form.media_type) is None
        else form
    )


CATEGORY_RULES = (
    Rule("CATEGORY_MISSING", _check_missing),
    Rule("CATEGORY_UNKNOWN", _check_unknown),
    Rule("CATEGORY_GENERAL", _check_general),
    Rule("MAIN_CAT_MISSING", _check_main, _main_from_old),
    Rule("MEDIA_TYPE_MISSING", _check_media_type, _media_type_from_old),
    Rule("CATEGORY_MISMATCH", _check_fit, _without_misfits),
)
