"""Figures are coarse, honest about beginning and end, and written as the language writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from bot.cards.measures import JOINED, bar, count, date, duration, percent, relative, size, speed


def plain(text: str) -> str:
    """With ordinary spaces; there must be no other ones."""
    assert " " not in text
    return text.replace(JOINED, " ")


@pytest.mark.parametrize(
    ("fraction", "cells", "text"),
    [
        (0, 0, "0 %"),
        (0.0001, 1, "0 %"),
        (0.29, 2, "29 %"),
        (0.5, 5, "50 %"),
        (0.99999, 9, "99 %"),
        (1, 10, "100 %"),
        (7, 10, "100 %"),
        (-1, 0, "0 %"),
        (math.nan, 0, "0 %"),
        (math.inf, 0, "0 %"),
    ],
)
def test_a_bar_is_full_at_the_end_only(fraction: float, cells: int, text: str) -> None:
    assert bar(fraction, 10) == "▰" * cells + "▱" * (10 - cells)
    assert plain(percent(fraction)) == text


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (0, "0 B", "0 B"),
        (-5, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1023, "1.0 KiB", "1,0 KiB"),
        (1.5 * 2**30, "1.5 GiB", "1,5 GiB"),
        (9.94 * 2**20, "9.9 MiB", "9,9 MiB"),
        (9.97 * 2**20, "10 MiB", "10 MiB"),
        (412.4 * 2**30, "412 GiB", "412 GiB"),
        (999.7 * 2**30, "1.0 TiB", "1,0 TiB"),
        (2**70, "1048576 PiB", "1048576 PiB"),
    ],
)
def test_sizes(count: float, english: str, german: str) -> None:
    assert (plain(size(count, "en")), plain(size(count, "de"))) == (english, german)
    assert plain(speed(count, "en")) == f"{english}/s"


def test_numbers() -> None:
    assert (count(999, "en"), count(1_234_567, "en"), count(-12_345, "de")) == ("999", "1,234,567", "-12.345")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "< 1 min"),
        (59, "< 1 min"),
        (60, "1 min"),
        (449, "7 min"),
        (600, "10 min"),
        (1000, "15 min"),
        (3449, "55 min"),
        (3450, "1 h"),
        (8000, "2 h 15 min"),
        (86_399, "24 h"),
        (86_400, "1 d"),
        (100_000, "1 d 4 h"),
        (259_200, "3 d"),
        (1e9, "> 99 d"),
        (math.inf, "> 99 d"),
    ],
)
def test_durations_get_coarser(seconds: float, text: str) -> None:
    assert plain(duration(seconds)) == text


def test_moments_are_discord_s_to_show() -> None:
    moment = datetime(2026, 11, 2, 12, 0, 0, 900_000, UTC)
    assert (relative(moment), date(moment)) == ("<t:1793620800:R>", "<t:1793620800:d>")
