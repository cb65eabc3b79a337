"""Discord in trouble: rate limits, failing answers, answers that get lost. discord.py's own reaction is seen too."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.world.discord import Discord, Limit, Person
from tests.world.discord.faults import after_it_happened, refusal, server_error, too_many_requests
from tests.world.outside import cut, drop
from tests.world_tests.discord.bot import TryBot, running

SENDING = "POST /api/v10/channels/*/messages"


@pytest.fixture
async def bot(discord_double: Discord) -> AsyncIterator[TryBot]:
    async with running(TryBot(discord_double)) as bot:
        yield bot


@pytest.fixture
def status(discord_double: Discord, bot: TryBot) -> discord.TextChannel:
    channel = bot.get_channel(int(discord_double.channel("status").id))
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_429_with_via_is_waited_out(discord_double: Discord, status: discord.TextChannel) -> None:
    discord_double.outside.fail(SENDING, too_many_requests(0.05))
    await status.send("hello")
    assert len(discord_double.outside.asked(SENDING)) == 2
    assert [message.content for message in discord_double.history("status")] == ["hello"]


async def test_a_429_without_via_looks_like_a_ban(
    discord_double: Discord, status: discord.TextChannel
) -> None:
    discord_double.outside.fail(SENDING, too_many_requests(0.05, via=False))
    with pytest.raises(discord.HTTPException) as refused:
        await status.send("hello")
    assert refused.value.status == 429
    assert len(discord_double.outside.asked(SENDING)) == 1


async def test_a_503_is_not_tried_again_by_the_client(
    discord_double: Discord, status: discord.TextChannel
) -> None:
    discord_double.outside.fail(SENDING, server_error(503))
    with pytest.raises(discord.DiscordServerError):
        await status.send("hello")
    await status.send("again")
    assert len(discord_double.outside.asked(SENDING)) == 2


async def test_an_answer_lost_after_the_message_was_posted(
    discord_double: Discord, status: discord.TextChannel
) -> None:
    discord_double.outside.fail(SENDING, after_it_happened(cut()), after_it_happened(drop()))
    for _ in range(2):
        with pytest.raises((aiohttp.ClientError, OSError)):
            await status.send("once", nonce="n1")
    assert (await status.send("once", nonce="n1")).id == int(discord_double.history("status")[0].id)
    assert len(discord_double.history("status")) == 1


async def test_a_planned_refusal_stays_until_it_is_over(
    discord_double: Discord, status: discord.TextChannel
) -> None:
    discord_double.outside.fail(SENDING, refusal(50013), always=True)
    for _ in range(2):
        with pytest.raises(discord.Forbidden, match="Missing Permissions"):
            await status.send("hello")
    discord_double.outside.recover()
    await status.send("hello")
    assert not discord_double.findings


async def test_the_client_keeps_to_a_routes_limit_by_itself(
    discord_double: Discord, status: discord.TextChannel
) -> None:
    route = "PATCH /channels/{channel_id}/messages/{message_id}"
    discord_double.state.knobs.limits = {route: Limit(3, 0.3)}
    message = await status.send("0")
    began = time.monotonic()
    for number in range(1, 8):
        await message.edit(content=str(number))
    assert time.monotonic() - began > 0.5  # two buckets were waited for
    assert discord_double.limits.refused == 0
    assert discord_double.history("status")[0].content == "7"


async def test_who_does_not_keep_to_it_gets_429(discord_double: Discord) -> None:
    discord_double.state.knobs.limits = {"GET /gateway": Limit(2, 60)}
    async with aiohttp.ClientSession() as session:
        statuses = []
        for _ in range(3):
            async with session.get(discord_double.api_base + "/gateway") as answer:
                statuses.append(answer.status)
                headers, body = answer.headers, await answer.json()
    assert statuses == [200, 200, 429]
    assert 50 < body["retry_after"] <= 60
    assert body["global"] is False
    assert "google" in headers["Via"]
    assert discord_double.limits.refused == 1


async def test_the_global_limit(discord_double: Discord) -> None:
    discord_double.state.knobs.global_limit = Limit(1, 60)
    async with aiohttp.ClientSession() as session:
        for expected in (200, 429):
            async with session.get(discord_double.api_base + "/gateway") as answer:
                assert answer.status == expected
        assert answer.headers["X-RateLimit-Global"] == "true"


async def test_an_interactions_edit_is_tried_again(discord_double: Discord, bot: TryBot) -> None:
    ada: Person = discord_double.person("Ada")
    discord_double.outside.fail("PATCH /api/v10/webhooks/*/messages/@original", too_many_requests(0.05))
    reply = await (await ada.slash("/books show", title="Salt")).done()
    await reply.followup()
    assert reply.text.startswith("Salt x 1")
