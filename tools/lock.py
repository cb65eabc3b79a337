"""Writes and checks the pinned versions in requirements.lock and requirements-dev.lock.

    python tools/lock.py             resolve anew, keeping every pin that still fits pyproject.toml
    python tools/lock.py --upgrade   resolve anew from pyproject.toml alone
    python tools/lock.py --check     compare pyproject.toml, the locks and this environment; asks no network

The locks hold `name==version` and nothing else, so they work with any package index or mirror. They are
resolved on the oldest supported Python; a package that only some Pythons need carries a marker saying so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
PYTHONS = ("3.11", "3.12", "3.13")

HEADER = "# Written by `make lock` from pyproject.toml; change that instead. CPython 3.11 to 3.13 on Linux.\n"


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at one version, and what that version needs in turn."""

    name: str
    version: str
    requires: tuple[str, ...] = ()


Pins = Mapping[str, Pin]  # by canonical name


@dataclass(frozen=True, slots=True)
class Roots:
    """What pyproject.toml asks for: to run, and besides that to develop, build and test."""

    runtime: tuple[str, ...]
    development: tuple[str, ...]


def read_roots() -> Roots:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    build = project["build-system"]["requires"]
    return Roots(tuple(project["project"]["dependencies"]), (*project["dependency-groups"]["dev"], *build))


def closure(roots: Iterable[str], pins: Pins, python: str) -> set[str]:
    """Canonical names of everything that `roots` need on that Python, markers and extras followed."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    reached: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(text, "") for text in roots]
    while waiting:
        text, extra = waiting.pop()
        if (text, extra) in seen:
            continue
        seen.add((text, extra))
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        reached.add(name)
        for needed in pins[name].requires if name in pins else ():
            waiting += [(needed, inner) for inner in ("", *requirement.extras)]
    return reached


def marker_for(pythons: list[str]) -> str:
    """The marker that tells these Pythons from the other supported ones; empty for all of them."""
    if pythons == list(PYTHONS):
        return ""
    if pythons == list(PYTHONS[-len(pythons) :]):
        return f' ; python_version >= "{pythons[0]}"'
    if pythons == list(PYTHONS[: len(pythons)]):
        return f' ; python_version < "{PYTHONS[len(pythons)]}"'
    return " ; " + " or ".join(f'python_version == "{python}"' for python in pythons)


def render(roots: Roots, pins: Pins) -> tuple[str, str]:
    """The text of both locks. Raises KeyError naming a package that has no pin."""
    everything = (*roots.runtime, *roots.development)
    running = {python: closure(roots.runtime, pins, python) for python in PYTHONS}
    whole = {python: closure(everything, pins, python) for python in PYTHONS}

    def lines(of: Mapping[str, set[str]]) -> str:
        text = ""
        for name in sorted(set().union(*of.values())):
            pin = pins[name]
            text += f"{pin.name}=={pin.version}{marker_for([p for p in PYTHONS if name in of[p]])}\n"
        return text

    beside = {python: whole[python] - running[python] for python in PYTHONS}
    return HEADER + lines(running), f"{HEADER}-r {RUNTIME.name}\n{lines(beside)}"


def resolve(requirements: Iterable[str], *options: str) -> list[Pin]:
    """Let pip choose versions without installing anything."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    done = subprocess.run(
        [*command, "--no-input", "--report", "-", *options, *requirements],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found = [item["metadata"] for item in json.loads(done.stdout)["install"]]
    return [Pin(m["name"], m["version"], tuple(m.get("requires_dist", ()))) for m in found]


def resolve_all(roots: Roots, *, upgrade: bool) -> dict[str, Pin]:
    """Every pin, those that only another Python needs included."""
    keep = (
        []
        if upgrade
        else [option for lock in (RUNTIME, DEVELOPMENT) if lock.exists() for option in ("-c", str(lock))]
    )
    pins: dict[str, Pin] = {}
    for pin in resolve((*roots.runtime, *roots.development), *keep):
        pins[canonicalize_name(pin.name)] = pin
    for python in PYTHONS:
        while elsewhere := closure((*roots.runtime, *roots.development), pins, python) - set(pins):
            with tempfile.TemporaryDirectory() as nowhere:
                options = (
                    "--python-version",
                    python,
                    "--only-binary",
                    ":all:",
                    "--no-deps",
                    "--target",
                    nowhere,
                )
                pins |= {canonicalize_name(pin.name): pin for pin in resolve(elsewhere, *options)}
    return pins


def read_pins() -> dict[str, str]:
    """Versions in the locks by canonical name."""
    lines = RUNTIME.read_text("utf-8").splitlines() + DEVELOPMENT.read_text("utf-8").splitlines()
    named = (
        line.partition(";")[0].strip().partition("==") for line in lines if "==" in line.partition(";")[0]
    )
    return {canonicalize_name(name): version for name, _, version in named}


def check(roots: Roots) -> list[str]:
    """What does not agree, as sentences; empty when the locks are what `make lock` would write."""
    faults: list[str] = []
    pins: dict[str, Pin] = {}
    for name, version in read_pins().items():
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # for another Python or platform: its own needs are not known here
            pins[name] = Pin(name, version)
            continue
        pins[name] = Pin(installed.metadata["Name"], version, tuple(installed.requires or ()))
        if installed.version != version:
            faults.append(f"{name} is installed at {installed.version} and pinned at {version}: make setup.")
    for requirement in map(Requirement, (*roots.runtime, *roots.development)):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin and not requirement.specifier.contains(pin.version, prereleases=True):
            faults.append(f"{requirement} in pyproject.toml does not admit the pinned {pin.version}.")
    try:
        written = render(roots, pins)
    except KeyError as missing:
        return [*faults, f"{missing.args[0]} is needed by pyproject.toml and not pinned."]
    faults += [
        f"{lock.name} is not what pyproject.toml asks for."
        for lock, text in zip((RUNTIME, DEVELOPMENT), written, strict=True)
        if lock.read_text("utf-8") != text
    ]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only, without the network")
    parser.add_argument("--upgrade", action="store_true", help="forget the present pins")
    arguments = parser.parse_args()
    roots = read_roots()
    if arguments.check:
        faults = check(roots)
        print(
            "\n".join([*faults, "If pyproject.toml is right: make lock."])
            if faults
            else "The locks are current."
        )
        return 1 if faults else 0
    if sys.version_info[:2] != (3, 11):
        print(f"Note: resolved on Python {sys.version_info[0]}.{sys.version_info[1]}; 3.11 is the reference.")
    pins = resolve_all(roots, upgrade=arguments.upgrade)
    for lock, text in zip((RUNTIME, DEVELOPMENT), render(roots, pins), strict=True):
        lock.write_text(text, "utf-8")
        print(f"{lock.name}: {text.count('==')} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
