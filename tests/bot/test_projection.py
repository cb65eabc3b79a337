"""Cards stay equal to what they mirror: posted once, followed, repaired, whatever Discord or a kill does between.

The kind of card here is the test's own, so that only the projection is judged; it plugs in as every other does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from discord import ui

from core.events import JobMoved, Nudged
from core.store.cards import Card
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord
from tests.world.discord.constants import Permission
from tests.world.discord.entities import Message
from tests.world.discord.faults import after_it_happened, refusal, server_error, too_many_requests
from tests.world.outside import drop
from tests.world.waiting import until as eventually

POST = "POST /api/v10/channels/*/messages"
EDIT = "PATCH /api/v10/channels/*/messages/*"
KIND = "note"


class Notes:
    """Texts by name, each with a card; it outlives restarts as a database would."""

    name = KIND

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.closed: set[str] = set()
        self.broken: set[str] = set()
        self.heard: list[int] = []  # ids of the messages that were posted
        self.channel: int | None = None
        self.bot: Any = None

    def plug_in(self, bot: Any) -> None:
        from bot.components import ButtonSpec

        async def nothing(*_: Any) -> None: ...

        self.bot = bot
        bot.buttons.add(ButtonSpec(KIND, "look", "uploads.forward", nothing))
        bot.projection.add(self)

    async def wanted(self) -> Iterable[str]:
        return self.texts.keys() - await self.bot.app.cards.subjects(KIND, self.texts)

    async def changes(self) -> dict[str, Any]:
        return {card.subject: self.texts.get(card.subject) for card in await self.bot.app.cards.open(KIND)}

    async def render(self, subject: str) -> Any:
        from bot.projection import Rendered

        if subject in self.broken:
            raise ValueError("this one cannot be drawn")
        if subject not in self.texts:
            return None
        view = ui.LayoutView(timeout=None)
        view.add_item(ui.TextDisplay(self.texts[subject]))
        view.add_item(ui.ActionRow(self.bot.buttons.draw(KIND, "look", subject, language="en")))
        return Rendered(view, closed=subject in self.closed)

    def touched_by(self, move: JobMoved) -> bool:
        return False

    async def posted(self, message: Any) -> None:
        self.heard.append(message.id)
        raise ValueError("whatever a kind does then, the card is there")

    def write(self, **texts: str) -> None:
        """Another process wrote this, and nudged."""
        self.texts.update(texts)
        self.nudge()

    def nudge(self) -> None:
        self.bot.app.events.publish(Nudged())


@pytest.fixture
async def notes(bot_world: BotWorld, discord_double: Discord) -> Notes:
    """The bot connected, with two notes on the board of #status."""
    made = Notes()
    made.channel = int(discord_double.channel("status").id)
    made.texts = {"ash": "first of ash", "elm": "first of elm"}
    bot_world.prepare = made.plug_in
    await bot_world.start()
    await until(bot_world, lambda: len(shown(discord_double)) == 2)
    return made


def shown(discord: Discord, channel: str = "status") -> list[str]:
    return sorted(message.text for message in discord.history(channel))


def the(discord: Discord, text: str) -> Message:
    [found] = [message for message in discord.history("status") if text in message.text]
    return found


async def card_of(world: BotWorld, subject: str) -> Card:
    card = await world.app.cards.of(KIND, subject)
    assert card is not None
    return card


async def until(world: BotWorld, condition: Callable[[], bool], step: float = 1) -> None:
    """Let the bot's time go on, a step a look, until it is so."""

    async def looked() -> bool:
        await world.clock.advance(step)
        return condition()

    await eventually(looked)


async def at_rest(world: BotWorld) -> None:
    """Until everything that was touched is shown and its gap has passed."""
    projection = world.bot.projection
    await until(world, lambda: projection._looking.done() and not projection._pumps.busy)


async def told(world: BotWorld) -> list[str]:
    """What health says of channels and cards, and how that is mended."""
    return [
        f"{finding.text} {finding.fix}"
        for finding in await world.app.health.faults()
        if "the channel" in finding.text.lower()
    ]


# --- posted once ------------------------------------------------------------------------------------------------------


async def test_a_restart_posts_and_edits_nothing(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    before = discord_double.history("status")
    await at_rest(bot_world)
    await bot_world.restart()
    await at_rest(bot_world)
    assert discord_double.history("status") == before
    assert [message.edits for message in before] == [0, 0]
    assert sorted(notes.heard) == sorted(int(message.id) for message in before)


async def test_a_post_whose_answer_is_lost_is_not_sent_twice(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    discord_double.outside.fail(POST, after_it_happened(drop()))
    notes.write(oak="first of oak")
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of ash", "first of elm", "first of oak"]
    assert (await card_of(bot_world, "oak")).message == int(the(discord_double, "oak").id)


async def test_what_changed_while_the_answer_was_lost_is_shown(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    """The repeated send gives the message as it was posted: it still has to become what it should be."""
    discord_double.outside.fail(POST, after_it_happened(drop()))
    notes.write(oak="first of oak")
    await until(bot_world, lambda: "first of oak" in shown(discord_double), step=0)
    notes.write(oak="second of oak")
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of ash", "first of elm", "second of oak"]


@pytest.mark.parametrize("away", [30, 3 * 3600], ids=["within the nonce's minutes", "hours later"])
@pytest.mark.parametrize("text", ["first of oak", "second of oak"], ids=["unchanged", "changed"])
async def test_a_kill_between_post_and_note(
    notes: Notes, bot_world: BotWorld, discord_double: Discord, away: float, text: str
) -> None:
    """The message is there and the row does not know: the nonce finds it, and later the channel's history."""
    await at_rest(bot_world)
    discord_double.outside.fail(POST, after_it_happened(drop()))
    notes.write(oak="first of oak")
    await until(bot_world, lambda: "first of oak" in shown(discord_double), step=0)
    await bot_world.stop()
    await discord_double.disconnected()
    bot_world.clock.shift(away)
    notes.texts["oak"] = text
    await bot_world.start()
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of ash", "first of elm", text]


async def test_a_kill_before_the_post(notes: Notes, bot_world: BotWorld, discord_double: Discord) -> None:
    await at_rest(bot_world)
    discord_double.outside.fail(POST, drop(), always=True)
    notes.write(oak="first of oak")
    await until(bot_world, lambda: bool(discord_double.outside.asked(POST)))
    await bot_world.stop()
    await discord_double.disconnected()
    discord_double.outside.recover()
    bot_world.clock.shift(3600)
    await bot_world.start()
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of ash", "first of elm", "first of oak"]


@pytest.mark.parametrize(
    "trouble",
    [too_many_requests(0.05), too_many_requests(0.05, via=False), server_error(503), refusal(50035), drop()],
    ids=["429", "429 without Via", "503", "50035", "hung up"],
)
async def test_trouble_delays_a_card(
    notes: Notes, bot_world: BotWorld, discord_double: Discord, trouble: Any
) -> None:
    await at_rest(bot_world)
    discord_double.outside.fail(POST, trouble)
    discord_double.outside.fail(EDIT, trouble)
    notes.write(oak="first of oak", ash="second of ash")
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of elm", "first of oak", "second of ash"]
    assert await told(bot_world) == []


async def test_a_card_that_is_refused_is_told_of_until_it_is_taken(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.outside.fail(POST, refusal(50035), always=True)
    notes.write(oak="first of oak", ash="second of ash")
    await until(bot_world, lambda: "second of ash" in shown(discord_double))

    async def refused() -> bool:
        await bot_world.clock.advance(1)
        return bool((await card_of(bot_world, "oak")).error)

    await eventually(refused)
    [line] = await told(bot_world)
    assert "50035" in line
    discord_double.outside.recover()
    await at_rest(bot_world)
    assert "first of oak" in shown(discord_double)
    assert await told(bot_world) == []


# --- followed ---------------------------------------------------------------------------------------------------------


async def test_the_latest_state_wins_and_equal_ones_are_no_edit(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    ash = the(discord_double, "ash")
    await at_rest(bot_world)
    for number in range(20):
        notes.write(ash=f"state {number}")
        await bot_world.clock.advance(0.1)
    await at_rest(bot_world)
    assert ash.text == "state 19"
    assert ash.edits <= 2
    edits = ash.edits
    for _ in range(5):
        bot_world.bot.projection.touch(KIND, "ash")
        await at_rest(bot_world)
    bot_world.bot.projection.repair()
    await at_rest(bot_world)
    assert ash.edits == edits


async def test_an_edit_whose_answer_is_lost_and_that_is_taken_back(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.outside.fail("PATCH /api/v10/channels/*/messages/*", after_it_happened(drop()))
    notes.write(ash="second of ash")
    await until(bot_world, lambda: "second of ash" in shown(discord_double), step=0)
    notes.write(ash="first of ash")
    await until(bot_world, lambda: shown(discord_double) == ["first of ash", "first of elm"])


async def test_what_is_no_more_loses_its_card(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    del notes.texts["ash"]
    notes.nudge()
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of elm"]
    assert await bot_world.app.cards.of(KIND, "ash") is None
    await bot_world.stop()
    await discord_double.disconnected()
    del notes.texts["elm"]
    await bot_world.start()
    await at_rest(bot_world)
    assert shown(discord_double) == []


async def test_one_that_cannot_be_drawn_stops_no_other(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    notes.broken.add("ash")
    notes.write(ash="second of ash", elm="second of elm")
    await until(bot_world, lambda: "second of elm" in shown(discord_double))
    notes.broken.clear()
    await at_rest(bot_world)
    assert shown(discord_double) == ["second of ash", "second of elm"]


async def test_changes_during_an_outage_are_shown_after_it(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    await discord_double.go_away()
    notes.write(ash="second of ash", oak="first of oak")
    await bot_world.clock.advance(60)
    await discord_double.come_back()
    await discord_double.connected()
    await until(bot_world, lambda: shown(discord_double) == ["first of elm", "first of oak", "second of ash"])


# --- closed -----------------------------------------------------------------------------------------------------------


async def test_a_closed_card_is_left_alone_and_opens_again(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    ash = the(discord_double, "ash")
    await at_rest(bot_world)
    notes.closed.add("ash")
    notes.write(ash="the end of ash")
    await at_rest(bot_world)
    assert ash.text == "the end of ash"
    discord_double.delete(ash)
    await bot_world.restart()
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of elm"]
    notes.closed.clear()
    notes.texts["ash"] = "ash again"
    bot_world.bot.projection.touch(KIND, "ash")
    await at_rest(bot_world)
    assert shown(discord_double) == ["ash again", "first of elm"]


# --- repaired ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [("ash",), ("elm",), ("ash", "elm")], ids=" and ".join)
async def test_what_people_delete_is_posted_again(
    notes: Notes, bot_world: BotWorld, discord_double: Discord, gone: tuple[str, ...]
) -> None:
    """Whichever stands last in the channel, and also where nothing is left in it."""
    await at_rest(bot_world)
    for name in gone:
        discord_double.delete(the(discord_double, name))
    bot_world.bot.projection.repair()
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of ash", "first of elm"]


async def test_what_is_deleted_and_changes_is_posted_again(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.delete(the(discord_double, "ash"))
    notes.write(ash="second of ash")
    await at_rest(bot_world)
    assert shown(discord_double) == ["first of elm", "second of ash"]


async def test_a_history_that_may_not_be_read_is_not_taken_for_empty(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    """Discord answers with an empty list then; whoever believes it posts every card anew each hour."""
    await at_rest(bot_world)
    before = discord_double.history("status")
    discord_double.deny(discord_double.channel("status"), Permission.READ_MESSAGE_HISTORY)
    for _ in range(2):
        bot_world.bot.projection.repair()
        await at_rest(bot_world)
    assert discord_double.history("status") == before


async def test_a_lost_post_is_not_repeated_blind_where_the_history_may_not_be_read(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.deny(discord_double.channel("status"), Permission.READ_MESSAGE_HISTORY)
    discord_double.outside.fail(POST, after_it_happened(drop()))
    notes.write(oak="first of oak")
    await until(bot_world, lambda: "first of oak" in shown(discord_double), step=0)
    await bot_world.stop()
    await discord_double.disconnected()
    bot_world.clock.shift(3600)
    await bot_world.start()
    await at_rest(bot_world)
    assert shown(discord_double).count("first of oak") == 1
    assert any("Read Message History" in fault for fault in await told(bot_world))
    discord_double.allow(discord_double.channel("status"), Permission.READ_MESSAGE_HISTORY)
    bot_world.bot.projection.repair()
    await at_rest(bot_world)
    assert (await card_of(bot_world, "oak")).message == int(the(discord_double, "oak").id)


# --- a channel in trouble ---------------------------------------------------------------------------------------------


async def test_a_channel_that_takes_nothing_rests_and_the_others_go_on(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    status = discord_double.channel("status")
    discord_double.deny(status, Permission.SEND_MESSAGES)
    await at_rest(bot_world)
    notes.write(oak="first of oak")
    await at_rest(bot_world)
    assert any("Send Messages" in line for line in await told(bot_world))
    asked = len(discord_double.outside.asked(POST))
    for number in range(6):
        notes.write(**{f"new{number}": "one more"})
        await at_rest(bot_world)
    assert len(discord_double.outside.asked(POST)) == asked, "refused requests count towards a ban"

    notes.channel = int(discord_double.channel("requests").id)
    notes.write(fir="first of fir")
    await at_rest(bot_world)
    assert "first of fir" in shown(discord_double, "requests")


async def test_it_goes_on_when_the_permission_is_back(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    status = discord_double.channel("status")
    discord_double.deny(status, Permission.SEND_MESSAGES)
    await at_rest(bot_world)
    notes.write(oak="first of oak")
    await at_rest(bot_world)
    assert await told(bot_world)
    discord_double.allow(status, Permission.SEND_MESSAGES)
    await at_rest(bot_world)
    await until(bot_world, lambda: "first of oak" in shown(discord_double))
    await at_rest(bot_world)
    assert await told(bot_world) == []


def assert_gone(lines: list[str]) -> None:
    """One finding, however many cards wait, and what a person can do."""
    [line] = lines
    assert "is gone" in line
    assert "discord.channels" in line


async def test_a_deleted_channel_is_told_of_although_nothing_changes(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.delete_channel(discord_double.channel("status"))
    await at_rest(bot_world)
    assert_gone(await told(bot_world))
    notes.write(ash="second of ash")
    await at_rest(bot_world)
    bot_world.bot.projection.touch(KIND, "elm")  # unchanged: it proves nothing about its channel
    await at_rest(bot_world)
    assert_gone(await told(bot_world))


async def test_cards_of_a_deleted_channel_move_to_the_one_that_is_set(
    notes: Notes, bot_world: BotWorld, discord_double: Discord
) -> None:
    await at_rest(bot_world)
    discord_double.delete_channel(discord_double.channel("status"))
    await at_rest(bot_world)
    await bot_world.stop()
    await discord_double.disconnected()
    notes.channel = int(discord_double.channel("requests").id)
    await bot_world.start()
    await at_rest(bot_world)
    assert shown(discord_double, "requests") == ["first of ash", "first of elm"]
    assert await told(bot_world) == []
