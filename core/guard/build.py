"""Puts the guard together from its rows, the tracker and the torrent client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.breaker import Breakers
from core.clock import Clock
from core.domain.guard.account import Account
from core.domain.guard.emergency import Measures
from core.events import Events
from core.guard.costs import Costs
from core.guard.emergency import Emergency, SeedClient
from core.guard.herald import Herald
from core.guard.monitor import Guard
from core.guard.outlook import History
from core.guard.policy import ratio_limits, vip_policy
from core.guard.purchases import Purchases
from core.guard.ratio import RatioGuard
from core.guard.tracker import TrackerAccount
from core.guard.treasury import Treasury
from core.guard.vip import VipGuard
from core.integrations.mam.errors import SYSTEM
from core.settings import Settings
from core.store.account import AccountLog
from core.store.alerts import AlertStore
from core.store.engine import Store
from core.store.guard import ClientChangeStore, FreezeStore, ModeStore
from core.store.purchases import PurchaseStore
from core.store.releases import ReleaseStore
from core.store.small import StateStore


@dataclass(frozen=True)
class GuardRows:
    """What the guard keeps in the database, which others may read without a guard."""

    log: AccountLog
    purchases: PurchaseStore
    modes: ModeStore
    freezes: FreezeStore
    changes: ClientChangeStore
    state: StateStore

    @classmethod
    def of(cls, store: Store) -> GuardRows:
        """The rows of one database."""
        return cls(
            AccountLog(store),
            PurchaseStore(store),
            ModeStore(store),
            FreezeStore(store),
            ClientChangeStore(store),
            StateStore(store),
        )


def build_guard(
    settings: Settings,
    rows: GuardRows,
    tracker: TrackerAccount,
    client: SeedClient | None,
    *,
    alerts: AlertStore,
    releases: ReleaseStore,
    clock: Clock,
    breakers: Breakers,
    events: Events,
    may_spend: Callable[[], Awaitable[bool]],
    is_tracker_host: Callable[[str], bool],
) -> Guard:
    """The whole guard. `client` is None without qBittorrent: then nothing is forced or stopped."""
    history = History(settings, rows.log, rows.purchases)
    herald = Herald(alerts, events)
    limits = ratio_limits(settings)
    wishes = settings.guard

    async def read() -> Account:
        """The account as it is now, kept."""
        account = await breakers.call(SYSTEM, lambda: tracker.account(fresh=True))
        await history.add(account)
        return account

    costs = Costs(tracker, clock=clock, breakers=breakers)
    measures = Measures(wishes.seed_harder, wishes.upload_limit, wishes.let_finish)
    emergency = None
    if client is not None:
        emergency = Emergency(
            client,
            rows.changes,
            rows.freezes,
            releases,
            costs,
            clock=clock,
            breakers=breakers,
            measures=measures,
            ours=is_tracker_host,
        )
    purchases = Purchases(
        rows.purchases,
        tracker,
        read,
        clock=clock,
        breakers=breakers,
        herald=herald,
        per_day=wishes.purchases_per_day,
        dry_run=wishes.dry_run,
    )
    ratio = RatioGuard(
        rows.modes,
        rows.freezes,
        rows.purchases,
        rows.state,
        emergency,
        herald,
        limits=limits,
        clock=clock,
        events=events,
    )
    vip = VipGuard(
        rows.state,
        rows.freezes,
        emergency,
        herald,
        policy=vip_policy(settings),
        limits=limits,
        events=events,
    )
    treasury = Treasury(
        settings,
        history,
        purchases,
        rows.purchases,
        rows.freezes,
        clock=clock,
        herald=herald,
        may_spend=may_spend,
    )
    return Guard(
        tracker,
        history,
        purchases,
        ratio,
        vip,
        treasury,
        clock=clock,
        breakers=breakers,
        events=events,
        poll_seconds=wishes.poll_minutes * 60.0,
    )
