"""The project's own laws, held against its files: what may be written where, and what every room must have."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "cogs", "core")
TRACKER_ROOM = "core/integrations/mam/"

# --- files -------------------------------------------------------------------------------------------------------


@cache
def repository_files() -> tuple[str, ...]:
    """Paths from the root of everything that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return tuple(sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()))
    hidden = re.compile(r"(^|/)(\.venv|\.git|\.cache|__pycache__|[^/]*\.egg-info|data|demo|\.[a-z_]+_cache)/")
    found = (str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file())
    return tuple(sorted(name for name in found if not hidden.search(name)))


def files(*folders: str, suffix: str = "") -> list[str]:
    prefixes = tuple(f"{folder}/" for folder in folders)
    return [name for name in repository_files() if name.startswith(prefixes) and name.endswith(suffix)]


def occurrences(pattern: re.Pattern[bytes], names: list[str]) -> list[str]:
    """`path:line: match` for every place where the pattern stands."""
    return [
        f"{name}:{number}: {match[0].decode('utf-8', 'replace')}"
        for name in names
        for number, line in enumerate((ROOT / name).read_bytes().splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def report(places: list[str]) -> str:
    return "\n" + "\n".join(places)


# --- the tracker law ---------------------------------------------------------------------------------------------

# The only calls the tracker permits to programs.
PERMITTED_PAGES = (
    "loadSearchJSONbasic",
    "download",
    "jsonLoad",
    "bonusBuy",
    "dynamicSeedbox",
    "jsonIp",
    "userBonusHistory",
    "tracker",  # the announce, made by the torrent client
)

TRACKER = re.compile(
    rb"""myanonamouse
    | \b\w+\.php\b                                              # nobody else in this field serves .php
    | (?<![\w.])/(?:tor|json|t|stats|preferences|millionaires)/(?![\s"'*)]*(?:$|[\s,;]))
    """,
    re.IGNORECASE | re.VERBOSE,
)
PAGE = re.compile(rb"\b(\w+)\.php\b", re.IGNORECASE)
# Purchases and gifts that must not be automated, another site session than the API's, the password login.
FORBIDDEN_WORDS = re.compile(
    rb"""spendtype\W{1,8}(?:gift|sendwedge|personalfl)\b | \bsendWedge\b | \bmbsc\b | takelogin | loadUserDetailsTorrents
    | torrentDupeCheck | checkCookie | top10TorJSON | takeedit | takeupload""",
    re.IGNORECASE | re.VERBOSE,
)
BROWSER_AGENT = re.compile(rb"Mozilla/|AppleWebKit|\bGecko/|Chrome/\d|Safari/\d|Firefox/\d", re.IGNORECASE)


def test_the_tracker_is_named_in_its_own_room_only() -> None:
    elsewhere = [name for name in files(*PACKAGES) if not name.startswith(TRACKER_ROOM)]
    places = occurrences(TRACKER, elsewhere)
    assert not places, report(places)


def test_only_permitted_calls_are_written_in_the_tracker_room() -> None:
    permitted = {page.lower().encode() for page in PERMITTED_PAGES}
    room = [name for name in files("core") if name.startswith(TRACKER_ROOM)]
    pages = [
        f"{name}: {page.decode()}.php"
        for name in room
        for page in PAGE.findall((ROOT / name).read_bytes())
        if page.lower() not in permitted
    ]
    assert not pages, report(pages)


# What those calls look like: (method, path, names in the query), from the tracker's own pages.
PERMITTED_CALLS = {
    ("POST", "/tor/js/loadSearchJSONbasic.php", frozenset[str]()),
    ("GET", "/tor/download.php", frozenset({"tid"})),
    ("GET", "/tor/download.php", frozenset({"tid", "fl"})),
    ("GET", "/jsonLoad.php", frozenset({"snatch_summary", "notif"})),
    ("GET", "/json/bonusBuy.php/", frozenset({"spendtype", "duration", "_"})),
    ("GET", "/json/bonusBuy.php/", frozenset({"spendtype", "amount", "_"})),
    ("GET", "/json/dynamicSeedbox.php", frozenset[str]()),
    ("GET", "/json/jsonIp.php", frozenset[str]()),
    ("GET", "/json/userBonusHistory.php", frozenset({"type[]"})),
}


def test_the_client_s_table_of_calls_is_what_the_tracker_permits() -> None:
    from core.integrations.mam.calls import PERMITTED

    assert {(call.method, call.path, frozenset(call.query)) for call in PERMITTED} == PERMITTED_CALLS


def test_the_tracker_s_client_sends_and_is_checked_in_one_place() -> None:
    """One `.send(` in the room, and the gate in the same function; nothing there asks by other means."""
    room = [name for name in files("core", suffix=".py") if name.startswith(TRACKER_ROOM)]
    sends = occurrences(re.compile(rb"\.send\("), room)
    checks = occurrences(re.compile(rb"\bcalls\.check\("), room)
    assert [place.partition(":")[0] for place in sends + checks] == [f"{TRACKER_ROOM}client.py"] * 2
    others = re.compile(rb"\bfetch\(|\.request\(|\.get\(f?\"http|urlopen|ClientSession\(|\bsocket\b")
    asking = occurrences(others, [name for name in room if not name.endswith("/transport.py")])
    assert not asking, report(asking)


@pytest.mark.parametrize("pattern", [FORBIDDEN_WORDS, BROWSER_AGENT], ids=["forbidden calls", "disguises"])
def test_never_written_anywhere(pattern: re.Pattern[bytes]) -> None:
    places = occurrences(pattern, files(*PACKAGES))
    assert not places, report(places)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"https://www.myanonamouse.net", True),
        (b"'/jsonLoad.php'", True),
        (b'f"{base}/tor/js/search"', True),
        (b"/t/123456", True),
        (b"/tor/download.php?tid=1", True),
        (b"Content-Type: application/json", False),
        (b"out/json/x", False),
        (b"the api/v2/torrents/info call", False),
        (b"read/write/t/x", False),
    ],
)
def test_the_tracker_pattern_finds_what_it_should(text: bytes, found: bool) -> None:
    assert bool(TRACKER.search(text)) is found


# --- size and texts ----------------------------------------------------------------------------------------------


def test_no_module_passes_500_lines() -> None:
    modules = [name for name in files(*PACKAGES, "tools", "tests", suffix=".py") if "/test_" not in name]
    long = [f"{name}: {count}" for name in modules if (count := _lines(name)) > 500]
    assert not long, report(long)


def test_no_test_module_passes_800_lines() -> None:
    modules = [name for name in files("tests", suffix=".py") if "/test_" in name]
    long = [f"{name}: {count}" for name in modules if (count := _lines(name)) > 800]
    assert not long, report(long)


def _lines(name: str) -> int:
    return len((ROOT / name).read_bytes().splitlines())


# Each with one letter in brackets, so that this file does not find itself.
UNFINISHED = re.compile(rb"\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b|NotImplemente[d]Error|pytest\.mark\.ski[p]\b")
REGISTRY_HOSTS = re.compile(rb"py[p]i\.|npm[j]s|python[h]osted|debian\.or[g]", re.IGNORECASE)


def test_nothing_is_left_unfinished() -> None:
    text_files = [
        name for name in files(*PACKAGES, "tools", "tests") if name.endswith((".py", ".md", ".j2", ".json"))
    ]
    places = occurrences(UNFINISHED, [name for name in text_files if not name.startswith("tests/fixtures/")])
    assert not places, report(places)


def test_no_package_registry_is_named() -> None:
    """Everything installs through the ordinary clients, by name, with whatever index or mirror a machine uses."""
    places = occurrences(REGISTRY_HOSTS, list(repository_files()))
    assert not places, report(places)


# --- sleeping in tests -------------------------------------------------------------------------------------------

# The one place that may really wait: bounded, on a condition.
WAITING = "tests/world/waiting.py"


def sleeps(tree: ast.AST) -> Iterator[int]:
    """Lines that call time.sleep, or asyncio.sleep for longer than one turn of the loop, however imported."""
    aliases = {"time": "time", "asyncio": "asyncio"}
    direct: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {
                alias.asname or alias.name: alias.name
                for alias in node.names
                if alias.name in ("time", "asyncio")
            }
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio"):
            direct |= {
                alias.asname or alias.name: node.module for alias in node.names if alias.name == "sleep"
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (module := _sleeper(node.func, aliases, direct)):
            first = node.args[0] if node.args else None
            one_turn = module == "asyncio" and isinstance(first, ast.Constant) and first.value == 0
            if not one_turn:
                yield node.lineno


def _sleeper(function: ast.expr, aliases: dict[str, str], direct: dict[str, str]) -> str | None:
    if isinstance(function, ast.Name):
        return direct.get(function.id)
    if (
        isinstance(function, ast.Attribute)
        and function.attr == "sleep"
        and isinstance(function.value, ast.Name)
    ):
        return aliases.get(function.value.id)
    return None


def test_no_test_sleeps() -> None:
    places = [
        f"{name}:{line}"
        for name in files("tests", suffix=".py")
        if name != WAITING and not name.startswith("tests/bench/")
        for line in sleeps(ast.parse((ROOT / name).read_bytes()))
    ]
    assert not places, report(places)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import time\ntime.sleep(1)", [2]),
        ("import asyncio as a\nasync def f():\n    await a.sleep(0.1)", [3]),
        ("from asyncio import sleep as nap\nasync def f(x):\n    await nap(x)", [3]),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(0)", []),
        ("async def f(clock):\n    await clock.sleep(5)", []),
    ],
)
def test_sleeps_are_recognised(source: str, lines: list[int]) -> None:
    assert list(sleeps(ast.parse(source))) == lines


# --- rooms -------------------------------------------------------------------------------------------------------


def room_folders() -> list[str]:
    """Every package folder of the program, from the root."""
    return sorted({str(Path(name).parent) for name in files(*PACKAGES, suffix="/__init__.py")})


def test_every_room_is_documented() -> None:
    """By a README of its own, or by name in the README of a room above it."""
    undocumented = [folder for folder in room_folders() if not _documented(Path(folder))]
    assert not undocumented, report(undocumented)


def _documented(folder: Path) -> bool:
    if (ROOT / folder / "README.md").is_file():
        return True
    above = (parent for parent in folder.parents if parent != Path("."))
    texts = [
        readme.read_text("utf-8") for parent in above if (readme := ROOT / parent / "README.md").is_file()
    ]
    named = re.compile(rf"(?<![\w/]){re.escape(folder.name)}/|`{re.escape(folder.name)}`")
    return any(named.search(text) for text in texts)


INTEGRATIONS = [folder for folder in room_folders() if Path(folder).parent == Path("core/integrations")]
PAPERS = ("manifest.json", "README.md")
ASKING = ("client.py", "models.py")  # of a room that talks to its system at all
MANIFEST: dict[str, Callable[[object], bool]] = {
    "domain": lambda value: isinstance(value, str) and value.isidentifier(),
    "name": lambda value: isinstance(value, str) and bool(value.strip()),
    "kind": lambda value: isinstance(value, str) and bool(value.strip()),
    "polling": lambda value: value in ("local", "cloud", "none"),
    "settings": lambda value: isinstance(value, str) and bool(value.strip()),
    "documentation": lambda value: isinstance(value, str) and value.endswith(".md"),  # from the room's folder
    "quality": lambda value: isinstance(value, dict),
}
QUALITY = {
    "test-before-setup",
    "appropriate-polling",
    "log-when-unavailable",
    "reauthentication",
    "action-exceptions",
    "parallel-updates",
    "diagnostics",
    "repair-texts",
    "inject-websession",
    "strict-typing",
    "test-coverage",
}


def manifest_of(folder: str) -> dict[str, Any]:
    file = ROOT / folder / "manifest.json"
    manifest = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    assert isinstance(manifest, dict)
    return manifest


@pytest.mark.parametrize("folder", INTEGRATIONS)
def test_an_integration_has_its_files(folder: str) -> None:
    """A room that only knows addresses says so in its manifest (`action-exceptions` exempt) and needs no client."""
    asks = manifest_of(folder).get("quality", {}).get("action-exceptions", {}).get("status") != "exempt"
    needed = PAPERS + ASKING if asks else PAPERS
    absent = [f"{folder}/{name}" for name in needed if not (ROOT / folder / name).is_file()]
    assert not absent, report(absent)


@pytest.mark.parametrize("folder", INTEGRATIONS)
def test_an_integration_has_an_honest_manifest(folder: str) -> None:
    manifest = manifest_of(folder)
    wrong = [f"{key}: {manifest.get(key)!r}" for key, fits in MANIFEST.items() if not fits(manifest.get(key))]
    wrong += [f"unknown key {key}" for key in manifest if key not in MANIFEST]
    if manifest.get("domain") != Path(folder).name:
        wrong.append(f"domain: {manifest.get('domain')!r} is not the folder's name")
    if not (ROOT / folder / str(manifest.get("documentation"))).is_file():
        wrong.append("documentation: no such file in the room")
    quality = manifest.get("quality")
    entries = quality if isinstance(quality, dict) else {}
    wrong += [
        f"quality.{rule}: {fault}"
        for rule in sorted(QUALITY | set(entries))
        if (fault := _entry_fault(rule, entries))
    ]
    assert not wrong, report(wrong)


def _entry_fault(rule: str, entries: dict[str, dict[str, str]]) -> str:
    if rule not in QUALITY:
        return "no such rule"
    entry = entries.get(rule)
    if not isinstance(entry, dict) or entry.get("status") not in ("done", "exempt"):
        return "must say done or exempt"
    if entry["status"] == "exempt" and len(str(entry.get("reason", "")).split()) < 2:
        return "exempt needs its reason, in a few words"
    return ""
