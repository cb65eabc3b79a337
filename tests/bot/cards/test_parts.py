"""Texts from outside do nothing in Discord, and what does not fit is counted."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.parts import ZERO_WIDTH, escape, fit

ACTIVE = re.compile(r"(?<!\\)[*_~|`\[\]<>#]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** _and_ `code`", r"\*\*bold\*\* \_and\_ \`code\`"),
        ("@everyone and <@42>", rf"@{ZERO_WIDTH}everyone and \<@{ZERO_WIDTH}42\>"),
        ("a@b c @ d", f"a@{ZERO_WIDTH}b c @ d"),
        ("https://example.org/a_b", r"https\://example.org/a\_b"),
        ("[masked](https://example.org)", r"\[masked\](https\://example.org)"),
        ("- a list", r"\- a list"),
        ("1. a list", r"1\. a list"),
        ("-273 degrees", "-273 degrees"),
        ("# a heading", r"\# a heading"),
        (r"back\slash", r"back\\slash"),
        ("two\nlines\r\n\tand a tab", "two lines and a tab"),
        ("dir\u202eection\u2066s\u200b and \u00adhyphens\ufeff", "directions and hyphens"),
        ("Z\u0301\u0302\u0303\u0304\u0305algo", "\u0179\u0302\u0303algo"),
        ("lone \ud800 surrogate", "lone \N{REPLACEMENT CHARACTER} surrogate"),
        ("Füße, 三体, Дюна 🐭", "Füße, 三体, Дюна 🐭"),
        ("  ", ""),
    ],
)
def test_it_shows_as_written(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_it_is_cut_before_it_is_escaped() -> None:
    assert escape("*" * 50, 10) == r"\*" * 9 + "…"
    assert escape("a word or two", 8) == "a word…"


@given(st.text(st.characters(codec=None), max_size=300), st.integers(1, 60))
def test_whatever_comes_is_one_harmless_line(text: str, limit: int) -> None:
    shown = escape(text, limit)
    assert len(shown) <= 2 * limit + 1
    assert not ACTIVE.search(shown.replace(r"\\", ""))
    assert "\n" not in shown
    assert not re.search(r"@[^\s\u200b]", shown)
    kinds = {unicodedata.category(char) for char in shown.replace(ZERO_WIDTH, "")}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")


@given(st.lists(st.text("ab ", max_size=30), max_size=30), st.integers(20, 200))
def test_lines_fit_and_the_rest_is_counted(lines: list[str], budget: int) -> None:
    text = fit(lines, budget, lambda count: f"{count} more")
    assert len(text) <= budget
    shown = text.split("\n") if lines else []
    if text == "\n".join(lines):
        return
    left_out = int(shown[-1].split()[0])
    assert left_out > 0
    assert shown[:-1] == lines[: len(lines) - left_out]
