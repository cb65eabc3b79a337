"""How a standing rule is found for a release: by any of its authors, however spaced and cased."""

from __future__ import annotations

import unicodedata

from core.domain.release import Release

AUTHOR = "author"
LONGEST_KEY = 200


def authors_of(release: Release) -> list[str]:
    """The authors' names as the form has them: a person's edit first."""
    edited = release.edits.get("authors")
    return [str(name) for name in edited] if edited else [author.name for author in release.known.authors]


def author_key(name: str) -> str:
    """The name as rules compare it."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:LONGEST_KEY]
