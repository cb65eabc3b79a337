"""The downloads card: rows, totals, pages that survive, and faults as sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards.downloads import A_PAGE, downloads_card, page_of
from core.domain.transfer_words import UNKNOWN, WORDS
from core.services.transfers import Transfer, TransferList
from tests.bot.cards import faces
from tests.bot.cards.faces import TEXTS, buttons, components, status_buttons, walk
from tests.world.clock import START

MIB = 2**20
T0 = int(START.timestamp())
COMES = Transfer("a" * 40, "The Salt *Road*", "downloading", 0.42, 812 * MIB, 3 * MIB, 0, 140, 0.0, None)
SEEDS = Transfer("b" * 40, "Wren & Co", "uploading", 1.0, 350 * MIB, 0, 20 * 1024, None, 1.523, 200_000)


def card(listed: TransferList, page: int = 0, language: object = "en") -> Any:
    return downloads_card(listed, page, TEXTS, language, status_buttons())


def many(count: int) -> TransferList:
    rows = tuple(replace(SEEDS, infohash=f"{number:040}", name=f"Book {number}") for number in range(count))
    return TransferList(rows, START)


async def test_each_has_what_matters_for_it() -> None:
    assert faces.text(card(TransferList((COMES, SEEDS, replace(SEEDS, owed=0, up=0)), START))) == (
        "## Downloads\n3 torrents · ↓ 3.0 MiB/s · ↑ 20 KiB/s\n\n"
        "**The Salt \\*Road\\***\n▰▰▰▰▰▱▱▱▱▱▱▱ 42 % · downloading\n-# ↓ 3.0 MiB/s · 2 min left · 812 MiB\n"
        "**Wren & Co**\n-# uploading · ↑ 20 KiB/s · ratio 1.52 · 2 d 8 h of seeding owed · 350 MiB\n"
        "**Wren & Co**\n-# uploading · ratio 1.52 · duty met · 350 MiB\n\n"
        f"-# page 1 of 1 · as of <t:{T0}:R>"
    )


async def test_in_german() -> None:
    said = faces.text(card(TransferList((COMES, SEEDS), START), language="de"))
    assert "2 Torrents · ↓ 3,0 MiB/s" in said
    assert "Ratio 1,52 · noch 2 d 8 h zu verteilen" in said


@pytest.mark.parametrize(
    ("count", "asked", "shown", "back", "forward"),
    [
        (0, 0, 1, ("0", False), ("1", False)),
        (A_PAGE, 0, 1, ("0", False), ("1", False)),
        (A_PAGE + 1, 0, 1, ("0", False), ("1", True)),
        (A_PAGE + 1, 1, 2, ("0", True), ("2", False)),
        (A_PAGE * 3, 1, 2, ("0", True), ("2", True)),
        (A_PAGE * 3, 99, 3, ("1", True), ("3", False)),
        (A_PAGE * 3, -7, 1, ("0", False), ("1", True)),
    ],
)
async def test_pages(
    count: int, asked: int, shown: int, back: tuple[str, bool], forward: tuple[str, bool]
) -> None:
    view = card(many(count), asked)
    assert f"page {shown} of {max(1, -(-count // A_PAGE))}" in faces.text(view)
    assert buttons(view) == {
        f"mk1:downloads:{back[0]}:back": back[1],
        f"mk1:downloads:{shown - 1}:refresh": True,
        f"mk1:downloads:{forward[0]}:forward": forward[1],
    }
    first = (shown - 1) * A_PAGE
    assert [f"Book {n}**" in faces.text(view) for n in range(count)] == [
        first <= n < first + A_PAGE for n in range(count)
    ]


@pytest.mark.parametrize(
    ("text", "page"),
    [("0", 0), ("12", 12), ("x", 0), ("-1", 0), ("", 0), ("9" * 40, 0), ("²", 0), ("1.5", 0)],
)
def test_any_id_is_a_page(text: str, page: int) -> None:
    assert page_of(text) == page


async def test_nothing_and_nobody() -> None:
    assert "Nothing of ours is in qBittorrent." in faces.text(card(TransferList((), START)))
    view = card(TransferList(configured=False))
    assert "QB_HOST" in faces.text(view)
    assert buttons(view) == {}


async def test_a_fault_is_told_with_what_is_known() -> None:
    view = card(replace(many(2), error="qBittorrent did not answer in time."))
    assert f"🟠 qBittorrent did not answer in time.\nWhat it said <t:{T0}:R> is shown." in faces.text(view)
    assert "Book 1" in faces.text(view)
    assert components(view)[0]["accent_color"] == 0xF0A232
    view = card(TransferList(error="It refuses us."))
    assert faces.text(view) == "## Downloads\n🟠 It refuses us.\nIt has not told anything yet."
    assert buttons(view)["mk1:downloads:0:refresh"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_state_has_a_word(language: str) -> None:
    assert {f"downloads.words.{word}" for word in (*WORDS, UNKNOWN)} <= TEXTS.keys(language)


NASTY = st.text(st.characters(codec=None), max_size=400) | st.sampled_from(
    ["🐭" * 400, "*" * 400, "@here " * 90]
)
COUNT = st.integers(-(2**70), 2**70)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
TRANSFERS = st.builds(
    Transfer, NASTY, NASTY, NASTY, NUMBER, COUNT, COUNT, COUNT, COUNT | st.none(), NUMBER, COUNT | st.none()
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(TRANSFERS, max_size=20).map(tuple),
    seen=st.sampled_from([None, START]),
    error=NASTY,
    configured=st.booleans(),
    page=st.integers(-5, 10**7),
)
async def test_whatever_comes_a_message_can_hold_it(
    rows: tuple[Transfer, ...], seen: Any, error: str, configured: bool, page: int
) -> None:
    for language in ("en", "de"):
        payload = components(card(TransferList(rows, seen, error, configured), page, language))
        said = "".join(each.get("content", "") for each in walk(payload))
        assert len(said.encode("utf-16-le")) // 2 <= 4000
        assert "@here" not in said
