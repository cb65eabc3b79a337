"""The VIP guard's voice: warns before the end, keeps points together while VIP is at risk, tells its loss."""

from __future__ import annotations

import logging
from typing import Any

from core.domain.guard.ratio_policy import RatioLimits
from core.domain.guard.vip_policy import VipPlan, VipPolicy, warning_due
from core.errors import MousekeeperError
from core.events import Events, VipChanged
from core.guard.emergency import Emergency
from core.guard.herald import Herald
from core.guard.outlook import Outlook
from core.guard.ratio import spare_bytes
from core.guard.treasury import ME
from core.store.guard import FreezeStore
from core.store.small import StateStore

LOG = logging.getLogger(__name__)

KEY = "guard.vip"  # what was told already: {"vip": bool, "warned": [end of VIP, days]}


class VipGuard:
    """Looks at each outlook; buying is the treasury's."""

    def __init__(
        self,
        state: StateStore,
        freezes: FreezeStore,
        emergency: Emergency | None,
        herald: Herald,
        *,
        policy: VipPolicy,
        limits: RatioLimits,
        events: Events,
    ) -> None:
        self._state = state
        self._freezes = freezes
        self._emergency = emergency
        self._herald = herald
        self._policy = policy
        self._limits = limits
        self._events = events
        self._known: dict[str, Any] | None = None
        self._frozen: bool | None = None

    async def look(self, outlook: Outlook) -> None:
        """Tell what is new, and freeze other spending while VIP is at risk."""
        if self._known is None:
            self._known = await self._state.get(KEY, {})
        await self._freeze(outlook.plan)
        known = dict(self._known)
        known |= await self._lost_or_won(outlook, known.get("vip"))
        known |= await self._warned(outlook, known.get("warned"))
        if known != self._known:
            await self._state.put(KEY, known)
            self._known = known

    async def _freeze(self, plan: VipPlan) -> None:
        if plan.at_risk == self._frozen:
            return
        if plan.at_risk:
            await self._freezes.put("spending", "VIP is at risk: points are kept for its renewal.", by=ME)
        else:
            await self._freezes.lift("spending", by=ME)
        self._frozen = plan.at_risk

    async def _lost_or_won(self, outlook: Outlook, had: bool | None) -> dict[str, Any]:
        is_vip = outlook.standing.is_vip
        if had is None or had == is_vip:
            return {"vip": is_vip}
        if not is_vip:
            stopped = 0
            if self._emergency is not None:
                try:
                    stopped = await self._emergency.rejudge(spare_bytes(outlook.account, self._limits))
                except MousekeeperError as error:
                    LOG.warning("Downloads that VIP made free could not be judged anew: %s", error)
                    return {}  # with the next look again
            await self._herald.tell("vip_lost", "account", stopped=stopped, **facts(outlook))
        else:
            await self._herald.tell("vip_back", "account", **facts(outlook))
        self._events.publish(VipChanged(is_vip))
        return {"vip": is_vip}

    async def _warned(self, outlook: Outlook, warned: list[Any] | None) -> dict[str, Any]:
        standing = outlook.standing
        days = warning_due(standing, self._policy.warn_days) if standing.is_vip else None
        if days is None or standing.until is None:
            return {}
        told = [f"{standing.until:%Y-%m-%d}", days]
        if told == warned:
            return {}
        name = "vip_ending" if outlook.plan.at_risk or outlook.plan.action == "none" else "vip_ending_well"
        await self._herald.tell(name, f"{told[0]}:{days}", **facts(outlook))
        return {"warned": told}


def facts(outlook: Outlook) -> dict[str, str]:
    """What the texts about VIP name."""
    account, standing, income = outlook.account, outlook.standing, outlook.income
    days = standing.left.total_seconds() / 86_400 if standing.left is not None else 0.0
    return {
        "end": f"{standing.until:%Y-%m-%d}" if standing.until else "a day nobody knows",
        "days": f"{days:.1f}",
        "points": f"{account.points:,.0f}" if account.points is not None else "unknown",
        "price": f"{outlook.plan.price:,.0f}",
        "hourly": f"{income.usual:.1f}" if income else "unknown",
        "plan": PLANS[outlook.plan.action],
    }


PLANS = {
    "none": "It is not renewed by itself (vip.renew).",
    "wait": "It is renewed by itself in time.",
    "save": "There are not enough points yet: nothing else is bought until there are.",
    "buy": "It is being renewed.",
    "try": "There are not enough points for all of it: what they pay for is tried.",
}
