"""Seeding duties as people read them."""

from __future__ import annotations

from core.services.views import Document
from core.store.releases import ReleaseStore


async def duties_of_uploads(releases: ReleaseStore) -> list[Document]:
    """The uploads whose 72 hours are not over yet; how far they are only the torrent client knows."""
    return [
        {
            "infohash": release.infohash,
            "title": release.title,
            "seed_seconds": None,
            "due": None,
            "at_risk": None,
        }
        for release in await releases.at_stages(("seed",))
    ]
