import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]


def test_no_setting_of_the_person_at_the_machine_gets_in() -> None:
    assert not [name for name in os.environ if name.startswith(("MAM_", "QB_", "DISCORD_"))]


def test_a_contract_is_read_where_it_is(
    contract: Callable[[str], Any], contracts: Path, request: pytest.FixtureRequest
) -> None:
    if contracts.is_dir():
        assert contract("prowlarr-openapi.json")["openapi"].startswith("3.0")
    assert contract("nothing-of-that-name.json") is None
    assert ("contract absent", "nothing-of-that-name.json") in request.node.user_properties
    request.node.user_properties.clear()  # this absence is the test's own


OUTER = """
import pytest
pytest_plugins = ["tests.fixtures_basics"]
"""


def test_what_could_not_be_judged_is_named_and_what_was_left_open_is_an_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOUSEKEEPER_CONTRACTS", str(pytester.path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeconftest(OUTER)
    pytester.makeini("[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        test_judged="def test_judged(contract):\n    assert contract('some.json') is None\n",
        test_leak="import socket\ndef test_leak():\n    socket.socket()\n",
    )
    result = pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:simcord")
    result.stdout.fnmatch_lines(["*ResourceWarning*", "*NOT JUDGED: some.json*"])
    assert result.ret == 1
