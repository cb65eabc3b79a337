"""The approval card and /uploads through the real bot on the loopback Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.app import App
from core.events import Nudged
from core.store.releases import topic
from tests.core.services.conftest import staged
from tests.fixtures_bot import BotWorld
from tests.world.at_work import running
from tests.world.discord import Discord
from tests.world.discord.constants import Permission
from tests.world.discord.entities import Message
from tests.world.waiting import until as eventually


async def wait_for_approval(app: App, world: BotWorld, title: str = "One") -> str:
    """A release that waits for approval, written by another process."""
    release_id, _ = await staged(app, world.folder / "library", title)
    release = await app.shelf.one(release_id)
    values = {
        "stage": "approve",
        "status": "waiting",
        "lane": "general",
        "due": None,
        "topic": topic("decision", release_id),
    }
    await app.jobs.move(release.job_id, values, {"stage": "check", "event": "done", "text": ""})
    app.events.publish(Nudged())
    return release_id


@pytest.fixture
async def at_work(bot_world: BotWorld) -> AsyncIterator[BotWorld]:
    """The program connected, its engine at work, with one release that waits for approval."""
    await bot_world.start()
    async with running(bot_world.app.engine):
        await wait_for_approval(bot_world.app, bot_world)
        yield bot_world


async def the_card(discord: Discord, title: str = "One") -> Message:
    return await discord.message("uploads", lambda message: f"## {title}" in message.text)


async def until(world: BotWorld, condition: Callable[[], bool]) -> None:
    """Let the simulated time go on, a second a look, until it shows."""

    async def shown() -> bool:
        await world.clock.advance(1)
        return condition()

    await eventually(shown)


async def nudged(world: BotWorld) -> None:
    """Another process wrote something."""
    world.app.events.publish(Nudged())
    await world.clock.advance(1)


async def test_a_waiting_release_has_one_card(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    assert card.labels == ["Approve", "Reject", "Hold", "Edit", "Fix", "Kit"]
    assert "Waits for approval" in card.text
    assert "private" in card.text
    at_work.app.events.publish(Nudged())
    await at_work.clock.advance(10)
    assert discord_double.history("uploads") == [card]
    assert card.edits == 0


async def test_one_press_approves(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    reply = await discord_double.person("Ada", roles=["approve"]).press(card, "Approve")
    await until(at_work, lambda: "Approved by Ada" in card.text)
    assert "Approve" not in card.labels
    [release] = (await at_work.app.shelf.status())["releases"]
    assert release["decision"]["by"] == "Ada"
    assert "from now on" in (await reply.followup()).text


async def test_two_at_once_and_the_second_hears_of_the_first(
    at_work: BotWorld, discord_double: Discord
) -> None:
    card = await the_card(discord_double)
    people = [discord_double.person(name, roles=["approve"]) for name in ("Ada", "Ben")]
    replies = await asyncio.gather(people[0].press(card, "Approve"), people[1].press(card, "Approve"))
    [loser] = [reply for reply in replies if "already" in reply.text]
    assert loser.ephemeral
    winner = "Ben" if loser is replies[0] else "Ada"
    assert winner in loser.text
    release = await one(at_work)
    lines = (await at_work.app.shelf.show(str(release["id"])))["timeline"]
    assert len([line for line in lines if line["event"] == "approve"]) == 1


async def one(world: BotWorld) -> dict[str, object]:
    [release] = (await world.app.shelf.status())["releases"]
    return dict(release)


async def test_rejecting_takes_a_reason_and_ends_the_card(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    ada = discord_double.person("Ada", roles=["approve"])
    form = await ada.press(card, "Reject")
    await ada.submit(form, {"Reason": "the other *edition* @everyone"})
    await until(at_work, lambda: "Rejected by Ada" in card.text)
    assert "Reason: the other" in card.text
    assert not card.pings
    assert card.labels == ["Retry"]
    await ada.press(card, "Retry")
    await until(at_work, lambda: "Approve" in card.labels)


async def test_the_card_follows_the_command_line(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    release = await one(at_work)
    await at_work.clock.advance(1)
    await at_work.app.uploads.edit(str(release["id"]), {"title": "Another Title"}, by="root", door="cli")
    await nudged(at_work)
    await until(at_work, lambda: "Another Title" in card.text)
    await at_work.app.uploads.decide(str(release["id"]), "hold", by="root", door="cli")
    await nudged(at_work)
    await until(at_work, lambda: "Held by root" in card.text)
    await at_work.app.uploads.forget(str(release["id"]))
    await nudged(at_work)
    await until(at_work, lambda: card.deleted)


async def test_what_is_decided_again_while_the_bot_is_away_is_shown(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    await bot_world.start()
    async with running(bot_world.app.engine):
        release = await wait_for_approval(bot_world.app, bot_world)
        card = await the_card(discord_double)
        await bot_world.clock.advance(5)
        await bot_world.app.uploads.decide(release, "reject", by="root", door="cli")
        bot_world.app.engine.nudge()
        await nudged(bot_world)
        await until(bot_world, lambda: "Rejected by root" in card.text)

        async def ended() -> bool:
            return (await bot_world.app.shelf.one(release)).status == "cancelled"

        await eventually(ended)
    await bot_world.stop()
    await bot_world.open(connect=False)
    async with running(bot_world.app.engine):
        await bot_world.clock.advance(60)
        await bot_world.app.uploads.retry(release, by="root", door="cli")
        bot_world.app.engine.nudge()

        async def waits() -> bool:
            return (await bot_world.app.shelf.one(release)).state == "awaiting_approval"

        await eventually(waits)
        await bot_world.app.uploads.decide(release, "reject", by="eve", door="cli")
    await bot_world.stop()
    await bot_world.start()
    await until(bot_world, lambda: "Rejected by eve" in card.text)
    assert discord_double.history("uploads") == [card]


async def test_a_form_edits_only_what_was_changed(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    ada = discord_double.person("Ada", roles=["approve"])
    form = await ada.press(card, "Edit")
    answer = await ada.submit(form, {"Narrators": "Iris Vale; Tom Reed", "Series": "Lantern #2"})
    assert "narrators" in answer.text
    await until(at_work, lambda: "Iris Vale, Tom Reed" in card.text)
    assert "Lantern \\#2" in card.text
    release = await at_work.app.shelf.one(str((await one(at_work))["id"]))
    assert set(release.edits) == {"narrators", "series"}


async def test_a_person_without_the_role_is_told_which(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    reply = await discord_double.person("Zoe").press(card, "Approve")
    assert "approve" in reply.text
    assert reply.ephemeral
    assert "Waits for approval" in card.text


async def test_the_kit_goes_to_who_asked_without_the_torrent(
    at_work: BotWorld, discord_double: Discord
) -> None:
    release = await one(at_work)
    await at_work.app.uploads.edit(
        str(release["id"]), {"title": "One"}, by="root", door="cli"
    )  # writes the kit
    card = await the_card(discord_double)
    reply = await (await discord_double.person("Ada", roles=["approve"]).press(card, "Kit")).done()
    assert reply.ephemeral
    assert [file.filename for file in reply.message.attachments] == ["kit.json"]


async def test_what_is_deleted_is_posted_again(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)

    async def recorded() -> bool:
        return await at_work.app.cards.by_message(int(card.id)) is not None

    await eventually(recorded)
    await at_work.clock.advance(5)
    discord_double.person("Mod", permissions=Permission.ADMINISTRATOR).delete(card)
    at_work.bot.projection.repair()
    await until(at_work, lambda: bool(discord_double.history("uploads")))
    again = await the_card(discord_double)
    assert again is not card


async def test_a_lost_channel_is_a_finding_and_a_new_one_gets_the_cards(
    at_work: BotWorld, discord_double: Discord
) -> None:
    await the_card(discord_double)
    await at_work.clock.advance(5)
    discord_double.delete_channel(discord_double.channel("uploads"))
    release = await one(at_work)
    await at_work.app.uploads.edit(str(release["id"]), {"title": "New"}, by="root", door="cli")
    await nudged(at_work)

    async def faults() -> list[str]:
        return [finding.text for finding in await at_work.app.health.faults() if finding.check == "discord"]

    async def told() -> bool:
        await at_work.clock.advance(1)
        return bool(await faults())

    await eventually(told)
    assert any("is gone" in fault and "restart" in fault for fault in await faults())


async def test_a_remembered_author_needs_no_press(at_work: BotWorld, discord_double: Discord) -> None:
    card = await the_card(discord_double)
    ada = discord_double.person("Ada", roles=["approve"])
    first = str((await one(at_work))["id"])
    await at_work.app.uploads.edit(first, {"authors": "An Author"}, by="root", door="cli")
    reply = await ada.press(card, "Approve")
    offer = await reply.followup()
    told = await ada.press(offer, "Always approve")
    assert "An Author" in told.text
    rules = await ada.slash("/uploads show")
    assert "An Author" in rules.text
    second = await wait_for_approval(at_work.app, at_work, "Two")
    release = await at_work.app.shelf.one(second)
    await at_work.app.uploads.edit(second, {"authors": "an  author"}, by="root", door="cli")
    await at_work.app.jobs.move(
        release.job_id,
        {"status": "ready", "due": at_work.clock.now()},
        {"stage": "x", "event": "x", "text": ""},
    )
    at_work.app.engine.nudge()

    async def decided() -> bool:
        return (await at_work.app.shelf.one(second)).decision == "approve"

    await eventually(decided)
    assert "the rule of Ada for An Author" in str((await at_work.app.shelf.one(second)).decided_by)


async def test_pending_lists_what_waits_with_a_way_to_the_card(
    at_work: BotWorld, discord_double: Discord
) -> None:
    await the_card(discord_double)
    reply = await discord_double.person("Ada", roles=["approve"]).slash("/uploads pending")
    assert "1 release waits" in reply.text
    assert "/channels/" in reply.text
    offered = await discord_double.person("Ada").autocomplete("/uploads show", "release", "on")
    assert [each["name"] for each in offered] == ["One (awaiting approval)"]
    shown = await (
        await discord_double.person("Ada").slash("/uploads show", release=offered[0]["value"])
    ).done()
    assert "## One" in shown.text
    assert "What happened" in (await shown.followup()).text
