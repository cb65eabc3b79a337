"""The mode, what it freezes, what people hear, and what the all-clear says."""

from __future__ import annotations

import math

import pytest

from core.domain.guard.prices import GIB
from core.store.small import StateStore
from tests.core.guard.conftest import Keeper
from tests.core.guard.shop import Shop


def ratio(shop: Shop, value: float) -> None:
    shop.downloaded = 1000 * GIB
    shop.uploaded = int(value * shop.downloaded)


@pytest.fixture(autouse=True)
def _no_credit(keeper: Keeper) -> None:
    keeper.set(guard={"upload_credit": "never"})


async def scopes(keeper: Keeper) -> list[tuple[str, str]]:
    return [(freeze.scope, freeze.by) for freeze in await keeper.freezes.active()]


async def test_an_emergency_freezes_and_is_told_at_once(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 2)
    await keeper.look()
    assert (await keeper.modes.current()).mode == "normal"  # type: ignore[union-attr]
    ratio(shop, 1.0)
    await keeper.look(0.5)
    assert (await keeper.modes.current()).mode == "emergency"  # type: ignore[union-attr]
    assert await scopes(keeper) == [("paid", "guard")]
    [told] = await keeper.alerts.recent()
    assert (told.event, told.severity, told.title) == ("ratio_emergency", "urgent", "Ratio emergency: 1.00")


async def test_the_first_look_may_find_an_emergency(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 0.5)
    await keeper.look()
    assert await scopes(keeper) == [("paid", "guard")]
    assert await keeper.told() == ["ratio_emergency"]


async def test_the_all_clear_tells_what_it_cost(keeper: Keeper, shop: Shop) -> None:
    keeper.set(guard={"upload_credit": "auto"})
    shop.points = 60_000
    ratio(shop, 0.99)
    await keeper.look()
    assert shop.bought == ["upload 61"]
    for _ in range(4):
        await keeper.look(0.5)
    assert await scopes(keeper) == []
    told = await keeper.alerts.recent()
    [clear] = [row for row in told if row.event == "ratio_all_clear"]
    assert clear.title == "The ratio is 1.05 again"
    assert "lasted 1 hours, with 0.99 at its lowest. It cost 30,500 points for 61 GB" in clear.text
    episodes = await keeper.modes.since(keeper.clock.now().replace(year=2000))
    assert [episode.mode for episode in episodes] == ["emergency", "caution"]


async def test_it_is_reminded_of_every_six_hours_and_may_be_snoozed(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 0.9)
    for _ in range(13):
        await keeper.look(0.5)
        await keeper.alerts.sent({row.id: [] for row in await keeper.alerts.open()})
    assert await keeper.told() == ["ratio_emergency"] * 2
    until = keeper.clock.now().replace(hour=23)
    await StateStore(keeper.store).put("guard.snoozed", until.isoformat())
    for _ in range(8):
        await keeper.look(0.5)
    assert await keeper.told() == ["ratio_emergency"] * 2


async def test_caution_is_told_and_lifted(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 1.4)
    await keeper.look()
    ratio(shop, 1.7)
    await keeper.look(0.5)
    await keeper.look(1)
    assert await keeper.told() == ["ratio_caution", "ratio_well"]
    assert await scopes(keeper) == []


async def test_a_persons_freeze_outlasts_the_guards(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 0.9)
    await keeper.look()
    await keeper.freezes.put("all", "ada froze everything.", by="ada")
    ratio(shop, 2)
    await keeper.look(0.5)
    await keeper.look(1)
    assert await scopes(keeper) == [("all", "ada")]


async def test_a_restart_goes_on_with_the_mode_and_its_hour(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 0.9)
    await keeper.look()
    ratio(shop, 1.2)
    await keeper.look(0.5)
    keeper.restart()
    await keeper.look(1)
    assert (await keeper.modes.current()).mode == "caution"  # type: ignore[union-attr]


async def test_an_account_without_downloads_or_any_figure_is_normal(keeper: Keeper, shop: Shop) -> None:
    shop.downloaded = 0
    await keeper.look()
    episode = await keeper.modes.current()
    assert episode is not None
    assert (episode.mode, episode.lowest) == ("normal", math.inf)


async def test_a_ratio_that_hardly_moves_costs_no_rows(keeper: Keeper, shop: Shop) -> None:
    ratio(shop, 3)
    moves = []
    move = keeper.modes.move
    keeper.guard._ratio._modes.move = lambda *args: (moves.append(1), move(*args))[1]  # type: ignore[method-assign, func-returns-value]
    for _ in range(5):
        await keeper.look(0.5)
    assert len(moves) == 1
