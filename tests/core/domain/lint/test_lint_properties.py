"""What holds for every form, however odd: cures settle, never empty a field, and nothing raises."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.lint import apply_fixes, lint_form
from core.domain.lint.title_case import to_mla

_PIECES = st.sampled_from(
    (
        *(
            "A Novel",
            "The Way of Kings",
            "Mistborn",
            "Book 1",
            "(Unabridged)",
            "[Audiobook]",
            "&amp;",
            "  ",
            ":",
        ),
        *(
            " - ",
            "of",
            "The",
            "THE",
            "and",
            "Dr.",
            "J.R.R.",
            "JRR",
            "King",
            "PhD",
            ", ",
            "&",
            ";",
            "translator",
        ),
        *(
            "#2",
            "Vol. 3",
            "Series",
            "Trilogy",
            "STEPHEN",
            "stephen",
            "von",
            "ß",
            "É",
            "İ",
            "村上",
            "\u200b",
            "(",
            "]",
        ),
        *(
            "Sir",
            "by",
            "abridged",
            "An Epic Fantasy Adventure",
            "Jr.",
            "III",
            "o'brien",
            "x-ray",
            "1",
            "—",
            "\t",
        ),
    )
)
_TEXTS = st.one_of(
    st.lists(_PIECES, max_size=7).map(" ".join),
    st.lists(_PIECES, max_size=7).map("".join),
    st.text(max_size=40),
)
_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.one_of(_TEXTS, st.lists(_TEXTS | st.fixed_dictionaries({"name": _TEXTS}), max_size=4))
_SERIES = st.lists(
    st.one_of(
        _TEXTS,
        st.tuples(_TEXTS, _TEXTS).map(list),
        st.fixed_dictionaries({"name": _TEXTS, "number": _TEXTS | st.integers(0, 99)}),
    ),
    max_size=3,
)
_FORMS = st.fixed_dictionaries(
    {
        "title": _TEXTS,
        "subtitle": _TEXTS | st.none(),
        "authors": _NAMES,
        "narrators": _NAMES,
        "series": _SERIES,
        "language": st.sampled_from(["English", "German", None]),
        "flags": st.sampled_from([[], {"vio": True}, ["abridged"]]),
        "isbn": st.sampled_from(["B08G9PRS1K", "ASIN: 160393547X", "9781603935470", "x", None]),
        "main_cat": st.sampled_from([1, 2, 13, "2", None]),
        "mediaType": st.sampled_from([1, 2, None]),
        "category": st.sampled_from([41, 42, "Audiobooks - Business", "Ebooks - Art", None]),
        "categories": st.lists(st.integers(0, 70), max_size=4),
    }
)
_CALM = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_OPTIONAL = {"subtitle"}


@_CALM
@given(_FORMS)
def test_cures_settle_at_once(form: dict[str, Any]):
    once = apply_fixes(form)
    assert apply_fixes(once) == once
    assert [finding for finding in lint_form(once).findings if finding.fix is not None] == []


@_CALM
@given(_FORMS)
def test_cures_never_empty_a_field_the_form_needs(form: dict[str, Any]):
    for name, value in apply_fixes(form).items():
        if form[name] and name not in _OPTIONAL:
            assert value, name


@_CALM
@given(_FORMS)
def test_fixed_holds_only_fields_that_changed(form: dict[str, Any]):
    report = lint_form(form)
    assert all(form[name] != value for name, value in report.fixed.items())
    assert {**form, **report.fixed} == apply_fixes(form)


@_CALM
@given(st.dictionaries(st.sampled_from(["title", "authors", "series", "flags", "mediaInfo", "files", "tags", "categories",
                                        "category", "isbn", "language", "narrators", "main_cat"]), _ODD))  # fmt: skip
def test_nothing_in_a_form_raises(form: dict[str, Any]):
    report = lint_form(form)
    assert all(finding.code and finding.message for finding in report.findings)


@_CALM
@given(_TEXTS)
def test_title_case_is_idempotent_and_only_touches_case(title: str):
    cased = to_mla(title)
    assert to_mla(cased) == cased
    assert cased.casefold() == title.casefold()
