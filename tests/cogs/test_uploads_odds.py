"""/uploads and its card met with what people type, press late, or prepare against it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from core.domain.release import Release
from core.events import Nudged
from core.upload.rules import AUTHOR, author_key
from tests.cogs.test_uploads import the_card, until, wait_for_approval
from tests.fixtures_bot import BotWorld
from tests.world.at_work import running
from tests.world.discord import Discord
from tests.world.discord.driver import Person
from tests.world.waiting import until as eventually

HELL = (
    "**@everyone** <@1> <@&2> # [x](https://evil.example) ```\n> `_~|",
    "\u202eelttob ni\u202c \u200b\u200d\ufeffn\u0301\u0302\u0303\u0304\u0305",
    "W" * 4000,
    "🐭" * 2000,
    "@here " * 600,
)


@pytest.fixture
async def waiting(bot_world: BotWorld) -> AsyncIterator[str]:
    """The program connected and at work, and the id of a release that waits for approval."""
    await bot_world.start()
    async with running(bot_world.app.engine):
        yield await wait_for_approval(bot_world.app, bot_world)


@pytest.fixture
def ada(discord_double: Discord) -> Person:
    return discord_double.person("Ada", roles=["approve"])


@pytest.mark.parametrize("title", HELL, ids=["markup", "invisible", "long", "wide", "pings"])
async def test_a_title_from_hell_is_edited_and_shown(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person, title: str
) -> None:
    card = await the_card(discord_double)
    form = await ada.press(card, "Edit")
    answer = await ada.submit(form, {"title": title})
    assert "title" in answer.text
    await until(bot_world, lambda: card.edits > 0)
    assert not card.pings
    assert card.text.count("\n#") + card.text.startswith("#") == 1
    form = await ada.press(card, "Edit")
    before = await bot_world.app.shelf.one(waiting)
    assert "Nothing was changed" in (await ada.submit(form, {})).text, "what is only looked at is not edited"
    assert (await bot_world.app.shelf.one(waiting)).edits == before.edits


async def test_an_emptied_field_takes_the_edit_back(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    card = await the_card(discord_double)
    await ada.submit(await ada.press(card, "Edit"), {"title": "Another"})
    await until(bot_world, lambda: "## Another" in card.text)
    await ada.submit(await ada.press(card, "Edit"), {"title": ""})
    await until(bot_world, lambda: "## One" in card.text)
    assert "title" not in (await bot_world.app.shelf.one(waiting)).edits


async def test_a_category_that_is_none_is_a_finding_and_blocks_nothing(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    card = await the_card(discord_double)
    await ada.submit(await ada.press(card, "Edit"), {"category": "Cookbooks of Atlantis"})
    await until(bot_world, lambda: "Cookbooks of Atlantis" in card.text)
    findings = (await bot_world.app.shelf.show(waiting))["findings"]
    assert any(finding["field"] == "category" for finding in findings)
    assert "Approve" in card.labels


async def test_a_form_opened_before_a_restart_works_after_it(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    card = await the_card(discord_double)
    form = await ada.press(card, "Reject")
    await bot_world.restart()
    await ada.submit(form, {"Reason": "not ours"})
    release = await bot_world.app.shelf.one(waiting)
    assert (release.decision, release.decided_by, release.decision_reason) == ("reject", "Ada", "not ours")


async def test_a_form_that_comes_too_late_says_who_decided(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    card = await the_card(discord_double)
    form = await ada.press(card, "Reject")
    await discord_double.person("Ben", roles=["approve"]).press(card, "Approve")
    answer = await ada.submit(form, {"Reason": "not ours"})
    assert "approved already, by Ben" in answer.text
    assert (await bot_world.app.shelf.one(waiting)).decision == "approve"


async def test_a_button_of_what_is_no_more_is_a_sentence(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    card = await the_card(discord_double)
    await bot_world.app.uploads.forget(waiting)  # by another process, which nobody has heard of yet
    for label in ("Approve", "Hold"):
        answer = await ada.press(card, label)
        assert answer.ephemeral
        assert waiting in answer.text
    bot_world.app.events.publish(Nudged())
    await until(bot_world, lambda: card.deleted)


async def test_the_kit_is_of_now_although_the_written_one_is_older(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    """As after a kill between an edit and the writing of its file."""
    card = await the_card(discord_double)
    await ada.submit(await ada.press(card, "Edit"), {"title": "The newer title"})
    [written] = bot_world.app.config.torrent_output.rglob("kit.json")
    written.write_text('{"title": "The older title"}')
    reply = await (await ada.press(card, "Kit")).done()
    assert reply.message is not None
    assert json.loads(reply.message.file("kit.json").data)["title"] == "The newer title"


async def test_slow_work_is_acknowledged_in_time(
    bot_world: BotWorld,
    discord_double: Discord,
    waiting: str,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The edit stands before its kit is written, and whoever made it sees the bot thinking meanwhile."""
    gate, real = asyncio.Event(), bot_world.app.uploads._write_kit

    async def on_a_slow_disk(release: Release) -> None:
        await gate.wait()
        await real(release)

    monkeypatch.setattr(bot_world.app.uploads, "_write_kit", on_a_slow_disk)
    card = await the_card(discord_double)
    answer = await ada.submit(await ada.press(card, "Edit"), {"title": "Slow"})
    assert answer.thinking
    assert answer.latency is not None
    assert answer.latency < 3
    assert (await bot_world.app.shelf.one(waiting)).edits == {"title": "Slow"}
    gate.set()
    assert "title" in (await answer.done()).text


async def at_upload(world: BotWorld, release_id: str, discord: Discord, ada: Person) -> None:
    """Approved, and waiting for qBittorrent, which is not set: it can be said to be uploaded."""
    card = await the_card(discord)
    await ada.press(card, "Approve")
    await until(world, lambda: "Uploaded" in card.labels)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"link": "not a link"}, "neither an address nor a number"),
        ({"torrent": ("site.torrent", b"<html>login</html>")}, "torrent"),
        ({"torrent": ("site.torrent", b"")}, "torrent"),
        ({"torrent": ("site.torrent", b"d" * 11 * 2**20)}, "too large"),
    ],
    ids=["a link that is none", "a page", "an empty file", "a large file"],
)
async def test_an_upload_that_is_none_changes_nothing(
    bot_world: BotWorld,
    discord_double: Discord,
    waiting: str,
    ada: Person,
    values: dict[str, object],
    says: str,
) -> None:
    discord_double.state.knobs.attachment_bytes = 50 * 2**20  # as in a boosted guild
    await at_upload(bot_world, waiting, discord_double, ada)
    card = await the_card(discord_double)
    answer = await ada.submit(await ada.press(card, "Uploaded"), values)
    if answer.thinking:
        answer = await answer.done()

    def read() -> bool:
        return says in answer.text

    await eventually(read)
    assert answer.ephemeral
    assert (await bot_world.app.shelf.one(waiting)).uploaded is None


async def test_a_persons_hold_stands_against_a_rule(
    bot_world: BotWorld, discord_double: Discord, waiting: str, ada: Person
) -> None:
    """A rule approves what nobody has decided about, and nothing else."""
    card = await the_card(discord_double)
    await bot_world.app.uploads.edit(waiting, {"authors": "An Author"}, by="root", door="cli")
    await ada.press(card, "Hold")
    release = await bot_world.app.shelf.one(waiting)
    rule = await bot_world.app.rules.remember_author(release, by="Ben")
    log = {"stage": "approve", "event": "test", "text": ""}
    await bot_world.app.jobs.move(
        release.job_id, {"status": "ready", "due": bot_world.clock.now(), "topic": None}, log
    )
    bot_world.app.engine.nudge()

    async def looked_at() -> bool:
        return (await bot_world.app.shelf.one(waiting)).status == "waiting"

    await eventually(looked_at)
    assert (await bot_world.app.shelf.one(waiting)).decision == "hold"

    listed = await ada.slash("/uploads show")
    assert "An Author" in listed.text
    after = await ada.select(listed, "An Author")
    assert await bot_world.app.rules.known(AUTHOR, author_key("An Author")) is False
    assert await bot_world.app.rules.remove(rule.id) is False, "removed already"
    await after.updated()
    assert "An Author" not in listed.text
