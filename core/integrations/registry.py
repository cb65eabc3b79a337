"""Reads every room's manifest; doctor and support bundles show them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOMS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an integration says of itself; `settings` is its section of config.yaml."""

    domain: str
    name: str
    kind: str
    polling: str
    settings: str


def manifests() -> list[Manifest]:
    """All integrations, by domain."""
    found = []
    for path in sorted(ROOMS.glob("*/manifest.json")):
        document = json.loads(path.read_text("utf-8"))
        found.append(Manifest(**{name: document[name] for name in Manifest.__slots__}))
    return found
