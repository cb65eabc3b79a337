"""Keeps Discord's messages equal to the database: a card is posted once, follows its thing, and is repaired.

A card is a row first. It is sent under the row's nonce, so that a send repeated within minutes posts nothing
twice; later the channel's history is searched for it. What a message shows is compared by digest: equal is
left alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import discord
from discord import ui

from bot.pump import Pumps
from core.events import JobMoved, Nudged
from core.store.cards import Card

if TYPE_CHECKING:
    from bot.client import Mousekeeper

LOG = logging.getLogger(__name__)

NONCE_KEPT = timedelta(minutes=2)  # Discord says "a few minutes"; after these the history is searched
PATROL = timedelta(hours=1)
SEARCHED = 500  # messages of the history, from when the card was first sent
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, MISSING_ACCESS, MISSING_PERMISSIONS = 10003, 10008, 50001, 50013
REFUSED = {UNKNOWN_CHANNEL: "gone", MISSING_ACCESS: "hidden", MISSING_PERMISSIONS: "forbidden"}

NEWEST = 2**63  # after every message there is

Key = tuple[str, str]  # kind, subject


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file that is posted with a card."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a card is to show; `closed` when it need not follow its thing any longer."""

    view: ui.LayoutView
    files: tuple[CardFile, ...] = ()
    closed: bool = False

    @property
    def digest(self) -> str:
        """The same for the same card, whatever ids Discord gave its parts."""
        files = [(file.name, hashlib.sha256(file.content).hexdigest()) for file in self.files]
        components = self.view.to_components()  # type: ignore[no-untyped-call]
        shown = json.dumps([components, files], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()


class CardKind(Protocol):
    """A kind of thing that has cards.

    `wanted` names the things that should have a card and have none, `changes` gives a stamp for each with an
    open one. `render` gives None for a thing that is no more: its card goes with it. `posted` hears of each
    message that was sent.
    """

    name: str

    @property
    def channel(self) -> int | None: ...

    async def wanted(self) -> Iterable[str]: ...

    async def changes(self) -> dict[str, Any]: ...

    async def render(self, subject: str) -> Rendered | None: ...

    def touched_by(self, move: JobMoved) -> bool: ...

    async def posted(self, message: discord.Message) -> None: ...


class Projection:
    """One worker a bot; `touch` says that something may have changed, `repair` looks at everything."""

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._cards = bot.app.cards
        self._clock = bot.app.clock
        self._kinds: dict[str, CardKind] = {}
        self._pumps: Pumps[Key] = Pumps(bot.app.clock, self._show)
        self._seen: dict[Key, Any] = {}
        self._faults: dict[int, str] = {}  # channel -> why nothing can be posted there; told in the log once
        self._looking: asyncio.Task[None] | None = None
        self._patrol: asyncio.Task[None] | None = None
        self._look_again = False
        self._verify = False
        self._closed = False
        self._undo: list[Callable[[], None]] = []

    def add(self, kind: CardKind) -> None:
        """Keep this kind's cards from now on."""
        self._kinds[kind.name] = kind

    def start(self) -> None:
        """Listen for what happens, and repair what happened before; again after each connecting."""
        if not self._undo and not self._closed:
            events = self._bot.app.events
            self._undo = [
                events.subscribe(JobMoved, self._moved),
                events.subscribe(Nudged, lambda _: self.look()),
            ]
            self._patrol = asyncio.create_task(self._patrol_hourly(), name="cards: patrol")
        self.repair()

    async def close(self) -> None:
        """Stop; what is on its way is broken off and done at the next start."""
        self._closed = True
        for undo in self._undo:
            undo()
        tasks = [task for task in (self._looking, self._patrol) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pumps.close()

    def touch(self, kind: str, subject: str) -> None:
        """Something about this thing may have changed: its card is brought up to date soon."""
        self._pumps.poke((kind, subject))

    def shown(self, kind: str, subject: str) -> asyncio.Future[None]:
        """Touch, and be told when its card is what it should be; bound your patience."""
        return self._pumps.shown((kind, subject))

    def repair(self) -> None:
        """Look at every open card, whether its message is there, and at all that should have one."""
        self._seen.clear()
        self._verify = True
        self._faults.clear()
        self._pumps.hurry()
        self.look()

    async def _patrol_hourly(self) -> None:
        """Look every hour whether the messages are still there: with our intents nobody tells of it."""
        while True:
            await self._clock.sleep(PATROL.total_seconds())
            self.repair()

    def look(self) -> None:
        """Find what changed without an event, such as by the command line."""
        if self._closed:
            return
        if self._looking is not None and not self._looking.done():
            self._look_again = True
            return
        self._looking = asyncio.create_task(self._look(), name="cards: look")

    def _moved(self, move: JobMoved) -> None:
        for kind in self._kinds.values():
            if kind.touched_by(move):
                self.touch(kind.name, move.subject)

    async def _look(self) -> None:
        while True:
            self._look_again = False
            if self._verify:
                self._verify = False
                await self._find_deleted()
            for kind in self._kinds.values():
                if kind.channel is not None:
                    for subject in await kind.wanted():
                        await self._cards.want(kind.name, subject, kind.channel)
                present = await kind.changes()
                for subject, stamp in present.items():
                    if self._seen.get((kind.name, subject)) != stamp:
                        self._seen[kind.name, subject] = stamp
                        self.touch(kind.name, subject)
            if not self._look_again:
                return

    async def _find_deleted(self) -> None:
        """Forget the messages of open cards that people deleted, by the history of their channels."""
        by_channel: dict[int, dict[int, Card]] = {}
        for card in await self._cards.open():
            if card.message is not None:
                by_channel.setdefault(card.channel, {})[card.message] = card
        for channel, cards in by_channel.items():
            try:
                there, last = await self._messages(channel, min(cards), len(cards))
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                LOG.info("The messages in %d were not looked through: %s", channel, error)
                continue
            for message, card in cards.items():
                if message not in there and message <= last:
                    await self._cards.lost(card.id)

    async def _messages(self, channel: int, first: int, cards: int) -> tuple[set[int], int]:
        """Ids of the messages from `first` on, and up to which one was looked."""
        limit = max(SEARCHED, 2 * cards)
        where = self._bot.get_partial_messageable(channel)
        history = where.history(limit=limit, after=discord.Object(first - 1), oldest_first=True)
        there = {message.id async for message in history}
        return there, max(there) if len(there) == limit else NEWEST

    # --- one card ------------------------------------------------------------------------------------------

    async def _show(self, key: Key) -> None:
        """Make one card what it should be now. Raises what Discord raises when it should be tried again."""
        kind = self._kinds.get(key[0])
        if kind is None:
            return
        card = await self._cards.of(*key) or await self._newly_wanted(kind, key[1])
        if card is None:
            return
        rendered = await kind.render(card.subject)
        if rendered is None:
            await self._remove(card)
            return
        if card.closed:
            if rendered.closed:
                return
            card = await self._cards.reopen(card.id)
        try:
            await self._bring_up(kind, card, rendered)
        except discord.HTTPException as error:
            fault = REFUSED.get(error.code)
            if fault is None:
                raise
            await self._refused(card, fault, kind.channel)

    async def _newly_wanted(self, kind: CardKind, subject: str) -> Card | None:
        if kind.channel is None or subject not in await kind.wanted():
            return None
        return await self._cards.want(kind.name, subject, kind.channel)

    async def _bring_up(self, kind: CardKind, card: Card, rendered: Rendered) -> None:
        """Post it, edit it, or leave it alone where it shows what it should."""
        digest, message = rendered.digest, card.message
        if message is not None and digest != card.digest and not await self._edited(card, message, rendered):
            card, message = await self._cards.lost(card.id), None
        if message is None:
            sent = await self._post(card, rendered)
            await self._cards.posted(card.id, sent.id, digest, closed=rendered.closed)
            await kind.posted(sent)
        elif digest != card.digest or rendered.closed != card.closed or card.error:
            await self._cards.posted(card.id, message, digest, closed=rendered.closed)
        self._faults.pop(card.channel, None)

    async def _edited(self, card: Card, message: int, rendered: Rendered) -> bool:
        """Whether the message is there to be edited."""
        channel = self._bot.get_partial_messageable(card.channel)
        try:
            await channel.get_partial_message(message).edit(
                view=rendered.view,
                attachments=[_upload(file) for file in rendered.files],
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return False
        return True

    async def _post(self, card: Card, rendered: Rendered) -> discord.Message:
        """Send it unless it is there already."""
        channel = self._bot.get_partial_messageable(card.channel)
        since = card.attempted
        if since is not None and self._clock.now() - since > NONCE_KEPT:
            found = await self._found(card, channel, since - timedelta(minutes=1))
            if found is not None:
                return found
        await self._cards.attempt(card.id)
        return await channel.send(
            view=rendered.view,
            files=[_upload(file) for file in rendered.files],
            nonce=card.nonce,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async def _found(
        self, card: Card, channel: discord.PartialMessageable, since: datetime
    ) -> discord.Message | None:
        """The card's message, if an earlier send arrived although we never heard of it."""
        mark = f":{card.subject}:"
        async for message in channel.history(limit=SEARCHED, after=since, oldest_first=True):
            ours = self._bot.user is not None and message.author.id == self._bot.user.id
            if ours and mark in json.dumps([part.to_dict() for part in message.components]):
                return message
        return None

    async def _remove(self, card: Card) -> None:
        """Its thing is no more: the message goes, then the row."""
        if card.message is not None:
            channel = self._bot.get_partial_messageable(card.channel)
            try:
                await channel.get_partial_message(card.message).delete()
            except discord.HTTPException as error:
                if error.code not in (UNKNOWN_MESSAGE, *REFUSED):
                    raise
        await self._cards.forget(card.id)

    async def _refused(self, card: Card, fault: str, configured: int | None) -> None:
        """This channel takes no card: people hear of it once, and it is tried at the next repair.

        Where the settings name another channel by now, the card moves there.
        """
        if configured is not None and configured != card.channel:
            await self._cards.move(card.id, configured)
            self.touch(card.kind, card.subject)
            return
        say = self._bot.texts  # in English: it stands in the row, for health, and in the log
        sentence = f"{say(f'cards.fault.{fault}', None, channel=card.channel)} {say(f'cards.mend.{fault}')}"
        if self._faults.get(card.channel) != fault:
            self._faults[card.channel] = fault
            LOG.warning("%s", sentence)
        await self._cards.failed(card.id, sentence)


def _upload(file: CardFile) -> discord.File:
    return discord.File(BytesIO(file.content), filename=file.name)
