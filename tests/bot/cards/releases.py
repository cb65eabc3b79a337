"""Releases as their cards know them, one in each state of a release's life."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.components import Buttons
from core.domain.book import BookFacts
from core.domain.findings import Finding
from core.domain.release import STATES, Release
from core.services.release_card import Audio, Cover, ReleaseCard, TorrentFacts
from tests.bot.cards.faces import TEXTS
from tests.world.clock import START

MIB = 2**20
ID = "01JC0000000000000000000001"
HASH = "0123456789abcdef0123456789abcdef01234567"

RELEASE = Release(
    id=ID,
    asin="B0MKB00001",
    title="The Salt Cartographer",
    source_dir="/library/Iris Vale/The Salt Cartographer",
    parts=2,
    size=412 * MIB,
    tag=None,
    fingerprint=None,
    files=(),
    facts=BookFacts(),
    described=BookFacts(title="The Salt Cartographer", year=2024, sources={"title": "audnex"}),
    edits={},
    media=(),
    warnings=(),
    staged=(),
    staging_dir="/data/staging/The Salt Cartographer",
    torrent_path="/data/torrents/The Salt Cartographer.torrent",
    infohash=HASH,
    decision=None,
    decided_by=None,
    decided_at=None,
    decision_reason=None,
    uploaded=None,
    baseline=False,
    gone=False,
    created=START,
    updated=START,
    job_id="01JC0000000000000000000002",
    stage="approve",
    status="waiting",
    attempts=0,
    due=None,
    topic=f"decision:{ID}",
    error=None,
    context={},
)
CARD = ReleaseCard(
    release=RELEASE,
    form={
        "title": "The Salt Cartographer",
        "authors": ["Iris Vale"],
        "narrators": ["Tom Reed", "Ada Finch"],
        "series": [{"name": "Lantern", "number": "2"}],
        "category": "Audiobooks - Fantasy",
        "language": "English",
        "flags": ["abridged"],
    },
    findings=(
        Finding("TITLE_CASE", "title", "Write “of” in small letters.", "The Salt of Cartographers"),
        Finding("TAGS_INCOMPLETE", "tags", "The length is missing."),
    ),
    fixable=("title",),
    audio=Audio(seconds=36_600, codec="AAC LC", bitrate=125_588, channels=2, chapters=31),
    torrent=TorrentFacts(HASH, files=3, size=412 * MIB, piece_length=MIB, pieces=412, private=True),
    cover=Cover("cover.jpg", b"\xff\xd8\xff"),
    waiting_for="a person's approval",
)

_ADA = {"decided_by": "Ada", "decided_at": START}
_APPROVED = {**_ADA, "decision": "approve"}
_UPLOADED = {"by": "Ben", "at": (START + timedelta(hours=1)).isoformat(), "url": "123456"}

# state -> how a release in it differs from the waiting one
_STANDING: dict[str, dict[str, Any]] = {
    "discovered": {"stage": "stage", "status": "ready"},
    "staged": {"stage": "describe", "status": "running"},
    "described": {"stage": "build", "status": "ready"},
    "built": {"stage": "check", "status": "ready"},
    "awaiting_approval": {},
    "held": {**_ADA, "decision": "hold"},
    "rejected": {
        **_ADA,
        "decision": "reject",
        "decision_reason": "the *other* edition @everyone",
        "status": "cancelled",
    },
    "approved": {**_APPROVED, "stage": "publish", "status": "running"},
    "awaiting_upload": {**_APPROVED, "stage": "confirm"},
    "seeding": {**_APPROVED, "stage": "seed", "uploaded": _UPLOADED},
    "complete": {**_APPROVED, "stage": "record", "status": "done", "uploaded": _UPLOADED},
    "failed": {**_APPROVED, "stage": "publish", "status": "failed", "error": "qBittorrent refused the file."},
}
assert tuple(_STANDING) == STATES


def in_state(state: str, **more: Any) -> ReleaseCard:
    """The card's snapshot of the same book in this state; `more` changes its release."""
    return replace(CARD, release=replace(RELEASE, **_STANDING[state], **more))


def release_buttons() -> Buttons:
    """The buttons of a release's card."""
    from bot.releases.presses import BUTTONS

    made = Buttons(TEXTS)
    made.add(*BUTTONS)
    return made
