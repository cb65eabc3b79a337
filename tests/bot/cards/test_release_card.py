"""The approval card: every state as it is sent, what can be pressed there, and that no text breaks it.

`python -m tests.bot.cards.test_release_card` writes release_states.json anew after a wanted change.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards.release import release_card
from core.domain.findings import Finding
from core.domain.release import STATES
from core.services.release_card import Audio, ReleaseCard, TorrentFacts
from tests.bot.cards.faces import TEXTS, Json, buttons, components, text, walk
from tests.bot.cards.releases import CARD, HASH, ID, MIB, in_state, release_buttons
from tests.world.clock import START

PINNED = Path(__file__).with_name("release_states.json")
T0 = int(START.timestamp())
WORKING = ("discovered", "staged", "described", "built")


def drawn(card: ReleaseCard, language: object = "en", **how: Any) -> Any:
    return release_card(card, TEXTS, language, release_buttons(), **how)


def verbs(card: ReleaseCard) -> dict[str, bool]:
    """verb -> whether it can be pressed."""
    return {custom_id.rpartition(":")[2]: usable for custom_id, usable in buttons(drawn(card)).items()}


def as_sent() -> Json:
    return {state: components(drawn(in_state(state))) for state in STATES}


@pytest.mark.parametrize("state", STATES)
async def test_each_state_is_sent_as_pinned(state: str) -> None:
    assert components(drawn(in_state(state))) == json.loads(PINNED.read_text())[state]


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        *((state, []) for state in WORKING),
        ("awaiting_approval", ["Approve", "Reject", "Hold", "Edit", "Fix", "Kit"]),
        ("held", ["Approve", "Reject", "Edit", "Fix", "Kit"]),
        ("rejected", ["Retry"]),
        ("approved", ["Uploaded", "Edit", "Fix", "Kit"]),
        ("awaiting_upload", ["Uploaded", "Edit", "Fix", "Kit"]),
        ("seeding", ["Kit"]),
        ("complete", []),
        ("failed", ["Retry", "Kit"]),
    ],
)
async def test_what_can_be_pressed(state: str, offered: list[str]) -> None:
    """The labels are the agreed words alone; what stands before them is in the emoji field."""
    nodes = [node for node in walk(components(drawn(in_state(state)))) if node["type"] == 2]
    assert [node["label"] for node in nodes] == offered
    assert all(node["emoji"]["name"] for node in nodes)
    assert all(node["custom_id"] == f"mk1:release:{ID}:{node['label'].lower()}" for node in nodes)


async def test_it_shows_everything_a_decision_needs() -> None:
    said = text(drawn(in_state("awaiting_approval")))
    for fact in (
        "## The Salt Cartographer",
        "Iris Vale",
        "Tom Reed, Ada Finch",
        "Lantern \\#2",
        "10 h 15 min",
        "AAC LC",
        "126 kbps",
        "31 chapters",
        "2 parts",
        "412 MiB",
        "412 × 1.0 MiB",
        "3 files",
        "private",
        HASH[:12],
        "none among your releases",
        "2 findings",
        "The length is missing.",
    ):
        assert fact in said
    assert HASH not in said


async def test_duplicates_and_trouble_stand_on_it() -> None:
    said = text(drawn(in_state("failed", warnings=("A release with this ASIN is seeding.",))))
    assert "none among your releases" not in said
    assert "A release with this ASIN is seeding." in said
    assert "qBittorrent refused the file." in said


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ("held", f"-# Held by Ada <t:{T0}:f>"),
        ("rejected", "-# Reason: the \\*other\\* edition @\u200beveryone"),
        ("approved", f"-# Approved by Ada <t:{T0}:f>"),
        ("seeding", f"-# Uploaded by Ben <t:{T0 + 3600}:f>"),
        ("complete", f"-# Uploaded by Ben <t:{T0 + 3600}:f>"),
    ],
)
async def test_it_ends_with_who_did_what_and_when(state: str, ends: str) -> None:
    assert text(drawn(in_state(state))).endswith(ends)


async def test_what_would_change_nothing_cannot_be_pressed() -> None:
    assert not verbs(replace(CARD, fixable=()))["fix"]
    assert verbs(CARD)["fix"]
    said = {"by": "Ben", "at": START.isoformat(), "url": None}
    assert not verbs(in_state("awaiting_upload", uploaded=said))["uploaded"]


async def test_findings_never_take_approve_away() -> None:
    many = tuple(Finding("TITLE_CASE", "title", f"Nit {number}.") for number in range(80))
    assert verbs(replace(CARD, findings=many))["approve"]


async def test_what_is_delayed_can_be_tried_at_once() -> None:
    later = START + timedelta(minutes=5)
    card = in_state("approved")
    card = replace(card, release=replace(card.release, status="ready", attempts=2, due=later))
    assert verbs(card)["retry"]
    assert f"<t:{T0 + 300}:R>" in text(drawn(card))


async def test_without_a_cover_the_texts_stay() -> None:
    kinds = [node["type"] for node in walk(components(drawn(replace(CARD, cover=None))))]
    assert 9 not in kinds
    assert 11 not in kinds
    assert "## The Salt Cartographer" in text(drawn(replace(CARD, cover=None)))


async def test_in_german() -> None:
    said = text(drawn(in_state("held"), "de"))
    assert "Ada" in said
    assert "Held" not in said


# --- whatever comes ---------------------------------------------------------------------------------------------------

NASTY = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    [
        "W" * 4000,
        "🐭" * 4000,
        "*" * 4000,
        "@everyone <@1> <@&2> <#3> " * 150,
        "```\n# heading\n> quote\n- [x](https://evil.example)\n" * 80,
        "\u202e\u2066\u200b\u200d\ufeff" * 500 + "evil\u202d",
        "n\u0301\u0302\u0303\u0304\u0305\u0306" * 500,
        "\n" * 4000,
        "",
        "</sal:1> <:a:1> <t:0:R> <id:customize> ||spoiler|| ~~gone~~ __u__",
        "שלום עולם " * 300,
    ]
)
SOME = st.lists(NASTY, max_size=60)
WHOLE = st.integers(-(2**63), 2**63)
FORMS = st.fixed_dictionaries(
    {
        "title": NASTY,
        "authors": SOME,
        "narrators": SOME,
        "series": st.lists(
            st.fixed_dictionaries({"name": NASTY, "number": NASTY | st.none()}) | NASTY, max_size=30
        ),
        "category": NASTY | st.none(),
        "language": NASTY | st.none(),
        "flags": SOME | st.none(),
    }
)
CHANGES = st.fixed_dictionaries(
    {
        "title": NASTY,
        "size": st.integers(0, 2**63),
        "parts": st.integers(0, 10_000),
        "warnings": SOME.map(tuple),
        "error": NASTY | st.none(),
    }
)
DEEDS = st.fixed_dictionaries(
    {},
    optional={
        "decided_by": NASTY,
        "decision_reason": NASTY,
        "attempts": st.integers(0, 99),
        "due": st.just(START),
        "topic": st.sampled_from(["secret:QB_PASSWORD", "system:qbittorrent", "x", ""]),
        "uploaded": NASTY.map(lambda by: {"by": by, "at": START.isoformat(), "url": by}),
    },
)
CARDS = st.builds(
    ReleaseCard,
    release=st.sampled_from(STATES).flatmap(
        lambda state: st.builds(
            lambda changes, deeds: replace(in_state(state).release, **changes, **deeds), CHANGES, DEEDS
        )
    ),
    form=FORMS,
    findings=st.lists(st.builds(Finding, NASTY, NASTY, NASTY, NASTY | st.none()), max_size=60).map(tuple),
    fixable=SOME.map(tuple),
    audio=st.none()
    | st.builds(
        Audio,
        seconds=st.floats(0, 1e9),
        codec=NASTY,
        bitrate=st.integers(0, 2**40) | st.none(),
        channels=st.integers(0, 64) | st.none(),
        chapters=st.integers(0, 10**6),
    ),
    torrent=st.none()
    | st.builds(TorrentFacts, st.just(HASH), WHOLE, WHOLE, st.integers(0, 64 * MIB), WHOLE, st.booleans()),
    cover=st.none() | st.just(CARD.cover),
    waiting_for=NASTY | st.none(),
)
PING = re.compile(r"@(?:everyone|here)|(?<!\\)<(?:@|#|:|/|id:)")
INVISIBLE = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=CARDS, language=st.sampled_from(["en", "de", "ja", None]), direct=st.booleans())
async def test_whatever_comes_a_message_can_hold_it(
    card: ReleaseCard, language: str | None, direct: bool
) -> None:
    payload = components(drawn(card, language, direct=direct))  # held against the laws: 40 and 4,000
    said = "\n".join(node.get("content", "") for node in walk(payload))
    assert len(said.encode("utf-16-le")) // 2 <= 4000
    assert not PING.search(said)
    assert not INVISIBLE.search(said)
    assert all(node.get("content", "x").strip() for node in walk(payload)), "no empty text"
    assert sum(line.startswith("#") for line in said.splitlines()) == 1, "one heading: ours"


def test_the_digest_ignores_nothing_visible() -> None:
    """Two states never look alike, so a card is never left behind by an equal digest."""
    assert len({json.dumps(each, sort_keys=True) for each in as_sent().values()}) == len(STATES)


if __name__ == "__main__":
    PINNED.write_text(json.dumps(as_sent(), ensure_ascii=False, indent=1) + "\n")
