"""Buys by law 3: an intent as a row, one request, the account read again; a lost answer is looked up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.breaker import Breakers
from core.clock import Clock
from core.domain.guard.account import Account
from core.domain.guard.purchase import Purchase, Status, looked_up
from core.errors import BadReply, MousekeeperError, Rejected, Unreachable
from core.guard.herald import Herald
from core.guard.tracker import TrackerAccount
from core.integrations.mam.errors import SYSTEM, WrongNetwork
from core.store.purchases import Intent, PurchaseStore

LOG = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0  # the site needs a moment until it shows a purchase
GIVE_UP = timedelta(days=2)  # then a person has to look at what nobody can tell

Read = Callable[[], Awaitable[Account]]


class Purchases:
    """The one place that spends points.

    `read` reads the account and keeps it; `tracker` is None without credentials, then nothing is bought.
    """

    def __init__(
        self,
        store: PurchaseStore,
        tracker: TrackerAccount,
        read: Read,
        *,
        clock: Clock,
        breakers: Breakers,
        herald: Herald,
        per_day: int,
        dry_run: bool,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._read = read
        self._clock = clock
        self._breakers = breakers
        self._herald = herald
        self._per_day = per_day
        self._dry_run = dry_run
        self._under_way: set[str] = set()
        self._opened: list[Purchase] | None = None
        self.revision = 0  # grows when the rows may have changed
        self._buying = asyncio.Lock()

    def changed(self) -> None:
        """The rows may be others now: here, or by another process that nudged us."""
        self._opened = None
        self.revision += 1

    async def plan(self, intent: Intent, *, asking: bool = False) -> Purchase | None:
        """Write an intent; None where one of its kind is open already or today's limit is reached."""
        purchase = await self._store.intend(intent, per_day=self._per_day, asking=asking)
        self.changed()
        return purchase

    async def open(self) -> list[Purchase]:
        """What is not finished, oldest first."""
        if self._opened is None:
            self._opened = await self._store.open()
        return self._opened

    async def drop(self, purchase: Purchase, why: str) -> None:
        """End one that was never sent."""
        if await self._finish(purchase.id, "dropped", error=why):
            LOG.info("%s is not bought: %s", _words(purchase), why)

    async def look_up(self, account: Account, *, income_high: float) -> None:
        """Settle what was sent before, by this look at the account."""
        for purchase in tuple(await self.open()):
            if purchase.status in ("sent", "unknown") and purchase.id not in self._under_way:
                await self._settle(purchase, account, income_high)

    async def carry_out(
        self, purchase: Purchase, account: Account, amount: float, price: float
    ) -> Account | None:
        """Send one planned purchase, which is now of this amount and price.

        `account` was read a moment ago. Returns the account with the purchase on it, None where it was not
        made or that is not known yet; the row says which. Raises nothing of what the tracker does.
        """
        async with self._buying:
            if self._dry_run:
                LOG.info("Dry run: would buy %s", _words(purchase))
                await self._finish(purchase.id, "dry_run")
                return None
            begun = await self._store.begin(purchase.id, account, amount, price)
            self.changed()
            if begun is None:
                return None
            self._under_way.add(begun.id)
            try:
                return await self._send(begun)
            finally:
                self._under_way.discard(begun.id)

    async def _send(self, purchase: Purchase) -> Account | None:
        try:
            await self._breakers.call(SYSTEM, lambda: self._ask(purchase))
        except Rejected as no:
            await self._refused(purchase, no.message)
            return None
        except WrongNetwork as error:  # refused at the door
            await self._finish(purchase.id, "dropped", error=error.message)
            return None
        except (Unreachable, BadReply) as error:
            LOG.warning("It is not known whether %s was bought: %s", _words(purchase), error)
            await self._lost(purchase.id, error.message)
            return None
        except MousekeeperError as error:  # it did not come to a purchase: another day, another intent
            await self._finish(purchase.id, "dropped", error=error.message)
            return None
        await self._store.answered(purchase.id)
        await self._clock.sleep(SETTLE_SECONDS)
        try:
            after = await self._read()
        except MousekeeperError as error:
            await self._lost(purchase.id, f"bought, but the account could not be read: {error.message}")
            return None
        return after if await self._settle(replace(purchase, answered=True), after, 0.0) else None

    async def _ask(self, purchase: Purchase) -> None:
        if purchase.kind == "vip":
            await self._tracker.buy_vip()
        else:
            await self._tracker.buy_upload(round(purchase.amount))

    async def _settle(self, purchase: Purchase, account: Account, income_high: float) -> bool:
        """Close it if the account tells what became of it; whether it was made."""
        verdict = looked_up(purchase, account, income_high=income_high)
        if verdict == "made":
            if await self._finish(purchase.id, "confirmed", balance_after=account.points):
                LOG.info("Bought %s (%s)", _words(purchase), purchase.reason)
                await self._herald.tell(
                    "purchase_made", purchase.id, what=_words(purchase), left=_points(account)
                )
        elif verdict == "not_made":
            await self._refused(purchase, purchase.error or "the account shows that it was not made")
        elif purchase.sent is not None and account.at - purchase.sent > GIVE_UP:
            await self._finish(purchase.id, "unknown", balance_after=account.points)
            await self._herald.tell("purchase_unclear", purchase.id, what=_words(purchase))
        elif purchase.status == "sent":
            await self._lost(purchase.id, "the account does not show it yet")
        return verdict == "made"

    async def _refused(self, purchase: Purchase, reason: str) -> None:
        await self._finish(purchase.id, "refused", error=reason)
        LOG.warning("%s was not bought: %s", _words(purchase), reason)
        await self._herald.tell("purchase_refused", purchase.kind, what=_words(purchase), reason=reason)

    async def _finish(self, purchase_id: str, status: Status, **known: Any) -> bool:
        finished = await self._store.finish(purchase_id, status, **known)
        self.changed()
        return finished

    async def _lost(self, purchase_id: str, why: str) -> None:
        await self._store.lost(purchase_id, why)
        self.changed()


def _words(purchase: Purchase) -> str:
    amount = (
        f"{purchase.amount:.1f} weeks of VIP"
        if purchase.kind == "vip"
        else f"{purchase.amount:.0f} GB of upload"
    )
    return f"{amount} for {purchase.price:,.0f} points"


def _points(account: Account) -> str:
    return f"{account.points:,.0f} points" if account.points is not None else "an unknown number of points"
