"""The catalogue: both languages say the same things, and the code asks for nothing that is not there."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from bot.texts import LANGUAGES, Texts, language_of

ROOT = Path(__file__).resolve().parents[2]
SPEAKING = ("bot/*.py", "bot/cards/*.py", "cogs/*.py")
KEY = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z0-9_]*)+")
CALLS = {"texts", "_texts", "count", "find"}
PLURALS = ("one", "other")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys(texts: Texts) -> None:
    english, german = texts.keys("en"), texts.keys("de")
    only_named = {key for key in german - english if key.startswith("commands.") and key.endswith(".name")}
    assert english - german == set()
    assert german - english - only_named == set()


def test_both_languages_have_the_same_fields(texts: Texts) -> None:
    for key in texts.keys("en"):
        assert fields(str(texts.find(key, "en"))) == fields(str(texts.find(key, "de"))), key


def test_no_text_is_empty_or_too_long(texts: Texts) -> None:
    for language in LANGUAGES:
        for key in texts.keys(language):
            text = texts.find(key, language)
            assert text
            assert len(text) <= 1500, key


def asked_for() -> set[str]:
    """Every constant in code that looks like a key and is handed to the catalogue or kept as one."""
    sections = {key.partition(".")[0] for key in Texts.load().keys("en")}
    modules = [path for pattern in SPEAKING for path in ROOT.glob(pattern)]
    nodes = (node for path in modules for node in ast.walk(ast.parse(path.read_bytes())))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {word for word in words if KEY.fullmatch(word) and word.partition(".")[0] in sections}


def test_every_key_in_code_exists(texts: Texts) -> None:
    known = texts.keys("en")
    missing = {
        key for key in asked_for() if key not in known and not any(f"{key}.{n}" in known for n in PLURALS)
    }
    assert missing == set()
    assert len(asked_for()) > 10


def test_fields_languages_and_numbers() -> None:
    texts = Texts(
        {"en": {"a": "{n} of {m}", "b.one": "{number} book", "b.other": "{number} books"}, "de": {}}
    )
    assert texts("a", "de", n=1, m="{2}") == "1 of {2}"
    assert texts.count("b", 1) == "1 book"
    assert texts.count("b", 0, "fr") == "0 books"
    assert texts("not.there") == "not.there"
    assert [language_of(each) for each in ("de", "de-AT", "en-GB", "pt-BR", None, "")] == [
        "de",
        "de",
        "en",
        "en",
        "en",
        "en",
    ]
