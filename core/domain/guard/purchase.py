"""A purchase's life, and what the account says about one whose answer was lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.domain.guard.account import Account
from core.domain.guard.prices import GIB

Kind = Literal["vip", "upload"]
# asked: waits for a person · planned: may be sent · sent: on its way · unknown: the answer was lost ·
# confirmed: seen on the account · refused: a no, or proven not made · dropped: never sent ·
# dry_run: only said
Status = Literal["asked", "planned", "sent", "unknown", "confirmed", "refused", "dropped", "dry_run"]
OPEN: tuple[Status, ...] = ("asked", "planned", "sent", "unknown")
ATTEMPTS: tuple[Status, ...] = (
    "sent",
    "unknown",
    "confirmed",
    "refused",
    "dry_run",
)  # count for a day's limit

LATE = timedelta(minutes=10)  # a request may still be at work so long after we gave up waiting
NEARLY = 0.98  # of the bytes bought: whatever a GB is to the site
Seen = Literal["made", "not_made", "unclear"]


@dataclass(frozen=True, slots=True)
class Purchase:
    """One intent to spend points and what became of it.

    `amount` is in weeks of VIP or GiB of upload; `price` what we expect it to cost. The `before` fields are
    the account's figures right before it was sent.
    """

    id: str
    kind: Kind
    amount: float
    price: float
    status: Status
    reason: str
    by: str
    door: str
    created: datetime
    balance_before: float | None = None
    balance_after: float | None = None
    vip_until_before: datetime | None = None
    uploaded_before: int | None = None
    sent: datetime | None = None
    answered: bool = False  # the site said yes
    finished: datetime | None = None
    error: str | None = None

    @property
    def paid(self) -> float:
        """Points it took: by the balances where both are known, else its price."""
        if self.balance_before is None or self.balance_after is None:
            return self.price
        return max(0.0, self.balance_before - self.balance_after)


def looked_up(purchase: Purchase, account: Account, *, income_high: float) -> Seen:
    """Whether an account read after the sending shows the purchase.

    Two witnesses: what was bought (time of VIP, bytes of upload) and the balance, each compared with half of
    the purchase, so that income in between does not matter while it is small. Where they contradict each
    other it is unclear; "not made" is said only once no late answer is to be expected any more, and never of
    one that the site said yes to.
    """
    earned = income_high * max(0.0, (account.at - (purchase.sent or account.at)) / timedelta(hours=1))
    goods, balance = _goods(purchase, account), _balance(purchase, account, earned)
    witnesses = {goods, balance} - {None}
    if purchase.kind == "upload" and balance is None:
        return "unclear"  # real upload looks like bought upload
    if witnesses == {True}:
        return "made"
    late = purchase.sent is not None and account.at - purchase.sent >= LATE
    if witnesses == {False} and late and not purchase.answered:
        return "not_made"
    return "unclear"


def _goods(purchase: Purchase, account: Account) -> bool | None:
    if purchase.kind == "vip":
        if account.vip_until is None:
            return None
        before = max(purchase.vip_until_before or account.at, purchase.sent or account.at)
        return account.vip_until - before > timedelta(weeks=purchase.amount) / 2
    if account.uploaded is None or purchase.uploaded_before is None:
        return None
    return account.uploaded - purchase.uploaded_before >= purchase.amount * GIB * NEARLY


def _balance(purchase: Purchase, account: Account, earned: float) -> bool | None:
    if account.points is None or purchase.balance_before is None:
        return None
    if earned > purchase.price / 2:
        return None  # so long ago that the balance tells nothing
    return account.points < purchase.balance_before + earned - purchase.price / 2
