"""Who is an author and who only helped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.people import authors_only, split_names, split_role


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("Ken Liu - translator", "Ken Liu", "translator"),
        ("Neil Gaiman (foreword)", "Neil Gaiman", "foreword"),
        ("Stephen Fry - introductions", "Stephen Fry", "introductions"),
        ("Ann Lee [Afterword]", "Ann Lee", "afterword"),
        ("Ann Lee, editor", "Ann Lee", "editor"),
        ("Ann Lee – translator, introduction", "Ann Lee", "translator"),
        ("Uwe Kern - Übersetzer", "Uwe Kern", "übersetzer"),
        ("translated by Ken Liu", "Ken Liu", "translated"),
        ("Jean-Luc Bannalec", "Jean-Luc Bannalec", None),
        ("Editor Jones", "Editor Jones", None),
        ("", "", None),
    ],
)
def test_a_role_stands_behind_or_before_the_name(text: str, name: str, role: str | None) -> None:
    assert split_role(text) == (name, role)


def test_helpers_are_no_authors() -> None:
    assert authors_only(["Cixin Liu", "Ken Liu - translator", "Cixin Liu", "Ann (foreword)"]) == ["Cixin Liu"]


def test_an_editor_stands_in_where_nobody_else_is_named() -> None:
    assert authors_only(["Ann Lee - editor", "Bo Ray - introduction"]) == ["Ann Lee"]
    assert authors_only(["Ken Liu - translator"]) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee, Bo Ray & Cy Poe", ["Ann Lee", "Bo Ray", "Cy Poe"]),
        ("Ann Lee; Bo Ray / Cy Poe and Di Fox", ["Ann Lee", "Bo Ray", "Cy Poe", "Di Fox"]),
        ("King, Stephen", ["Stephen King"]),
        ("Martin Luther King, Jr.", ["Martin Luther King Jr."]),
        ("Sandy Anders", ["Sandy Anders"]),
        ("", []),
    ],
)
def test_names_in_one_field(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@given(st.text(max_size=80))
def test_no_text_disturbs_it(text: str) -> None:
    assert authors_only(split_names(text)) == list(dict.fromkeys(authors_only(split_names(text))))
