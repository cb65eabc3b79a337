"""The tracker account for people: how it stands, where it is heading, and what they may decide about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.clock import Clock
from core.domain.guard import prices
from core.domain.guard.purchase import Purchase
from core.errors import MousekeeperError, NeedsPerson
from core.guard.build import GuardRows
from core.guard.monitor import Guard
from core.guard.outlook import History, Outlook
from core.guard.ratio import SNOOZED, ratio_text
from core.health import Finding
from core.services.overview import AccountLine
from core.services.tracker_views import (
    account_document,
    freeze_document,
    projection_document,
    purchase_document,
    rules_document,
    vip_document,
)
from core.services.views import Document
from core.settings import Settings
from core.store.purchases import Intent

SHOWN = timedelta(days=30)  # of purchases
STALE = timedelta(hours=6)
SNOOZE = timedelta(hours=6)

Duties = Callable[[], Awaitable[list[Document]]]


class Tracker:
    """Reads rows only; `guard` is None where nothing may be asked of the tracker."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        rows: GuardRows,
        duties: Duties,
        guard: Guard | None,
        fault: Callable[[], MousekeeperError | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._log = rows.log
        self._purchases = rows.purchases
        self._modes = rows.modes
        self._freezes = rows.freezes
        self._state = rows.state
        self._duties = duties
        self._guard = guard
        self._fault = fault  # in the settings of the tracker

    async def document(self) -> Document:
        """Everything that is known; what is not is null."""
        outlook = await self._outlook()
        episode = await self._modes.current()
        bought = await self._purchases.since(self._clock.now() - SHOWN)
        return {
            **account_document(outlook),
            "mode": episode.mode if episode else None,
            "mode_since": episode.since.isoformat() if episode else None,
            "duties": await self._duties(),
            "vip": vip_document(outlook, self._settings),
            "projection": projection_document(outlook),
            "frozen": [freeze_document(freeze) for freeze in await self._freezes.active()],
            "purchases": [purchase_document(purchase) for purchase in reversed(bought)],
            "rules": rules_document(self._settings),
        }

    async def refresh(self) -> Document:
        """Ask the tracker now, act on the answer, and show the account."""
        await self._asking().look(now=True)
        return await self.document()

    async def buy_upload(self, gib: int, *, by: str, door: str) -> Purchase:
        """Order upload credit; the guard buys it with its next look, which follows at once.

        Raises NeedsPerson with the reason where it may not be bought.
        """
        if gib < prices.UPLOAD_LEAST_GIB:
            raise NeedsPerson(f"Programs may buy no less than {prices.UPLOAD_LEAST_GIB} GB at a time.")
        price = float(gib * prices.UPLOAD_GIB_POINTS)
        outlook = await self._outlook()
        if outlook is None:
            raise NeedsPerson("The account has not been looked at yet.", hint="Try again in a minute.")
        if price > outlook.spendable:
            raise NeedsPerson(
                f"{gib} GB cost {price:,.0f} points; VIP comes first, and leaves {outlook.spendable:,.0f}.",
                hint="Buy it in the tracker's store if you want it all the same.",
            )
        intent = Intent("upload", float(gib), price, "person", by, door)
        purchase = await self._purchases.intend(intent, per_day=self._settings.guard.purchases_per_day)
        if purchase is None:
            raise NeedsPerson(
                "Another purchase of upload is open, or today's are used up (guard.purchases_per_day).",
                hint="`mousekeeper tracker` shows them.",
            )
        self.nudge()
        return purchase

    async def buy_upload_now(self, gib: int, by: str) -> Document:
        """Order upload credit and have it bought here and now."""
        guard = self._asking()
        purchase = await self.buy_upload(gib, by=by, door="cli")
        await guard.look(now=True)
        return {"purchase": purchase_document(await self._purchases.get(purchase.id) or purchase)}

    async def answer(self, purchase_id: str, *, yes: bool, by: str, door: str) -> tuple[bool, Purchase]:
        """A person's word on a purchase that is asked: whether it counted, and the purchase as it is now."""
        won = await self._purchases.agree(purchase_id, by=by, door=door, no=not yes)
        purchase = await self._purchases.get(purchase_id)
        if purchase is None:
            raise NeedsPerson("There is no such purchase.")
        self.nudge()
        return won, purchase

    async def answered(self, purchase_id: str, *, yes: bool, by: str, door: str) -> Document:
        """The same for a terminal. Raises NeedsPerson where the word came too late."""
        won, purchase = await self.answer(purchase_id, yes=yes, by=by, door=door)
        if not won:
            raise NeedsPerson(f"Purchase {purchase.id} is {purchase.status} already (by {purchase.by}).")
        return {"purchase": purchase_document(purchase)}

    async def freeze(self, on: bool, *, by: str) -> Document:
        """Take nothing and buy nothing but VIP from now on, or end that."""
        changed = (
            await self._freezes.put("all", f"{by} froze everything.", by=by)
            if on
            else await self._freezes.lift("all")
        )
        return {"frozen": on, "changed": changed}

    async def snooze(self, time: timedelta = SNOOZE) -> datetime:
        """Say nothing of a ratio emergency for a while; it goes on being mended."""
        until = self._clock.now() + time
        await self._state.put(SNOOZED, until.isoformat())
        return until

    def nudge(self) -> None:
        """Have the guard look whether somebody decided something."""
        if self._guard is not None:
            self._guard.nudge()

    async def line(self) -> AccountLine | None:
        """The account at a glance, None before the first look at it."""
        account, episode = await self._log.last(), await self._modes.current()
        if account is None or episode is None:
            return None
        return AccountLine(
            mode=episode.mode,
            seen=account.at,
            user_class=account.classname,
            ratio=account.ratio,
            points=int(account.points) if account.points is not None else None,
            wedges=account.wedges,
            vip_until=account.vip_until,
            unsatisfied=account.unsat_count,
            unsatisfied_limit=account.unsat_limit,
        )

    async def check(self) -> list[Finding]:
        """What of the account needs somebody's eyes; from rows alone."""
        if self._settings.mam_id is None:
            text = "MAM_ID is not set: nobody watches the tracker account."
            return [
                Finding(
                    "account",
                    "notice",
                    text,
                    "Put a session of its own into .env.",
                )
            ]
        if (fault := self._fault()) is not None:
            return [Finding("account", "error", fault.message, fault.hint)]
        outlook, episode = await self._outlook(), await self._modes.current()
        if outlook is None or episode is None:
            return [Finding("account", "notice", "The tracker account has not been looked at yet.")]
        found = []
        age = self._clock.now() - outlook.account.at
        if age > STALE:
            text = f"The tracker account was last seen {age / timedelta(hours=1):.0f} hours ago."
            found.append(Finding("account", "warning", text, "See what is said of the tracker above."))
        if episode.mode == "emergency":
            text = f"Ratio emergency: {ratio_text(outlook.account.ratio)}."
            found.append(Finding("account", "error", text, "See `mousekeeper tracker`."))
        if outlook.plan.at_risk:
            text = f"VIP is at risk: a renewal costs {outlook.plan.price:,.0f} points."
            found.append(Finding("vip", "warning", text, "See `mousekeeper tracker vip`."))
        found += [
            Finding("purchase", "warning", f"It is not known whether a purchase was made ({purchase.kind}).")
            for purchase in await self._purchases.open()
            if purchase.status == "unknown"
        ]
        return found or [Finding("account", "ok", "The tracker account is well.")]

    async def _outlook(self) -> Outlook | None:
        history = History(self._settings, self._log, self._purchases)
        await history.load(self._clock.now())
        return history.outlook(history.last) if history.last else None

    def _asking(self) -> Guard:
        if (fault := self._fault()) is not None:
            raise fault
        if self._guard is None:
            raise NeedsPerson("MAM_ID is not set: the tracker cannot be asked.", hint="Put it into .env.")
        return self._guard
