"""One look at the account: every field may be missing, as it may in the tracker's answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.guard.prices import VIP_CAP

ALWAYS_VIP = ("elite vip",)  # classes seen without an end of their VIP


@dataclass(frozen=True, slots=True)
class Account:
    """What the tracker said at `at`. Traffic in bytes, counts as the site names them.

    `stated_ratio` is the site's own figure: rounded, infinite without downloads, None when it shows none.
    """

    at: datetime
    classname: str | None = None
    uploaded: int | None = None
    downloaded: int | None = None
    stated_ratio: float | None = None
    points: float | None = None
    wedges: int | None = None
    vip_until: datetime | None = None
    unsat_count: int | None = None
    unsat_limit: int | None = None
    connectable: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Exact from bytes where they are known; infinite without downloads, None when nobody can say."""
        if self.uploaded is not None and self.downloaded is not None:
            return self.uploaded / self.downloaded if self.downloaded > 0 else math.inf
        if self.stated_ratio is None or math.isnan(self.stated_ratio) or self.stated_ratio < 0:
            return None
        return self.stated_ratio

    def vip(self, *, had_vip_until: datetime | None = None) -> VipStanding:
        """How the account stands with VIP; `had_vip_until` is the last end ever seen, for one that lapsed."""
        until = self.vip_until or had_vip_until
        if until is not None and until > self.at:
            # the site caps it; a date far beyond is a slip, not a gift
            return VipStanding(is_vip=True, until=until, left=min(until - self.at, 2 * VIP_CAP))
        if (self.classname or "").strip().casefold() in ALWAYS_VIP or (
            until is None and "vip" in (self.classname or "").casefold()
        ):
            return VipStanding(is_vip=True)
        return VipStanding(is_vip=False, until=until, left=timedelta(0) if until else None)


@dataclass(frozen=True, slots=True)
class VipStanding:
    """VIP now? `left` is None where there is nothing to renew: VIP without an end, or never had."""

    is_vip: bool
    until: datetime | None = None
    left: timedelta | None = None

    @property
    def renewable(self) -> bool:
        """Whether time can be added: it has an end, ahead or behind us."""
        return self.left is not None
