"""How Discord says no: a status, a code and, for a bad form, where the fault is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

CODES: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30003: (400, "Maximum number of pins reached for the channel (250)"),
    30034: (429, "Max number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50109: (400, "The request body contains invalid JSON."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a form: where (keys and indices), and what."""

    path: tuple[str | int, ...]
    message: str
    code: str = "BASE_TYPE_INVALID"

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path)
        return f"{where}: {self.message}" if where else self.message


class ApiError(Exception):
    """A refusal on its way to the client."""

    def __init__(self, code: int, problems: Iterable[Problem] = (), *, status: int = 0, message: str = ""):
        known_status, known_message = CODES.get(code, (400, "Bad Request"))
        self.code = code
        self.status = status or known_status
        self.message = message or known_message
        self.problems = tuple(problems)
        super().__init__(
            f"{self.status} {self.code} {self.message} {'; '.join(map(str, self.problems))}".strip()
        )

    def response(self) -> web.Response:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.problems:
            body["errors"] = nested(self.problems)
        return answer(body, self.status)


def bad_form(path: Iterable[str | int], message: str, code: str = "BASE_TYPE_INVALID") -> ApiError:
    """50035 with one fault."""
    return ApiError(50035, [Problem(tuple(path), message, code)])


def unauthorized() -> ApiError:
    return ApiError(0, status=401, message="401: Unauthorized")


def nested(problems: Iterable[Problem]) -> dict[str, Any]:
    """Faults as Discord nests them: a tree of keys with `_errors` at its leaves."""
    tree: dict[str, Any] = {}
    for problem in problems:
        place = tree
        for step in problem.path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": problem.code, "message": problem.message})
    return tree


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON with exactly the content type Discord sends: discord.py compares it for equality."""
    response = web.Response(body=json.dumps(body).encode(), status=status, headers=headers)
    response.headers["Content-Type"] = "application/json"
    return response
