"""Doctor's probe leaves nothing behind, and nothing of others is in its way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.services.doctor import probe_hardlink
from tests.core.services.conftest import put


def test_the_probe_leaves_nothing(library: Path, tmp_path: Path) -> None:
    put(library, "One [B000000001]")
    [finding] = probe_hardlink(library, tmp_path / "data" / "staging", allow_copy=False)
    assert finding.severity == "ok"
    assert not (tmp_path / "data").exists()


def test_a_folder_that_somebody_uses_meanwhile_stays(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "One [B000000001]")
    staging = tmp_path / "data" / "staging"
    link = os.link

    def and_another(source: str, target: str, **how: Any) -> None:
        link(source, target, **how)
        (staging / "A Release").mkdir()

    monkeypatch.setattr(os, "link", and_another)
    [finding] = probe_hardlink(library, staging, allow_copy=False)
    assert finding.severity == "ok"
    assert [entry.name for entry in staging.iterdir()] == ["A Release"]
