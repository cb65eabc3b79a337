"""The tracker's values, in every type they have been seen in, and in some nobody has seen yet."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.integrations.mam import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("Tom &amp; Jerry&#039;s Book", "Tom & Jerry's Book"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("Love &amp;lt;3 it", "Love <3 it"),
        (1984, "1984"),
        ("  two \r\n lines\0", "two lines"),
        (None, ""),
        ({"a": 1}, ""),
        (True, ""),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_lines(raw: object, line: str) -> None:
    assert values.line(raw) == line


@pytest.mark.parametrize("raw", [1, "1", "yes", "Yes", True, "true", 1.0])
def test_set_flags(raw: object) -> None:
    assert values.yes(raw)


@pytest.mark.parametrize("raw", [0, "0", "no", False, None, "", [], {}, "2", 2, math.nan])
def test_flags_that_are_not_set(raw: object) -> None:
    assert not values.yes(raw)


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        ("881.8 MiB", 924_634_316),
        ("1,018.3 KiB", 1_042_739),
        ("5.125 TiB", 5_634_997_092_352),
        ("6324306932", 6324306932),
        (6324306932, 6324306932),
        ("0.00 KiB", 0),
        ("12 B", 12),
        ("1.5 GB", 1_500_000_000),
        ("", None),
        ("big", None),
        (None, None),
        (-5, None),
        ("1.2.3 MiB", None),
        (True, None),
        (10**30, None),
    ],
)
def test_sizes(raw: object, size: int | None) -> None:
    assert values.size(raw) == size


@pytest.mark.parametrize(
    ("raw", "ratio"),
    [
        (26.7, 26.7),
        ("26.7", 26.7),
        ("1,234.5", 1234.5),
        ("∞", math.inf),
        ("Inf", math.inf),
        (math.inf, math.inf),
        (0, 0.0),
        ("---", None),
        ("", None),
        (None, None),
        (-1, None),
        (math.nan, None),
        (True, None),
    ],
)
def test_ratios(raw: object, ratio: float | None) -> None:
    assert values.ratio(raw) == ratio


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-08-14 10:59:44", datetime(2026, 8, 14, 10, 59, 44, tzinfo=UTC)),
        ("2026-08-14T10:59:44+02:00", datetime(2026, 8, 14, 8, 59, 44, tzinfo=UTC)),
        (1776193859, datetime(2026, 4, 14, 19, 10, 59, tzinfo=UTC)),
        ("1776193859", datetime(2026, 4, 14, 19, 10, 59, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        (0, None),
        ("", None),
        (None, None),
        ("soon", None),
        (10**20, None),
        (math.nan, None),
    ],
)
def test_moments(raw: object, moment: datetime | None) -> None:
    assert values.moment(raw) == moment


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ('{"1": "A"}', {"1": "A"}),
        (json.dumps('{"1": "A"}'), {"1": "A"}),
        ("{&quot;1&quot;: &quot;A&quot;}", {"1": "A"}),
        ({"1": "A"}, {"1": "A"}),
        ("[13,10]", [13, 10]),
        ("[]", []),
        ("", None),
        (None, None),
        ("{broken", None),
        ('"text"', None),
        ("12", None),
        ("[" * 100_000, None),
    ],
)
def test_json_in_strings(raw: object, decoded: object) -> None:
    assert values.inner(raw) == decoded


@pytest.mark.parametrize("raw", ["9" * 30, 2**63, -1, "1.5.5", math.inf, "²", [1], "1e400"])
def test_no_counts(raw: object) -> None:
    assert values.count(raw) is None


@given(JSON)
def test_nothing_makes_a_value_raise(raw: Any) -> None:
    readers = (values.line, values.prose, values.yes, values.number, values.count, values.identity)
    for read in (*readers, values.ratio, values.size, values.moment, values.inner):
        read(raw)
        read(json.dumps(raw))
        read(str(raw))
