"""The tracker as the guard sees it: its account as a domain value, its shop, and what a download costs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from core.domain.freeleech import is_free_for
from core.domain.guard.account import Account

if TYPE_CHECKING:
    from core.integrations.mam.account import AccountStatus
    from core.integrations.mam.client import Mam

SURELY_OVER = timedelta(hours=6)  # a download that is free as VIP must be done before VIP ends


class TrackerAccount(Protocol):
    """The account and its shop; each call is at most one request.

    A purchase that the site refuses raises Rejected; one whose outcome is not known raises Unreachable or
    BadReply; everything else that is raised means that nothing was bought.
    """

    async def account(self, *, fresh: bool = False) -> Account:
        """The account, at most ten minutes old; `fresh`: as it is now."""
        ...

    async def buy_vip(self) -> None: ...

    async def buy_upload(self, gib: int) -> None: ...

    async def free_now(self, infohash: str) -> bool | None:
        """Whether downloading a torrent is free for us; None if the site does not know its infohash."""
        ...


class MamAccount:
    """The real one, over the tracker's client."""

    def __init__(self, mam: Mam) -> None:
        self._mam = mam

    async def account(self, *, fresh: bool = False) -> Account:
        return account_of(await self._mam.account(fresh=fresh))

    async def buy_vip(self) -> None:
        await self._mam.buy_vip()

    async def buy_upload(self, gib: int) -> None:
        await self._mam.buy_upload(gib)

    async def free_now(self, infohash: str) -> bool | None:
        row = await self._mam.torrent_by_infohash(infohash)
        if row is None:
            return None
        account = await self.account()
        standing, until = account.vip(), account.at + SURELY_OVER
        vip = standing.is_vip and (standing.until is None or standing.until > until)
        return is_free_for(row, vip=vip, until=until)


def account_of(status: AccountStatus) -> Account:
    """What the client says of the account, as the rules take it."""
    return Account(
        at=status.at,
        classname=status.classname,
        uploaded=status.uploaded,
        downloaded=status.downloaded,
        stated_ratio=status.ratio,
        points=status.points,
        wedges=status.wedges,
        vip_until=status.vip_until,
        unsat_count=status.unsatisfied,
        unsat_limit=status.unsatisfied_limit,
        connectable=status.connectable,
        counts={name: tally.count for name, tally in status.counts.items()},
    )
