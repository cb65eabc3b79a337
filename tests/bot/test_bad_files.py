"""Commands that read a file a person names: whatever it holds, the answer is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"title": ', b"\xff\xfe\x00", b"[" * 100_000])
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_lint_says_what_is_wrong_with_the_file(
    tmp_path: Path, content: bytes | None, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "form.json"
    if content is not None:
        file.write_bytes(content)
    told = CliRunner().invoke(app, ["lint", str(file), *(["--json"] if as_json else [])])
    assert told.exit_code == 1
    assert isinstance(told.exception, SystemExit)  # no traceback
    assert told.stderr.startswith("form.json ")
    if as_json:
        assert json.loads(told.stdout)["error"] == told.stderr.strip()
