"""The connection in fair weather and foul: restarts, outages, refusals, invitations; what doctor says of each."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web
from discord.gateway import KeepAliveHandler

from bot.components import ButtonSpec
from bot.pacing import IDENTIFIES
from core.domain.discord_facts import STATE_KEY
from core.events import Alert
from tests.fixtures_bot import BotWorld
from tests.world.clock import SimulatedClock, settle
from tests.world.discord import Discord
from tests.world.discord.faults import refusal, server_error, too_many_requests
from tests.world.outside import Handler, html, status
from tests.world.waiting import until


@pytest.fixture
def alerts(bot_world: BotWorld) -> list[str]:
    """Names of the alerts that people would get."""
    heard: list[str] = []
    bot_world.opened = lambda app: app.events.subscribe(Alert, lambda alert: heard.append(alert.event))
    return heard


async def findings(world: BotWorld) -> dict[str, str]:
    """What doctor says of Discord: text to severity."""
    found = [each for each in await world.app.health.findings() if each.check == "discord"]
    return {f"{each.text} {each.fix}".strip(): each.severity for each in found}


async def said(world: BotWorld, *words: str) -> str:
    """The severity of the one finding that holds all these words, once it is written down."""

    async def severity() -> str:
        found = await findings(world)
        fitting = [each for text, each in found.items() if all(word in text for word in words)]
        return fitting[0] if len(fitting) == 1 else ""

    return await until(severity, what=f"a finding with {words}")


async def state_is(world: BotWorld, **wanted: Any) -> None:
    """Wait until the connection's status holds these."""

    def holds() -> bool:
        return all(world.status.get(key) == value for key, value in wanted.items())

    await until(holds, what=f"{wanted} in {dict(world.status)}")


# --- fair weather --------------------------------------------------------------------------------------------------


async def test_it_connects_with_one_intent_and_says_so(bot_world: BotWorld, alerts: list[str]) -> None:
    bot = await bot_world.start()
    assert bot.intents.value == 1
    assert bot.home.name
    assert await said(bot_world, "is connected to") == "ok"
    assert await said(bot_world, "invite link", f"client_id={bot.application_id}", "Pin Messages") == "ok"
    assert set((await findings(bot_world)).values()) == {"ok"}
    await bot_world.stop()
    assert alerts == []
    assert len(bot_world.discord.gateway.identifies) == 1


async def test_restarts_identify_and_are_counted(bot_world: BotWorld) -> None:
    await bot_world.start()
    for _ in range(3):
        await bot_world.restart()
    assert len(await bot_world.app.state.get(IDENTIFIES)) == 4 == len(bot_world.discord.gateway.identifies)


async def test_it_says_goodbye(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    task = bot_world.bot
    await bot_world.stop()
    await discord_double.disconnected()
    assert task.is_closed()
    assert not discord_double.gateway.sessions  # closed with 1000, not lost


async def test_commands_are_registered_once(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    await bot_world.restart()
    assert discord_double.commands.puts == 1


# --- the gateway's troubles ------------------------------------------------------------------------------------------


async def test_a_drop_and_op_7_are_resumed(
    bot_world: BotWorld, discord_double: Discord, alerts: list[str]
) -> None:
    await bot_world.start()
    for number, trouble in enumerate((discord_double.drop, discord_double.reconnect), 1):
        trouble()
        await discord_double.until(lambda n=number: len(discord_double.gateway.resumes) == n)
        await state_is(bot_world, state="connected")
    assert len(discord_double.gateway.identifies) == 1
    assert alerts == []


async def test_op_9_is_identified_anew_after_a_pause(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock
) -> None:
    await bot_world.start()
    begin = clock.monotonic()
    discord_double.invalidate()
    await bot_world.pass_until(lambda: len(discord_double.gateway.identifies) == 2)
    await state_is(bot_world, state="connected")
    assert clock.monotonic() - begin >= 5
    assert len(await bot_world.app.state.get(IDENTIFIES)) == 2


async def test_an_outage_is_told_when_it_lasts_and_when_it_ends(
    bot_world: BotWorld,
    discord_double: Discord,
    clock: SimulatedClock,
    alerts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.05)  # real seconds
    await bot_world.start()
    await discord_double.go_away()
    await state_is(bot_world, state="lost")
    assert alerts == []
    await bot_world.pass_until(lambda: bool(alerts))
    assert alerts == ["discord_lost"]
    await until(lambda: bot_world.status.get("alerted"))
    assert await said(bot_world, "does not come back") == "warning"
    await discord_double.come_back()
    await bot_world.pass_until(lambda: bot_world.status["state"] == "connected")
    assert alerts == ["discord_lost", "discord_back"]
    assert [each.getMessage() for each in caplog.records if "lost" in each.getMessage()] == [
        "The connection to Discord is lost; it is resumed by itself"
    ]


async def test_a_gateway_that_hangs_up_at_once_is_not_stormed(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock
) -> None:
    await bot_world.start()
    opened = 0

    def hang_up() -> bool:
        nonlocal opened
        if discord_double.gateway.live:
            opened += 1
            discord_double.drop()
        return clock.sleeping > 1

    await until(hang_up)
    assert opened <= 6


# --- being away at the start -----------------------------------------------------------------------------------------


async def test_discord_away_at_the_start_is_tried_again_and_again(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock, alerts: list[str]
) -> None:
    await discord_double.go_away()
    await bot_world.open()
    await state_is(bot_world, state="waiting", trouble="unreachable")
    await until(lambda: bot_world.status["until"])
    assert await said(bot_world, "cannot be reached", "Next try") == "warning"
    await bot_world.pass_until(lambda: bool(alerts))
    assert alerts == ["discord_lost"]
    assert clock.monotonic() >= 600
    await discord_double.come_back()
    await bot_world.pass_until(lambda: bot_world.status["state"] == "connected")
    assert alerts == ["discord_lost", "discord_back"]
    assert len(discord_double.gateway.identifies) == 1


async def test_the_delay_grows_and_outlives_the_process(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock
) -> None:
    await discord_double.go_away()
    for nominal in (60, 300, 900):
        least, most = 0.8 * nominal, 1.2 * nominal
        await bot_world.open()
        await until(lambda: clock.sleeping)
        await bot_world.pass_until(lambda least=least, most=most: least <= left(bot_world, clock) <= most)
        await bot_world.stop()
        clock.shift(10)
        await bot_world.open()
        await until(lambda: bot_world.status.get("until"))
        assert least - 10 <= left(bot_world, clock) <= most - 10
        await bot_world.stop()


def left(world: BotWorld, clock: SimulatedClock) -> float:
    """Seconds until the next try."""
    due = world.status.get("until")
    return (datetime.fromisoformat(due) - clock.now()).total_seconds() if due else 0.0


@pytest.mark.parametrize(
    "fault",
    [server_error(503), status(502), too_many_requests(30, via=False), html(403)],
    ids=["503", "502", "429 without Via", "a page of somebody else's"],
)
async def test_login_troubles_are_waited_out(
    bot_world: BotWorld,
    discord_double: Discord,
    clock: SimulatedClock,
    fault: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("discord.http.asyncio", Hasty())  # discord.py's own five tries at a 502
    discord_double.outside.fail("GET /api/v10/users/@me", *[fault] * 5)
    await bot_world.open()
    await state_is(bot_world, trouble="unreachable")
    monkeypatch.undo()
    discord_double.outside.recover()
    await bot_world.pass_until(lambda: bot_world.status["state"] == "connected")


class Hasty:
    """asyncio for a part of discord.py whose waits nothing else can shorten."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, _: float) -> None:
        await asyncio.sleep(0)


# --- refusals: stop, say which setting, tell once ----------------------------------------------------------------------


@pytest.mark.parametrize("token", ["wrong.token.here", "wrong\ntoken"])
async def test_a_wrong_token_stops_it(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock, alerts: list[str], token: str
) -> None:
    bot_world.environment["DISCORD_TOKEN"] = token
    await bot_world.open()
    await state_is(bot_world, state="stopped", trouble="bad_token")
    assert await said(bot_world, "refuses the bot's token", "DISCORD_TOKEN") == "error"
    asked = len(discord_double.outside.asked())
    await clock.advance(3 * 86_400)
    assert len(discord_double.outside.asked()) == asked <= 1
    assert alerts == ["discord_refused"]
    bot_world.environment["DISCORD_TOKEN"] = discord_double.token
    await bot_world.stop()
    await bot_world.start()
    assert alerts == ["discord_refused", "discord_back"]


async def test_a_token_revoked_at_work_stops_it(
    bot_world: BotWorld, discord_double: Discord, alerts: list[str]
) -> None:
    await bot_world.start()
    discord_double.revoke_token()
    await state_is(bot_world, state="stopped", trouble="bad_token")
    assert alerts == ["discord_refused"]
    await discord_double.disconnected()


async def test_refused_intents_stop_it(
    bot_world: BotWorld, discord_double: Discord, alerts: list[str]
) -> None:
    await bot_world.start()
    discord_double.drop(4014)
    await state_is(bot_world, state="stopped", trouble="intents")
    assert alerts == ["discord_refused"]


async def test_a_token_without_a_server_is_told(bot_world: BotWorld, discord_double: Discord) -> None:
    del bot_world.environment["DISCORD_GUILD_ID"]
    await bot_world.open()
    await state_is(bot_world, state="stopped", trouble="no_guild_set")
    assert await said(bot_world, "DISCORD_GUILD_ID") == "error"
    assert not discord_double.outside.asked()


async def test_without_a_token_there_is_a_notice(bot_world: BotWorld) -> None:
    bot_world.environment.clear()
    await bot_world.open()
    assert await said(bot_world, "Discord is not set") == "notice"


async def test_too_many_identifies_are_waited_out(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock
) -> None:
    await bot_world.start()
    now = clock.now().isoformat()
    await bot_world.app.state.put(IDENTIFIES, [now] * 12)
    await bot_world.stop()
    await bot_world.open()
    await state_is(bot_world, state="waiting", trouble="too_often")
    assert await said(bot_world, "unusually often") == "warning"
    await bot_world.pass_until(lambda: bot_world.status["state"] == "connected")
    assert clock.monotonic() >= 300


async def test_sessions_invalidated_without_end_are_waited_out(
    bot_world: BotWorld, discord_double: Discord, clock: SimulatedClock
) -> None:
    await bot_world.start()
    now = clock.now().isoformat()
    await bot_world.app.state.put(IDENTIFIES, [now] * 10)
    discord_double.invalidate()
    await bot_world.pass_until(lambda: bot_world.status.get("trouble") == "too_often")
    await until(lambda: not [each for each in threading.enumerate() if isinstance(each, KeepAliveHandler)])
    await bot_world.pass_until(lambda: bot_world.status["state"] == "connected")
    assert len(discord_double.gateway.identifies) == 2


# --- the server and its furniture --------------------------------------------------------------------------------------


async def test_an_unknown_server_is_waited_for(
    bot_world: BotWorld, discord_double: Discord, alerts: list[str]
) -> None:
    bot_world.environment["DISCORD_GUILD_ID"] = "123456789012345678"
    discord_double.outside.fail("PUT /api/v10/applications/*", refusal(50001), always=True)
    await bot_world.open()
    await state_is(bot_world, state="waiting", trouble="not_in_guild")
    assert alerts == ["discord_not_invited"]
    assert await said(bot_world, "123456789012345678", "invite the bot: https://") == "error"


async def test_a_bot_thrown_out_and_invited_again_works_again(
    bot_world: BotWorld, discord_double: Discord, alerts: list[str]
) -> None:
    await bot_world.start()
    discord_double.kick_bot()
    await state_is(bot_world, trouble="not_in_guild")
    assert alerts == ["discord_not_invited"]
    discord_double.invite_bot()
    await state_is(bot_world, state="connected", trouble=None)
    assert discord_double.commands.puts == 2


async def test_missing_permissions_are_named(bot_world: BotWorld, discord_double: Discord) -> None:
    from tests.world.discord import Permission

    channel = discord_double.channel("uploads")
    discord_double.deny(channel, Permission.SEND_MESSAGES | Permission.ATTACH_FILES)
    await bot_world.start()
    found = await findings(bot_world)
    assert any("In #uploads the bot lacks: Send Messages, Attach Files." in text for text in found)
    discord_double.allow(channel, Permission.SEND_MESSAGES | Permission.ATTACH_FILES)
    await until(lambda: gone(bot_world, "lacks"))


async def gone(world: BotWorld, word: str) -> bool:
    return not any(word in text for text in await findings(world))


async def test_channels_and_roles_that_are_not_there_are_named(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    section = bot_world.settings["discord"]
    section["channels"]["requests"] = 123456789012345678
    section["roles"]["approve"] = section["roles"]["admin"] = 223456789012345678
    await bot_world.start()
    assert await said(bot_world, "no channel 123456789012345678", "discord.channels.requests") == "error"
    assert await said(bot_world, "no role 223456789012345678", "discord.roles.approve") == "warning"
    assert await said(bot_world, "None of the roles that may approve exists") == "warning"
    discord_double.delete_channel(discord_double.channel("uploads"))
    await until(lambda: there(bot_world, "discord.channels.uploads"))


async def there(world: BotWorld, word: str) -> bool:
    return not await gone(world, word)


async def test_a_channel_hidden_from_those_who_approve_is_told(
    bot_world: BotWorld, discord_double: Discord
) -> None:
    from tests.world.discord import Permission

    role = discord_double.role("approve")
    discord_double.deny(discord_double.channel("uploads"), Permission.VIEW_CHANNEL, role)
    await bot_world.start()
    assert await said(bot_world, "#uploads is hidden", "approve") == "warning"


async def test_unset_channels_and_roles_are_told(bot_world: BotWorld) -> None:
    bot_world.settings["discord"] = {}
    await bot_world.start()
    assert await said(bot_world, "discord.channels.uploads") == "warning"
    assert await said(bot_world, "discord.roles.approve") == "notice"


async def test_after_the_service_doctor_says_it_does_not_run(bot_world: BotWorld) -> None:
    await bot_world.start()
    await bot_world.stop()
    bot_world.mode = "look"
    await bot_world.open(connect=False)
    assert await said(bot_world, "service does not run") == "notice"
    assert (await bot_world.app.state.get(STATE_KEY))["state"] == "closed"


async def test_a_failing_setup_is_tried_again(
    bot_world: BotWorld, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def broken_once(bot: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            bot.setup_hook = None  # nothing that could be called

    caplog.set_level(logging.INFO)
    bot_world.prepare = broken_once
    await bot_world.open()
    await bot_world.pass_until(lambda: bot_world.status.get("state") == "connected")
    assert any("ended unexpectedly" in record.getMessage() for record in caplog.records)


async def test_a_login_that_hangs_ends_with_the_program(bot_world: BotWorld, discord_double: Discord) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.set()
        await never.wait()
        return await handler(request)

    discord_double.outside.fail("GET /api/v10/users/@me", hang)
    await bot_world.open()
    await asked.wait()
    async with asyncio.timeout(5):
        await bot_world.stop()
    never.set()


async def test_a_press_in_the_last_moment_is_finished(bot_world: BotWorld, discord_double: Discord) -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def run(bot: Any, interaction: Any, subject: str) -> None:
        begun.set()
        await go_on.wait()
        done.append(await bot.app.state.get("anything"))
        await interaction.response.send_message("done", ephemeral=True)

    bot_world.prepare = lambda bot: bot.buttons.add(ButtonSpec("probe", "press", "common.yes", run))
    await bot_world.start()
    row = {
        "type": 1,
        "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "mk1:probe:1:press"}],
    }
    message = discord_double.plant("uploads", components=[row], content="x")
    reply = await discord_double.person("Ada").press(message, "Go", wait=False)
    await begun.wait()
    stopping = asyncio.create_task(bot_world.stop(), name="stopping")
    await settle()
    go_on.set()
    await stopping
    assert done == [None]
    assert reply.text == "done"
