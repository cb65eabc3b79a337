"""The rules in the values: which states are complete, and what is kept of a tracker's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.integrations import qbittorrent
from core.integrations.qbittorrent.models import TorrentStatus, without_keys

COMPLETE = {"uploading", "stalledUP", "queuedUP", "forcedUP", "pausedUP", "stoppedUP"}
STATES = (
    *sorted(COMPLETE),
    *("pausedDL", "stoppedDL", "downloading", "stalledDL", "queuedDL", "forcedDL", "metaDL", "forcedMetaDL"),
    *("checkingUP", "checkingDL", "checkingResumeData", "moving", "missingFiles", "error", "allocating"),
    *("unknown", "a state of next year"),
)


def row(**changes: object) -> TorrentStatus:
    whole = {
        "hash": "a" * 40,
        "name": "Book",
        "state": "stalledUP",
        "progress": 1,
        "amount_left": 0,
        "size": 10,
        "save_path": "/data/seed",
        "content_path": "/data/seed/Book",
    }
    return TorrentStatus.model_validate(whole | changes)


@pytest.mark.parametrize("state", STATES)
def test_complete_by_state(state: str) -> None:
    status = row(state=state)
    assert status.complete == (state in COMPLETE)
    assert status.seeding == (state in COMPLETE - {"pausedUP", "stoppedUP"})
    assert status.stopped == state.startswith(("paused", "stopped"))
    assert status.checking == state.startswith("checking")
    assert status.errored == (state in {"missingFiles", "error"})


@given(st.sampled_from(STATES), st.floats(0, 1), st.integers(0, 10))
def test_never_complete_with_bytes_missing(state: str, progress: float, left: int) -> None:
    status = row(state=state, progress=progress, amount_left=left)
    assert not status.complete or (left == 0 and progress == 1)


def test_not_complete_while_in_the_folder_for_unfinished_downloads() -> None:
    assert not row(download_path="/data/tmp", content_path="/data/tmp/Book").complete
    assert row(download_path="/data/tmp").complete
    assert row(download_path="/data/se").complete  # whole components only


def test_odd_values() -> None:
    assert row(tags="b, a ,,").tags == ("b", "a")
    assert row(tags="").tags == ()
    for never in (-1, 0, 4294967295):
        assert row(completion_on=never).completion_on is None
    assert row(completion_on=1_790_000_000).completion_on == 1_790_000_000
    assert "http" not in repr(row(tracker="http://t/key/announce", magnet_uri="magnet:?tr=http://t/key"))


@pytest.mark.parametrize(
    "url",
    [
        "https://t.example/announce/0123456789abcdef",
        "https://t.example/0123456789abcdef/announce",
        "https://t.example/announce?passkey=0123456789abcdef",
        "https://user:0123456789abcdef@t.example/announce",
        "udp://t.example:99/0123456789abcdef",
    ],
)
def test_no_key_in_a_trackers_words(url: str) -> None:
    said = without_keys(f"Bad key 0123456789abcdef, see {url}?x=1 or http://help.example/faq.", url)
    assert "0123456789abcdef" not in said
    assert "t.example" in said
    assert "help.example" in said


def test_the_manifest_is_complete_and_leads_to_the_readme() -> None:
    folder = Path(qbittorrent.__file__).parent
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["domain"] == "qbittorrent"
    assert (folder / manifest["documentation"]).is_file()
    assert all(
        rule["status"] in ("done", "exempt") and rule["reason"] for rule in manifest["quality"].values()
    )
