"""A tracker account with a shop, small enough to be read: what the guard's rules are tried against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.guard.account import Account
from core.domain.guard.prices import GIB, POINTS_CAP, VIP_CAP, VIP_LEAST, vip_price
from core.errors import Rejected, Unreachable
from tests.world.clock import SimulatedClock

WEEK = timedelta(weeks=1)


@dataclass
class Shop:
    """An account that earns `hourly` points and sells as the site does.

    `faults` are taken one a purchase: "late" (it was made, the answer is lost), "lost" (it was not made), "no".
    """

    clock: SimulatedClock
    points: float = 30_000.0
    hourly: float = 20.0
    uploaded: int = 500 * GIB
    downloaded: int = 100 * GIB
    vip_until: datetime | None = None
    classname: str = "VIP"
    away: bool = False
    faults: list[str] = field(default_factory=list)
    free: dict[str, bool] = field(default_factory=dict)
    bought: list[str] = field(default_factory=list)  # what was really made
    asked: int = 0
    wasted: float = 0.0
    _credited: datetime | None = None

    def __post_init__(self) -> None:
        self._credited = self.clock.now()

    async def account(self, *, fresh: bool = False) -> Account:
        self.asked += 1
        if self.away:
            raise Unreachable("mam", "The tracker does not answer.")
        self._credit()
        vip = self.vip_until is not None and self.vip_until > self.clock.now()
        return Account(
            at=self.clock.now(),
            classname=self.classname if vip or self.vip_until is None else "Power User",
            uploaded=self.uploaded,
            downloaded=self.downloaded,
            points=float(int(self.points)),
            wedges=3,
            vip_until=self.vip_until,
            unsat_count=4,
            unsat_limit=150,
        )

    async def buy_vip(self) -> None:
        self._credit()
        now = self.clock.now()
        begin = max(self.vip_until or now, now)
        time = now + VIP_CAP - begin
        if time < VIP_LEAST:
            raise Rejected("mam", "Min VIP is 1 week purchased for Automated methods")
        self._sell(f"vip {time / WEEK:.2f}", vip_price(time), lambda: self._until(begin + time))

    async def buy_upload(self, gib: int) -> None:
        self._credit()
        self._sell(f"upload {gib}", gib * 500.0, lambda: self._upload(gib))

    async def free_now(self, infohash: str) -> bool | None:
        return self.free.get(infohash)

    def _sell(self, what: str, price: float, deliver: Callable[[], None]) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            raise Unreachable("mam", "The connection was lost.")
        if fault == "no" or self.points < price:
            raise Rejected("mam", "Not enough bonus, s1")
        self.points -= price
        self.bought.append(what)
        deliver()
        if fault == "late":
            raise Unreachable("mam", "The tracker did not answer in time.")

    def _until(self, end: datetime) -> None:
        self.vip_until = end

    def _upload(self, gib: int) -> None:
        self.uploaded += gib * GIB

    def _credit(self) -> None:
        now = self.clock.now()
        assert self._credited is not None
        earned = self.hourly * (now - self._credited) / timedelta(hours=1)
        self._credited = now
        self.wasted += max(0.0, self.points + earned - POINTS_CAP)
        self.points = min(float(POINTS_CAP), self.points + earned)
