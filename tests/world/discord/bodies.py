"""What a request carried: its JSON, and the files of a multipart one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.world.discord.errors import ApiError, Problem


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was sent; `index` is the n of its field `files[n]`."""

    index: str
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    json: Any = None
    uploads: list[Upload] = field(default_factory=list)

    @property
    def form(self) -> dict[str, Any]:
        """The JSON, which must be an object."""
        if self.json is None:
            return {}
        if not isinstance(self.json, dict):
            raise ApiError(
                50035, [Problem((), "Only dictionaries may be used in a DictType", "DICT_TYPE_CONVERT")]
            )
        return self.json


BODY: web.RequestKey[Body] = web.RequestKey("body", Body)


async def read_body(request: web.Request) -> Body:
    """Read it whole. Raises ApiError for what is no JSON."""
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    raw = await request.read()
    return Body(_decoded(raw) if raw else None)


async def _read_multipart(request: web.Request) -> Body:
    payload: Any = {}
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = _decoded(data)
        elif part.name and part.name.startswith("files[") and part.filename:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(part.name[6:-1], part.filename, kind, data))
    return Body(payload, uploads)


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(50109) from None
