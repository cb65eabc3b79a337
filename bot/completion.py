"""Autocompletion that never fails: what goes wrong or takes too long offers nothing, and people type on."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from discord import app_commands

if TYPE_CHECKING:
    from bot.client import Interaction

LOG = logging.getLogger(__name__)

MOST = 25  # choices Discord shows
LONGEST = 100  # characters of a choice
SECONDS = 2.0  # Discord waits 3

Found = Iterable[tuple[str, str]]


def choices(
    look: Callable[[Any, Interaction, str], Awaitable[Found]],
) -> Callable[[Any, Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    """Decorates a cog's method `(self, interaction, typed) -> (name, value) pairs` into an autocompletion.

    Names are cut to what Discord shows; a value that is too long is left out.
    """

    @functools.wraps(look)
    async def complete(cog: Any, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        try:
            async with asyncio.timeout(SECONDS):
                found = await look(cog, interaction, typed)
        except Exception:
            LOG.exception("Nothing could be offered for %s", look.__qualname__)
            return []
        fitting = [(name, value) for name, value in found if value and len(value) <= LONGEST]
        return [app_commands.Choice(name=_cut(name or value), value=value) for name, value in fitting[:MOST]]

    return complete


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
