"""What people call the states of a torrent, whatever a version of qBittorrent calls them."""

from __future__ import annotations

# In the order people care about; what is not listed is UNKNOWN.
WORDS = {
    "error": ("error",),
    "missing_files": ("missingFiles",),
    "downloading": ("downloading", "forcedDL"),
    "stalled": ("stalledDL",),
    "metadata": ("metaDL", "forcedMetaDL"),
    "checking": ("checkingUP", "checkingDL", "checkingResumeData", "allocating"),
    "moving": ("moving",),
    "queued": ("queuedDL", "queuedUP"),
    "stopped": ("pausedDL", "stoppedDL"),
    "uploading": ("uploading",),
    "seeding": ("stalledUP", "forcedUP"),
    "complete": ("pausedUP", "stoppedUP"),
}
UNKNOWN = "unknown"
_WORD = {state: word for word, states in WORDS.items() for state in states}
_PLACE = {word: place for place, word in enumerate(WORDS)}


def word_for(state: str) -> str:
    """The word for a state of qBittorrent's."""
    return _WORD.get(state, UNKNOWN)


def place_of(word: str) -> int:
    """How early people want to see it: trouble first, then what moves, then what rests."""
    return _PLACE.get(word, len(_PLACE))
