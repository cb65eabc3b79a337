"""How the connection stands: written down for doctor, logged once each way, told to people when it lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.app import App
from core.domain.alert_events import alert
from core.domain.discord_facts import STATE_KEY, TROUBLES, Trouble

LOG = logging.getLogger(__name__)

AWAY_SECONDS = 600.0  # without a connection until people are told: Discord's own hiccups are shorter


class Standing:
    """The row of the connection: `state` (connecting, connected, lost, waiting, stopped, closed) and facts.

    `alerted` and `away_since` outlive the process: a restart amid an outage is no news, the end of it is.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._row: dict[str, Any] = {}
        self._writing = asyncio.Lock()
        self._patience: asyncio.Task[None] | None = None

    @property
    def row(self) -> Mapping[str, Any]:
        return self._row

    @property
    def state(self) -> str:
        return str(self._row.get("state", ""))

    @property
    def trouble(self) -> str | None:
        """The code of what is wrong, see TROUBLES."""
        return self._row.get("trouble")

    async def load(self) -> None:
        """Take up what the last process left."""
        before = await self._app.state.get(STATE_KEY) or {}
        self._row = {key: before.get(key) for key in ("alerted", "away_since", "application", "name")}

    async def tell(self, state: str, **facts: Any) -> None:
        """Write down a state, and facts beside those known."""
        since = self._row.get("since") if self.state == state else None
        now = self._app.clock.now().isoformat()
        self._row = {**self._row, **facts, "state": state, "since": since or now}
        async with self._writing:
            await self._app.state.put(STATE_KEY, self._row)

    async def waits(self, seconds: float) -> None:
        """Write down when the next try is."""
        until = self._app.clock.now() + timedelta(seconds=seconds)
        await self.tell(self.state or "waiting", until=until.isoformat())

    async def connected(self, **facts: Any) -> None:
        self._rest()
        if self._row.get("alerted"):
            self._app.events.publish(alert("discord_back", "bot"))
        await self.tell("connected", trouble=None, until=None, away_since=None, alerted=False, **facts)

    async def away(self, state: str, trouble: str | None, reason: str = "") -> None:
        """Not connected: nothing a person must do at once, but something to tell of when it lasts."""
        if trouble is not None and trouble != self.trouble:
            told = TROUBLES[trouble]
            LOG.warning("%s %s", told.text.format(reason=reason), told.fix)
        since = self._row.get("away_since") or self._app.clock.now().isoformat()
        await self.tell(state, trouble=trouble, reason=reason, until=None, away_since=since)
        if self._patience is None:
            self._patience = asyncio.create_task(self._alert_when_it_lasts(), name="discord: patience")

    async def stopped(self, trouble: str, reason: str) -> None:
        """Only a person can mend it: told at once, and once."""
        self._rest()
        found = TROUBLES[trouble]
        text = found.text.format(reason=reason)
        LOG.error("%s %s", text, found.fix)
        self._app.events.publish(alert("discord_refused", "bot", reason=text, setting=found.setting))
        await self.tell("stopped", trouble=trouble, reason=reason, until=None, alerted=True)

    async def not_invited(self, guild: int, link: str, **facts: Any) -> None:
        """Connected, but not where we should be: waits for the invitation."""
        self._rest()
        if self.trouble == "not_in_guild":
            return
        found = TROUBLES["not_in_guild"]
        LOG.error("%s %s", found.text.format(guild=guild), found.fix.format(link=link))
        self._app.events.publish(alert("discord_not_invited", "guild", guild=guild, link=link))
        await self.tell("waiting", trouble=found.code, until=None, **facts)

    async def closed(self) -> None:
        """The program ends."""
        self._rest()
        if self.state != "stopped":
            await self.tell("closed", trouble=None, until=None)

    def _rest(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    async def _alert_when_it_lasts(self) -> None:
        await self._app.clock.sleep(AWAY_SECONDS)
        found = self._told()
        text = found.text.format(reason=self._row.get("reason", ""))
        since = f"{str(self._row['away_since'])[:16].replace('T', ' ')} UTC"
        if not self._row.get("alerted"):
            LOG.warning("Discord is not connected since %s", since)
            self._app.events.publish(alert("discord_lost", "bot", since=since, reason=text))
        await self.tell(self.state, trouble=found.code, alerted=True)

    def _told(self) -> Trouble:
        return TROUBLES[self.trouble or "lost"]
