"""Seeds as hard as the torrent client can, stops what costs ratio, and puts everything back afterwards.

What is about to be changed is a row first, so a kill at any moment leaves nothing forgotten: the next look
goes on where this one ended, in either direction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from core.breaker import Breakers
from core.clock import Clock
from core.domain.guard.emergency import (
    PROGRAM,
    Change,
    Measures,
    Restoring,
    Torrent,
    plan_changes,
    plan_restoring,
    plan_stops,
)
from core.guard.costs import Costs
from core.store.guard import ClientChangeStore, FreezeStore
from core.store.releases import ReleaseStore

if TYPE_CHECKING:  # commands that only look load nothing of the torrent client
    from core.integrations.qbittorrent.models import TorrentStatus

LOG = logging.getLogger(__name__)

SYSTEM = "qbittorrent"
KINDLY = timedelta(hours=1)  # between two announces of one torrent that we ask for
MOST_ANNOUNCES = 20  # at one look


class SeedClient(Protocol):
    """What an emergency needs of the torrent client."""

    async def torrents(self) -> tuple[TorrentStatus, ...]: ...

    async def start(self, *infohashes: str) -> None: ...

    async def stop(self, *infohashes: str) -> None: ...

    async def force(self, *infohashes: str, on: bool = True) -> None: ...

    async def limit_upload(self, *infohashes: str, limit: int) -> None: ...

    async def reannounce(self, *infohashes: str) -> None: ...

    async def upload_settings(self) -> dict[str, int]: ...

    async def change_settings(self, changes: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Done:
    """What one pass did: how many torrents seed harder, how many downloads were stopped.

    `waiting` are the downloads that stay stopped for the ratio's sake when everything else came back.
    """

    seeding: int = 0
    stopped: int = 0
    waiting: tuple[str, ...] = ()


class Emergency:
    """The hands of the ratio guard in the torrent client."""

    def __init__(
        self,
        client: SeedClient,
        changes: ClientChangeStore,
        freezes: FreezeStore,
        releases: ReleaseStore,
        costs: Costs,
        *,
        clock: Clock,
        breakers: Breakers,
        measures: Measures,
        ours: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._changes = changes
        self._freezes = freezes
        self._releases = releases
        self._costs = costs
        self._clock = clock
        self._breakers = breakers
        self._measures = measures
        self._ours = ours  # whether a host is the tracker's
        self._announced: dict[str, Any] = {}

    async def outstanding(self) -> bool:
        """Whether anything of ours has to be put back."""
        return bool(await self._changes.all())

    async def enforce(self) -> Done:
        """One pass: change what is not as it should be. Raises what the client raises."""
        return await self._breakers.call(SYSTEM, self._enforce)

    async def rejudge(self, spare: float) -> int:
        """VIP has ended: stop the downloads that cost now and that `spare` bytes do not bear; how many."""
        return await self._breakers.call(SYSTEM, lambda: self._rejudge(spare))

    async def restore(self, spare: float) -> Done:
        """One pass: put back what may be; `spare` bytes may be downloaded. Raises what the client raises."""
        return await self._breakers.call(SYSTEM, lambda: self._restore(spare))

    async def _enforce(self) -> Done:
        torrents = await self._torrents()
        settings = await self._client.upload_settings()
        known = {change.key: change for change in await self._changes.all()}
        freeze = any(freeze.scope in ("paid", "all") for freeze in await self._freezes.active())
        taking = [torrent.infohash for torrent in torrents if _is_taking(torrent)]
        changes = plan_changes(
            torrents,
            settings,
            known,
            costs=await self._costs.among(taking) if freeze else (),
            freeze=freeze,
            measures=self._measures,
        )
        await self._change(changes)
        await self._announce(torrents)
        stops = {change.infohash for change in changes if change.field == "running" and change.after is False}
        harder = {change.infohash for change in changes if change.infohash != PROGRAM} - stops
        if changes:
            LOG.info("Emergency: %d torrents seed harder, %d downloads are stopped", len(harder), len(stops))
        return Done(seeding=len(harder), stopped=len(stops))

    async def _rejudge(self, spare: float) -> int:
        torrents = await self._torrents()
        self._costs.forget()
        costs = await self._costs.among(torrent.infohash for torrent in torrents if _is_taking(torrent))
        changes = plan_stops(torrents, costs, spare=spare, let_finish=self._measures.let_finish)
        await self._change(changes)
        return len({change.infohash for change in changes})

    async def _restore(self, spare: float) -> Done:
        known = await self._changes.all()
        if not known:
            return Done()
        torrents = {torrent.infohash: torrent for torrent in await self._torrents()}
        settings = await self._client.upload_settings()
        plan: Restoring = plan_restoring(known, torrents, settings, spare=spare)
        await self._set(plan.put_back, {change.key: change.before for change in plan.put_back})
        await self._changes.forget(plan.done)
        if plan.put_back:
            LOG.info("%d values of qBittorrent are as they were", len(plan.put_back))
        return Done(waiting=tuple(torrent.name for torrent in plan.waiting))

    async def _torrents(self) -> list[Torrent]:
        held = await self._releases.not_announced()
        return [
            _torrent(row)
            for row in await self._client.torrents()
            if any(map(self._ours, row.tracker_hosts)) and row.infohash not in held and _settled(row)
        ]

    async def _change(self, changes: Collection[Change]) -> None:
        if changes:
            await self._changes.remember(changes)
            await self._set(changes, {change.key: change.after for change in changes})
            await self._changes.applied(changes)

    async def _set(self, changes: Collection[Change], values: Mapping[tuple[str, str], Any]) -> None:
        """Give each field its value, many torrents with one call, so ordered that no call undoes another."""
        program = {change.field: values[change.key] for change in changes if change.infohash == PROGRAM}
        if program:
            await self._client.change_settings(program)
        of_torrents = [change for change in changes if change.infohash != PROGRAM]

        def step(change: Change) -> tuple[int, Any]:
            return ORDER.index((change.field, bool(values[change.key]))), values[change.key]

        for (_, value), group in groupby(sorted(of_torrents, key=step), key=step):
            chosen = list(group)
            hashes = [change.infohash for change in chosen]
            if chosen[0].field == "upload_limit":
                await self._client.limit_upload(*hashes, limit=value)
            elif chosen[0].field == "forced":
                await self._client.force(*hashes, on=value)
            else:
                await (self._client.start if value else self._client.stop)(*hashes)

    async def _announce(self, torrents: Iterable[Torrent]) -> None:
        """Make ourselves known again where nobody comes, each torrent at most once an hour."""
        now = self._clock.now()
        due = [
            torrent.infohash
            for torrent in torrents
            if torrent.idle and now - self._announced.get(torrent.infohash, now - KINDLY) >= KINDLY
        ][:MOST_ANNOUNCES]
        if due:
            await self._client.reannounce(*due)
            self._announced |= dict.fromkeys(due, now)


# Starting ends a forced state, and ending a forced state starts: so start, force, let go, stop.
ORDER = (
    ("upload_limit", True),
    ("upload_limit", False),
    ("running", True),
    ("forced", True),
    ("forced", False),
    ("running", False),
)


def _is_taking(torrent: Torrent) -> bool:
    return torrent.running and not torrent.complete


def _settled(row: TorrentStatus) -> bool:
    """Whether its figures count: not errored, not being checked or moved."""
    return not (row.errored or row.checking or row.moving)


def _torrent(row: TorrentStatus) -> Torrent:
    return Torrent(
        infohash=row.infohash,
        name=row.name,
        complete=row.complete,
        running=not row.stopped,
        forced=row.forced,
        idle=row.idle,
        upload_limit=max(0, row.upload_limit),
        progress=row.progress,
        left=row.amount_left,
    )
