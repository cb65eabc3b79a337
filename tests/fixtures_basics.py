"""The simulated clock, the outside systems' contracts, and a quiet end for every test."""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.world.clock import SimulatedClock

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = "MOUSEKEEPER_CONTRACTS"
SETTINGS = tuple("DISCORD_ QB_ MAM_ PROWLARR_ ABS_ HARDCOVER_ GOOGLE_BOOKS_".split())
MORE_SETTINGS = tuple(
    "MOUSEKEEPER_CONFIG LIBATION_CONTAINER APPRISE_URLS DATABASE_URL MQTT_URL LOG_LEVEL DOCKER_HOST".split()
)
OVERRIDE = re.compile(r"MOUSEKEEPER_\w+__\w+")
ABSENT = "contract absent"


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that only the test moves."""
    return SimulatedClock()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees its own settings or none, never those of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(SETTINGS) or name in MORE_SETTINGS or OVERRIDE.fullmatch(name):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What a module's tests forgot to close is found while pytest can still name them.

    Warnings are errors here, also those of the garbage collector; without this they would surface in
    whatever test happens to run later, or, in one of several processes, nowhere.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of machine-readable contracts; it may be absent, see `contract`."""
    return Path(os.environ.get(CONTRACTS) or ROOT.parent / "shared" / "contracts")


@pytest.fixture
def contract(contracts: Path, request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """`contract("prowlarr-openapi.json")`: the decoded file (text if it is no JSON), None where it is absent.

    Only the judge that would have used it is left out; the test goes on, and the summary names the file.
    """

    def read(name: str) -> Any:
        path = contracts / name
        if not path.is_file():
            request.node.user_properties.append((ABSENT, name))
            return None
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else text

    return read


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each contract that could not judge, whichever process ran the test."""
    reports = (report for group in terminalreporter.stats.values() for report in group)
    properties = (pair for report in reports for pair in getattr(report, "user_properties", ()))
    for name in sorted({value for key, value in properties if key == ABSENT}):
        terminalreporter.write_line(
            f"NOT JUDGED: {name} is not in the contracts folder ({CONTRACTS}).", yellow=True
        )
