"""Runs the benches of this folder in one process tree on one machine, prints a table and stores it all as JSON.

    python -m tests.bench [--quick] [--only NAME] [--json bench-results.json]

A bench is a module `bench_NAME.py` here with `run(quick: bool) -> dict | Iterable[dict]`, plain or async. Each
result is one measured thing: `name`, `value`, `unit`, and where there is one `aim` (a sentence such as "<= 2.3 s"),
`against` (the same thing measured for comparison, by name) and any further keys, which go into the JSON only. A
result without `value` is shown key by key.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PREFIX = "bench_"


def names() -> list[str]:
    """Benches present, by name."""
    return sorted(file.stem.removeprefix(PREFIX) for file in HERE.glob(f"{PREFIX}*.py"))


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "mousekeeper": version("mousekeeper"),
        "commit": _commit(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def run_one(name: str, *, quick: bool) -> dict[str, Any]:
    """One bench's results, or its error as text: a broken bench does not stop the others."""
    started = time.monotonic()
    outcome: dict[str, Any] = {"bench": name}
    try:
        found = importlib.import_module(f"tests.bench.{PREFIX}{name}").run(quick=quick)
        if inspect.isawaitable(found):
            found = asyncio.run(_awaited(found))
        outcome["results"] = [found] if isinstance(found, Mapping) else list(found)
    except Exception:
        outcome["results"] = []
        outcome["error"] = traceback.format_exc()
    outcome["seconds"] = round(time.monotonic() - started, 2)
    return outcome


async def _awaited(found: Any) -> Any:
    return await found


def show(outcome: Mapping[str, Any]) -> None:
    """A table of one bench's results."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("measured", "value", "against", "aim", title=f"{outcome['bench']} ({outcome['seconds']} s)")
    for result in outcome["results"]:
        for row in _rows(result):
            table.add_row(*row)
    console.print(table)
    if "error" in outcome:
        console.print(outcome["error"], style="red", markup=False)


def _rows(result: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    if "value" not in result:
        return [(name, _figure(value, "")) for name, value in result.items()]
    unit = str(result.get("unit", ""))
    against = _comparison(result.get("against"), unit)
    return [
        (str(result.get("name", "")), _figure(result["value"], unit), against, str(result.get("aim", "")))
    ]


def _figure(value: Any, unit: str) -> str:
    return f"{f'{value:.4g}' if isinstance(value, float) else value} {unit}".strip()


def _comparison(against: Any, unit: str) -> str:
    if not isinstance(against, Mapping):
        return ""
    return "\n".join(f"{name} {_figure(value, unit)}" for name, value in against.items())


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="smaller inputs, to see that everything runs")
    parser.add_argument("--only", metavar="NAME", action="append", choices=names(), help="may be repeated")
    parser.add_argument("--json", type=Path, default=Path("bench-results.json"), metavar="FILE")
    options = parser.parse_args(None if arguments is None else list(arguments))
    report: dict[str, Any] = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": machine(),
        "benches": [],
    }
    for name in options.only or names():
        outcome = run_one(name, quick=options.quick)
        show(outcome)
        report["benches"].append(outcome)
        # stored after each bench: an interrupted run keeps what it has
        options.json.write_text(json.dumps(report, indent=2, default=str) + "\n", "utf-8")
    print(f"Stored in {options.json}.")
    return 1 if any("error" in outcome for outcome in report["benches"]) else 0


if __name__ == "__main__":
    sys.exit(main())
