"""The service at rest: how soon it is ready, what it costs to do nothing, how much memory it keeps.

`mousekeeper run` is started as people start it, with a library set and no Discord, and watched from outside.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

IDLE_SECONDS = 60.0
SETTLE_SECONDS = 3.0  # after ready: the first heartbeat and the first look at schedules are over


def run(quick: bool) -> list[dict[str, Any]]:
    """Start to ready (median of several), idle CPU in percent of one core, resident memory in MiB."""
    starts = [_start_and_stop() for _ in range(2 if quick else 5)]
    idle = _idle(10.0 if quick else IDLE_SECONDS)
    return [
        {
            "name": "start to ready",
            "value": round(statistics.median(starts), 3),
            "unit": "s",
            "aim": "<= 1.2 s",
            "all": [round(seconds, 3) for seconds in starts],
        },
        {"name": "CPU while idle", "value": idle["cpu_percent"], "unit": "%", "aim": "<= 0.1 %"} | idle,
        {"name": "memory while idle", "value": idle["rss_mib"], "unit": "MiB", "aim": "<= 100 MiB"},
    ]


class _Service:
    """A service on a folder of its own; `seconds` is how long it took to say that it is ready."""

    def __init__(self, folder: Path) -> None:
        library = folder / "library"
        library.mkdir()
        config = folder / "config.yaml"
        config.write_text(f"paths: {{data: {folder / 'data'}, libation_library_root: {library}}}\n", "utf-8")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MOUSEKEEPER")
        }
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--config", str(config)],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "is ready" in line:
                break
        self.seconds = time.monotonic() - begun

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.process.stderr.read()
        code = self.process.wait(timeout=15)
        if code != 0:
            raise RuntimeError(f"the service ended with {code}")


def _start_and_stop() -> float:
    with tempfile.TemporaryDirectory() as folder:
        service = _Service(Path(folder))
        service.stop()
        return service.seconds


def _idle(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        service = _Service(Path(folder))
        try:
            watched = psutil.Process(service.process.pid)
            _pause(SETTLE_SECONDS)
            before = watched.cpu_times()
            _pause(seconds)
            after = watched.cpu_times()
            used = (after.user + after.system) - (before.user + before.system)
            return {
                "cpu_percent": round(100 * used / seconds, 3),
                "rss_mib": round(watched.memory_info().rss / 2**20, 1),
                "seconds": seconds,
                "context_switches": watched.num_ctx_switches().voluntary,
            }
        finally:
            service.stop()


def _pause(seconds: float) -> None:
    """Real time must pass here: it is what is measured."""
    subprocess.run(["sleep", str(seconds)], check=True)
