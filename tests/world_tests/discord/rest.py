"""The double asked by hand, and pieces of messages."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.world.discord import Discord, Reply

V2 = 1 << 15
TEXT = {"type": 10, "content": "hello"}


def button(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": f"b{number}", **more}


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def select(**more: Any) -> dict[str, Any]:
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    return {"type": 3, "custom_id": "s", "options": options, **more}


class Rest:
    """A bare client with the bot's token."""

    def __init__(self, double: Discord, session: aiohttp.ClientSession) -> None:
        self.double = double
        self._session = session

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, int, Any]:
        """Status, code (0 if it went well), body."""
        headers = {"Authorization": f"Bot {self.double.token}"}
        url = self.double.api_base + path
        async with self._session.request(method, url, json=json, headers=headers, **more) as answer:
            body = await answer.json() if answer.content_length else None
            return answer.status, body.get("code", 0) if isinstance(body, dict) else 0, body

    async def post(self, **form: Any) -> tuple[int, int, Any]:
        return await self("POST", f"/channels/{self.double.channel('status').id}/messages", form)

    async def respond(self, reply: Reply, kind: int, **data: Any) -> int:
        """Answer an interaction; the code."""
        made = reply.interaction
        path = f"/interactions/{made.id}/{made.token}/callback"
        return (await self("POST", path, {"type": kind, **({"data": data} if data else {})}))[1]

    async def hook(self, method: str, reply: Reply, path: str = "", **form: Any) -> int:
        """Use an interaction's webhook; the code."""
        base = f"/webhooks/{self.double.state.application_id}/{reply.interaction.token}{path}"
        return (await self(method, base, form or None))[1]
