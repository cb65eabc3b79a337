"""The settings in force, fit to be shown."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from core.config import Configuration
from core.services.views import Document
from core.settings import ENVIRONMENT


def config_document(config: Configuration) -> Document:
    """The settings in force; of secrets only whether they are set."""
    document: Document = {}
    for name in type(config.settings).model_fields:
        value = getattr(config.settings, name)
        if isinstance(value, SecretStr):
            document[name.upper()] = "set"
        elif name in ENVIRONMENT:
            document[name.upper()] = value
        else:
            document[name] = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    document["paths"] = {
        "data": str(config.data),
        "libation_library_root": _path(config.libation_library_root),
        "staging_root": str(config.staging_root),
        "torrent_output": str(config.torrent_output),
        "library_root": _path(config.library_root),
        "recycle": str(config.recycle),
    }
    document["config_file"] = _path(config.config_file)
    return document


def _path(path: Path | None) -> str | None:
    return str(path) if path else None
