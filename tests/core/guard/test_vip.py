"""VIP: warned of in time, points kept together, told when it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.guard.conftest import Keeper
from tests.core.guard.shop import Shop

DAY = timedelta(days=1)


async def test_warnings_once_each(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points, shop.hourly = keeper.clock.now() + 15 * DAY, 0, 0
    for _ in range(15 * 4):
        await keeper.look(6)
    endings = [row for row in reversed(await keeper.alerts.recent()) if row.event.startswith("vip_ending")]
    assert [row.title for row in endings] == [
        "VIP ends in 14.0 days", "VIP ends in 7.0 days", "VIP ends in 3.0 days", "VIP ends in 1.0 days",
    ]  # fmt: skip
    assert "a renewal costs 13,571 points. There are 0, and 0.0 an hour are earned." in endings[0].text
    assert (await keeper.told())[-1] == "vip_lost"


async def test_a_renewal_that_is_sure_is_only_noted(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points = keeper.clock.now() + 14 * DAY, 60_000
    await keeper.look()
    [told] = await keeper.alerts.recent()
    assert (told.event, told.severity) == ("vip_ending_well", "notice")
    assert "It is renewed by itself in time." in told.text


async def test_spending_is_frozen_while_vip_is_at_risk(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points, shop.hourly = keeper.clock.now() + 10 * DAY, 9_000, 0
    await keeper.look()
    assert [freeze.scope for freeze in await keeper.freezes.active()] == ["spending"]
    shop.points = 60_000
    await keeper.look(1)
    assert await keeper.freezes.active() == []
    keeper.restart()
    await keeper.look(1)
    assert await keeper.freezes.active() == []


async def test_vip_that_lapsed_is_bought_as_soon_as_points_pay(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points, shop.hourly = keeper.clock.now() + 2 * DAY, 14_000, 10
    for _ in range(4 * 14):
        await keeper.look(6)
    assert shop.bought == ["vip 12.86"]
    told = await keeper.told()
    assert told.index("vip_lost") < told.index("vip_back")


async def test_a_refill_in_part_is_tried_once_in_a_while(keeper: Keeper, shop: Shop) -> None:
    shop.vip_until, shop.points, shop.hourly = keeper.clock.now() + 20 * DAY, 5_000, 0
    for _ in range(4 * 30):
        await keeper.look(6)
    tried = await keeper.purchases.since(keeper.clock.now() - 40 * DAY)
    assert [(row.status, row.reason) for row in tried] == [("refused", "part"), ("refused", "part")]


@pytest.mark.parametrize("classname", ["Elite VIP", "Power User"])
async def test_nothing_is_bought_where_there_is_nothing_to_renew(
    keeper: Keeper, shop: Shop, classname: str
) -> None:
    shop.classname, shop.points = classname, 50_000
    for _ in range(5):
        await keeper.look(24)
    assert shop.bought == []
    assert await keeper.told() == []
