"""The requests a card takes: posted once, edited, found again, deleted; and which channels refuse them.

A channel that refused is not asked again until somebody says that it may be well: refused requests count
towards a ban, and every card in it would meet the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import discord
from discord import ui

from core.store.cards import Card

if TYPE_CHECKING:
    from bot.client import Mousekeeper

LOG = logging.getLogger(__name__)

NONCE_KEPT = timedelta(minutes=2)  # Discord says "a few minutes"; after these the history is searched
CLOCKS_APART = timedelta(minutes=10)  # at most, Discord's and ours
SEARCHED = 500  # messages of a history
NEWEST = 2**63  # after every message there is

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, MISSING_ACCESS, MISSING_PERMISSIONS = 10003, 10008, 50001, 50013
FAULTS = {UNKNOWN_CHANNEL: "gone", MISSING_ACCESS: "hidden", MISSING_PERMISSIONS: "forbidden"}
SHUT = ("gone", "hidden")  # not even what is there already can be edited
UNREADABLE = "unreadable"


class ChannelRefuses(Exception):
    """This channel takes no card at present; `fault` names why, as the texts `cards.fault.*` do."""

    def __init__(self, channel: int, fault: str) -> None:
        super().__init__(f"{channel}: {fault}")
        self.channel = channel
        self.fault = fault


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


class CardMessages:
    """Each method may raise ChannelRefuses, and whatever else Discord and the way to it raise."""

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._cards = bot.app.cards
        self._clock = bot.app.clock
        self._resting: dict[int, str] = {}  # channel -> fault

    def hope(self) -> None:
        """Every channel may be well again."""
        self._resting.clear()

    def shut(self, channel: int) -> ChannelRefuses | None:
        """Why nothing at all can be done in this channel, as far as is known."""
        fault = self._resting.get(channel)
        return ChannelRefuses(channel, fault) if fault in SHUT else None

    async def post(self, card: Card, rendered: Rendered) -> tuple[discord.Message, bool]:
        """Send it unless it is there already; gives the message, and whether it shows `rendered` for certain.

        A send repeated under its nonce gives the message as it was sent first.
        """
        since = card.attempted
        if since is not None and self._clock.now() - since > NONCE_KEPT:
            found = await self.find(card)
            if found is not None:
                return found, False
        await self._cards.attempt(card.id)
        with self._asking(card.channel, posting=True):
            message = await self._channel(card).send(
                view=rendered.view,
                files=_uploads(rendered.files),
                nonce=card.nonce,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        return message, since is None

    async def edit(self, card: Card, message: int, rendered: Rendered) -> bool:
        """Whether the message was there to be edited."""
        try:
            with self._asking(card.channel):
                await (
                    self._channel(card)
                    .get_partial_message(message)
                    .edit(
                        view=rendered.view,
                        attachments=_uploads(rendered.files),
                        allowed_mentions=discord.AllowedMentions.none(),
                    )
                )
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return False
        return True

    async def delete(self, card: Card) -> None:
        """Take its message away; one that cannot be reached stays where it is."""
        try:
            message = card.message
            if message is None and card.attempted is not None and (found := await self.find(card)):
                message = found.id
            if message is not None:
                with self._asking(card.channel):
                    await self._channel(card).get_partial_message(message).delete()
        except ChannelRefuses as refusal:
            LOG.info("The message of a card that is no more could not be deleted (%s)", refusal)
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise

    async def find(self, card: Card) -> discord.Message | None:
        """The card's message, if a send arrived although we never heard of it."""
        if not self._readable(card.channel):
            raise ChannelRefuses(card.channel, UNREADABLE)
        mark = f":{card.subject}:"
        since = None if card.attempted is None else card.attempted - CLOCKS_APART
        with self._asking(card.channel):
            history = self._channel(card).history(limit=SEARCHED, after=since, oldest_first=True)
            async for message in history:
                ours = self._bot.user is not None and message.author.id == self._bot.user.id
                if ours and mark in json.dumps([part.to_dict() for part in message.components]):
                    return message
        return None

    async def missing(self, channel: int, cards: Iterable[Card]) -> list[Card]:
        """Which of these cards' messages are not in the channel any longer, as far as its history was read.

        Where it may not be read, nothing is missing: Discord answers with an empty history then.
        """
        by_message = {card.message: card for card in cards if card.message is not None}
        if not by_message or not self._readable(channel):
            return []
        limit = max(SEARCHED, 2 * len(by_message))
        with self._asking(channel):
            history = self._bot.get_partial_messageable(channel).history(
                limit=limit, after=discord.Object(min(by_message) - 1), oldest_first=True
            )
            there = {message.id async for message in history}
        last = max(there) if len(there) == limit else NEWEST
        return [card for message, card in by_message.items() if message not in there and message <= last]

    def _readable(self, channel: int) -> bool:
        """Whether we may read its history, as far as is known without asking."""
        found = self._bot.get_channel(channel)
        if not isinstance(found, discord.abc.GuildChannel | discord.Thread):
            return True
        return found.permissions_for(found.guild.me).read_message_history

    def _channel(self, card: Card) -> discord.PartialMessageable:
        return self._bot.get_partial_messageable(card.channel)

    @contextmanager
    def _asking(self, channel: int, *, posting: bool = False) -> Iterator[None]:
        """Around each request: what a channel refused is remembered, and not asked for again."""
        known = self._resting.get(channel)
        if known in SHUT or (known is not None and posting):
            raise ChannelRefuses(channel, known)
        try:
            yield
        except discord.HTTPException as error:
            fault = FAULTS.get(error.code)
            if fault is None:
                raise
            self._resting[channel] = fault
            raise ChannelRefuses(channel, fault) from error


def _uploads(files: Iterable[CardFile]) -> list[discord.File]:
    return [discord.File(BytesIO(file.content), filename=file.name) for file in files]
