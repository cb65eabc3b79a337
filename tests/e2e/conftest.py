"""What the end-to-end tests share: a program of one's own, and the loopback world."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.e2e.harness import Program, World, program, running_world
from tests.world.outside import Outside


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Program]:
    """The program with an empty library, every service of the outside refusing, all books taken at first sight."""
    with program(tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="module")
def around() -> Iterator[World]:
    """The metadata services and the tracker."""
    with running_world() as made:
        yield made


def forget(double: Outside) -> None:
    double.recover()
    double.requests.clear()


@pytest.fixture
def outside_world(around: World) -> Iterator[World]:
    """`around`, well again after each test."""
    yield around
    around.everywhere(forget)


@pytest.fixture
def unprivileged() -> Iterator[Program]:
    """`keeper` for somebody whom permissions bind: nobody, where the tests are run by root."""
    with tempfile.TemporaryDirectory(prefix="mousekeeper-e2e-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # other users may enter it, as they may not pytest's own
        if os.geteuid() != 0:
            with program(Path(name, "home")) as made:
                yield made
            return
        with program(Path(name, "home"), user="nobody", python=_python_for_others()) as made:
            yield made


def _python_for_others() -> str:
    """This interpreter; where it lies in root's own home, the system's of the same version."""
    here = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in here.parents):
        return sys.executable
    system = Path("/usr/bin") / here.name
    if not system.exists():
        _missing(f"{here} can be run by root alone, and there is no {system}.")
    return str(system)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (With CI=true nothing is skipped.)")
    pytest.skip(reason)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """`small_disk("staging", "1m")`: a file system of its own of that size, mounted for the test."""
    mounted: list[Path] = []

    def mount(name: str, size: str) -> Path:
        place = tmp_path / "disks" / name
        place.mkdir(parents=True)
        done = subprocess.run(
            ("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "mousekeeper-test", str(place)),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            _missing(f"A small disk cannot be mounted here ({done.stderr.strip()}): that takes root.")
        mounted.append(place)
        return place

    yield mount
    for place in reversed(mounted):
        subprocess.run(("umount", "--lazy", str(place)), check=True)
