"""Every way to lose the gateway, and how discord.py comes back. Its own pauses are cut by its own hooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from tests.world.discord import Discord, Intent, Knobs, NoAnswer, Person, serving_discord
from tests.world.discord.faults import server_error
from tests.world.waiting import until
from tests.world_tests.discord.bot import TryBot, point_at, running


class QuickBot(TryBot):
    """Does not wait five seconds before it identifies again."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None: ...


@pytest.fixture
async def bot(discord_double: Discord) -> AsyncIterator[TryBot]:
    async with running(QuickBot(discord_double)) as bot:
        yield bot


@pytest.fixture
def ada(discord_double: Discord, bot: TryBot) -> Person:
    return discord_double.person("Ada")


async def resumed(double: Discord, times: int = 1) -> None:
    await double.until(lambda: len(double.gateway.resumes) >= times and double.gateway.live, "a RESUME")


@pytest.mark.parametrize("code", [4000, 4009, 1001, 1011])
async def test_a_dropped_bot_resumes_and_hears_what_it_missed(
    discord_double: Discord, bot: TryBot, ada: Person, code: int
) -> None:
    discord_double.drop(code)
    reply = await ada.slash("/echo", text="meanwhile", wait=False)
    await reply.answered()
    assert reply.text == "meanwhile"
    assert len(discord_double.gateway.resumes) == 1
    assert len(discord_double.gateway.identifies) == 1
    assert bot.heard.count("INTERACTION_CREATE") == 1


async def test_op_7_and_a_resumable_op_9_lead_to_resume(discord_double: Discord, bot: TryBot) -> None:
    discord_double.reconnect()
    await resumed(discord_double)
    discord_double.invalidate(resumable=True)
    await resumed(discord_double, 2)
    assert len(discord_double.gateway.identifies) == 1


async def test_an_invalid_session_is_identified_anew(
    discord_double: Discord, bot: TryBot, ada: Person
) -> None:
    discord_double.invalidate()
    with pytest.raises(NoAnswer, match="not connected"):
        await ada.slash("/echo", text="lost")
    await discord_double.until(lambda: len(discord_double.gateway.identifies) == 2, "another IDENTIFY")
    assert (await ada.slash("/echo", text="here again")).text == "here again"
    assert not discord_double.gateway.resumes


async def test_a_forgotten_session_cannot_be_resumed(
    discord_double: Discord, bot: TryBot, ada: Person
) -> None:
    discord_double.gateway.forget_all()
    discord_double.drop()
    await discord_double.until(lambda: len(discord_double.gateway.identifies) == 2, "another IDENTIFY")
    await discord_double.connected()
    assert (await ada.slash("/echo", text="new")).text == "new"


async def test_more_missed_events_than_are_kept_end_the_session(discord_double: Discord, bot: TryBot) -> None:
    (session,) = discord_double.gateway.live
    discord_double.drop()
    for _ in range(discord_double.state.knobs.replayed_events + 1):
        discord_double.gateway.dispatch("GUILD_UPDATE", {"id": discord_double.guild_id})
    await discord_double.until(lambda: len(discord_double.gateway.identifies) == 2, "another IDENTIFY")
    assert not discord_double.gateway.resumes
    assert session not in discord_double.gateway.live


async def test_discord_goes_away_and_comes_back(discord_double: Discord, bot: TryBot, ada: Person) -> None:
    channel = bot.get_channel(int(discord_double.channel("status").id))
    assert isinstance(channel, discord.TextChannel)
    await discord_double.go_away()
    await discord_double.disconnected()
    with pytest.raises((aiohttp.ClientError, OSError)):
        await channel.send("nobody hears this")
    reply = await ada.slash("/echo", text="patience", wait=False)
    await discord_double.come_back()
    await reply.answered()
    assert reply.text == "patience"
    assert discord_double.gateway.resumes
    await channel.send("heard")


async def test_missed_acks_make_the_client_come_again(discord_double: Discord) -> None:
    discord_double.state.knobs.heartbeat_seconds = 0.05
    async with running(QuickBot(discord_double, heartbeat_timeout=0.2)):
        (session,) = discord_double.gateway.live
        connection = session.connection
        assert connection is not None
        await discord_double.until(lambda: connection.heartbeats > 2, "heartbeats")
        discord_double.state.knobs.acknowledge_heartbeats = False
        await discord_double.until(lambda: session.connection is not connection, "another connection")
        discord_double.state.knobs.acknowledge_heartbeats = True
        await resumed(discord_double)


async def test_a_wrong_token_is_refused_at_login(discord_double: Discord) -> None:
    point_at(discord_double)
    async with TryBot(discord_double) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.start("wrong")
    assert not discord_double.gateway.identifies


async def test_a_token_revoked_while_running_ends_the_client(discord_double: Discord) -> None:
    async with started(QuickBot(discord_double)) as task:
        discord_double.revoke_token()
        with pytest.raises(discord.ConnectionClosed) as closed:
            await asyncio.wait_for(task, 10)
    assert closed.value.code == 4004


async def test_rest_refuses_a_revoked_token(discord_double: Discord, bot: TryBot) -> None:
    discord_double.state.token = "another"
    with pytest.raises(discord.HTTPException) as refused:
        await bot.fetch_user(int(discord_double.state.owner.id))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("intents", "raised"),
    [
        (discord.Intents(guilds=True, members=True), discord.PrivilegedIntentsRequired),
        (discord.Intents(guilds=True, message_content=True), discord.PrivilegedIntentsRequired),
    ],
    ids=["members", "content"],
)
async def test_an_unapproved_intent_is_told(
    discord_double: Discord, intents: discord.Intents, raised: type[Exception]
) -> None:
    async with started(TryBot(discord_double, intents=intents)) as task:
        with pytest.raises(raised):
            await asyncio.wait_for(task, 10)
    assert discord_double.gateway.closes == [4014]


async def test_an_approved_intent_is_granted(discord_double: Discord) -> None:
    discord_double.state.knobs.approved_intents = Intent.MESSAGE_CONTENT
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    class Listener(TryBot):
        async def on_message(self, message: discord.Message) -> None:
            heard.set_result(message.content)

    async with running(Listener(discord_double, intents=intents)):
        discord_double.person("Ada").say("good morning")
        assert await asyncio.wait_for(heard, 10) == "good morning"


async def test_too_many_identifies_cost_the_token(discord_double: Discord, clock: Any) -> None:
    discord_double.state.knobs.identify_limit = 2
    for left in (1, 0):
        async with running(QuickBot(discord_double)) as bot:
            limit = await bot.http.get_bot_gateway()
            assert limit is not None
            assert discord_double.gateway.starts_left() == left
    token = discord_double.token
    async with started(QuickBot(discord_double)) as task:
        with pytest.raises(discord.ConnectionClosed) as closed:
            await asyncio.wait_for(task, 10)
    assert closed.value.code == 4004
    assert discord_double.token != token
    clock.shift(86_401)
    assert discord_double.gateway.starts_left() == 2


async def test_what_the_gateway_closes_for() -> None:
    double = Discord(knobs=Knobs())
    said = [
        ("not json", 4002),
        ('{"op": 99, "d": null}', 4001),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
        (json.dumps({"op": 2, "d": {"token": double.token, "intents": 1 << 32}}), 4013),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
        (json.dumps({"op": 1, "d": "x" * 5000}), 4002),
    ]
    async with serving_discord(double), aiohttp.ClientSession() as session:
        for text, code in said:
            async with session.ws_connect(double.gateway_url + "?v=10&encoding=json") as socket:
                assert (await socket.receive_json())["op"] == 10
                await socket.send_str(text)
                assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
                assert socket.close_code == code, text
        async with session.ws_connect(double.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_json({"op": 6, "d": {"token": double.token, "session_id": "gone", "seq": 3}})
            assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}
        async with session.get(double.gateway_url.replace("ws", "http", 1)) as answer:
            assert answer.status == 426


async def test_a_guild_changes_under_the_bot(discord_double: Discord, bot: TryBot) -> None:
    guild = bot.get_guild(int(discord_double.guild_id))
    assert guild is not None
    channel = discord_double.add_channel("later")
    discord_double.delete_channel(discord_double.channel("alerts"))
    await until(lambda: "CHANNEL_DELETE" in bot.heard)
    assert [each.name for each in guild.channels] == ["uploads", "requests", "status", "later"]
    with pytest.raises(discord.NotFound):
        await bot.fetch_channel(int(discord_double.guild_id))
    assert (await bot.fetch_channel(int(channel.id))).id == int(channel.id)


@asynccontextmanager
async def started(bot: TryBot) -> AsyncIterator[asyncio.Task[None]]:
    """The bot's own task, when it has identified."""
    double = bot.double
    assert isinstance(double, Discord)
    point_at(double)
    before = len(double.gateway.identifies)
    async with bot:
        task = asyncio.create_task(bot.start(double.token), name="bot")
        await double.until(lambda: len(double.gateway.identifies) > before, "an IDENTIFY")
        yield task


async def test_a_broken_line_is_resumed(discord_double: Discord, bot: TryBot, ada: Person) -> None:
    discord_double.cut()
    reply = await ada.slash("/echo", text="meanwhile", wait=False)
    await reply.answered()
    assert reply.text == "meanwhile"
    assert discord_double.gateway.resumes


async def test_who_talks_too_much_is_cut_off(discord_double: Discord) -> None:
    discord_double.state.knobs.gateway_sends = 3
    async with aiohttp.ClientSession() as session, session.ws_connect(discord_double.gateway_url) as socket:
        for _ in range(4):
            await socket.send_json({"op": 1, "d": None})
        while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
        assert socket.close_code == 4008


async def test_the_gateway_can_be_refused(discord_double: Discord) -> None:
    discord_double.outside.fail("GET /gateway", server_error(503))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(discord_double.gateway_url)
        async with session.ws_connect(discord_double.gateway_url) as socket:
            assert (await socket.receive_json())["op"] == 10


async def test_the_bot_is_thrown_out_and_invited_again(discord_double: Discord, bot: TryBot) -> None:
    discord_double.kick_bot()
    await until(lambda: not bot.guilds)
    with pytest.raises(discord.Forbidden):
        await bot.tree.sync(guild=discord.Object(int(discord_double.guild_id)))
    assert discord_double.limits.invalid == 1
    discord_double.invite_bot()
    await until(lambda: bot.guilds)
