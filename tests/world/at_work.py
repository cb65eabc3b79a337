"""The stage machine at work in the background, for tests and measurements."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from core.jobs.engine import Engine


@contextlib.asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    """The engine at work for the length of a block."""
    task = asyncio.create_task(engine.run_forever(), name="jobs")
    try:
        yield engine
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
