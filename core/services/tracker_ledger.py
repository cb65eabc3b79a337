"""Where the tracker's pacing is kept: one named value among the program's small rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from core.errors import NotNow
from core.store.small import StateStore

KEY = "mam.pacing"


class StateLedger:
    """A `core.integrations.mam.pacing.Ledger` in the database."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def load(self) -> Mapping[str, Any] | None:
        value = await self._state.get(KEY)
        return value if isinstance(value, dict) else None

    async def save(self, state: Mapping[str, Any]) -> None:
        try:
            await self._state.put(KEY, dict(state))
        except SQLAlchemyError as error:
            raise NotNow(
                "The tracker is not asked, as the database does not take down that it is.",
                hint="Make room on the data folder's disk.",
            ) from error
