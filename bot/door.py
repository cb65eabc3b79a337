"""How a command reaches the core: alone with the data folder, beside a service, or only looking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from core.app import App, open_app
from core.config import Configuration
from core.errors import MousekeeperError
from core.presence import DataLock, nudge

T = TypeVar("T")

Document = dict[str, Any]
Watch = Callable[[App], AbstractContextManager[None]]
POLL = 0.1  # seconds between looks at a wish the service is working on


class Refused(MousekeeperError):
    """What the service said about a wish; carries its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


async def look(config: Configuration, work: Callable[[App], Awaitable[T]]) -> T:
    """Read only: no lock, nothing written, nothing migrated."""
    async with open_app(config, "look") as app:
        return await work(app)


async def wish(config: Configuration, kind: str, args: Mapping[str, Any], watch: Watch) -> Document:
    """Have stages run: here if the data folder is free, else by the process that holds it."""
    lock = DataLock(config.data)
    if lock.acquire(f"mousekeeper {kind}"):
        try:
            async with open_app(config, "work") as app:
                with watch(app):
                    document = await app.wishes.grant(kind, args)
                    await app.wishes.grant_open()  # what others asked for meanwhile
                return document
        finally:
            lock.release()
    return await _leave_to_holder(config, lock, kind, args)


async def change(
    config: Configuration,
    work: Callable[[App], Awaitable[T]],
    watch: Watch,
    *,
    go_on: Callable[[T], str | None],
) -> T:
    """Write a decision, valid at once; without a service the release named by `go_on` goes on here."""
    lock = DataLock(config.data)
    alone = lock.acquire("mousekeeper")
    try:
        async with open_app(config, "work" if alone else "write") as app:
            answer = await work(app)
            release_id = go_on(answer)
            if alone and release_id is not None:
                with watch(app):
                    await app.uploads.carry_on(release_id)
        if not alone:
            nudge(config.data)
        return answer
    finally:
        lock.release()


async def _leave_to_holder(
    config: Configuration, lock: DataLock, kind: str, args: Mapping[str, Any]
) -> Document:
    async with open_app(config, "write") as app:
        wish_id = await app.wish_store.add(kind, args, door="cli")
    nudge(config.data)
    while True:
        async with open_app(config, "look") as app:
            while True:
                row = await app.wish_store.get(wish_id)
                if row["status"] == "finished":
                    if row["error"]:
                        raise Refused(row["error"], row["exit_code"])
                    return dict(row["result"] or {})
                if lock.acquire(f"mousekeeper {kind}"):
                    break
                await asyncio.sleep(POLL)
        try:  # the holder has gone: its work is ours now
            async with open_app(config, "work") as app:
                await app.wishes.grant_open()
        finally:
            lock.release()
