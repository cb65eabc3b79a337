"""The real service and a loopback Discord: connecting, outages at boot, kills, stops, a wrong token, no token."""

from __future__ import annotations

import re
import signal

import pytest

from tests.e2e.harness import Program
from tests.world.audio import make_book
from tests.world.catalogue import Catalogue
from tests.world.discord import Discord
from tests.world.discord.faults import server_error
from tests.world.outside import silence
from tests.world.studio import Studio
from tests.world.waiting import until_sync

SALT = "B0MKB00001"
LOGIN = "GET /api/v10/users/@me"
SEND = "POST /api/v10/channels/*/messages"


@pytest.fixture
def talkative(keeper: Program, discord_outside: Discord) -> Program:
    """A program with nothing of Discord's but a token, a guild and the channel for uploads."""
    keeper.keep_secret(**discord_outside.environment())
    keeper.configure("discord", channels={"uploads": int(discord_outside.channel("uploads").id)})
    for catalogue in ("audnex", "audible"):
        keeper.configure(catalogue, enabled=False)
    return keeper


def a_book(keeper: Program, studio: Studio) -> None:
    book = Catalogue.load().get(SALT)
    assert book is not None
    make_book(keeper.library, book, seconds=2, studio=studio)


def state_of(keeper: Program) -> str:
    """How the connection stands, as the service has written it down."""
    found = keeper.rows("SELECT value FROM state WHERE key = 'discord.connection'")
    return str(found[0][0]) if found else ""


def stands(keeper: Program, state: str) -> None:
    until_sync(lambda: f'"state": "{state}"' in state_of(keeper), 30, what=f"the connection to be {state}")


def assert_secret(keeper: Program, token: str) -> None:
    """The token is in no file but .env, and in nothing that was said."""
    for path in keeper.folder.rglob("*"):
        if path.is_file() and path.name != ".env":
            assert token.encode() not in path.read_bytes(), path
    assert all(token not in ran.stdout + ran.stderr for ran in keeper.ran)


@pytest.mark.audio
def test_a_card_survives_kills(talkative: Program, discord_outside: Discord, studio: Studio) -> None:
    a_book(talkative, studio)
    talkative("prepare")  # before the bot ever ran
    service = talkative.start()
    service.says("Connected to Discord")
    discord_outside.until(
        lambda: discord_outside.history("uploads")
    )  # killed before the answer is written down
    service.kill()
    discord_outside.disconnected()
    service = talkative.start()
    service.says("Connected to Discord")
    talkative("approve", SALT)
    [card] = discord_outside.history("uploads")
    until_sync(lambda: "Approved by" in card.text, 30, what="the card to follow")
    service.kill()
    discord_outside.disconnected()
    service = talkative.start()
    service.says("Connected to Discord")
    code, seconds = service.stop()
    assert code == 0
    assert seconds < 10
    assert discord_outside.history("uploads") == [card]
    assert len(discord_outside.gateway.identifies) == 3
    assert_secret(talkative, discord_outside.token)


@pytest.mark.audio
def test_without_discord_the_core_works_and_it_connects_later(
    talkative: Program, discord_outside: Discord, studio: Studio
) -> None:
    a_book(talkative, studio)
    discord_outside.outside.fail(LOGIN, server_error(503))
    service = talkative.start()
    service.says("Discord cannot be reached")
    talkative("prepare")
    assert talkative.states() == {"awaiting_approval": 1}
    discord_outside.connected()
    until_sync(lambda: len(discord_outside.history("uploads")) == 1, 30, what="the card")
    assert service.stop()[0] == 0


@pytest.mark.slow
def test_away_at_boot_for_a_minute(talkative: Program, discord_outside: Discord) -> None:
    discord_outside.go_away()
    service = talkative.start()
    service.says("Discord cannot be reached")
    stands(talkative, "waiting")
    assert "cannot be reached" in talkative("doctor", "--json", code=None).stdout
    discord_outside.come_back()
    service.says("Connected to Discord", 100)
    assert service.stop(signal.SIGINT)[0] == 0


@pytest.mark.audio
def test_a_discord_that_hangs_does_not_keep_the_service(
    talkative: Program, discord_outside: Discord, studio: Studio
) -> None:
    outside = discord_outside.outside
    for route in (LOGIN, SEND):  # while it logs in; while it posts a card
        outside.fail(route, silence(), always=True)
        a_card = route == SEND
        if a_card:
            a_book(talkative, studio)
            talkative("prepare")
        service = talkative.start()
        until_sync(lambda route=route: outside.asked(route), 30, what=route)
        code, seconds = service.stop()
        assert code == 0
        assert seconds < 10
        outside.recover()
        outside.requests.clear()
    assert "Traceback" not in service.stderr


def test_a_wrong_token_is_named_and_tried_no_more(talkative: Program, discord_outside: Discord) -> None:
    wrong = discord_outside.token[:-6] + "wrong0"
    talkative.keep_secret(DISCORD_TOKEN=wrong)
    service = talkative.start()
    service.says("DISCORD_TOKEN")
    stands(talkative, "stopped")
    talkative("discover")  # the core goes on
    said = talkative("doctor", "--json", code=None).stdout
    assert "refuses the bot's token" in said
    assert "DISCORD_TOKEN" in said
    assert len(discord_outside.outside.asked("/api/*")) == 1
    assert not discord_outside.gateway.identifies
    assert service.process.poll() is None
    assert service.stop()[0] == 0
    assert_secret(talkative, wrong)


def imported(stderr: str) -> set[str]:
    """The packages that were imported, by what -X importtime writes."""
    return {name.partition(".")[0] for name in re.findall(r"\| +([\w.]+)$", stderr, re.MULTILINE)}


def test_without_a_token_discord_is_not_imported(talkative: Program, discord_outside: Discord) -> None:
    talkative.extra_environment["PYTHONPROFILEIMPORTTIME"] = "1"
    talkative.keep_secret(DISCORD_TOKEN=None)
    service = talkative.start()
    assert service.stop()[0] == 0
    assert "discord" not in imported(service.stderr)
    assert "core" in imported(service.stderr)
    talkative.keep_secret(DISCORD_TOKEN=discord_outside.token)
    service = talkative.start()
    discord_outside.connected()
    assert service.stop()[0] == 0
    assert "discord" in imported(service.stderr)
