"""discord.py's knobs: addresses, proxies of the environment, the permissions we name by number."""

from __future__ import annotations

import logging

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.wire import OWN_BASE, OWN_GATEWAY, point_discord_at, proxy_for, quieten
from core.domain.discord_facts import (
    NEEDED_IN,
    PERMISSION_NAMES,
    PERMISSIONS,
    application_of,
    invite_link,
)

PROXY = "http://proxy.lan:3128"


def test_addresses_are_taken_and_given_back() -> None:
    point_discord_at("http://localhost:8080/api/v10/", "ws://localhost:8080/gateway")
    assert Route("GET", "/users/@me").url == "http://localhost:8080/api/v10/users/@me"
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "ws://localhost:8080/gateway"
    point_discord_at(None, None)
    assert (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY) == (OWN_BASE, OWN_GATEWAY)


@pytest.mark.parametrize(
    ("base", "no_proxy", "proxy"),
    [
        (None, "", PROXY),
        (None, "discord.com", None),
        ("http://127.0.0.1:9/api/v10", "", None),  # no proxy is set for plain http
    ],
)
def test_the_environments_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, base: str | None, no_proxy: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", PROXY)
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(base) == proxy


def test_what_discord_logs_of_requests_stays_out_of_the_log() -> None:
    quieten()
    assert not logging.getLogger("discord.http").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("discord.client").isEnabledFor(logging.ERROR)


def test_permissions_are_discords_own() -> None:
    for name, bit in PERMISSIONS.items():
        assert discord.Permissions(**{name: True}).value == bit
    assert (
        set(PERMISSION_NAMES) == set(PERMISSIONS) == {name for names in NEEDED_IN.values() for name in names}
    )
    link = invite_link("123")
    asked = discord.Permissions(int(link.rpartition("=")[2]))
    assert asked == discord.Permissions(**dict.fromkeys(PERMISSIONS, True))
    assert not asked.administrator


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabc.rest", "123456789012345678"),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4", "123456789012345678"),
        ("wrong", None),
        ("", None),
        ("ä.b.c", None),
        ("aGVsbG8gd29ybGQ.x.y", None),
    ],
)
def test_the_application_is_read_from_a_token(token: str, number: str | None) -> None:
    assert application_of(token) == number
