"""Reading a form from a file: what cannot be used is told in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain.lint import load_form
from core.errors import MousekeeperError


def test_a_fast_fill_file_is_read(tmp_path: Path):
    path = tmp_path / "form.json"
    path.write_text(json.dumps({"title": "Dune"}))
    assert load_form(path) == {"title": "Dune"}


def test_what_show_prints_is_read_too(tmp_path: Path):
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"id": "01", "kit": {"title": "Dune"}}))
    assert load_form(str(path)) == {"title": "Dune"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"title": "Du', "not valid JSON (line 1, column"),
        (b"[1, 2]", "holds no JSON object"),
        (b"", "not valid JSON"),
        (b'{"title": "\xff\xfe"}', "not text in UTF-8"),
        (b"[" * 200_000, "not usable JSON"),
    ],
)
def test_broken_files_are_told_in_a_sentence(tmp_path: Path, content: bytes, says: str):
    path = tmp_path / "form.json"
    path.write_bytes(content)
    with pytest.raises(MousekeeperError, match=r"^form\.json ") as caught:
        load_form(path)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_missing_file_and_a_folder_are_told(tmp_path: Path, name: str):
    with pytest.raises(MousekeeperError, match="cannot be read"):
        load_form(tmp_path / name)
