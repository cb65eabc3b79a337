"""A release's state follows from where its job stands; another tool's state file is read with patience."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.release import STATE_AT_STAGE, STATES, count_states, imported_releases, release_state


@pytest.mark.parametrize(
    ("stage", "status", "decision", "state"),
    [
        ("stage", "waiting", None, "discovered"),
        ("describe", "running", None, "staged"),
        ("build", "ready", None, "described"),
        ("check", "ready", None, "built"),
        ("approve", "waiting", None, "awaiting_approval"),
        ("approve", "waiting", "hold", "held"),
        ("approve", "ready", "approve", "approved"),
        ("approve", "cancelled", "reject", "rejected"),
        ("publish", "ready", "approve", "approved"),
        ("confirm", "waiting", "approve", "awaiting_upload"),
        ("start", "ready", "approve", "approved"),
        ("seed", "waiting", "approve", "seeding"),
        ("record", "done", "approve", "complete"),
        ("build", "failed", None, "failed"),
        ("a stage of a newer version", "ready", None, "discovered"),
    ],
)
def test_state(stage: str, status: str, decision: str | None, state: str) -> None:
    assert release_state(stage, status, decision) == state


@given(
    st.sampled_from([*STATE_AT_STAGE, "other"]),
    st.sampled_from("ready running waiting done failed cancelled".split()),
    st.sampled_from([None, "approve", "reject", "hold"]),
)
@settings(deadline=None)
def test_every_position_has_a_known_state(stage: str, status: str, decision: str | None) -> None:
    assert release_state(stage, status, decision) in STATES


def test_counts_stand_in_the_order_of_a_life_without_zeros() -> None:
    counts = count_states(["failed", "staged", "discovered", "staged"])
    assert list(counts.items()) == [("discovered", 1), ("staged", 2), ("failed", 1)]


def test_both_versions_of_an_old_state_file() -> None:
    document = {
        "version": 2,
        "processed": {
            "B0AAAAAAAA": {"title": "One", "author": "A", "staging_dir": "/s", "infohash": "AB" * 20}
        },
        "failed": {"B0BBBBBBBB": {"title": "Two", "error": "No space", "retry_count": 3}, "B0CCCCCCCC": {}},
    }
    one, two, three = imported_releases(document)
    assert (one["asin"], one["status"], one["infohash"], one["error"]) == (
        "B0AAAAAAAA",
        "done",
        "ab" * 20,
        None,
    )
    assert (two["status"], two["error"], two["attempts"]) == ("failed", "No space", 3)
    assert (three["title"], three["error"]) == ("B0CCCCCCCC", "failed before it was taken over")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.dictionaries(st.sampled_from("title author error retry_count infohash staging_dir".split()), JUNK)


@given(st.fixed_dictionaries({"processed": JUNK | st.dictionaries(st.text(), ENTRY), "failed": JUNK}))
@settings(deadline=None)
def test_senseless_entries_are_left_out(document: dict[str, Any]) -> None:
    for row in imported_releases(json.loads(json.dumps(document))):
        assert isinstance(row["title"], str)
        assert row["title"] or not row["asin"]
        assert row["status"] in ("done", "failed")
        assert isinstance(row["attempts"], int)
        assert all(
            row[name] is None or isinstance(row[name], str) for name in ("author", "staging_dir", "infohash")
        )
