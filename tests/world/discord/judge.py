"""The judge: every request of the bot and every answer of this double against Discord's published OpenAPI contract.

Its schemas are JSON Schema 2020-12 and are used as such. Unions are followed into the branch that was meant, so that
a finding names the fault and not all the alternatives.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.world.discord.bodies import Body
from tests.world.discord.errors import Problem
from tests.world.discord.unions import Unions

NAME = "discord-openapi.json"
USUAL_PLACE = Path(__file__).resolve().parents[4] / "shared" / "contracts"
URN = "urn:discord"
JSON = "application/json"
COMMON_CODES = {
    "maxLength": "BASE_TYPE_MAX_LENGTH",
    "minLength": "BASE_TYPE_MIN_LENGTH",
    "required": "BASE_TYPE_REQUIRED",
    "enum": "BASE_TYPE_CHOICES",
    "maxItems": "BASE_TYPE_MAX_LENGTH",
    "minItems": "BASE_TYPE_MIN_LENGTH",
}


def read_contract() -> dict[str, Any] | None:
    """The contract, from the folder MOUSEKEEPER_CONTRACTS names or the usual one; None where it is absent."""
    folder = os.environ.get("MOUSEKEEPER_CONTRACTS")
    path = Path(folder) / NAME if folder else USUAL_PLACE / NAME
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


class Judge:
    """Holds payloads against the contract; without one (None) it finds nothing."""

    def __init__(self, contract: dict[str, Any] | None) -> None:
        self.present = contract is not None
        self.judged = 0
        self.contract: dict[str, Any] = contract or {"paths": {}, "components": {"schemas": {}}}
        if contract is not None:
            # The real one takes whole numbers for ids, and discord.py sends them in places.
            self.contract["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
        resource = Resource(contents=self.contract, specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(URN, resource)
        self._make = Unions(self.contract).validator()
        self._validators: dict[str, Draft202012Validator] = {}

    def request(self, method: str, path: str, content_type: str, body: Body) -> list[Problem]:
        """What is wrong with a request's body. `path` begins after the API's base."""
        operation = self._operation(method, path)
        if operation is None:
            return [Problem((), f"The contract knows no {method} {path}.")] if self.present else []
        pointer, shape = operation
        if "requestBody" not in shape:
            return [Problem((), "This route takes no body.")] if body.json else []
        if body.json is None:
            return [Problem((), "A body is required.")] if shape["requestBody"].get("required") else []
        kind = content_type if content_type in shape["requestBody"]["content"] else JSON
        return self._problems(f"{pointer}/requestBody/content/{_escaped(kind)}/schema", body.json)

    def response(self, method: str, path: str, response: web.Response) -> list[Problem]:
        """What is wrong with an answer of ours; refusals are not looked at."""
        operation = self._operation(method, path)
        if operation is None or response.status >= 400:
            return []
        pointer, shape = operation
        declared = shape["responses"].get(str(response.status))
        if declared is None:
            return [Problem((), f"The contract has no status {response.status} here.")]
        if JSON not in declared.get("content", {}):
            return [Problem((), "The contract has no body here.")] if response.body else []
        data = json.loads(response.body) if isinstance(response.body, bytes) else None
        return self._problems(f"{pointer}/responses/{response.status}/content/{_escaped(JSON)}/schema", data)

    def payload(self, schema: str, data: Any) -> list[Problem]:
        """What is wrong with `data` as the contract's schema of this name."""
        return self._problems(f"/components/schemas/{schema}", data) if self.present else []

    # --- finding the schema -----------------------------------------------------------------------------------------

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        template = self.template(path)
        operation = self.contract["paths"].get(template, {}).get(method.lower()) if template else None
        return (
            (f"/paths/{_escaped(template)}/{method.lower()}", operation) if operation and template else None
        )

    def template(self, path: str) -> str | None:
        """The contract's path template that fits best: literal parts win over parameters, from the left."""
        parts = unquote(path).strip("/").split("/")
        fitting = [
            (tuple(piece.startswith("{") for piece in pieces), template)
            for template in self.contract["paths"]
            if len(pieces := template.strip("/").split("/")) == len(parts)
            and all(piece.startswith("{") or piece == part for piece, part in zip(pieces, parts, strict=True))
        ]
        return min(fitting)[1] if fitting else None

    def _problems(self, pointer: str, data: Any) -> list[Problem]:
        self.judged += 1
        validator = self._validators.get(pointer)
        if validator is None:
            schema = {"$ref": f"{URN}#{pointer}"}
            validator = self._validators[pointer] = self._make(schema, registry=self._registry)
        return [problem for error in validator.iter_errors(data) for problem in _explained(error)]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _explained(error: ValidationError) -> Iterator[Problem]:
    """The faults behind an error: of a union, only those of the branch that was meant."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        for inner in _meant(error):
            yield from _explained(inner)
        return
    message = error.message if len(error.message) < 300 else f"{error.message[:300]}..."
    yield Problem(
        tuple(error.absolute_path), message, COMMON_CODES.get(str(error.validator), "BASE_TYPE_INVALID")
    )


def _meant(error: ValidationError) -> list[ValidationError]:
    """The errors of the branch whose `type` fitted; else of the one that came furthest."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)

    def strangeness(inner: list[ValidationError]) -> tuple[bool, bool, int]:
        about_type = any(list(each.path)[:1] == ["type"] for each in inner)
        wrong_kind = any(each.validator == "type" and not each.path for each in inner)
        return wrong_kind, about_type, len(inner)

    return min(branches.values(), key=strangeness)
