"""Alerts at work in a test: the real outbox and the real Apprise, a receiver on loopback, a simulated clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from core.app import App, open_app
from core.config import load
from tests.world.clock import SimulatedClock
from tests.world.waiting import until

CONFIG = """\
audnex: {enabled: false}
audible: {enabled: false}
timezone: Europe/Berlin
"""


@asynccontextmanager
async def program(
    folder: Path, clock: SimulatedClock, urls: str, rules: Sequence[str] = ()
) -> AsyncIterator[App]:
    """The program, not at work yet; `rules` are lines of the section `alerts`."""
    section = "".join(f"  {line}\n" for line in rules)
    (folder / "config.yaml").write_text(CONFIG + (f"alerts:\n{section}" if section else ""))
    async with open_app(load(folder / "config.yaml", {"APPRISE_URLS": urls}), "work", clock) as app:
        yield app


@asynccontextmanager
async def at_work(app: App) -> AsyncIterator[asyncio.Task[None]]:
    """Alerts kept and sent, as the service does, until the block is left."""
    undo = app.alerts.listen()
    task = asyncio.create_task(app.alerts.run_forever(), name="alerts")
    try:
        yield task
    finally:
        undo()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def comes(clock: SimulatedClock, condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for what the database or a service does, the clock going on by tenths of a second meanwhile."""

    async def looked() -> bool:
        await clock.advance(0.1)
        return await condition()

    await until(looked, 30, what=what)


async def sent(app: App, count: int, clock: SimulatedClock) -> None:
    """Wait until there are so many alerts and all of them are sent."""

    async def all_sent() -> bool:
        rows = await app.alert_store.recent()
        return len(rows) == count and all(row.status == "sent" for row in rows)

    await comes(clock, all_sent, f"{count} alerts sent")


async def tried(app: App, times: int, clock: SimulatedClock) -> None:
    """Wait until some alert was tried so often."""

    async def so_often() -> bool:
        return any(row.attempts == times for row in await app.alert_store.recent())

    await comes(clock, so_often, f"{times} tries")


async def pass_time(clock: SimulatedClock, seconds: float) -> None:
    """Let so much time go by, giving the database its own before each step."""
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        await until(lambda: clock.sleeping, what="somebody to sleep")
        await clock.advance(min(clock.next_wake or 0.0, end - clock.monotonic()))
