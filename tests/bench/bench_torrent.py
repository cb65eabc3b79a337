"""Torrent building against mktorrent, torf and a bare hashing loop, interleaved, with the event loop's lag.

`python -m tests.bench.bench_torrent [--quick] [--json FILE] [--folder FOLDER]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from core.domain.metainfo import Metainfo, piece_length_for
from core.upload.torrent.builtin import BuiltinBuilder
from tests.bench.__main__ import show
from tests.bench.torrent_contestants import ANNOUNCE, seconds

FILES = 24
FULL, QUICK = 2 * 1024**3, 64 * 1024**2  # bytes
TICK = 0.005  # seconds between two looks at the clock while the loop's lag is measured


def run(quick: bool, folder: str | None = None) -> list[dict[str, Any]]:
    """What was measured, one thing each, beside what it is compared with."""
    measured = measure(quick, folder)
    whole, inside, lag = (measured[key] for key in ("whole_process_s", "in_process_s", "loop_lag_ms"))
    return [
        _result("one torrent, as a whole process", whole, "< torf") | measured,
        _result("one torrent, within this process", inside, "<= 1.03 x bare loop"),
        {"name": "event loop's lag meanwhile, p99", "value": lag["p99"], "unit": "ms", "aim": "< 20 ms"},
        {"name": "builders agree on the infohash", "value": measured["infohashes_equal"], "aim": "True"},
    ]


def _result(name: str, seconds_by_builder: dict[str, dict[str, float]], aim: str) -> dict[str, Any]:
    medians = {builder: times["median"] for builder, times in seconds_by_builder.items()}
    return {"name": name, "value": medians.pop("mousekeeper"), "unit": "s", "aim": aim, "against": medians}


def measure(quick: bool, folder: str | None = None) -> dict[str, Any]:
    """All figures: seconds by builder, ratios, lag in milliseconds."""
    total = QUICK if quick else FULL
    rounds = 5 if quick else 9
    home = folder or os.path.join(tempfile.gettempdir(), "mousekeeper-bench")
    book = _make_book(home, total)
    length = piece_length_for(total)
    with tempfile.TemporaryDirectory() as scratch:
        processes = _whole_processes(book, scratch, length, rounds)
        infohashes = {p.stem: Metainfo.parse(p.read_bytes()).infohash for p in Path(scratch).iterdir()}
        hashing = _interleaved(
            {
                name: partial(seconds, name, book, os.path.join(scratch, "inside.torrent"), length)
                for name in ("mousekeeper", "torf", "bare")
            },
            rounds,
        )
        lag = asyncio.run(_loop_lag(book, os.path.join(scratch, "lag.torrent"), 3 if not quick else 30))
    return {
        "bytes": total,
        "files": FILES,
        "piece_length": length,
        "rounds": rounds,
        "cpus": len(os.sched_getaffinity(0)),
        "whole_process_s": processes,
        "in_process_s": hashing,
        "ratios": _ratios(processes, hashing),
        "loop_lag_ms": lag,
        "infohashes_equal": len(set(infohashes.values())) == 1,
        "infohashes": infohashes,
    }


def _make_book(home: str, total: int) -> str:
    """A folder of 24 files of uneven size with data that no file system can shrink; kept for the next run."""
    book = os.path.join(home, f"Book {total >> 20} MiB")
    if os.path.isdir(book):
        return book
    aside = f"{book}.part"
    shutil.rmtree(aside, ignore_errors=True)
    os.makedirs(aside)
    left, block = total, os.urandom(1 << 20)
    for number in range(FILES):
        size = left if number == FILES - 1 else total // FILES + (number % 5 - 2) * 1001
        left -= size
        with open(os.path.join(aside, f"Book - Part {number + 1:02}.m4b"), "wb") as file:
            for at in range(0, size, len(block)):
                unique = b"%08d%016d" % (number, at)
                file.write((unique + block[len(unique) :])[: size - at])
    os.rename(aside, book)
    return book


def _whole_processes(book: str, scratch: str, length: int, rounds: int) -> dict[str, dict[str, float]]:
    module = [sys.executable, "-m", "tests.bench.torrent_contestants"]
    root = Path(__file__).parents[2]

    def ours(name: str) -> float:
        command = [*module, name, book, os.path.join(scratch, f"{name}.torrent"), str(length)]
        return _timed(command, root)

    def mktorrent() -> float:
        output = os.path.join(scratch, "mktorrent.torrent")
        Path(output).unlink(missing_ok=True)
        exponent = str(length.bit_length() - 1)
        options = ["-t", "2", "-l", exponent, "-p", "-d", "-s", "BENCH", "-a", ANNOUNCE, "-o", output]
        return _timed(["mktorrent", *options, book], root)

    contestants: dict[str, Callable[[], float]] = {
        name: partial(ours, name) for name in ("mousekeeper", "torf", "bare")
    }
    if shutil.which("mktorrent"):
        contestants["mktorrent"] = mktorrent
    return _interleaved(contestants, rounds)


def _timed(command: list[str], cwd: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _interleaved(contestants: dict[str, Callable[[], float]], rounds: int) -> dict[str, dict[str, float]]:
    """Everyone once a round, so that a busy moment of the machine hits all alike; one round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, contestant in contestants.items():
            measured = contestant()
            if number:
                taken[name].append(measured)
    return {
        name: {"median": statistics.median(times), "min": min(times), "max": max(times)}
        for name, times in taken.items()
    }


def _ratios(processes: dict[str, dict[str, float]], hashing: dict[str, dict[str, float]]) -> dict[str, float]:
    """Our median over each other's; below one is faster."""
    return {
        f"{kind} / {name}": times["mousekeeper"]["median"] / times[name]["median"]
        for kind, times in (("whole process", processes), ("in process", hashing))
        for name in times
        if name != "mousekeeper"
    }


async def _loop_lag(book: str, output: str, builds: int) -> dict[str, float]:
    """How late the event loop wakes while torrents are being built, in milliseconds."""
    lags: list[float] = []

    async def watch() -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            lags.append((time.perf_counter() - due) * 1000)

    watcher = asyncio.create_task(watch(), name="lag watcher")
    for _ in range(builds):
        await BuiltinBuilder(announce=ANNOUNCE).build(book, output, progress=lambda done, total: None)
    watcher.cancel()
    lags.sort()
    return {
        "p50": lags[len(lags) // 2],
        "p99": lags[int(len(lags) * 0.99)],
        "max": lags[-1],
        "samples": len(lags),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64 MiB instead of 2 GiB")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    parser.add_argument("--folder", help="where the data is made and kept [the temporary folder]")
    options = parser.parse_args()
    began = time.perf_counter()
    results = run(options.quick, options.folder)
    show({"bench": "torrent", "results": results, "seconds": round(time.perf_counter() - began, 1)})
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
