"""Discord's side of the service: how soon it is connected, what it costs at rest, how soon a press is acknowledged.

The real program runs beside a loopback Discord; people press real cards while torrents of 4 GiB are being hashed.

`python -m tests.bench --only discord [--quick]`
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psutil
import yaml

from core.domain.book import BookFacts, Person
from core.domain.release import StagedFile
from core.store.engine import Store
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore, topic
from tests.world.discord import Discord, serving_discord
from tests.world.discord.entities import Message
from tests.world.discord.limits import Limit
from tests.world.discord.state import Knobs
from tests.world.waiting import until

AT_ONCE = 20  # presses
FULL, QUICK = (500, 5, 60.0, 5), (60, 2, 10.0, 2)  # presses, torrents hashed, seconds at rest, starts
SPARSE = 4 * 2**30
SETTLE_SECONDS = 5.0  # after connecting: commands are synchronised and cards repaired
FAST = Knobs(other_limit=Limit(10_000, 1.0), global_limit=Limit(10_000, 1.0), patience=120.0)


async def run(quick: bool) -> list[dict[str, Any]]:
    """Boot to connected, rest, presses."""
    presses, torrents, rest, starts = QUICK if quick else FULL
    boots = [await _boot() for _ in range(starts)]
    idle = await _at_rest(rest)
    pressed = await _presses(presses, torrents)
    return [
        {"name": "start to connected", "value": round(statistics.median(boots), 3), "unit": "s", "aim": "< 1.5 s", "all": boots},
        {"name": "CPU at rest, connected", "value": idle["cpu_percent"], "unit": "%", "aim": "< 0.2 %"} | idle,
        {"name": "memory at rest, connected", "value": idle["rss_mib"], "unit": "MiB", "aim": "< 115 MiB"},
        {"name": f"press to acknowledged, p99 of {presses}, {AT_ONCE} at a time", "value": pressed["p99_ms"], "unit": "ms",
         "aim": "< 250 ms"} | pressed,
        {"name": "press to acknowledged, median", "value": pressed["p50_ms"], "unit": "ms"},
    ]  # fmt: skip


class _Program:
    """The service in a folder of its own, set up for one Discord."""

    def __init__(self, folder: Path, discord: Discord) -> None:
        self.folder = folder
        self.database = folder / "data" / "mousekeeper.db"
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MOUSEKEEPER", "DISCORD"))
        } | discord.environment()
        (folder / "library").mkdir()
        settings = {
            "paths": {"data": str(folder / "data"), "libation_library_root": str(folder / "library")},
            "audnex": {"enabled": False},
            "audible": {"enabled": False},
            "discord": discord.section(),
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(settings), "utf-8")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[psutil.Process]:
        with (self.folder / "log").open("ab") as log:
            command = (sys.executable, "-m", "bot", "run", "--config", str(self.folder / "config.yaml"))
            process = await asyncio.create_subprocess_exec(*command, env=self._environment, stderr=log)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 15)
            if code != 0:
                raise RuntimeError(
                    f"the service ended with {code}: {(self.folder / 'log').read_text()[-2000:]}"
                )


@asynccontextmanager
async def _scene() -> AsyncIterator[tuple[Discord, _Program]]:
    discord = Discord(knobs=FAST)
    with tempfile.TemporaryDirectory(prefix="mousekeeper-bench-") as folder:
        async with serving_discord(discord):
            yield discord, _Program(Path(folder), discord)


async def _boot() -> float:
    async with _scene() as (discord, program):
        began = time.monotonic()
        async with program.running():
            await discord.connected()
            return round(time.monotonic() - began, 3)


async def _at_rest(seconds: float) -> dict[str, float]:
    async with _scene() as (discord, program), program.running() as watched:
        await discord.connected()
        await asyncio.sleep(SETTLE_SECONDS)
        before = watched.cpu_times()
        await asyncio.sleep(seconds)
        after = watched.cpu_times()
        used = (after.user + after.system) - (before.user + before.system)
        return {
            "cpu_percent": round(100 * used / seconds, 3),
            "rss_mib": round(watched.memory_info().rss / 2**20, 1),
            "seconds": seconds,
        }


# --- presses -----------------------------------------------------------------------------------------------------


async def _presses(count: int, torrents: int) -> dict[str, float]:
    async with _scene() as (discord, program):
        await _fill(program, count)
        approver = discord.person("Ada", roles=["approve"])
        async with program.running():
            await discord.until(lambda: len(_cards(discord)) == count, f"{count} cards", 180)
            await _queue_torrents(program, torrents)
            if torrents:
                await until(lambda: _hashing(program), 60, what="a torrent being hashed")
            latencies: list[float] = []
            turns = asyncio.Semaphore(AT_ONCE)

            async def press(card: Message) -> None:
                async with turns:
                    reply = await approver.press(card, "Approve")
                assert reply.latency is not None
                latencies.append(reply.latency)

            began = time.monotonic()
            await asyncio.gather(*map(press, _cards(discord)))
            took = time.monotonic() - began
        hashed = await _built(program)
    ordered = sorted(1000 * latency for latency in latencies)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1], 1),
        "max_ms": round(ordered[-1], 1),
        "presses_a_second": round(count / took, 1),
        "torrents_of_4_gib_built_meanwhile": hashed,
    }


def _cards(discord: Discord) -> list[Message]:
    return [message for message in discord.history("uploads") if "Approve" in message.labels]


async def _fill(program: _Program, count: int) -> None:
    """Releases that wait for approval, as an earlier run left them."""
    await _add(program, [f"Book {number:04}" for number in range(count)], stage="approve", staged_size=1000)


async def _queue_torrents(program: _Program, count: int) -> None:
    """Releases that are to be hashed: each one sparse file of 4 GiB."""
    titles = [f"Long Book {number}" for number in range(count)]
    for title in titles:
        folder = program.folder / "data" / "staging" / title
        folder.mkdir(parents=True)
        with (folder / f"{title}.m4b").open("wb") as file:
            file.truncate(SPARSE)
    await _add(program, titles, stage="build", staged_size=SPARSE)
    from core.presence import nudge

    nudge(program.folder / "data")


async def _add(program: _Program, titles: list[str], *, stage: str, staged_size: int) -> None:
    store = await Store.open(program.database)
    try:
        jobs = JobStore(store)
        releases = ReleaseStore(store, jobs)
        for title in titles:
            facts = BookFacts(title=title, authors=[Person(name="Ada Holm")], narrators=["Iris Vale"]).named(
                "sidecar"
            )
            source = program.folder / "library" / title
            row = {"title": title, "source_dir": str(source), "parts": 1, "size": staged_size, "facts": facts,
                   "files": [[f"{title}.m4b", staged_size, "audio"]]}  # fmt: skip
            [release_id] = await releases.add([row], stage="stage", lane="disk")
            staging = program.folder / "data" / "staging" / title
            staged = StagedFile(str(source / f"{title}.m4b"), f"{title}.m4b", staged_size)
            await releases.update(release_id, described=facts, staged=[staged], staging_dir=str(staging))
            await releases.wish_for([release_id])
            if stage == "build":
                values = {"stage": "build", "lane": "disk", "status": "ready"}
            else:
                values = {"stage": "approve", "lane": "general", "status": "waiting", "due": None,
                          "topic": topic("decision", release_id), "context": {"waiting_for": "a person's approval"}}  # fmt: skip
            row_of_job = await jobs.get("upload", release_id)
            assert row_of_job is not None
            await jobs.move(row_of_job["id"], values, {"stage": stage, "event": "done", "text": ""})
    finally:
        await store.close()


def _hashing(program: _Program) -> bool:
    with closing(sqlite3.connect(f"file:{program.database}?mode=ro", uri=True, timeout=30)) as connection:
        found = connection.execute(
            "SELECT 1 FROM job WHERE stage = 'build' AND status = 'running'"
        ).fetchone()
    return found is not None


async def _built(program: _Program) -> int:
    store = await Store.open_readonly(program.database)
    try:
        releases = ReleaseStore(store, JobStore(store))
        return sum(
            release.size == SPARSE and release.infohash is not None for release in await releases.all()
        )
    finally:
        await store.close()
