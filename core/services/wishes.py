"""Commands that run stages, as rows: a service at work carries them out for those who asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.errors import MousekeeperError
from core.log import Scrubber
from core.services.views import Document
from core.store.jobs import Row
from core.store.small import WishStore

LOG = logging.getLogger(__name__)

Handler = Callable[..., Awaitable[Document]]


class Wishes:
    """The table of what may be wished for, and the carrying out."""

    def __init__(self, store: WishStore, handlers: Mapping[str, Handler], scrub: Scrubber) -> None:
        self._store = store
        self._handlers = handlers
        self._scrub = scrub
        self._under_way: set[str] = set()

    async def grant(self, kind: str, args: Mapping[str, Any]) -> Document:
        """Carry one out here and now. Raises what the work raises."""
        if kind not in self._handlers:
            raise MousekeeperError(f"This version does not know how to {kind}.")
        return await self._handlers[kind](**args)

    async def grant_open(self) -> None:
        """Carry out what others wrote down and is not under way yet; returns when all of it is finished."""
        fresh = [row for row in await self._store.open() if row["id"] not in self._under_way]
        self._under_way |= {row["id"] for row in fresh}
        try:
            for fault in await asyncio.gather(*map(self._finish, fresh), return_exceptions=True):
                if isinstance(fault, Exception):
                    LOG.error("A wish could not be finished; the next start grants it again", exc_info=fault)
        finally:
            self._under_way -= {row["id"] for row in fresh}

    async def _finish(self, row: Row) -> None:
        result: Document | None = None
        error: str | None = None
        exit_code = 0
        try:
            result = await self.grant(row["kind"], row["args"])
        except MousekeeperError as fault:
            error, exit_code = self._scrub(str(fault)), fault.exit_code
        except Exception as fault:  # the asker gets a sentence, the log the traceback
            LOG.exception("The wish %s failed", row["kind"])
            error, exit_code = f"Unexpected {type(fault).__name__}; the log has it.", 1
        try:
            await self._store.finish(row["id"], result=result, error=error, exit_code=exit_code)
        except Exception as fault:  # unfinished, it would be granted again and again
            LOG.exception("The result of the wish %s could not be kept", row["kind"])
            error = f"It is done, but its result could not be kept ({type(fault).__name__}; the log has it)."
            await self._store.finish(row["id"], result=None, error=error, exit_code=1)
