"""Rows of the account: the history is thinned, one purchase of a kind is open, freezes end, changes keep their first value."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.guard.account import Account
from core.domain.guard.emergency import Change
from core.store.account import AccountLog
from core.store.engine import Store
from core.store.guard import ClientChangeStore, FreezeStore
from core.store.purchases import Intent, PurchaseStore
from tests.world.clock import START, SimulatedClock

DAY = timedelta(days=1)
VIP = Intent("vip", 4, 5_000, "end", "guard", "guard")
UPLOAD = Intent("upload", 50, 25_000, "cap", "guard", "guard")


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "mousekeeper.db", clock)
    yield opened
    await opened.close()


async def test_of_old_days_the_last_look_is_kept(store: Store) -> None:
    log = AccountLog(store)
    for hour in range(0, 24 * 6, 6):
        await log.add(Account(START + timedelta(hours=hour), points=float(hour)))
    await log.thin(START + 3 * DAY)
    kept = await log.since(START - DAY)
    assert [look.points for look in kept] == [
        6,
        30,
        54,
        72,
        78,
        84,
        90,
        96,
        102,
        108,
        114,
        120,
        126,
        132,
        138,
    ]


async def test_a_look_comes_back_as_it_was(store: Store) -> None:
    log = AccountLog(store)
    assert await log.last() is None
    seen = Account(START, "VIP", 2**45, 2**44, math.inf, 12.5, 3, START + DAY, 4, 150, "yes", {"sSat": 2})
    await log.add(seen)
    await log.add(Account(START + DAY))
    assert await log.since(START - DAY) == [seen, Account(START + DAY)]
    assert await log.last_vip_until() == START + DAY


async def test_one_purchase_of_a_kind_is_open_however_many_want_it(store: Store) -> None:
    purchases = PurchaseStore(store)
    wanted = [purchases.intend(VIP, per_day=9) for _ in range(20)]
    made = [row for row in await asyncio.gather(*wanted) if row]
    assert len(made) == 1
    assert await purchases.intend(UPLOAD, per_day=9) is not None


async def test_one_is_sent_at_a_time(store: Store) -> None:
    purchases = PurchaseStore(store)
    vip, upload = await purchases.intend(VIP, per_day=9), await purchases.intend(UPLOAD, per_day=9)
    assert vip is not None
    assert upload is not None
    seen = Account(START, points=40_000.0)
    begun = await asyncio.gather(*(purchases.begin(row.id, seen, 1, 1) for row in (vip, upload, vip, upload)))
    assert sum(row is not None for row in begun) == 1


async def test_the_days_limit_counts_tries_and_not_what_was_never_sent(
    store: Store, clock: SimulatedClock
) -> None:
    purchases = PurchaseStore(store)
    for status in ("refused", "dropped", "confirmed"):
        row = await purchases.intend(VIP, per_day=2)
        assert row is not None
        assert await purchases.finish(row.id, status)  # type: ignore[arg-type]
        assert not await purchases.finish(row.id, "refused")  # finished once
    assert await purchases.intend(VIP, per_day=2) is None
    clock.shift(86_401)
    assert await purchases.intend(VIP, per_day=2) is not None


async def test_a_person_decides_once(store: Store) -> None:
    purchases = PurchaseStore(store)
    row = await purchases.intend(VIP, per_day=2, asking=True)
    assert row is not None
    answers = [purchases.agree(row.id, by=f"person {n}", door="discord", no=n % 2 == 0) for n in range(10)]
    assert sum(await asyncio.gather(*answers)) == 1


async def test_freezes_are_each_persons_own_and_end(store: Store, clock: SimulatedClock) -> None:
    freezes = FreezeStore(store)
    assert await freezes.put("paid", "low", by="guard")
    assert not await freezes.put("paid", "lower", by="guard")
    assert await freezes.put("all", "holiday", by="ada", until=clock.now() + DAY)
    assert [(row.scope, row.reason) for row in await freezes.active()] == [
        ("paid", "lower"),
        ("all", "holiday"),
    ]
    clock.shift(86_400)
    assert [row.scope for row in await freezes.active()] == ["paid"]
    assert await freezes.lift("paid", by="ada") is False
    assert await freezes.lift("paid") is True


async def test_the_first_value_before_is_the_one_that_is_kept(store: Store) -> None:
    changes = ClientChangeStore(store)
    await changes.remember([Change("aa", "upload_limit", 500, 0)])
    await changes.applied([Change("aa", "upload_limit", 500, 0)])
    await changes.remember([Change("aa", "upload_limit", 0, 900), Change("", "up_limit", 1, 0)])
    assert await changes.all() == [
        Change("", "up_limit", 1, 0), Change("aa", "upload_limit", 500, 900, applied=True),
    ]  # fmt: skip
    await changes.forget([Change("aa", "upload_limit", 500, 900)])
    assert [change.field for change in await changes.all()] == ["up_limit"]
