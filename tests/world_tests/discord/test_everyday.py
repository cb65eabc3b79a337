"""What a bot and its people do on a quiet day, over real HTTP and a real websocket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.world.discord import Callback, Discord, Permission, Person, Refused
from tests.world_tests.discord.bot import PICTURE, TryBot, running


@pytest.fixture
async def bot(discord_double: Discord) -> AsyncIterator[TryBot]:
    async with running(TryBot(discord_double)) as bot:
        yield bot


@pytest.fixture
def ada(discord_double: Discord, bot: TryBot) -> Person:
    return discord_double.person("Ada", roles=["approve"])


async def test_a_bot_logs_in_and_knows_its_guild(discord_double: Discord, bot: TryBot) -> None:
    assert bot.user is not None
    assert str(bot.user.id) == discord_double.state.bot.id
    guild = bot.get_guild(int(discord_double.guild_id))
    assert guild is not None
    assert [channel.name for channel in guild.channels] == ["uploads", "requests", "alerts", "status"]
    assert {role.name for role in guild.roles} >= {"approve", "request", "admin"}
    assert guild.text_channels[0].permissions_for(guild.me).send_messages
    assert bot.heard[:2] == ["READY", "GUILD_CREATE"]
    assert len(discord_double.gateway.identifies) == 1


async def test_a_deferred_command_with_a_follow_up(ada: Person) -> None:
    reply = await ada.slash("/books show", title="Salt", copies=3)
    assert reply.kind is Callback.DEFERRED_MESSAGE
    await reply.done()
    follow_up = await reply.followup()
    assert reply.text == "Salt x 3\nand that is all"
    assert reply.ephemeral
    assert follow_up.ephemeral
    assert reply.message in ada.sees()
    assert ada._discord.history("uploads") == []


async def test_autocomplete(ada: Person) -> None:
    offered = await ada.autocomplete("/books show", "title", "Sal")
    assert [choice["value"] for choice in offered] == ["salt", "salty"]
    with pytest.raises(Refused, match="completes nothing"):
        await ada.autocomplete("/books show", "copies", "1")


async def test_options_of_every_kind(discord_double: Discord, ada: Person) -> None:
    bob = discord_double.person("Bob")
    reply = await ada.slash("/echo", text="hello", to=bob, file=("note.txt", b"a note"), loud=True)
    assert reply.message is not None
    assert reply.message.content == f"HELLO to {bob.user.mention}"
    assert reply.message.pings == set()  # the bot allows no mentions
    assert reply.message.file("note.txt").data == b"a note"
    async with aiohttp.ClientSession() as session, session.get(reply.message.file("note.txt").url) as answer:
        assert await answer.read() == b"a note"


async def test_a_card_is_approved_with_one_press(discord_double: Discord, ada: Person) -> None:
    await ada.slash("/books card")
    message = await discord_double.message("uploads", lambda message: message.v2)
    assert message.labels == ["Approve", "Reject", "Slow", "Twice"]
    assert message.thumbnails == [message.file("cover.png").url]
    assert message.file("cover.png").data == PICTURE
    assert message.accent == 0x00AA00
    reply = await ada.press(message, "Approve")
    assert reply.kind is Callback.UPDATE_MESSAGE
    assert reply.message is message
    assert "approved by Ada" in message.text
    assert message.thumbnails == [message.file("cover.png").url]


async def test_a_press_is_deferred_and_the_message_edited_later(discord_double: Discord, ada: Person) -> None:
    await ada.slash("/books card")
    reply = await ada.press(await discord_double.message("uploads"), custom_id="try:7:slow")
    assert reply.kind is Callback.DEFERRED_UPDATE
    assert "slowly done" in (await reply.updated()).text


async def test_a_form_is_filled_in_with_a_file(discord_double: Discord, ada: Person) -> None:
    await ada.slash("/books card")
    message = await discord_double.message("uploads")
    reply = await ada.press(message, "Reject")
    assert reply.modal is not None
    assert reply.modal.title == "Reject"
    assert [field.label for field in reply.modal.fields] == ["Reason", "Kind", "Proof"]
    sent = await ada.submit(reply, {"Reason": "too quiet", "kind": "Worse", "Proof": ("log.txt", b"hiss")})
    assert sent.message is message
    assert "rejected: too quiet ['Worse'] ['log.txt=hiss']" in message.text
    with pytest.raises(Refused, match="sent already"):
        await ada.submit(reply, {"Reason": "again", "kind": "Worse"})
    with pytest.raises(Refused, match="disabled"):
        await ada.press(message, "Approve")


async def test_menus(discord_double: Discord, ada: Person) -> None:
    bob = discord_double.person("Bob")
    menu = await ada.slash("/books menu")
    assert menu.text == "Pick"
    chosen = await bob.select(menu, ada, custom_id="people")
    assert chosen.text == "chose Ada"
    await ada.select(menu, "A", "C", custom_id="menu")
    assert menu.message is not None
    assert menu.message.content == "picked ['A', 'C']"
    assert not menu.message.selects


async def test_what_a_client_refuses(discord_double: Discord, ada: Person) -> None:
    bob = discord_double.person("Bob")
    card = await ada.slash("/books card")
    message = await discord_double.message("uploads")
    modal = (await ada.press(message, "Reject")).modal
    assert modal is not None
    refused = [
        (ada.slash("/nothing"), "not registered"),
        (ada.slash("/hidden"), "not offered to Ada"),
        (ada.slash("/books"), "wants one of"),
        (ada.slash("/books lend"), "no 'lend'"),
        (ada.slash("/books show"), "required options are missing"),
        (ada.slash("/books show", title="x", copies=6), "6 is over 5"),
        (ada.slash("/books show", title="x", copies="2"), "no int"),
        (ada.slash("/books show", title="x", pages=1), "no such option"),
        (ada.press(message, "Burn"), "0 times button"),
        (bob.press(card, "Approve"), "only Ada sees"),
        (bob.submit(modal, {"Reason": "x", "Kind": "Bad"}), "open at Ada's"),
        (ada.submit(modal, {"Reason": "x" * 51, "Kind": "Bad"}), "51 is over 50"),
        (ada.submit(modal, {"Kind": "Bad"}), "must be filled in"),
        (ada.submit(modal, {"Reason": "x"}), "0 is under 1"),
        (ada.submit(modal, {"Reason": "x", "Kind": "Best"}), "not among"),
        (ada.select(message, "A"), "0 times menu"),
    ]
    for act, why in refused:
        with pytest.raises(Refused, match=why):
            await act
    root = discord_double.person("Root", permissions=Permission.ADMINISTRATOR)
    assert (await root.slash("/hidden")).text == "found it"
    assert "hidden" in discord_double.person("Gil", permissions=Permission.MANAGE_GUILD).commands()
    discord_double.messages.delete(message)
    with pytest.raises(Refused, match="gone"):
        await ada.press(message, "Approve")


async def test_messages_of_a_channel(discord_double: Discord, bot: TryBot) -> None:
    channel = bot.get_channel(int(discord_double.channel("status").id))
    assert isinstance(channel, discord.TextChannel)
    sent = [await channel.send(f"number {n}") for n in range(6)]
    await sent[0].edit(content="edited")
    await sent[1].delete()
    assert [message.content async for message in channel.history(limit=2)] == ["number 5", "number 4"]
    assert [message.content async for message in channel.history(before=sent[3])] == ["number 2", "edited"]
    after = [message.content async for message in channel.history(after=sent[3], oldest_first=True)]
    assert after == ["number 4", "number 5"]
    assert (await channel.fetch_message(sent[0].id)).edited_at is not None
    with pytest.raises(discord.NotFound) as gone:
        await channel.fetch_message(sent[1].id)
    assert gone.value.code == 10008
    await sent[5].pin()
    assert [pinned.id async for pinned in channel.pins()] == [sent[5].id]


async def test_a_nonce_is_kept_for_its_minutes(discord_double: Discord, bot: TryBot, clock: object) -> None:
    channel = bot.get_channel(int(discord_double.channel("uploads").id))
    assert isinstance(channel, discord.TextChannel)
    first = await channel.send("once", nonce="card-1")
    assert (await channel.send("twice", nonce="card-1")).id == first.id
    assert [message.content for message in discord_double.history("uploads")] == ["once"]
    discord_double.state.clock.shift(301)  # type: ignore[attr-defined]
    assert (await channel.send("later", nonce="card-1")).id != first.id


async def test_a_direct_message(discord_double: Discord, bot: TryBot, ada: Person) -> None:
    user = await bot.fetch_user(int(ada.id))
    await user.send("psst")
    assert [message.content for message in discord_double.dm(ada)] == ["psst"]
    ada.user.dms_open = False
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("psst")
    assert closed.value.code == 50007
