"""Decides what is bought: VIP before anything else, then upload credit, as policy and people say."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal

from core.clock import Clock
from core.domain.guard.account import Account
from core.domain.guard.credit_policy import plan_credit
from core.domain.guard.prices import UPLOAD_GIB_POINTS, VIP_DAY_POINTS
from core.domain.guard.purchase import Purchase
from core.domain.guard.ratio_policy import Mode
from core.guard.herald import Herald
from core.guard.outlook import VIP_TRIED, History, Outlook
from core.guard.policy import ratio_limits
from core.guard.purchases import Purchases
from core.settings import Settings
from core.store.guard import FreezeStore
from core.store.purchases import Intent, PurchaseStore

LOG = logging.getLogger(__name__)

ME = "guard"  # in `by` and `door`
MOST_AT_ONCE = 4  # purchases at one look; the day's limit is stricter
A_NO_LASTS = timedelta(days=1)

Wish = Literal["auto", "ask", "never"]


class Treasury:
    """Looks at each new state of the account and spends what should be spent."""

    def __init__(
        self,
        settings: Settings,
        history: History,
        purchases: Purchases,
        store: PurchaseStore,
        freezes: FreezeStore,
        *,
        clock: Clock,
        herald: Herald,
        may_spend: Callable[[], Awaitable[bool]],
    ) -> None:
        self._settings = settings
        self._history = history
        self._purchases = purchases
        self._store = store
        self._freezes = freezes
        self._clock = clock
        self._herald = herald
        self._may_spend = may_spend
        self._seen = 0  # the purchases' revision that the history knows
        self._wishes: dict[str, Wish] = {"vip": settings.vip.renew, "upload": settings.guard.upload_credit}

    async def look(self, account: Account, mode: Mode) -> Account:
        """Settle, then buy until nothing more is to be bought; returns the account after it."""
        income = self._history.outlook(account).income
        await self._purchases.look_up(account, income_high=income.high if income else 0.0)
        for _ in range(MOST_AT_ONCE):
            if self._purchases.revision != self._seen:
                self._seen = self._purchases.revision
                await self._history.load_purchases(account.at)
            outlook = self._history.outlook(account)
            bought = await self._one(outlook, mode)
            if bought is None:
                break
            account = bought
        return account

    async def _one(self, outlook: Outlook, mode: Mode) -> Account | None:
        """Buy or ask for one thing; the account after a purchase, None when none was made."""
        opened = await self._purchases.open()
        if any(purchase.status in ("sent", "unknown") for purchase in opened):
            return None
        for purchase in opened:
            if purchase.status == "planned":
                return await self._carry_out(purchase, outlook)
        wanted = await self._wanted(outlook, mode)
        for purchase in opened:  # asked, and waiting for a person
            if wanted is None or (purchase.kind, purchase.reason) != (wanted.kind, wanted.reason):
                await self._purchases.drop(purchase, "it is not called for any more")
        if wanted is None or any((p.kind, p.reason) == (wanted.kind, wanted.reason) for p in opened):
            return None
        asking = self._wishes[wanted.kind] == "ask"
        if asking and await self._was_refused(wanted):
            return None
        intent = await self._purchases.plan(wanted, asking=asking)
        if intent is not None and not asking:
            return await self._carry_out(intent, outlook)
        if intent is not None:
            LOG.info("Asking a person whether to buy %s (%s)", intent.kind, intent.reason)
            await self._herald.tell("purchase_asked", intent.kind, **_facts(intent))
        return None

    async def _wanted(self, outlook: Outlook, mode: Mode) -> Intent | None:
        wanted = self._vip_wanted(outlook) or self._upload_wanted(outlook, mode)
        if wanted is None or not await self._may_spend():
            return None
        return None if wanted.kind == "upload" and await self._frozen() else wanted

    def _vip_wanted(self, outlook: Outlook) -> Intent | None:
        plan = outlook.plan
        if plan.action not in ("buy", "try") or self._wishes["vip"] == "never":
            return None
        weeks, price = _vip_now(outlook)
        return Intent("vip", weeks, price, VIP_TRIED if plan.action == "try" else plan.why, ME, ME)

    def _upload_wanted(self, outlook: Outlook, mode: Mode) -> Intent | None:
        if self._wishes["upload"] == "never":
            return None
        limits = ratio_limits(self._settings)
        credit = plan_credit(outlook.account, mode, limits, outlook.income, outlook.spendable)
        return Intent("upload", credit.gib, credit.price, credit.why, ME, ME) if credit else None

    async def _carry_out(self, purchase: Purchase, outlook: Outlook) -> Account | None:
        if purchase.kind == "vip":
            weeks, price = _vip_now(outlook)
            return await self._purchases.carry_out(purchase, outlook.account, weeks, price)
        price = purchase.amount * UPLOAD_GIB_POINTS
        if price > outlook.spendable:
            why = f"it takes {price:,.0f} points, and {outlook.spendable:,.0f} may be spent beside VIP"
            await self._purchases.drop(purchase, why)
            return None
        return await self._purchases.carry_out(purchase, outlook.account, purchase.amount, price)

    async def _frozen(self) -> bool:
        return any(freeze.scope in ("all", "spending") for freeze in await self._freezes.active())

    async def _was_refused(self, wanted: Intent) -> bool:
        """Whether a person has said no to the like of it lately."""
        lately = await self._store.since(self._clock.now() - A_NO_LASTS)
        return any(p.kind == wanted.kind and p.status == "dropped" and p.by != ME for p in lately)


def _vip_now(outlook: Outlook) -> tuple[float, float]:
    """Weeks and points of a refill, or of what can be paid of it."""
    price = outlook.plan.price
    if outlook.account.points is not None:
        price = min(price, outlook.account.points)
    return price / VIP_DAY_POINTS / 7, price


def _facts(purchase: Purchase) -> dict[str, str]:
    amount = (
        f"{purchase.amount:.1f} weeks of VIP"
        if purchase.kind == "vip"
        else f"{purchase.amount:.0f} GB of upload"
    )
    return {"what": f"{amount} for {purchase.price:,.0f} points", "reason": REASONS[purchase.reason]}


REASONS = {
    "end": "VIP ends soon.",
    "cap": "Points are about to be lost at the cap.",
    "income": "The missing time grows faster than the points: soon it could not be paid any more.",
    VIP_TRIED: "VIP ends soon, and the points pay for a part of it.",
    "ratio": "The ratio is too low.",
    "person": "A person wants it.",
}
