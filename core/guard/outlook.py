"""Everything known of the account put together: how it stands, where it is heading, what is planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.guard.account import Account, VipStanding
from core.domain.guard.credit_policy import spendable
from core.domain.guard.income import WINDOW, Income, points_per_hour
from core.domain.guard.prices import GIB
from core.domain.guard.projection import Projection, Traffic, project, traffic_per_day
from core.domain.guard.purchase import Purchase
from core.domain.guard.vip_policy import VipPlan, plan_vip
from core.guard.policy import ratio_limits, vip_policy
from core.settings import Settings
from core.store.account import AccountLog
from core.store.purchases import PurchaseStore

FRESH = timedelta(hours=1)  # how long the trends of the last two weeks are good for
VIP_TRIED = "part"  # the reason of a purchase that could not be paid in full


@dataclass(frozen=True, slots=True)
class Outlook:
    """The account with its trends, the VIP plan, and the points that anything else may take."""

    account: Account
    standing: VipStanding
    income: Income | None
    traffic: Traffic | None
    plan: VipPlan
    projection: Projection
    spendable: float


class History:
    """The last two weeks in memory, so that a look at the account costs no look at thousands of rows."""

    def __init__(self, settings: Settings, log: AccountLog, purchases: PurchaseStore) -> None:
        self._settings = settings
        self._log = log
        self._purchases = purchases
        self._looks: list[Account] = []
        self._bought: list[Purchase] = []
        self._had_vip_until: datetime | None = None
        self._trends: tuple[datetime, Income | None, Traffic | None] | None = None

    @property
    def last(self) -> Account | None:
        """The newest look, None before the first."""
        return self._looks[-1] if self._looks else None

    async def load(self, now: datetime) -> None:
        """Read what earlier runs saw."""
        self._looks = await self._log.since(now - WINDOW)
        if not self._looks and (last := await self._log.last()):
            self._looks = [last]
        self._had_vip_until = await self._log.last_vip_until()
        await self.load_purchases(now)

    async def load_purchases(self, now: datetime) -> None:
        """Read what was bought, after any change to it."""
        self._bought = await self._purchases.since(now - WINDOW)
        self._trends = None

    async def add(self, account: Account) -> None:
        """Keep a look, in the database and here."""
        await self._log.add(account)
        self._had_vip_until = account.vip_until or self._had_vip_until
        self._looks.append(account)
        if self._looks[0].at < account.at - WINDOW - FRESH:  # in lots, not one by one
            self._looks = [look for look in self._looks if look.at >= account.at - WINDOW]

    def outlook(self, account: Account) -> Outlook:
        """What follows from everything seen up to this look."""
        policy = vip_policy(self._settings)
        income, traffic = self._trends_at(account.at)
        standing = account.vip(had_vip_until=self._had_vip_until)
        plan = plan_vip(account, standing, income, policy, partly_refused=self._partly_refused())
        return Outlook(
            account=account,
            standing=standing,
            income=income,
            traffic=traffic,
            plan=plan,
            projection=project(
                account, standing, income, traffic, plan, ratio_limits(self._settings).emergency_at
            ),
            spendable=spendable(
                account.points, reserve=policy.reserve, hold=plan.hold, vip_at_risk=plan.at_risk
            ),
        )

    def _trends_at(self, now: datetime) -> tuple[Income | None, Traffic | None]:
        if self._trends is None or not timedelta(0) <= now - self._trends[0] < FRESH:
            income = points_per_hour(
                ((look.at, look.points) for look in self._looks), _spent(self._bought), now
            )
            traffic = traffic_per_day(
                ((look.at, look.uploaded, look.downloaded) for look in self._looks),
                _credits(self._bought),
                now,
            )
            self._trends = (now, income, traffic)
        return self._trends[1], self._trends[2]

    def _partly_refused(self) -> datetime | None:
        tried = [p.created for p in self._bought if p.reason == VIP_TRIED and p.status == "refused"]
        return max(tried, default=None)


def _spent(purchases: Sequence[Purchase]) -> Iterable[tuple[datetime, float]]:
    return [(p.sent, p.paid) for p in purchases if p.status == "confirmed" and p.sent is not None]


def _credits(purchases: Sequence[Purchase]) -> Iterable[tuple[datetime, float]]:
    return [
        (p.sent, p.amount * GIB)
        for p in purchases
        if p.kind == "upload" and p.status == "confirmed" and p.sent is not None
    ]
