"""A search as the tracker's JSON form has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

AUDIOBOOKS, EBOOKS, MUSICOLOGY, RADIO = 13, 14, 15, 16  # the search's own main categories

Field = Literal["title", "author", "narrator", "series", "description", "tags", "filenames", "fileTypes"]
Kind = Literal["all", "active", "inactive", "fl", "fl-VIP", "VIP", "nVIP", "nMeta"]
Where = Literal["torrents", "bookmarks", "mine", "myReseed", "allReseed"]

MOST_PER_PAGE = 100
_NO_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to look for. Empty collections mean "any".

    `text` is taken as words; with `operators` it goes out as it is, with the site's "phrase", a | b, -x and
    @(title,filenames) x. `kind` "active" means at least one seeder, "fl" free ones. Sizes are in bytes.
    `sort` is such as "dateDesc" or "seedersDesc"; "default" is by relevance. `mine` finds only what this
    account has snatched.
    """

    text: str = ""
    operators: bool = False
    fields: tuple[Field, ...] = ("title", "author", "series")
    kind: Kind = "active"
    where: Where = "torrents"
    main_categories: tuple[int, ...] = (AUDIOBOOKS,)
    categories: tuple[int, ...] = ()
    languages: tuple[int, ...] = ()
    added_from: date | None = None
    added_before: date | None = None
    min_size: int | None = None
    max_size: int | None = None
    min_seeders: int | None = None
    sort: str = "default"
    mine: bool = False
    media_info: bool = True
    per_page: int = MOST_PER_PAGE

    def body(self, start: int = 0) -> dict[str, Any]:
        """The request's JSON for the page that begins at row `start`."""
        text = self.text if self.operators else " ".join(_NO_WORD.sub(" ", self.text).split())
        tor = {
            "text": text,
            "srchIn": list(self.fields),
            "searchType": self.kind,
            "searchIn": self.where,
            "main_cat": list(self.main_categories),
            "cat": list(self.categories),
            "browse_lang": list(self.languages),
            "startDate": self.added_from.isoformat() if self.added_from else None,
            "endDate": self.added_before.isoformat() if self.added_before else None,
            "minSize": self.min_size,
            "maxSize": self.max_size,
            "unit": 1 if self.min_size is not None or self.max_size is not None else None,
            "minSeeders": self.min_seeders,
            "sortType": self.sort,
            "startNumber": start,
        }
        given = {name: value for name, value in tor.items() if value is not None and value != []}
        wishes = _wishes(media_info=self.media_info) | ({"my_snatched": True} if self.mine else {})
        return {"perpage": max(5, min(self.per_page, MOST_PER_PAGE)), **wishes, "tor": given}


def one_torrent(torrent_id: int) -> dict[str, Any]:
    """The request's JSON for a torrent by its id."""
    return {"perpage": 5, **_wishes(media_info=True), "tor": {"id": torrent_id}}


def by_infohash(infohash: str) -> dict[str, Any]:
    """The request's JSON for a torrent by its infohash in hex. Raises ValueError for what is none."""
    if not re.fullmatch(r"[0-9a-fA-F]{40}", infohash):
        raise ValueError("an infohash is 40 hex digits")
    return {"perpage": 5, **_wishes(media_info=True), "tor": {"hash": infohash.lower()}}


def _wishes(*, media_info: bool) -> dict[str, Any]:
    """Fields the site sends only when asked; any value switches one on, so those not wanted are left out.

    Its direct download link is never asked for: it works without a session and is a secret.
    """
    wanted = {"description": True, "isbn": True, "thumbnail": True}
    return {**wanted, "mediaInfo": True} if media_info else wanted
