"""The ratio guard: keeps the mode, freezes what costs ratio in an emergency, and gives the all-clear."""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta
from typing import Any

from core.clock import Clock
from core.domain.guard.account import Account
from core.domain.guard.ratio_policy import Mode, RatioLimits, first_mode, next_mode
from core.errors import MousekeeperError
from core.events import Events, RatioModeChanged
from core.guard.emergency import Done, Emergency
from core.guard.herald import Herald
from core.guard.treasury import ME
from core.store.guard import Episode, FreezeStore, ModeStore
from core.store.purchases import PurchaseStore
from core.store.small import StateStore

LOG = logging.getLogger(__name__)

SNOOZED = "guard.snoozed"  # until when nobody wants to hear of the emergency


class RatioGuard:
    """One mode at a time; `emergency` is None without a torrent client."""

    def __init__(
        self,
        modes: ModeStore,
        freezes: FreezeStore,
        purchases: PurchaseStore,
        state: StateStore,
        emergency: Emergency | None,
        herald: Herald,
        *,
        limits: RatioLimits,
        clock: Clock,
        events: Events,
    ) -> None:
        self._modes = modes
        self._freezes = freezes
        self._purchases = purchases
        self._state = state
        self._emergency = emergency
        self._herald = herald
        self._limits = limits
        self._clock = clock
        self._events = events
        self._episode: Episode | None = None
        self._loaded = False
        self._busy = False  # whether the torrent client has something to be put back

    @property
    def episode(self) -> Episode | None:
        """The present mode as this process knows it."""
        return self._episode

    async def look(self, account: Account) -> Episode:
        """Take note of a look at the account; a new mode is acted upon, told and kept, in this order."""
        before = await self._current()
        ratio, now = account.ratio, account.at
        if before is None:
            state = first_mode(ratio, now, self._limits)
        else:
            state = next_mode(before.state, ratio, now, self._limits)
        same = before is not None and before.mode == state.mode
        if not same:
            await self._moving(before, state.mode, account)
        elif state.mode == "emergency":
            await self._remind(account)
        lowest = _least(before.lowest, ratio) if before is not None and same else ratio
        if before is not None and before.state == state and before.lowest == lowest:
            return before
        self._episode = episode = await self._modes.move(before, state, lowest)
        if not same:
            self._events.publish(RatioModeChanged(state.mode))
        return episode

    async def converge(self, account: Account) -> None:
        """Bring the torrent client to what the mode asks for; what fails is tried again at the next look."""
        episode = await self._current()
        if self._emergency is None or episode is None:
            return
        try:
            if episode.mode == "emergency":
                await self._count(episode, await self._emergency.enforce())
                self._busy = True
            elif self._busy or await self._emergency.outstanding():
                await self._count(episode, await self._emergency.restore(spare_bytes(account, self._limits)))
                self._busy = await self._emergency.outstanding()
        except MousekeeperError as error:
            LOG.warning("qBittorrent is not as the ratio asks for: %s", error)

    @property
    def busy(self) -> bool:
        """Whether the torrent client has to be looked at more often than the account."""
        return self._busy or (self._episode is not None and self._episode.mode == "emergency")

    async def _current(self) -> Episode | None:
        if not self._loaded:
            self._episode = await self._modes.current()
            self._busy = self._emergency is not None and await self._emergency.outstanding()
            self._loaded = True
        return self._episode

    async def _moving(self, before: Episode | None, mode: Mode, account: Account) -> None:
        was = before.mode if before is not None else "normal"
        if mode == "emergency":
            reason = f"The ratio is {ratio_text(account.ratio)}."
            LOG.warning("Ratio emergency: %s", reason)
            await self._freezes.put("paid", reason, by=ME)
            await self._state.put(SNOOZED, None)
            await self._herald.tell("ratio_emergency", "account", **self._facts(account))
            return
        await self._freezes.lift("paid", by=ME)
        if before is not None and was == "emergency":
            LOG.info("The ratio emergency is over")
            await self._herald.tell("ratio_all_clear", "account", **await self._cost(before, account))
        elif mode == "caution":
            await self._herald.tell("ratio_caution", "account", **self._facts(account))
        elif was == "caution":
            await self._herald.tell("ratio_well", "account", **self._facts(account))

    async def _remind(self, account: Account) -> None:
        """The same alert again; how far apart is the outbox's to say."""
        until = await self._state.get(SNOOZED)
        if until is None or datetime.fromisoformat(until) <= self._clock.now():
            await self._herald.tell("ratio_emergency", "account", **self._facts(account))

    def _facts(self, account: Account) -> dict[str, str]:
        hands = "and seeds as hard as it can" if self._emergency is not None else "(qBittorrent is not set)"
        return {"ratio": ratio_text(account.ratio), "hands": hands}

    async def _count(self, episode: Episode, done: Done) -> None:
        """Keep what was done, for the all-clear."""
        notes: dict[str, Any] = {}
        if done.seeding or done.stopped:
            notes["seeding"] = episode.data.get("seeding", 0) + done.seeding
            notes["stopped"] = episode.data.get("stopped", 0) + done.stopped
        if list(done.waiting) != episode.data.get("waiting", []):
            notes["waiting"] = list(done.waiting)
        if notes:
            await self._modes.note(episode, **notes)
            self._episode = await self._modes.current()

    async def _cost(self, before: Episode, account: Account) -> dict[str, str]:
        bought = [
            purchase
            for purchase in await self._purchases.since(before.since)
            if purchase.kind == "upload" and purchase.status == "confirmed"
        ]
        points = sum(purchase.paid for purchase in bought)
        credit = sum(purchase.amount for purchase in bought)
        cost = f"{points:,.0f} points for {credit:.0f} GB of upload" if bought else "no points"
        return {
            "ratio": ratio_text(account.ratio),
            "lasted": duration_text(account.at - before.since),
            "lowest": ratio_text(before.lowest),
            "cost": cost,
            "seeding": str(before.data.get("seeding", 0)),
            "stopped": str(before.data.get("stopped", 0)),
        }


def spare_bytes(account: Account, limits: RatioLimits) -> float:
    """What may be downloaded before the ratio is back at the emergency's edge; 0 where that is not known."""
    if account.uploaded is None or account.downloaded is None:
        return 0.0
    if limits.emergency_back <= 0:
        return math.inf
    return max(0.0, account.uploaded / limits.emergency_back - account.downloaded)


def ratio_text(ratio: float | None) -> str:
    """A ratio as people read it."""
    if ratio is None:
        return "unknown"
    return "infinite" if ratio == math.inf else f"{ratio:.2f}"


def duration_text(time: timedelta) -> str:
    """Hours up to two days, days from there."""
    hours = max(1, round(time / timedelta(hours=1)))
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)
