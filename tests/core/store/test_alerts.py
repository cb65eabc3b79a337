"""Rows of alerts: the same again is one message, states that flap are told of once, tries outlive a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain.alert_events import alert
from core.domain.alert_plan import AlertPlan
from core.domain.timing import delay_for
from core.events import Alert, AlertSeverity
from core.store.alerts import GIVEN_UP_AFTER, AlertStore, StoredAlert
from core.store.engine import Store
from core.store.tables import state
from tests.world.clock import SimulatedClock

COOL_DOWN = 900


def down(system: str = "qbittorrent") -> Alert:
    return alert("system_down", system, system=system, reason="It does not answer.")


def up(system: str = "qbittorrent") -> Alert:
    return alert("system_up", system, system=system)


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "alerts.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def alerts(store: Store) -> AlertStore:
    return AlertStore(store, AlertPlan(), lambda text: text.replace("hushhush", "•••"))


async def send(alerts: AlertStore) -> list[str]:
    """Send what is due; the events in their order."""
    rows = await alerts.due()
    await alerts.sent({row.id: ["JSON"] for row in rows})
    return [row.event for row in rows]


async def only(alerts: AlertStore) -> StoredAlert:
    [row] = await alerts.recent()
    return row


async def test_the_same_again_is_one_message_while_it_is_open(alerts: AlertStore) -> None:
    assert await alerts.add(down())
    assert not await alerts.add(down())
    assert not await alerts.add(down())
    assert await alerts.add(down("audnex")), "another system is another thing"
    first, second = await alerts.due()
    assert (first.key, first.repeats) == ("system:qbittorrent", 2)
    assert (second.key, second.repeats) == ("system:audnex", 0)


async def test_and_for_a_time_after_it_was_sent(alerts: AlertStore, clock: SimulatedClock) -> None:
    await alerts.add(down())
    await send(alerts)
    clock.shift(COOL_DOWN - 1)
    assert not await alerts.add(down())
    assert (await only(alerts)).repeats == 1
    clock.shift(1)
    assert await alerts.add(down())
    assert await send(alerts) == ["system_down"]


async def test_away_and_back_are_told_at_once(alerts: AlertStore, clock: SimulatedClock) -> None:
    await alerts.add(down())
    assert await send(alerts) == ["system_down"]
    clock.shift(5)
    await alerts.add(up())
    assert await send(alerts) == ["system_up"]
    assert await alerts.next_due() is None


async def test_what_flaps_is_held_and_dropped_when_it_is_back(
    alerts: AlertStore, clock: SimulatedClock
) -> None:
    for change in (down(), up()):
        await alerts.add(change)
        await send(alerts)
    for _ in range(5):
        clock.shift(20)
        assert await alerts.add(down()), "people will be told, unless it comes back before"
        assert not await alerts.add(up())
    assert await send(alerts) == []
    assert await alerts.next_due() is None
    clock.shift(2 * COOL_DOWN)
    assert await send(alerts) == []


async def test_what_flaps_and_stays_away_is_told_when_its_time_has_come(
    alerts: AlertStore, clock: SimulatedClock
) -> None:
    for change in (down(), up()):
        await alerts.add(change)
        await send(alerts)
    clock.shift(60)
    await alerts.add(down())
    clock.shift(COOL_DOWN - 61)
    assert await send(alerts) == []
    clock.shift(1)
    assert await send(alerts) == ["system_down"]
    clock.shift(60)
    await alerts.add(up())
    assert await send(alerts) == ["system_up"]


async def test_one_that_is_being_sent_is_not_taken_back(alerts: AlertStore, clock: SimulatedClock) -> None:
    for change in (down(), up()):
        await alerts.add(change)
        await send(alerts)
    clock.shift(60)
    await alerts.add(down())
    clock.shift(COOL_DOWN)
    [row] = await alerts.due()
    assert await alerts.claim([row.id]) == {row.id}
    assert await alerts.add(up()), "people hear that it is away, so they hear that it is back"
    await alerts.sent({row.id: ["JSON"]})
    clock.shift(COOL_DOWN)
    assert await send(alerts) == ["system_up"]


async def test_one_that_was_taken_back_is_not_sent(alerts: AlertStore, clock: SimulatedClock) -> None:
    for change in (down(), up()):
        await alerts.add(change)
        await send(alerts)
    clock.shift(60)
    await alerts.add(down())
    clock.shift(COOL_DOWN)
    [row] = await alerts.due()
    await alerts.add(up())
    assert await alerts.claim([row.id]) == set()


async def test_the_urgent_is_not_held(alerts: AlertStore) -> None:
    def ratio(event: str, severity: AlertSeverity) -> Alert:
        return Alert(event, "ratio:", severity, "Ratio", "It changed.")

    for event, severity in (("ratio_low", "urgent"), ("ratio_well", "ok"), ("ratio_low", "urgent")):
        await alerts.add(ratio(event, severity))
        assert await send(alerts) == [event]


async def test_a_long_spacing_does_not_hold_what_changed_in_between(
    alerts: AlertStore, clock: SimulatedClock
) -> None:
    waits = alert("torrent_stopped", "1", title="One", left="3 hours")
    failed = alert("torrent_errored", "1", title="One", left="3 hours", reason="error")
    for told in (waits, failed, waits):
        await alerts.add(told)
        assert await send(alerts) == [told.event]
        clock.shift(3600)
    assert not await alerts.add(waits)


async def test_both_ways_are_told_though_the_first_could_not_be_sent(
    alerts: AlertStore, clock: SimulatedClock
) -> None:
    await alerts.add(down())
    clock.shift(60)
    await alerts.add(up())
    assert await send(alerts) == ["system_down", "system_up"]


async def test_an_event_may_have_a_longer_spacing(alerts: AlertStore, clock: SimulatedClock) -> None:
    low = alert("disk_low", "/data", folder="/data", left="1 GiB")
    await alerts.add(low)
    await send(alerts)
    for _ in range(23):
        clock.shift(3600)
        assert not await alerts.add(low)
    clock.shift(3600)
    assert await alerts.add(low)


async def test_without_a_cool_down_each_is_told(store: Store) -> None:
    alerts = AlertStore(store, AlertPlan(cool_down=timedelta()))
    for _ in range(3):
        await alerts.add(down())
        assert await send(alerts) == ["system_down"]


async def test_nothing_is_kept_that_nobody_wants(store: Store, alerts: AlertStore) -> None:
    nobody = AlertStore(store, AlertPlan(on=False))
    muted = AlertStore(store, AlertPlan({"system_down": ()}))
    assert not await nobody.add(down())
    assert not await muted.add(down())
    assert not await alerts.add(alert("approval_waiting", "1", title="One", release="1")), "told by name only"
    assert await alerts.recent() == []
    named = AlertStore(store, AlertPlan({"approval_waiting": ("desk",)}))
    assert await named.add(alert("approval_waiting", "1", title="One", release="1"))


async def test_urgent_ones_go_first(alerts: AlertStore) -> None:
    await alerts.add(down())
    await alerts.add(Alert("ratio_emergency", "ratio:", "urgent", "Ratio", "It is low."))
    assert [row.severity for row in await alerts.due()] == ["urgent", "warning"]


async def test_tries_grow_apart_survive_a_restart_and_end(
    store: Store, alerts: AlertStore, clock: SimulatedClock
) -> None:
    await alerts.add(down())
    came, tries = clock.now(), 0
    while (due := await alerts.next_due()) is not None:
        clock.shift((due - clock.now()).total_seconds())
        alerts = AlertStore(store, AlertPlan())  # as after a restart
        rows = await alerts.due()
        await alerts.missed(rows, "JSON: it answered 500", {row.id: [] for row in rows})
        tries += 1
        after = await alerts.next_due()
        assert after is None or (after - clock.now()).total_seconds() == delay_for(tries)
    assert clock.now() - came <= GIVEN_UP_AFTER
    assert tries > 8
    row = await only(alerts)
    assert (row.status, row.attempts, row.error) == ("failed", tries, "JSON: it answered 500")


async def test_who_took_it_is_kept_between_tries(alerts: AlertStore, clock: SimulatedClock) -> None:
    await alerts.add(down())
    rows = await alerts.due()
    await alerts.missed(rows, "JSON (desk): it cannot be reached", {rows[0].id: ["JSON (phone)"]})
    clock.shift(60)
    [row] = await alerts.due()
    assert row.reached == ("JSON (phone)",)


async def test_it_is_part_of_the_callers_transaction(store: Store, alerts: AlertStore) -> None:
    async def decide(*, fail: bool) -> None:
        async with store.write() as connection:
            values = {"key": "mode", "value": "emergency", "updated": store.clock.now()}
            await connection.execute(sa.insert(state).values(**values))
            assert await alerts.add(down(), connection)
            if fail:
                raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        await decide(fail=True)
    assert await alerts.recent() == []
    await decide(fail=False)
    assert [row.event for row in await alerts.recent()] == ["system_down"]


async def test_what_was_told_since_is_not_told_again(alerts: AlertStore, clock: SimulatedClock) -> None:
    gone = clock.now()
    assert await alerts.add(down(), since=gone)
    await send(alerts)
    clock.shift(86_400)
    assert not await alerts.add(down(), since=gone)
    assert await alerts.add(down(), since=clock.now())


async def test_secrets_do_not_become_rows(alerts: AlertStore) -> None:
    await alerts.add(alert("system_down", "x", system="hushhush", reason="hushhush said no"))
    [row] = await alerts.due()
    await alerts.missed([row], "hushhush", {row.id: []})
    assert "hushhush" not in str(await alerts.recent())


async def test_old_ones_are_forgotten(alerts: AlertStore, clock: SimulatedClock) -> None:
    await alerts.add(down())
    clock.shift(31 * 86_400)
    await alerts.add(down("audnex"))
    await alerts.forget(clock.now() - timedelta(days=30))
    assert [row.key for row in await alerts.recent()] == ["system:audnex"]
