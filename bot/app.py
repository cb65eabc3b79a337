"""The service: starts everything, keeps it going, and stops it in timed steps."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable

from core.app import App, open_app
from core.config import Configuration, load
from core.errors import MousekeeperError
from core.events import JobMoved
from core.http import program_version
from core.log import set_level
from core.presence import DataLock, NudgePipe, beat

LOG = logging.getLogger("mousekeeper")

HEARTBEAT_SECONDS = 30.0
WITHOUT_PIPE_SECONDS = 1.0  # how often to look for wishes where the file system knows no pipes
STOP_SECONDS = 9.0  # after SIGTERM; a killed stage goes on at the next start


async def serve(config: Configuration, *, once: bool = False) -> None:
    """Run until SIGTERM or SIGINT; with `once`, do what is due now and return.

    Raises AlreadyRunning when another process holds the data folder.
    """
    lock = DataLock(config.data)
    if not lock.acquire("mousekeeper run"):
        raise lock.refusal()
    try:
        async with open_app(config, "work" if once else "serve") as app:
            if once:
                await _one_pass(app)
            else:
                await _until_stopped(app)
    finally:
        lock.release()


async def _one_pass(app: App) -> None:
    await app.scheduler.run_due()
    await app.wishes.grant_open()
    if await app.autopilot.on():
        await app.regular.admit()
    await app.engine.run_until_idle()


async def _until_stopped(app: App) -> None:
    stop, asked = asyncio.Event(), asyncio.Event()
    _on_signals(stop)

    def heard() -> None:
        asked.set()
        app.engine.nudge()
        app.scheduler.nudge()

    pipe = NudgePipe(app.config.data, heard)
    pipe.listen()
    # a place among the open approvals may have become free
    undo = app.events.subscribe(JobMoved, lambda move: asked.set() if move.stage == "approve" else None)
    workers = {
        "jobs": app.engine.run_forever,
        "schedules": app.scheduler.run_forever,
        "wishes": lambda: _grant_wishes(app, asked, None if pipe.open else WITHOUT_PIPE_SECONDS),
        "heartbeat": lambda: _beat(app),
    }
    tasks = [asyncio.create_task(_kept_going(name, work), name=name) for name, work in workers.items()]
    tasks.append(asyncio.create_task(app.outside.sweep(), name="sweep"))
    stopped = asyncio.create_task(stop.wait(), name="until stopped")
    LOG.info("Mousekeeper %s is ready (data in %s)", program_version(), app.config.data)
    try:
        await stopped
        LOG.info("Stopping")
    finally:
        undo()
        pipe.close()
        for task in (*tasks, stopped):
            task.cancel()
        await asyncio.gather(*tasks, stopped, return_exceptions=True)


async def _kept_going(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """A worker that ends by a fault is started again; the fault is in the log."""
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("%s stopped unexpectedly and is started again", name)
            await asyncio.sleep(5)


async def _grant_wishes(app: App, asked: asyncio.Event, interval: float | None) -> None:
    under_way: set[asyncio.Task[None]] = set()
    asked.set()  # what was written down before we started
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(interval):
                await asked.wait()
        asked.clear()
        task = asyncio.create_task(app.wishes.grant_open(), name="wishes")
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        if await app.autopilot.on():
            await app.regular.admit()


async def _beat(app: App) -> None:
    while True:
        await asyncio.to_thread(beat, app.config.data)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        # a thread stuck in a system call must not keep the process: everything can be killed at any time
        watchdog = threading.Timer(STOP_SECONDS, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    loop.add_signal_handler(signal.SIGHUP, _reread_level)


def _reread_level() -> None:
    """SIGHUP: take LOG_LEVEL from the settings as they are now."""
    try:
        level = load().settings.log_level
    except MousekeeperError as error:
        LOG.warning("The settings were not read again: %s", error)
        return
    set_level(level)
    LOG.warning("The console's log level is %s now", level)
