"""Standing rules as people make them: every book of an author is approved by itself from now on."""

from __future__ import annotations

from core.domain.release import Release
from core.errors import NeedsPerson
from core.store.rules import Rule, RuleStore
from core.upload.rules import AUTHOR, author_key, authors_of


class Rules:
    """Made after an approval, listed, taken back."""

    def __init__(self, store: RuleStore) -> None:
        self._store = store

    async def remember_author(self, release: Release, *, by: str) -> Rule:
        """Approve every book of this release's first author from now on. Raises NeedsPerson without one."""
        authors = authors_of(release)
        if not authors:
            raise NeedsPerson(
                f"No author of “{release.title}” is known.", hint="Set one with Edit, then try again."
            )
        return await self._store.make(AUTHOR, authors[0], key=author_key(authors[0]), verb="approve", by=by)

    async def known(self, kind: str, key: str) -> bool:
        """Whether there is a rule for this already."""
        return await self._store.match(kind, [key]) is not None

    async def all(self) -> list[Rule]:
        """Every rule, oldest first."""
        return await self._store.all()

    async def remove(self, rule_id: str) -> bool:
        """Take a rule back; False if somebody did already."""
        return await self._store.remove(rule_id)
