"""Law 3: written down, bought once, seen on the account; a lost answer is looked up and never repeated."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from core.domain.guard.purchase import Purchase
from core.errors import BadReply, RateLimited
from core.store.purchases import Intent
from tests.core.guard.conftest import Keeper
from tests.core.guard.shop import Shop
from tests.world.clock import SimulatedClock

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _vip_ends_soon(shop: Shop, clock: SimulatedClock) -> None:
    shop.vip_until = clock.now() + 5 * DAY
    shop.points = 40_000


async def rows(keeper: Keeper) -> list[Purchase]:
    return await keeper.purchases.since(keeper.clock.now() - 400 * DAY)


async def test_bought_once_and_seen(keeper: Keeper, shop: Shop) -> None:
    await keeper.look()
    [row] = await rows(keeper)
    assert shop.bought == ["vip 12.14"]
    assert (row.kind, row.status, row.reason, row.by) == ("vip", "confirmed", "end", "guard")
    assert row.balance_before == 40_000
    assert row.balance_after == pytest.approx(40_000 - 15_178, abs=2)
    assert row.paid == pytest.approx(row.price, abs=2)
    assert await keeper.told() == ["vip_ending", "purchase_made"]
    for _ in range(3):
        await keeper.look(1)
    assert len(shop.bought) == 1


async def test_an_answer_after_the_time_out_is_found_and_not_repeated(keeper: Keeper, shop: Shop) -> None:
    shop.faults = ["late"]
    await keeper.look()
    [row] = await rows(keeper)
    assert row.status == "unknown"
    await keeper.look(0.5)
    [row] = await rows(keeper)
    assert row.status == "confirmed"
    assert row.balance_after is not None
    assert len(shop.bought) == 1


async def test_one_that_was_not_made_is_made_later(keeper: Keeper, shop: Shop) -> None:
    shop.faults = ["lost"]
    await keeper.look()
    await keeper.look(0.1)  # it may still be on its way
    assert [row.status for row in await rows(keeper)] == ["unknown"]
    await keeper.look(0.2)
    assert [row.status for row in await rows(keeper)] == ["refused", "confirmed"]
    assert len(shop.bought) == 1


async def test_nothing_else_is_bought_while_one_is_unknown(keeper: Keeper, shop: Shop) -> None:
    shop.faults = ["late"]
    await keeper.look()
    shop.away = True
    await keeper.purchases.intend(Intent("upload", 50, 25_000, "person", "ada", "cli"), per_day=2)
    with suppress(Exception):
        await keeper.look(0.5)
    shop.away = False
    assert len(shop.bought) == 1
    await keeper.look(0.5)
    assert [row.status for row in await rows(keeper)] == ["confirmed", "dropped"]  # VIP left too little


async def test_a_no_is_a_no_and_the_days_limit_holds(keeper: Keeper, shop: Shop) -> None:
    shop.faults = ["no"] * 9
    for _ in range(20):
        await keeper.look(0.5)
    assert [row.status for row in await rows(keeper)] == ["refused", "refused"]
    assert len(shop.faults) == 7
    assert "purchase_refused" in await keeper.told()
    shop.faults.clear()
    await keeper.look(24)
    assert len(shop.bought) == 1


async def test_killed_while_buying_it_is_looked_up_after_the_restart(keeper: Keeper, shop: Shop) -> None:
    buy = shop.buy_vip

    async def killed() -> None:
        await buy()
        raise asyncio.CancelledError

    shop.buy_vip = killed  # type: ignore[method-assign]
    with suppress(asyncio.CancelledError):
        await keeper.look()
    assert [row.status for row in await rows(keeper)] == ["sent"]
    shop.buy_vip = buy  # type: ignore[method-assign]
    keeper.restart()
    await keeper.look(0.5)
    assert [row.status for row in await rows(keeper)] == ["confirmed"]
    assert len(shop.bought) == 1


async def test_killed_between_answer_and_reading(keeper: Keeper, shop: Shop) -> None:
    looks = shop.account

    async def killed(*, fresh: bool = False) -> object:
        if shop.bought:
            raise asyncio.CancelledError
        return await looks()

    shop.account = killed  # type: ignore[method-assign, assignment]
    with suppress(asyncio.CancelledError):
        await keeper.look()
    [row] = await rows(keeper)
    assert (row.status, row.answered) == ("sent", True)
    shop.account = looks  # type: ignore[method-assign]
    keeper.restart()
    await keeper.look(0.5)
    assert [row.status for row in await rows(keeper)] == ["confirmed"]
    assert len(shop.bought) == 1


async def test_an_account_that_lags_behind_a_yes_leads_to_no_second_purchase(
    keeper: Keeper, shop: Shop
) -> None:
    stale = await shop.account()

    async def sold() -> None:
        shop.bought.append("vip")  # and the account does not show it for a day

    shop.buy_vip = sold  # type: ignore[method-assign]
    await keeper.look()
    for _ in range(8):
        await keeper.look(3)
    assert len(shop.bought) == 1
    assert [row.status for row in await rows(keeper)] == ["unknown"]
    assert stale.points == 40_000
    for _ in range(10):  # then a person has to look, and what is still needed is bought
        await keeper.look(3)
    assert (await rows(keeper))[0].status == "unknown"
    assert (await rows(keeper))[0].finished is not None
    assert "purchase_unclear" in await keeper.told()


async def test_a_tracker_that_is_left_alone_is_not_asked_and_nothing_is_unknown(
    keeper: Keeper, shop: Shop
) -> None:
    async def limited() -> None:
        raise RateLimited("mam", "Too often.", retry_after=600)

    shop.buy_vip = limited  # type: ignore[method-assign]
    await keeper.look()
    assert [row.status for row in await rows(keeper)] == ["dropped"]


async def test_an_answer_that_cannot_be_read_is_unknown(keeper: Keeper, shop: Shop) -> None:
    async def nonsense() -> None:
        raise BadReply("mam", "A page.")

    shop.buy_vip = nonsense  # type: ignore[method-assign]
    await keeper.look()
    assert [row.status for row in await rows(keeper)] == ["unknown"]


async def test_dry_run_says_and_does_not(keeper: Keeper, shop: Shop) -> None:
    keeper.set(guard={"dry_run": True})
    for _ in range(5):
        await keeper.look(1)
    assert shop.bought == []
    assert [row.status for row in await rows(keeper)] == [
        "dry_run",
        "dry_run",
    ]  # as often as it would have bought


async def test_without_the_autopilot_nothing_is_spent(keeper: Keeper, shop: Shop) -> None:
    keeper.spending = False
    await keeper.look()
    assert shop.bought == []
    assert await rows(keeper) == []
    await keeper.purchases.intend(Intent("vip", 12, 15_000, "person", "ada", "cli"), per_day=2)
    await keeper.look()  # what a person wants is done all the same
    assert len(shop.bought) == 1


async def test_asking_first(keeper: Keeper, shop: Shop) -> None:
    keeper.set(vip={"renew": "ask"})
    for _ in range(3):
        await keeper.look(0.5)
    [row] = await rows(keeper)
    assert row.status == "asked"
    assert shop.bought == []
    assert await keeper.told() == ["vip_ending", "purchase_asked"]
    assert await keeper.purchases.agree(row.id, by="ada", door="discord")
    assert not await keeper.purchases.agree(row.id, by="bea", door="discord")  # a person decides once
    await keeper.look(0.5)
    [row] = await rows(keeper)
    assert (row.status, row.by, row.door) == ("confirmed", "ada", "discord")
    assert len(shop.bought) == 1


async def test_a_no_of_a_person_holds_for_a_day(keeper: Keeper, shop: Shop) -> None:
    keeper.set(vip={"renew": "ask"})
    await keeper.look()
    [row] = await rows(keeper)
    assert await keeper.purchases.agree(row.id, by="ada", door="discord", no=True)
    for _ in range(4):
        await keeper.look(5)
    assert len(await rows(keeper)) == 1
    await keeper.look(5)
    assert [row.status for row in await rows(keeper)] == ["dropped", "asked"]


async def test_what_is_asked_is_taken_back_when_it_is_not_called_for_any_more(
    keeper: Keeper, shop: Shop
) -> None:
    keeper.set(vip={"renew": "ask"})
    await keeper.look()
    await shop.buy_vip()  # somebody did it by hand
    await keeper.look(0.5)
    assert [row.status for row in await rows(keeper)] == ["dropped"]


async def test_upload_credit_never_eats_into_vip(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until = keeper.clock.now() + 60 * DAY
    shop.points, shop.hourly = 39_000, 0
    await keeper.purchases.intend(Intent("upload", 50, 25_000, "person", "ada", "cli"), per_day=2)
    await keeper.look()
    [row] = await rows(keeper)
    assert (row.status, shop.bought) == ("dropped", [])
    assert row.error is not None
    assert "may be spent beside VIP" in row.error


async def test_points_are_not_lost_at_the_cap(keeper: Keeper, shop: Shop) -> None:
    keeper.set(guard={"upload_credit": "auto"})
    shop.vip_until, shop.hourly, shop.points = keeper.clock.now() + 80 * DAY, 40, 97_000
    for _ in range(24 * 25):
        await keeper.look(1)
    assert shop.wasted == 0
    assert any(what.startswith("vip") for what in shop.bought)
    assert any(what.startswith("upload") for what in shop.bought)


async def test_no_upload_is_bought_unasked_at_the_cap(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points = keeper.clock.now() + 86 * DAY, 99_999
    await keeper.look()
    assert shop.bought == []
    [row] = await rows(keeper)
    assert (row.kind, row.status, row.reason) == ("upload", "asked", "cap")
