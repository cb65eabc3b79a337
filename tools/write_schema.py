"""Writes config.schema.json, which lets an editor complete and check config.yaml; --check only compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from core.settings import SECTIONS, Settings

SCHEMA = Path(__file__).resolve().parent.parent / "config.schema.json"


def yaml_schema() -> dict[str, Any]:
    """The settings' JSON schema without the part that belongs into the environment."""
    whole = Settings.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mousekeeper's config.yaml",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: whole["properties"][name] for name in SECTIONS},
        "$defs": whole["$defs"],
    }


def main() -> int:
    text = json.dumps(yaml_schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        SCHEMA.write_text(text, "utf-8")
        return 0
    if SCHEMA.is_file() and SCHEMA.read_text("utf-8") == text:
        print("config.schema.json is current.")
        return 0
    print("config.schema.json is not what core/settings.py says. Run make schema.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
