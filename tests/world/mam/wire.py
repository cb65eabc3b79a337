"""A request and its answer, without a socket: what the HTTP server and the in-process transport both speak."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

Arrives = Literal["whole", "never", "cut", "refused"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. `host` is "t" for the tracker's own host; `query` keeps its order and repeats."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    host: Literal["www", "t"] = "www"

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    @property
    def cookie(self) -> str | None:
        """The session in the `Cookie` header, verbatim."""
        for pair in self.headers.get("Cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == "mam_id":
                return value
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and whether it arrives: whole, never, cut in its middle, or the door was shut."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    arrives: Arrives = "whole"

    def with_cookies(self, lines: list[str]) -> Answer:
        return replace(self, headers=(*self.headers, *(("Set-Cookie", line) for line in lines)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of the request log. `name` is the permitted call it was, None for any other."""

    at: datetime
    monotonic: float
    name: str | None
    call: Call
    status: int
    arrives: Arrives = "whole"


def as_json(body: Any, status: int = 200, **headers: str) -> Answer:
    content = json.dumps(body, ensure_ascii=True).encode("ascii")
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, content, headers=named)


def as_page(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), "text/html; charset=utf-8")


NOT_SIGNED_IN = as_page("Error, you are not signed in <br />Other error")
LOGIN_PAGE = as_page(
    "<!DOCTYPE html><html><head><title>Login</title></head><body><form>Email, password</form></body></html>"
)
EMPTY = Answer(200, b"", "text/html; charset=utf-8")
