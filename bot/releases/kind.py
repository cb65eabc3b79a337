"""Releases as things with cards: which have one, and what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bot.cards.release import CLOSED, KIND, release_card
from bot.projection import CardFile, Rendered
from core.events import JobMoved
from core.store.releases import KIND as UPLOAD

if TYPE_CHECKING:
    import discord

    from bot.client import Mousekeeper

# A release at one of these stages waits for somebody, or is about to: it gets a card, whenever it came there.
WAITING = ("approve", "publish", "confirm", "start")


class ReleaseKind:
    """One card a release in the uploads channel, from its approval to the end of its duty."""

    name = KIND

    def __init__(self, bot: Mousekeeper) -> None:
        self._bot = bot
        self._direct = bot.app.config.settings.upload.publish == "direct"

    @property
    def channel(self) -> int | None:
        return self._bot.settings.channels.uploads

    async def wanted(self) -> Iterable[str]:
        """Releases that should have a card and have none."""
        return await self._bot.app.cards.releases_without(KIND, WAITING)

    async def changes(self) -> dict[str, Any]:
        """A stamp for each release with an open card."""
        return dict(await self._bot.app.cards.changes(KIND))

    async def render(self, subject: str) -> Rendered | None:
        card = await self._bot.app.release_cards.of(subject)
        if card is None:
            return None
        progress = self._bot.app.at_work.of(subject)
        view = release_card(
            card,
            self._bot.texts,
            self._bot.language,
            self._bot.buttons,
            direct=self._direct,
            progress=progress if progress and progress.stage == card.release.stage else None,
        )
        files = (CardFile(card.cover.name, card.cover.content),) if card.cover else ()
        return Rendered(view, files, closed=card.release.state in CLOSED)

    async def posted(self, message: discord.Message) -> None:
        """Nothing is to be done with it."""

    def touched_by(self, move: JobMoved) -> bool:
        return move.kind == UPLOAD
