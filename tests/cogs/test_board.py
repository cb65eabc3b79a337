"""The board on the loopback Discord: one message, current, calm, pinned where it may be, and back after everything."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.board import AFTER, OVERDUE, SLOWEST, until_stale
from bot.pump import GAP
from core.events import Nudged, Progress
from core.services.disks import Disk, Disks
from core.services.health import SystemHealth
from core.services.overview import Snapshot
from core.store.small import ScheduleStore
from tests.bot.cards.test_status_card import BUSY, QUIET, minutes
from tests.core.services.conftest import found, stands_at
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord, Permission
from tests.world.discord.driver import Person
from tests.world.discord.entities import Message
from tests.world.discord.faults import refusal, server_error, too_many_requests
from tests.world.outside import Fault
from tests.world.waiting import until


class Stage:
    """The world with somebody who may put the board up, and handles to see what becomes of it."""

    def __init__(self, world: BotWorld, discord: Discord) -> None:
        self.world, self.discord, self.clock = world, discord, world.clock
        self.ada: Person = discord.person("Ada", roles=["admin"])

    async def start(self) -> None:
        """Start, or start again."""
        await self.world.restart() if self.discord.gateway.identifies else await self.world.start()
        app = self.world.app
        app.overview._disks = app.health._disks = HalfFull({}, self.clock)

    async def ask(self, live: bool = True, *, here: str = "requests") -> str:
        """`/status overview live:...` by Ada; the answer's text."""
        self.ada.here = self.discord.channel(here)
        reply = await self.ada.slash("/status overview", live=live)
        await self.run(lambda: not reply.thinking)
        return reply.text

    async def run(self, condition: Callable[[], bool]) -> None:
        """Let simulated time pass, a second with each look, until it comes true."""

        async def seen() -> bool:
            await self.clock.advance(1)
            return condition()

        await until(seen, 30)

    async def quiet(self, seconds: float) -> None:
        """Let time pass in which nothing need happen, in steps that leave sockets their own time."""
        for _ in range(10):
            await self.clock.advance(seconds / 10)
            await until(lambda: not self.world.bot.projection._pumps.busy or self.clock.sleeping)
        await self.run(lambda: not self.world.bot.projection._pumps.busy)

    @property
    def boards(self) -> list[Message]:
        """Every message of any channel that is the board."""
        return [
            message
            for name in ("uploads", "requests", "alerts", "status")
            for message in self.discord.history(name)
            if message.labels == ["Downloads", "Health"]
        ]

    @property
    def board(self) -> Message:
        [board] = self.boards
        return board

    @property
    def edits(self) -> int:
        return len(self.discord.outside.asked("PATCH /api/v10/channels/*"))


class HalfFull(Disks):
    """Disks that nobody fills meanwhile, and that answer however fast a test lets time pass."""

    async def look(self) -> tuple[Disk, ...]:
        return (Disk(("data",), Path("/data"), free=2**40, total=2**41),)


@pytest.fixture
def stage(bot_world: BotWorld, discord_double: Discord) -> Stage:
    return Stage(bot_world, discord_double)


async def test_it_is_put_up_and_pinned(stage: Stage) -> None:
    await stage.start()
    said = await stage.ask()
    assert f"<#{stage.discord.channel('status').id}>" in said
    assert "could not be pinned" not in said
    assert stage.board.channel.name == "status"
    assert stage.board.pinned
    assert "**Autopilot** off" in stage.board.text
    assert not stage.board.pings


async def test_work_shows_at_most_every_three_seconds_and_its_end_arrives(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    app = stage.world.app
    book = await found(app, stage.world.folder / "library")
    await stands_at(app, book, "build", "running")
    times: list[datetime] = []
    for edit in range(1, 11):
        for step in range(10):
            app.events.publish(Progress(book, "build", (edit * 10 + step - 9) / 100, "hashing"))
        await stage.run(lambda edit=edit: stage.board.edits == edit)  # type: ignore[misc]  # bound on purpose
        assert stage.board.edited is not None
        times.append(stage.board.edited)
    assert "100\u00a0%" in stage.board.text
    apart = [(later - before).total_seconds() for before, later in itertools.pairwise(times)]
    assert min(apart) >= GAP
    await stage.quiet(60)
    assert stage.board.edits == 10


async def test_when_nothing_happens_nothing_is_sent(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    await stage.quiet(10)
    stage.world.bot.projection.touch("board", "board")  # what the bot finds out at its start is known by now
    await stage.quiet(10)
    shown, edits = stage.board.text, stage.board.edits
    requests = len(stage.discord.outside.requests)
    await stage.quiet(6 * SLOWEST)
    assert stage.board.text == shown
    paths = [str(seen) for seen in stage.discord.outside.requests[requests:]]
    assert [path for path in paths if not path.startswith("GET")] == []  # the hourly patrol only looks
    assert stage.board.edits == edits


async def test_a_nudge_without_news_costs_no_look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system knows no pipes, there is one a second."""
    await stage.start()
    await stage.ask()
    overview, looks = stage.world.app.overview, 0
    snapshot = overview.snapshot

    async def counted() -> Snapshot:
        nonlocal looks
        looks += 1
        return await snapshot()

    await stage.quiet(10)
    monkeypatch.setattr(overview, "snapshot", counted)
    for _ in range(20):
        stage.world.app.events.publish(Nudged())
        await stage.quiet(1)
    assert looks <= 1  # what it stands at has to be learnt once


async def test_what_others_wrote_is_shown(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    await stage.world.app.autopilot.switch(True, by="the command line")
    stage.world.app.events.publish(Nudged())
    await stage.run(lambda: "**Autopilot** on\n-# by the command line" in stage.board.text)


async def test_a_schedule_that_has_run_is_shown_although_nobody_tells(stage: Stage) -> None:
    await stage.start()
    app = stage.world.app
    due = int((stage.clock.now() + timedelta(minutes=30)).timestamp())
    for name in ("discover", "enrich", "retention"):
        await ScheduleStore(app.store).ran(name, None)
    await app.autopilot.switch(True, by="ada")
    await stage.ask()
    assert f"looking for books <t:{due}:R>" in stage.board.text
    await stage.quiet(31 * 60)
    await ScheduleStore(app.store).ran("discover", None)
    await stage.clock.advance(2 * OVERDUE)
    await stage.run(lambda: f"<t:{due}:R>" not in stage.board.text and " now" not in stage.board.text)


async def test_it_goes_on_after_a_restart(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    board = stage.board
    await stage.start()
    await found(stage.world.app, stage.world.folder / "library")
    stage.world.app.events.publish(Nudged())
    await stage.run(lambda: "1\u00a0discovered" in board.text)
    assert stage.board is board


async def test_asked_again_it_is_the_same_and_pinned_again(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    board = stage.board
    board.pinned = None
    await stage.ask()
    assert stage.board is board
    assert board.pinned


@pytest.mark.parametrize("asked", [True, False])
async def test_deleted_it_comes_back_pinned(stage: Stage, asked: bool) -> None:
    await stage.start()
    await stage.ask()
    first = stage.board
    stage.discord.delete(first)
    if asked:
        await stage.ask()
    else:
        await found(stage.world.app, stage.world.folder / "library")
        stage.world.app.events.publish(Nudged())
        await stage.run(lambda: bool(stage.boards) and bool(stage.board.pinned))
    assert stage.board is not first
    assert stage.board.pinned


async def test_without_a_status_channel_it_is_where_it_was_asked_for_and_moves(stage: Stage) -> None:
    del stage.world.settings["discord"]["channels"]["status"]
    await stage.start()
    await stage.ask(here="requests")
    first = stage.board
    assert first.channel.name == "requests"
    await stage.ask(here="alerts")
    assert stage.board.channel.name == "alerts"
    assert first.deleted
    said = await stage.ask(here="uploads")
    assert "discord.channels.status" in said
    assert stage.board.channel.name == "alerts"


async def test_taken_down_it_is_gone_and_stays_so(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    assert "taken down" in await stage.ask(live=False)
    assert stage.boards == []
    assert "no board" in await stage.ask(live=False)
    await stage.start()
    await stage.quiet(2 * SLOWEST)
    assert stage.boards == []


async def test_it_takes_the_admin_role(stage: Stage) -> None:
    await stage.start()
    zoe = stage.discord.person("Zoe", roles=["approve"])
    reply = await zoe.slash("/status overview", live=True)
    assert reply.ephemeral
    assert "**admin**" in reply.text
    assert stage.boards == []


async def test_where_it_may_not_pin_it_says_so_and_works(stage: Stage) -> None:
    stage.discord.deny(stage.discord.channel("status"), Permission.PIN_MESSAGES)
    await stage.start()
    assert "Pin Messages" in await stage.ask()
    assert not stage.board.pinned
    await found(stage.world.app, stage.world.folder / "library")
    stage.world.app.events.publish(Nudged())
    await stage.run(lambda: "1\u00a0discovered" in stage.board.text)


async def test_where_it_may_not_write_it_says_so_and_comes_when_it_may(stage: Stage) -> None:
    status = stage.discord.channel("status")
    stage.discord.deny(status, Permission.SEND_MESSAGES)
    await stage.start()
    said = await stage.ask()
    assert "could not be posted" in said
    assert [finding for finding in await stage.world.app.health.faults() if finding.check == "discord"]
    stage.discord.allow(status, Permission.SEND_MESSAGES)
    assert "could not" not in await stage.ask()
    assert stage.board.pinned


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (too_many_requests(0.05), 3),
        (server_error(503), 7),
        (refusal(30046, status=429), 7),
        (server_error(500), 1),  # discord.py itself tries again, after a real second
    ],
    ids=["429", "503", "too many edits of an old message", "500"],
)
async def test_trouble_delays_it_and_the_last_state_arrives(stage: Stage, fault: Fault, times: int) -> None:
    await stage.start()
    await stage.ask()
    stage.discord.outside.fail("PATCH /api/v10/channels/*", *[fault] * times)
    app = stage.world.app
    await found(app, stage.world.folder / "library")
    app.events.publish(Nudged())
    await stage.run(lambda: stage.edits > 0)
    await found(app, stage.world.folder / "library", "Two")
    app.events.publish(Nudged())
    while "2\u00a0discovered" not in stage.board.text:  # its pauses grow
        await stage.clock.advance(20)
        await stage.run(lambda: stage.clock.sleeping > 1 or "2\u00a0discovered" in stage.board.text)
    assert stage.edits > times


async def test_a_connection_that_dropped_takes_nothing_with_it(stage: Stage) -> None:
    await stage.start()
    await stage.ask()
    stage.discord.drop()
    await found(stage.world.app, stage.world.folder / "library")
    stage.world.app.events.publish(Nudged())
    await stage.run(lambda: "1\u00a0discovered" in stage.board.text)
    await stage.discord.connected()


async def test_its_buttons_answer_who_presses(stage: Stage, tmp_path: Path) -> None:
    await stage.start()
    await stage.ask()
    zoe = stage.discord.person("Zoe", locale="de", here="status")
    reply = await (await zoe.press(stage.board, "Health")).done()
    assert reply.ephemeral
    assert "## Zustand" in reply.text
    assert "Autopilot" in stage.board.text
    await until(lambda: stage.board.edits == 0)


def test_it_looks_again_when_something_shown_is_over() -> None:
    assert until_stale(QUIET) == SLOWEST
    assert until_stale(BUSY) == OVERDUE
    on = BUSY.autopilot
    punctual = [row for row in on.schedules if row.next_run is None or row.next_run > BUSY.at]
    calm = _with(BUSY, schedules=tuple(punctual))
    assert until_stale(calm) == 600 + AFTER
    assert until_stale(_with(calm, schedules=())) == SLOWEST  # Audnex is asked again in 15 minutes
    soon = SystemHealth("audnex", "Audnex", "away", since=minutes(-1), until=minutes(1))
    gone = SystemHealth("audnex", "Audnex", "away", since=minutes(-9), until=minutes(-1))
    assert until_stale(_with(calm, schedules=(), systems=(soon, gone))) == 60 + AFTER
    assert until_stale(_with(calm, schedules=(), systems=(gone,))) == SLOWEST


def _with(
    snapshot: object, *, schedules: tuple[object, ...], systems: tuple[object, ...] | None = None
) -> object:
    from dataclasses import replace

    changed = replace(snapshot, autopilot=replace(snapshot.autopilot, schedules=schedules))  # type: ignore[type-var,attr-defined]
    return changed if systems is None else replace(changed, systems=systems)  # type: ignore[type-var]
