"""The double beside a bot in a process of its own, driven without a loop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.world.discord import Callback, Discord, NoAnswer, Refused

ROOT = Path(__file__).parents[3]


@contextmanager
def bot_process(discord: Discord) -> Iterator[subprocess.Popen[bytes]]:
    """The small bot as a program."""
    environment = {
        **os.environ,
        **discord.environment(),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.world_tests.discord.bot"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_a_process_is_killed_and_its_buttons_work_after_the_restart(discord_outside: Discord) -> None:
    discord = discord_outside
    with bot_process(discord) as process:
        discord.connected()
        ada = discord.person("Ada", roles=["approve"])
        discord.until(lambda: "books" in ada.commands(), "the commands")
        ada.slash("/books card")
        card = discord.message("uploads", lambda message: message.v2)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        discord.disconnected()
        assert discord.history("uploads") == [card]
    discord.gateway.forget_all()  # nothing is replayed to whoever comes
    with pytest.raises(NoAnswer, match="not connected"):
        ada.press(card, "Approve")
    with bot_process(discord):
        discord.connected()
        reply = ada.press(card, "Approve")
        assert reply.kind is Callback.UPDATE_MESSAGE
        assert "approved by Ada" in card.text
        with pytest.raises(Refused):
            ada.press(card, "Burn")
    assert len(discord.gateway.identifies) == 2


def test_its_address_tells_how_to_use_it(discord_outside: Discord) -> None:
    address = discord_outside.api_base.removesuffix("/api/v10")
    with urllib.request.urlopen(address, timeout=10) as answer:
        told = json.load(answer)
    assert told == {"environment": discord_outside.environment(), "discord": discord_outside.section()}
    assert told["environment"]["DISCORD_GATEWAY_URL"] == address.replace("http", "ws") + "/gateway"
    assert set(told["discord"]["channels"]) == {"uploads", "requests", "alerts", "status"}
    assert set(told["discord"]["roles"]) == {"approve", "request", "admin"}
