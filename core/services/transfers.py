"""Our torrents in qBittorrent as people watch them: how far, how fast, and what each is doing, in a word."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from core.breaker import Breakers
from core.clock import Clock, sleep_or
from core.domain.release import DUTY_SECONDS
from core.domain.transfer_words import place_of
from core.errors import MousekeeperError

if TYPE_CHECKING:
    from core.integrations.qbittorrent.client import QBittorrent
    from core.integrations.qbittorrent.models import TorrentStatus

LOG = logging.getLogger(__name__)

SYSTEM = "qbittorrent"
FRESH = 4.0  # seconds an answer serves everybody who asks
PATIENCE = 8.0  # seconds a person is kept waiting; the question itself goes on


@dataclass(frozen=True, slots=True)
class Transfer:
    """One torrent. Bytes, bytes a second, seconds; `progress` 0 to 1; `owed` is what its duty still lacks."""

    infohash: str
    name: str
    word: str
    progress: float
    size: int
    down: int
    up: int
    left: int | None
    ratio: float
    owed: int | None


@dataclass(frozen=True, slots=True)
class TransferList:
    """What qBittorrent said at `seen`; `error` says why there is nothing newer. None: it never answered."""

    transfers: tuple[Transfer, ...] = ()
    seen: datetime | None = None
    error: str = ""
    configured: bool = True

    @property
    def down(self) -> int:
        return sum(transfer.down for transfer in self.transfers)

    @property
    def up(self) -> int:
        return sum(transfer.up for transfer in self.transfers)


class Transfers:
    """Looks at the torrents of our category and tags. Ten people who press at once are one question."""

    def __init__(
        self,
        client: QBittorrent | None,
        breakers: Breakers,
        clock: Clock,
        *,
        category: str,
        tags: Iterable[str],
    ) -> None:
        self._client = client
        self._breakers = breakers
        self._clock = clock
        self._category = category
        self._tags = tuple(tags)
        self._said = TransferList()
        self._asked = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def look(self) -> TransferList:
        """What there is now, at most a few seconds old; never raises for what qBittorrent does."""
        if self._client is None:
            return TransferList(configured=False)
        if self._asking is None or self._asking.done():
            if self._clock.monotonic() - self._asked < FRESH:
                return self._said
            self._asking = asyncio.create_task(self._ask(self._client), name="look at transfers")
        answered = asyncio.Event()
        self._asking.add_done_callback(lambda _: answered.set())
        await sleep_or(self._clock, PATIENCE, answered)
        if not self._asking.done():
            return replace(self._said, error=f"qBittorrent has not answered within {PATIENCE:.0f} seconds.")
        return self._said

    async def _ask(self, client: QBittorrent) -> None:
        try:
            rows = await self._rows(client)
        except MousekeeperError as error:
            self._said = replace(self._said, error=str(error))
        except Exception:
            LOG.exception("The transfers could not be looked at")
            self._said = replace(self._said, error="The transfers could not be read; the log has why.")
        else:
            transfers = sorted((_transfer(row) for row in rows), key=_order)
            self._said = TransferList(tuple(transfers), self._clock.now())
        self._asked = self._clock.monotonic()

    async def _rows(self, client: QBittorrent) -> Iterable[TorrentStatus]:
        """Through the breaker; while it pauses, a person's look is one question beside it.

        That one tells it only of success: curiosity must not make the jobs wait longer.
        """

        async def ours() -> dict[str, TorrentStatus]:
            return await self._ours(client)

        if not self._breakers.pausing(SYSTEM):
            return (await self._breakers.call(SYSTEM, ours)).values()
        found = await self._ours(client)

        async def answered() -> dict[str, TorrentStatus]:
            return found

        return (await self._breakers.call(SYSTEM, answered, now=True)).values()

    async def _ours(self, client: QBittorrent) -> dict[str, TorrentStatus]:
        """By infohash: what carries our category or one of our tags."""
        rows: list[TorrentStatus] = []
        if self._category:
            rows += await client.torrents(category=self._category)
        for tag in self._tags:
            rows += await client.torrents(tag=tag)
        return {row.infohash: row for row in rows}


def _transfer(row: TorrentStatus) -> Transfer:
    progress = row.progress if 0 <= row.progress <= 1 else 0.0  # also when it is no number at all
    return Transfer(
        infohash=row.infohash,
        name=row.name,
        word=row.word,
        progress=progress,
        size=max(0, row.size),
        down=max(0, row.download_speed),
        up=max(0, row.upload_speed),
        left=row.time_left if row.amount_left > 0 else None,
        ratio=row.ratio if 0 <= row.ratio < 1e6 else 0.0,
        owed=max(0, DUTY_SECONDS - row.seeding_time) if row.complete else None,
    )


def _order(transfer: Transfer) -> tuple[int, str, str]:
    """Trouble first, then what moves, then what rests; by name, so that a page stays as it was."""
    return (place_of(transfer.word), transfer.name.casefold(), transfer.infohash)
