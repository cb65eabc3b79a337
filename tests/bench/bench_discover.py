"""Discovery of large libraries: cold, unchanged, and in memory, beside a bare walk that parses every sidecar.

`python -m tests.bench.bench_discover [--quick] [--json FILE] [--folder FOLDER]`
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.upload.discover import LibraryIndex, scan_library
from core.upload.sidecar import read_sidecar

EXTENSIONS = "m4b m4a mp3 opus flac jpg jpeg png pdf cue".split()
BOOKS_AN_AUTHOR = 10  # half of them in a series' folder
PAST = 1_600_000_000  # seconds; the folders' time, so that none counts as changed just now
SMALL, LARGE = 10_000, 100_000
QUICK_SMALL, QUICK_LARGE = 500, 2_000


def run(quick: bool, folder: str | None = None) -> list[dict[str, Any]]:
    """What was measured, one thing each, beside what it is compared with."""
    small, large = (QUICK_SMALL, QUICK_LARGE) if quick else (SMALL, LARGE)
    with tempfile.TemporaryDirectory(dir=folder, prefix="mousekeeper-bench-") as home:
        few = _measured(os.path.join(home, "small"), small, rounds=5)
        shutil.rmtree(os.path.join(home, "small"))
        many = _measured(os.path.join(home, "large"), large, rounds=1)
    growth = {name: many[name] / few[name] / (large / small) for name in ("cold_s", "unchanged_s", "bare_s")}
    return [
        {
            "name": f"{small:,} books, cold",
            "value": few["cold_s"],
            "unit": "s",
            "aim": "<= 2.3 s (per 10,000)",
            "against": {"bare walk, sidecars parsed": few["bare_s"]},
            "times_bare": few["cold_s"] / few["bare_s"],
        },
        {
            "name": f"{small:,} books, unchanged",
            "value": few["unchanged_s"],
            "unit": "s",
            "aim": "<= 0.12 s (per 10,000)",
            "against": {"stat of the known folders": few["stat_s"]},
        },
        {
            "name": f"{large:,} books, cold",
            "value": many["cold_s"],
            "unit": "s",
            "aim": f"{large // small} times as long",
            "against": {"bare walk, sidecars parsed": many["bare_s"]},
        },
        {
            "name": f"{large:,} books, unchanged",
            "value": many["unchanged_s"],
            "unit": "s",
            "aim": f"{large // small} times as long",
            "against": {"stat of the known folders": many["stat_s"]},
        },
        {
            "name": "growth, cold",
            "value": growth["cold_s"],
            "unit": "x linear",
            "aim": "<= 1, or the bare walk's",
            "against": {"bare walk": growth["bare_s"]},
        },
        {"name": "growth, unchanged", "value": growth["unchanged_s"], "unit": "x linear", "aim": "<= 1"},
        *(
            {
                "name": f"{large:,} books, memory, {kind}",
                "value": many[f"{kind}_mib"],
                "unit": "MiB",
                "aim": "< 150",
            }
            for kind in ("cold", "unchanged")
        ),
        {"name": f"{large:,} books, index", "value": many["index_mib"], "unit": "MiB"},
    ]


def make_library(root: str, books: int) -> None:
    """A library of small files: four a book, one of them a sidecar, under authors and every other one a series."""
    for number in range(books):
        author = f"Author Number {number // BOOKS_AN_AUTHOR:05d}"
        title = f"The Book of Number {number:06d}"
        series = f"Chronicle {number // BOOKS_AN_AUTHOR}" if number % 2 else ""
        name = (
            f"{title} vol_{number % BOOKS_AN_AUTHOR + 1:02d} (2019) ({author}) {{ASIN.B{number:09d}}} [Tag]"
        )
        folder = os.path.join(root, author, series, name)
        os.makedirs(folder)
        sidecar = json.dumps(_product(number, title, author, series))
        contents = {".m4b": "audio", ".jpg": "cover", ".cue": "cue", ".metadata.json": sidecar}
        for suffix, content in contents.items():
            path = os.path.join(folder, title + suffix)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
            os.utime(path, (PAST, PAST))
    for folder, _, _ in os.walk(root, topdown=False):
        os.utime(folder, (PAST, PAST))


def bare_walk(root: str) -> int:
    """The least one could do: list every folder, stat every file, parse every sidecar."""
    found = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            found += bool(os.stat(path).st_size)
            if name.endswith(".metadata.json"):
                read_sidecar(path)
    return found


def stat_folders(folders: list[str]) -> None:
    for folder in folders:
        os.stat(folder)


def _measured(root: str, books: int, rounds: int) -> dict[str, float]:
    """Seconds and MiB for one library; cold and bare take turns, so that the machine's moods hit both."""
    make_library(root, books)
    bare_walk(root)  # the kernel's caches are warm for everyone
    folders = [folder for folder, _, _ in os.walk(root)]
    times: dict[str, list[float]] = {"cold_s": [], "bare_s": [], "unchanged_s": [], "stat_s": []}
    content = b""

    def cold() -> None:
        nonlocal content
        scan = scan_library(root, LibraryIndex(), extensions=EXTENSIONS, on_found=lambda book: None)
        content = scan.index.to_bytes()

    def unchanged() -> None:
        scan = scan_library(root, LibraryIndex.from_bytes(content), extensions=EXTENSIONS)
        if scan.unchanged != books or scan.found or scan.index.to_bytes() != content:
            raise AssertionError(f"{scan.unchanged} unchanged and {len(scan.found)} new of {books} books")

    contestants: dict[str, Callable[[], Any]] = {
        "bare_s": lambda: bare_walk(root),
        "cold_s": cold,
        "unchanged_s": unchanged,
        "stat_s": lambda: stat_folders(folders),
    }
    for _ in range(rounds):
        for name, work in contestants.items():
            gc.collect()
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in times.items()}
    stored = f"{root}.index"
    memory = {f"{kind}_mib": _memory(kind, root, stored) for kind in ("cold", "unchanged")}
    return {**medians, **memory, "index_mib": os.path.getsize(stored) / 2**20}


def _memory(kind: str, root: str, stored: str) -> float:
    """How much a fresh process grows by one scan, in MiB."""
    command = [sys.executable, "-m", "tests.bench.bench_discover", "--grow", kind, root, stored]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def grow(kind: str, root: str, stored: str) -> float:
    """One scan in this process; the peak's growth in MiB."""
    before = _peak_kib()
    content = Path(stored).read_bytes() if kind == "unchanged" else b""
    index = LibraryIndex.from_bytes(content)
    scan = scan_library(root, index, extensions=EXTENSIONS, on_found=lambda book: None)
    Path(stored).write_bytes(scan.index.to_bytes())
    return (_peak_kib() - before) / 1024


def _peak_kib() -> int:
    """The most memory this program ever held; getrusage's figure would include the parent's before exec."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    from tests.bench.__main__ import show

    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_discover")
    parser.add_argument("--quick", action="store_true", help="smaller libraries")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--folder", help="where the libraries are made; the system's temporary folder by default"
    )
    parser.add_argument("--grow", nargs=3, metavar=("KIND", "ROOT", "INDEX"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.grow:
        print(grow(*options.grow))
        return
    began = time.monotonic()
    results = run(options.quick, options.folder)
    show({"bench": "discover", "seconds": round(time.monotonic() - began, 2), "results": results})
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def _product(number: int, title: str, author: str, series: str) -> dict[str, Any]:
    chapters = [
        {"title": f"Chapter {chapter}", "start_offset_ms": chapter * 600_000, "length_ms": 600_000}
        for chapter in range(20)
    ]
    return {
        "asin": f"B{number:09d}",
        "title": title,
        "authors": [{"asin": f"A{number // BOOKS_AN_AUTHOR:09d}", "name": author}],
        "narrators": [{"name": "Some Reader"}],
        "series": [{"title": series, "sequence": str(number % BOOKS_AN_AUTHOR + 1)}] if series else [],
        "release_date": "2019-03-05",
        "publisher_name": "A Publisher",
        "publisher_summary": "<p>" + "What happens in it. " * 40 + "</p>",
        "runtime_length_min": 640,
        "language": "english",
        "format_type": "unabridged",
        "category_ladders": [{"root": "Genres", "ladder": [{"id": "1", "name": "Fantasy"}]}],
        "ChapterInfo": {"chapters": chapters},
    }


if __name__ == "__main__":
    main()
