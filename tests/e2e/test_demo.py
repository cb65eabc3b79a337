"""`make demo` as people run it: from nothing, then once more, then with a double where nothing is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.books import SHELF

ROOT = Path(__file__).resolve().parents[2]
UNUSABLE = {shelved.asin for shelved in SHELF if shelved.broken}


def demo(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "tests.demo", "--folder", str(folder), *arguments),
        cwd=ROOT,
        env={**os.environ, "PATH": path or os.environ["PATH"], "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )


def states(folder: Path) -> dict[str, str]:
    """State by ASIN, or by title where there is none, as the program itself reports it."""
    done = subprocess.run(
        (sys.executable, "-m", "bot", "status", "--json", "--config", str(folder / "config.yaml")),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return {
        release["asin"] or release["title"]: release["state"]
        for release in json.loads(done.stdout)["releases"]
    }


def snapshot(library: Path) -> dict[str, tuple[int, int]]:
    return {str(file): (file.stat().st_ino, file.stat().st_mtime_ns) for file in library.rglob("*")}


@pytest.mark.audio
@pytest.mark.timeout(400)
def test_the_demo_seeds_one_book_and_goes_on_with_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = demo(folder)
    assert first.returncode == 0, first.stdout + first.stderr
    after_first, library = states(folder), snapshot(folder / "library")
    assert list(after_first.values()).count("seeding") == 1
    assert list(after_first.values()).count("rejected") == 1
    assert list(after_first.values()).count("awaiting_approval") == len(SHELF) - len(UNUSABLE) - 2
    assert "is not finished" in first.stdout
    assert "Nothing to prepare again" not in first.stdout

    second = demo(folder)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing to prepare again" in second.stdout
    after_second = states(folder)
    assert list(after_second.values()).count("seeding") == 2
    assert set(after_second) == set(after_first)
    assert snapshot(folder / "library") == library
    assert (folder / ".env").stat().st_mode & 0o077 == 0


@pytest.mark.audio
def test_the_demo_needs_nothing_installed(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo", path=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a double of qBittorrent" in done.stdout
    assert "seeding" in states(tmp_path / "demo").values()


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    done = demo(tmp_path, "--fresh")
    assert done.returncode == 1
    assert "left alone" in done.stderr
    assert (tmp_path / "mine.txt").exists()
