"""The service: starts everything, keeps it going, and stops it in timed steps."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.app import App, open_app
from core.config import Configuration, load
from core.errors import MousekeeperError
from core.events import JobMoved, Nudged
from core.http import program_version
from core.log import set_level
from core.presence import DataLock, NudgePipe, beat

LOG = logging.getLogger("mousekeeper")

HEARTBEAT_SECONDS = 30.0
WITHOUT_PIPE_SECONDS = 1.0  # how often to look for what others wrote where the file system knows no pipes
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
    undo = app.alerts.listen()
    await app.alerts.ready()
    await app.scheduler.run_due()
    await app.wishes.grant_open()
    if await app.autopilot.on():
        await app.regular.admit()
    await app.engine.run_until_idle()
    if app.guard is not None:
        await app.guard.once()
    undo()
    await app.alerts.run_once()


async def _until_stopped(app: App) -> None:
    stop, asked = asyncio.Event(), asyncio.Event()
    _on_signals(stop, app.config)

    def heard() -> None:
        app.events.publish(Nudged())
        asked.set()
        app.engine.nudge()
        app.scheduler.nudge()

    pipe = NudgePipe(app.config.data, heard)
    pipe.listen()
    # a place among the open approvals may have become free
    undo = app.events.subscribe(JobMoved, lambda move: asked.set() if _makes_room(move) else None)
    deaf = app.alerts.listen()
    workers = {
        "jobs": app.engine.run_forever,
        "schedules": app.scheduler.run_forever,
        "wishes": lambda: _grant_wishes(app, asked),
        "heartbeat": lambda: _beat(app),
    }
    if app.guard is not None:
        workers["guard"] = app.guard.run_forever
    if app.alerts.on:
        workers["alerts"] = app.alerts.run_forever
    if app.config.settings.discord_token is not None:
        workers["discord"] = lambda: _stay_connected(app)
    if not pipe.open:
        workers["ear"] = lambda: _look_without_nudges(heard)
    tasks = [asyncio.create_task(_kept_going(name, work), name=name) for name, work in workers.items()]
    tasks.append(asyncio.create_task(app.outside.sweep(), name="sweep"))
    stopped = asyncio.create_task(stop.wait(), name="until stopped")
    try:
        await (
            app.alerts.ready()
        )  # tried while the rest begins: an address that cannot be used ends the service
        LOG.info("Mousekeeper %s is ready (data in %s)", program_version(), app.config.data)
        await stopped
        LOG.info("Stopping")
    finally:
        undo()
        pipe.close()
        for task in (*tasks, stopped):
            task.cancel()
        await asyncio.gather(*tasks, stopped, return_exceptions=True)
        deaf()
        await app.alerts.keep()


async def _kept_going(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """A worker that ends by a fault is started again; the fault is in the log."""
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("%s stopped unexpectedly and is started again", name)
            await asyncio.sleep(5)


async def _grant_wishes(app: App, asked: asyncio.Event) -> None:
    asked.set()  # what was written down before we started
    async with asyncio.TaskGroup() as wishes:
        while True:
            await asked.wait()
            asked.clear()
            wishes.create_task(app.wishes.grant_open(), name="wishes")
            if await app.autopilot.on():
                await app.regular.admit()


def _makes_room(move: JobMoved) -> bool:
    return move.stage == "approve" or move.status == "failed"


async def _look_without_nudges(heard: Callable[[], None]) -> None:
    """Where nobody can nudge us, what others wrote is found by looking."""
    while True:
        await asyncio.sleep(WITHOUT_PIPE_SECONDS)
        heard()


async def _stay_connected(app: App) -> None:
    """Discord, loaded only where it is used, and aside: nobody else shall wait for it."""
    connection = await asyncio.to_thread(importlib.import_module, "bot.connection")
    await connection.Connection(app).run_forever()


async def _beat(app: App) -> None:
    while True:
        await asyncio.to_thread(beat, app.config.data)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _on_signals(stop: asyncio.Event, config: Configuration) -> None:
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        # a thread stuck in a system call must not keep the process: everything can be killed at any time
        watchdog = threading.Timer(STOP_SECONDS, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    loop.add_signal_handler(signal.SIGHUP, _reread_level, config.config_file)


def _reread_level(config_file: Path | None) -> None:
    """SIGHUP: take LOG_LEVEL from the settings as they are now."""
    try:
        level = load(config_file).settings.log_level
    except MousekeeperError as error:
        LOG.warning("The settings were not read again: %s", error)
        return
    set_level(level)
    LOG.warning("The console's log level is %s now", level)
