"""The board: one status card that stays in its channel and keeps itself current, while somebody wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import discord

from bot.cards.status import overview_card
from bot.projection import Rendered
from core.clock import sleep_or
from core.events import JobMoved, Progress, SystemState
from core.services.overview import Snapshot

if TYPE_CHECKING:
    from bot.client import Mousekeeper
    from core.store.cards import Card

LOG = logging.getLogger(__name__)

KIND = SUBJECT = "board"  # there is one
KEY = "discord.board"  # the state row: where it was asked for, by whom
PATIENCE = 8.0  # seconds a person waits to hear that it is there
SLOWEST = 900.0  # seconds until it looks again although nothing was heard of: disks fill in silence
OVERDUE = 60.0  # while a schedule is due: it may be at work, and tells nobody when it is done
AFTER = 5.0  # seconds after a moment that is shown, such as a schedule's next run

Outcome = Literal["shown", "not_pinned", "coming", "fault"]


class Board:
    """A kind of card with one thing in it: its message is the projection's, when it may change is ours."""

    name = KIND

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._clock = bot.app.clock
        self._cards = bot.app.cards
        self._channel: int | None = None
        self._pinned = False
        self._due = 0.0
        self._rescheduled = asyncio.Event()
        self._undo: list[Callable[[], None]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on where the last run ended."""
        said = await self._bot.app.state.get(KEY) or {}
        self._channel = said.get("channel")
        self._bot.projection.add(self)
        events = self._bot.app.events
        self._undo = [events.subscribe(kind, self._heard) for kind in (JobMoved, Progress, SystemState)]
        self._keeping = asyncio.create_task(self._keep_current(), name="board")

    async def close(self) -> None:
        """Listen no longer; the message stays as it is."""
        for undo in self._undo:
            undo()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    # As people use it.

    async def put_up(self, channel: int, by: str) -> Outcome:
        """Have it in this channel: made, moved there, or mended where it is."""
        await self._bot.app.state.put(
            KEY, {"channel": channel, "by": by, "at": self._clock.now().isoformat()}
        )
        self._channel = channel
        card = await self._cards.of(KIND, SUBJECT)
        if card is not None and card.channel != channel:
            await self._leave(card)
        elif card is not None:
            await self._mend(card)
        await self._wait(self._bot.projection.shown(KIND, SUBJECT))
        card = await self._cards.of(KIND, SUBJECT)
        if card is not None and card.error:
            return "fault"
        if card is None or card.message is None:
            return "coming"
        return "shown" if self._pinned else "not_pinned"

    async def take_down(self) -> bool:
        """Delete it; whether there was one."""
        there = self._channel is not None or await self._cards.of(KIND, SUBJECT) is not None
        await self._bot.app.state.put(KEY, {})
        self._channel = None
        self._rescheduled.set()
        if there:
            await self._wait(self._bot.projection.shown(KIND, SUBJECT))
        return there

    async def fault(self) -> str:
        """Why it cannot be posted; empty where it can."""
        card = await self._cards.of(KIND, SUBJECT)
        return (card.error or "") if card else ""

    # As the projection keeps it.

    @property
    def channel(self) -> int | None:
        return self._channel

    async def wanted(self) -> Iterable[str]:
        return () if self._channel is None else (SUBJECT,)

    async def changes(self) -> dict[str, Any]:
        return {} if self._channel is None else {SUBJECT: await self._bot.app.overview.mark()}

    def touched_by(self, _move: JobMoved) -> bool:
        return False  # its own ears hear more

    async def render(self, _subject: str) -> Rendered | None:
        if self._channel is None:
            return None
        snapshot = await self._bot.app.overview.snapshot()
        self._due = self._clock.monotonic() + until_stale(snapshot)
        self._rescheduled.set()
        view = overview_card(snapshot, self._bot.texts, self._bot.language, self._bot.buttons, board=True)
        return Rendered(view)

    async def posted(self, message: discord.Message) -> None:
        """Pin it, where we may; without, it works all the same."""
        try:
            await message.pin()
        except discord.HTTPException as error:
            LOG.info("The board is not pinned: %s", error)
            self._pinned = False
        else:
            self._pinned = True

    def _heard(self, _event: object) -> None:
        if self._channel is not None:
            self._bot.projection.touch(KIND, SUBJECT)

    async def _keep_current(self) -> None:
        """Look again when something that is shown has had its time; without a board it sleeps for good."""
        while True:
            wait = None if self._channel is None else max(0.0, self._due - self._clock.monotonic())
            self._rescheduled.clear()
            await sleep_or(self._clock, wait, self._rescheduled)
            if not self._rescheduled.is_set():
                self._due = self._clock.monotonic() + SLOWEST
                self._bot.projection.touch(KIND, SUBJECT)

    async def _wait(self, shown: asyncio.Future[None]) -> None:
        done = asyncio.Event()
        shown.add_done_callback(lambda _: done.set())
        await sleep_or(self._clock, PATIENCE, done)

    async def _mend(self, card: Card) -> None:
        """Look whether its message is there and pinned; the projection posts what is not."""
        if card.message is None:
            return
        where = self._bot.get_partial_messageable(card.channel)
        try:
            message = await where.get_partial_message(card.message).fetch()
        except discord.NotFound:
            await self._cards.lost(card.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            LOG.info("The board was not looked at: %s", error)
        else:
            self._pinned = message.pinned
            if not message.pinned:
                await self.posted(message)

    async def _leave(self, card: Card) -> None:
        """Its old place: the message goes if it can, the row in any case."""
        if card.message is not None:
            where = self._bot.get_partial_messageable(card.channel)
            try:
                await where.get_partial_message(card.message).delete()
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                LOG.info("The board's old message could not be deleted: %s", error)
        await self._cards.forget(card.id)


def until_stale(snapshot: Snapshot) -> float:
    """Seconds until something shown in it is over."""
    autopilot = snapshot.autopilot
    runs = [row.next_run for row in autopilot.schedules if row.next_run is not None and autopilot.on]
    if any(run <= snapshot.at for run in runs):
        return OVERDUE
    pauses = [system.until for system in snapshot.systems if system.until and system.until > snapshot.at]
    soonest = min((*runs, *pauses), default=snapshot.at + timedelta(seconds=SLOWEST))
    return min(SLOWEST, (soonest - snapshot.at).total_seconds() + AFTER)
