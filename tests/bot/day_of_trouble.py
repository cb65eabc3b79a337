"""A day on which Discord fails every hour and the program is restarted eight times, played from a seed.

People decide at cards and at the command line meanwhile; at the end `Day.judge` compares every message with a fresh
rendering, the timeline with what was done, and the IDENTIFYs with what they should have been.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.cards.release import CLOSED, KIND
from bot.pacing import IDENTIFIES
from bot.releases.kind import WAITING, ReleaseKind
from core.domain.release import DECIDABLE, Release
from core.errors import NeedsPerson, NotNow
from core.events import Nudged
from core.store.releases import ReleaseStore, topic
from tests.core.services.conftest import staged
from tests.fixtures_bot import BotWorld
from tests.world.at_work import running
from tests.world.discord.entities import Message
from tests.world.discord.faults import after_it_happened, server_error, too_many_requests
from tests.world.discord.replies import NoAnswer
from tests.world.outside import drop
from tests.world.waiting import until

OUTAGES, RESTARTS = 24, 8
HOUR = 24 * 3600 / (OUTAGES + RESTARTS)  # simulated seconds from one trouble to the next
LOOK = 3.0  # simulated seconds between two looks whether all is well
SEND, EDIT = "POST /api/v10/channels/*/messages", "PATCH /api/v10/channels/*/messages/*"
MESSAGES = (SEND, EDIT)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did once; nobody else in the day has this name. `sure`: the program said that it is done."""

    release: str
    event: str
    by: str
    sure: bool


class Day:
    """The world, what was done in it, and the dice."""

    def __init__(self, world: BotWorld, seed: int) -> None:
        self.world = world
        self.discord = world.discord
        self.dice = random.Random(seed)
        self.deeds: list[Deed] = []
        self.gone: set[str] = set()  # releases that were forgotten
        self.sessions_lost = 0  # by Discord: each costs an IDENTIFY
        self.starts = 0
        self._program = AsyncExitStack()
        self._right: dict[str, object] = {}  # what was found right, so that only changes are looked at again
        self._books = self._people = 0

    # --- the day -------------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """All of it: troubles in an order of the dice, people's deeds before, amid and after each."""
        await self.start()
        for _ in range(3):
            await self.a_book_comes()
        await self.all_is_well()
        troubles = [each for each in TROUBLES for _ in range(OUTAGES // len(TROUBLES))]
        troubles += [Day.restarted, Day.restarted_amid_an_outage] * (RESTARTS // 2)
        self.dice.shuffle(troubles)
        for trouble in troubles:
            await self.somebody_acts()
            await trouble(self)
            await self.all_is_well()
            await self.world.clock.advance(HOUR)
        await self.all_is_well()

    async def start(self, *, ready: bool = True) -> None:
        self.starts += 1
        await self.world.open()
        await self._program.enter_async_context(running(self.world.app.engine))
        if ready:
            await self._passes(self._connected)

    async def stop(self) -> None:
        await self._program.aclose()
        await self.world.stop()

    async def all_is_well(self) -> None:
        """Let time pass until the bot is connected and every message is as it should be."""
        self.discord.outside.recover()

        async def well() -> bool:
            return self._connected() and not await self.wrong()

        try:
            await self._passes(well)
        except TimeoutError:
            raise AssertionError(f"{dict(self.world.status)} {await self.wrong()}") from None

    async def _passes(self, condition: Callable[[], bool | Awaitable[bool]]) -> None:
        """Simulated time goes on by looks; sockets and threads get their real time in between."""

        async def shown() -> bool:
            await self.world.clock.advance(LOOK)
            found = condition()
            return found if isinstance(found, bool) else await found

        await until(shown, 20)

    def _connected(self) -> bool:
        return self.world.status.get("state") == "connected" and bool(self.discord.gateway.live)

    # --- people --------------------------------------------------------------------------------------------------

    async def somebody_acts(self) -> None:
        """One to three deeds of the dice; now and then a book comes."""
        if self.dice.random() < 0.6:
            await self.a_book_comes()
        for _ in range(self.dice.randint(1, 3)):
            self.world.clock.shift(0.01)  # no two deeds are of the same instant
            releases = await self.releases()
            act = self.dice.choice((self.decides, self.decides, self.edits, self.begins_again, self.forgets))
            await act(self.dice.choice(releases))

    async def releases(self) -> list[Release]:
        return await ReleaseStore(self.world.app.store, self.world.app.jobs).all()

    async def a_book_comes(self) -> None:
        """A release that waits for approval, prepared by another process."""
        self._books += 1
        app = self.world.app
        release_id, _ = await staged(app, self.world.folder / "library", f"Book {self._books:02}")
        values = {
            "stage": "approve", "status": "waiting", "lane": "general", "due": None,
            "topic": topic("decision", release_id),
        }  # fmt: skip
        job = (await app.shelf.one(release_id)).job_id
        await app.jobs.move(job, values, {"stage": "check", "event": "done", "text": ""})
        app.events.publish(Nudged())

    async def decides(self, release: Release) -> None:
        """At the card where it can be pressed, else at the command line."""
        if release.state not in DECIDABLE:
            return
        verb = self.dice.choice(("approve", "approve", "reject", "hold"))
        card = await self.card(release.id)
        if verb != "reject" and self._connected() and card and verb.capitalize() in card.labels:
            await self.presses(release.id, verb, card)
        else:
            by = self._name("root")
            await self.world.app.uploads.decide(
                release.id, "reject" if verb == "reject" else verb, by=by, door="cli", reason=None
            )  # type: ignore[arg-type]
            self._done(release.id, verb, by)

    async def presses(self, release: str, verb: str, card: Message) -> None:
        by = self._name("Ada")
        person = self.discord.person(by, roles=["approve"])
        try:
            reply = await person.press(card, verb.capitalize())
        except NoAnswer:  # it was on its way when the line broke
            self.deeds.append(Deed(release, verb, by, sure=False))
        else:
            self.deeds.append(Deed(release, verb, by, sure=not reply.text))

    async def edits(self, release: Release) -> None:
        if release.state in (*DECIDABLE, "approved"):
            by = self._name("root")
            await self.world.app.uploads.edit(release.id, {"title": f"Named by {by}"}, by=by, door="cli")
            self._done(release.id, "edit", by)

    async def begins_again(self, release: Release) -> None:
        by = self._name("root")
        with suppress(NeedsPerson):  # nothing to begin again
            await self.world.app.uploads.retry(release.id, by=by, door="cli")
            self._done(release.id, "retry", by)
            self.world.app.engine.nudge()

    async def forgets(self, release: Release) -> None:
        with suppress(NeedsPerson, NotNow):  # it may be seeding, or is being worked on
            await self.world.app.uploads.forget(release.id)
            self.gone.add(release.id)
            self.world.app.events.publish(Nudged())

    def _name(self, kind: str) -> str:
        self._people += 1
        return f"{kind}{self._people:03}"

    def _done(self, release: str, event: str, by: str) -> None:
        self.deeds.append(Deed(release, event, by, sure=True))
        self.world.app.events.publish(Nudged())

    # --- troubles ------------------------------------------------------------------------------------------------

    async def away(self) -> None:
        """Nobody listens for some minutes; the session is kept."""
        await self.discord.go_away()
        await self._meanwhile(self.dice.choice((20, 200, 900)))
        await self.discord.come_back()

    async def away_for_long(self) -> None:
        """The session is forgotten meanwhile."""
        await self.discord.go_away()
        self._sessions_end()
        await self._meanwhile(1500)
        await self.discord.come_back()

    async def dropped(self) -> None:
        await self._pressed_while(lambda: self.discord.drop(self.dice.choice((1001, 4000, 4008))))

    async def line_cut(self) -> None:
        await self._pressed_while(self.discord.cut)

    async def asked_to_reconnect(self) -> None:
        """Op 7."""
        await self._pressed_while(self.discord.reconnect)

    async def session_invalid(self) -> None:
        """Op 9."""
        self.sessions_lost += 1
        await self._pressed_while(self.discord.invalidate)

    async def messages_refused(self) -> None:
        """5xx and 429, as the API and as what guards it say them."""
        faults = [
            server_error(500),
            server_error(503),
            too_many_requests(0.01),
            too_many_requests(0.01, via=False),
        ]
        for route in MESSAGES:
            self.discord.outside.fail(route, *self.dice.sample(faults, 3))
        await self._meanwhile(30)

    async def answers_lost(self) -> None:
        """Messages are posted and edited, and the bot never hears of it; for longer than a nonce is kept, at times."""
        fault = after_it_happened(self.dice.choice((drop(), server_error(503))))
        for route in MESSAGES:
            self.discord.outside.fail(route, *[fault] * self.dice.choice((1, 2, 7)))
        await self.a_book_comes()
        await self._meanwhile(self.dice.choice((10, 400)))

    async def restarted(self) -> None:
        await self.stop()
        await self.discord.disconnected()
        await self.start(ready=self.dice.random() < 0.5)

    async def restarted_amid_an_outage(self) -> None:
        """Discord is away at the end of one process and at the beginning of the next."""
        await self.discord.go_away()
        await self._meanwhile(30)
        self.discord.outside.fail(SEND, after_it_happened(drop()))
        await self.stop()
        await self.start(ready=False)
        await self._meanwhile(30)
        await self.discord.come_back()

    def _sessions_end(self) -> None:
        self.sessions_lost += 1
        self.discord.gateway.forget_all()

    async def _meanwhile(self, seconds: float) -> None:
        """Deeds amid the trouble, and the time it takes."""
        await self.somebody_acts()
        await self.world.clock.advance(seconds)
        await self.somebody_acts()

    async def _pressed_while(self, happens: Callable[[], None]) -> None:
        """The line goes in the very moment of a press, if there is something to press."""
        pressing = None
        for release in await self.releases():
            card = await self.card(release.id)
            if release.state in DECIDABLE and card and "Approve" in card.labels:
                pressing = asyncio.create_task(self.presses(release.id, "approve", card), name="a press")
                await asyncio.sleep(0)
                break
        happens()
        if pressing is not None:
            await pressing
        await self.somebody_acts()

    # --- judgement -----------------------------------------------------------------------------------------------

    async def card(self, release: str) -> Message | None:
        """The message of a release as people see it."""
        row = await self.world.app.cards.of(KIND, release)
        messages = self.discord.channel("uploads").messages
        return messages.get(str(row.message)) if row else None

    async def wrong(self) -> list[str]:
        """What is lost, doubled or stale at present."""
        kind, found, known = ReleaseKind(self.world.bot), [], set[str]()
        for release in await self.releases():
            message = await self.card(release.id)
            if message is None:
                if release.stage in WAITING and release.state not in CLOSED:
                    found.append(f"{release.title} ({release.state}) has no card")
                continue
            known.add(message.id)
            seen = (release, message.id, message.edits)
            if self._right.get(release.id) == seen:
                continue
            rendered = await kind.render(release.id)
            assert rendered is not None
            if _shape(message.components) != _shape(rendered.view.to_components()):  # type: ignore[no-untyped-call]
                found.append(f"{release.title} ({release.state}) shows {message.text!r}")
            else:
                self._right[release.id] = seen
        found += [
            f"nobody's message: {each}" for each in self.discord.history("uploads") if each.id not in known
        ]
        return found

    async def judge(self) -> None:
        """Fail with what went wrong on this day."""
        self._right.clear()
        assert await self.wrong() == []
        for deed in self.deeds:
            if deed.release in self.gone:
                continue
            lines = (await self.world.app.shelf.show(deed.release))["timeline"]
            there = [line for line in lines if deed.by in line["text"] and line["event"] == deed.event]
            assert len(there) == 1 if deed.sure else len(there) <= 1, (deed, lines)
        begin = self.world.clock.now() - timedelta(days=1)
        counted = [datetime.fromisoformat(each) for each in await self.world.app.state.get(IDENTIFIES)]
        sent = self.discord.gateway.identifies
        assert sum(each > begin for each in counted) == sum(each > begin for each in sent)
        assert len(sent) <= self.starts + self.sessions_lost


def _shape(node: Any) -> Any:
    """Components without what Discord adds to them."""
    if isinstance(node, dict):
        return {
            key: _shape(value) for key, value in node.items() if key != "id" and value not in (None, False)
        }
    return [_shape(each) for each in node] if isinstance(node, list | tuple) else node


Trouble = Callable[[Day], Awaitable[None]]
TROUBLES: tuple[Trouble, ...] = (
    Day.away,
    Day.away_for_long,
    Day.dropped,
    Day.line_cut,
    Day.asked_to_reconnect,
    Day.session_invalid,
    Day.messages_refused,
    Day.answers_lost,
)


@asynccontextmanager
async def a_day(world: BotWorld, seed: int) -> AsyncIterator[Day]:
    """A day that is ended whatever happens."""
    day = Day(world, seed)
    try:
        yield day
    finally:
        await day.stop()
