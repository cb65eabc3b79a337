"""Keeps Discord's messages equal to the database: a card is posted once, follows its thing, and is repaired.

A card is a row first. It is sent under the row's nonce, so that a send repeated within minutes posts nothing
twice; later the channel's history is searched for it. What a message shows is compared by digest: equal is
left alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import discord

from bot.messages import CardFile, CardMessages, ChannelRefuses, Rendered
from bot.pump import Pumps
from core.events import JobMoved, Nudged, Progress
from core.store.cards import Card

if TYPE_CHECKING:
    from bot.client import Mousekeeper

__all__ = ["CardFile", "CardKind", "Projection", "Rendered"]

LOG = logging.getLogger(__name__)

PATROL_SECONDS = 3600.0
BUSY = 429  # Discord's answer when asked too often; it is no fault of the card's

Key = tuple[str, str]  # kind, subject


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
        self._messages = CardMessages(bot)
        self._kinds: dict[str, CardKind] = {}
        self._pumps: Pumps[Key] = Pumps(bot.app.clock, self._show)
        self._seen: dict[Key, Any] = {}
        self._told: set[str] = set()  # faults that stand in the log already
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
                events.subscribe(Progress, self._progressed),
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
        """Touch, and be told when its card is what it should be; bound your patience.

        Somebody waits for it, so also a channel that refused is asked again.
        """
        self._messages.hope()
        return self._pumps.shown((kind, subject))

    def repair(self) -> None:
        """Look at every open card, whether its message is there, and at all that should have one."""
        self._seen.clear()
        self._messages.hope()
        self._verify = True
        self._pumps.hurry()
        self.look()

    async def _patrol_hourly(self) -> None:
        """Look every hour whether the messages are still there: with our intents nobody tells of it."""
        while True:
            await self._clock.sleep(PATROL_SECONDS)
            self.repair()

    def look(self) -> None:
        """Find what changed without an event, such as by the command line."""
        if self._closed:
            return
        if self._looking is not None and not self._looking.done():
            self._look_again = True
            return
        self._looking = asyncio.create_task(self._look_over(), name="cards: look")

    def _moved(self, move: JobMoved) -> None:
        for kind in self._kinds.values():
            if kind.touched_by(move):
                self.touch(kind.name, move.subject)

    def _progressed(self, event: Progress) -> None:
        """Work shows on the cards there are; it makes none."""
        for kind in self._kinds:
            if (kind, event.subject) in self._seen:
                self.touch(kind, event.subject)

    async def _look_over(self) -> None:
        self._look_again = True
        while self._look_again:
            self._look_again = False
            try:
                await self._look()
            except Exception:
                self._verify = True
                LOG.exception("The cards could not be looked over; the next look comes within the hour")

    async def _look(self) -> None:
        if self._verify:
            self._verify = False  # first: a repair asked for meanwhile is one more
            await self._find_deleted()
        for kind in self._kinds.values():
            if kind.channel is not None:
                for subject in await kind.wanted():
                    await self._cards.want(kind.name, subject, kind.channel)
            present = await kind.changes()
            for subject, stamp in present.items():
                key = (kind.name, subject)
                if key not in self._seen or self._seen[key] != stamp:
                    self._seen[key] = stamp
                    self.touch(*key)

    async def _find_deleted(self) -> None:
        """Forget the messages of open cards that people deleted, by the history of their channels."""
        by_channel: dict[int, list[Card]] = {}
        for card in await self._cards.open():
            if card.kind in self._kinds and card.message is not None:
                by_channel.setdefault(card.channel, []).append(card)
        for channel, cards in by_channel.items():
            try:
                for card in await self._messages.missing(channel, cards):
                    await self._cards.lost(card.id)
            except ChannelRefuses as refusal:
                for card in cards:
                    await self._refused(card, refusal)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                LOG.info("The messages in %d were not looked through: %s", channel, error)

    # --- one card ------------------------------------------------------------------------------------------

    async def _show(self, key: Key) -> None:
        """Make one card what it should be now. Raises what Discord raises when it should be tried again."""
        kind = self._kinds.get(key[0])
        if kind is None:
            return
        await self._bot.presses.rest()
        card = await self._cards.of(*key) or await self._newly_wanted(kind, key[1])
        if card is None:
            return
        rendered = await kind.render(card.subject)
        if rendered is None:
            await self._messages.delete(card)
            await self._cards.forget(card.id)
            return
        if card.closed and rendered.closed and card.digest == rendered.digest:
            return
        if card.closed and not rendered.closed:
            card = await self._cards.reopen(card.id)
        try:
            if refusal := self._messages.shut(card.channel):
                raise refusal
            await self._bring_up(kind, card, rendered)
        except ChannelRefuses as refusal:
            await self._refused(card, refusal)
        except discord.HTTPException as error:
            if 400 <= error.status < 500 and error.status != BUSY:
                await self._trouble(card, "refused", code=error.code or error.status)
            raise

    async def _newly_wanted(self, kind: CardKind, subject: str) -> Card | None:
        if kind.channel is None or subject not in await kind.wanted():
            return None
        return await self._cards.want(kind.name, subject, kind.channel)

    async def _bring_up(self, kind: CardKind, card: Card, rendered: Rendered) -> None:
        """Post it, edit it, or leave it alone where it shows what it should."""
        digest, message = rendered.digest, card.message
        if message is None:
            sent, as_rendered = await self._messages.post(card, rendered)
            card = await self._cards.posted(card.id, sent.id, digest if as_rendered else "", closed=False)
            message = sent.id
            await self._tell_posted(kind, sent)
        if card.digest != digest:
            # noted first: where the answer is lost, or we are killed, nobody knows what the message shows
            card = await self._cards.unsure(card.id)
        if card.digest != digest and not await self._messages.edit(card, message, rendered):
            await self._bring_up(kind, await self._cards.lost(card.id), rendered)
        elif card.digest != digest or card.closed != rendered.closed or card.error:
            await self._cards.posted(card.id, message, digest, closed=rendered.closed)

    async def _tell_posted(self, kind: CardKind, message: discord.Message) -> None:
        """What a kind does besides, such as pinning, is no matter of the card's."""
        try:
            await kind.posted(message)
        except Exception:
            LOG.exception("What %s does with a new message failed", kind.name)

    async def _refused(self, card: Card, refusal: ChannelRefuses) -> None:
        """Nothing is asked of this channel until the next repair, and people hear of it.

        Where the settings name another channel by now, the card moves there.
        """
        kind = self._kinds[card.kind]
        if kind.channel not in (None, card.channel):
            await self._cards.move(card.id, kind.channel)
            self.touch(card.kind, card.subject)
        else:
            await self._trouble(card, refusal.fault)

    async def _trouble(self, card: Card, fault: str, **fields: object) -> None:
        """Write into the row why the card is not as it should be, and what to do; health tells of it."""
        texts = self._bot.texts  # in English, as all that is written for the log and the command line
        told = texts(f"cards.fault.{fault}", None, channel=card.channel, **fields)
        sentence = f"{told} {texts(f'cards.mend.{fault}', None)}"
        if sentence not in self._told:
            self._told.add(sentence)
            LOG.warning("%s", sentence)
        if card.error != sentence:
            await self._cards.failed(card.id, sentence)
