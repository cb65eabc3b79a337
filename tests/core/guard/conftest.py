"""The whole guard over a real database, a small shop and a clock that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.breaker import Breakers
from core.domain.alert_plan import AlertPlan
from core.events import Events
from core.guard.build import GuardRows, build_guard
from core.guard.emergency import SeedClient
from core.guard.monitor import Guard
from core.settings import Settings
from core.store.alerts import AlertStore
from core.store.engine import Store
from core.store.guard import FreezeStore, ModeStore
from core.store.jobs import JobStore
from core.store.purchases import PurchaseStore
from core.store.releases import ReleaseStore
from tests.core.guard.shop import Shop
from tests.world.clock import SimulatedClock

PLAN = AlertPlan(rules={}, on=True)


class AloneClock(SimulatedClock):
    """For one task that has the time to itself: its sleeps pass at once."""

    async def sleep(self, seconds: float) -> None:
        self.shift(seconds)


@pytest.fixture
def clock() -> SimulatedClock:
    return AloneClock()


@dataclass
class Keeper:
    """A guard and its rows; `restart` makes another one over the same rows, as after a kill."""

    store: Store
    shop: Shop
    clock: SimulatedClock
    settings: Settings
    client: SeedClient | None = None
    spending: bool = True
    events: Events = field(default_factory=Events)
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.alerts = AlertStore(self.store, PLAN)
        self.purchases = PurchaseStore(self.store)
        self.freezes = FreezeStore(self.store)
        self.modes = ModeStore(self.store)
        self.restart()

    def restart(self) -> None:
        async def may_spend() -> bool:
            return self.spending

        self.guard = build_guard(
            self.settings,
            GuardRows.of(self.store),
            self.shop,
            self.client,
            alerts=self.alerts,
            releases=ReleaseStore(self.store, JobStore(self.store)),
            clock=self.clock,
            breakers=Breakers(self.store, self.events),
            events=self.events,
            may_spend=may_spend,
            is_tracker_host=lambda host: host == "t.example",
        )

    def set(self, **sections: dict[str, Any]) -> None:
        """Other settings, and a guard that has them."""
        changed = self.settings.model_dump(include={"guard", "vip", "cost"})
        for name, values in sections.items():
            changed[name] = {**changed[name], **values}
        self.settings = Settings.model_validate(changed)
        self.restart()

    async def look(self, hours: float = 0.0) -> None:
        """Let time pass, then look once, with whatever sleeps meanwhile."""
        self.clock.shift(hours * 3600)
        await self.guard.look(now=True)

    async def told(self) -> list[str]:
        """The events people were told of, oldest first, repeats left out."""
        return [row.event for row in reversed(await self.alerts.recent())]


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "data" / "mousekeeper.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def shop(clock: SimulatedClock) -> Shop:
    return Shop(clock)


@pytest.fixture
def keeper(store: Store, shop: Shop, clock: SimulatedClock) -> Keeper:
    return Keeper(store, shop, clock, Settings())
