"""Reads the settings: real environment over .env over YAML, and reports every fault at once.

A fault says where it stands, what is wrong and how to mend it; it never repeats a value.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config_sources import Fault, from_environment, read_dotenv, read_yaml
from core.errors import ConfigError

if TYPE_CHECKING:
    from core.settings import Settings

DEFAULT_CONFIG = "config.yaml"
SQLITE = "sqlite:///"
# Unknown keys are named only when they look like ours: a value written in a key's place may be a secret.
KEY = re.compile(r"[A-Za-z_-]{1,40}|\d{1,20}")


class ConfigFaults(ConfigError):
    """All faults found in one reading."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        count = len(self.faults)
        super().__init__(
            f"{count} {'thing is' if count == 1 else 'things are'} wrong with the settings:\n{lines}"
        )


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, where they came from, and every folder as an absolute path."""

    settings: Settings
    config_file: Path | None
    base: Path
    data: Path
    staging_root: Path
    torrent_output: Path
    recycle: Path
    library_root: Path | None
    libation_library_root: Path | None

    @property
    def database(self) -> Path:
        """The database's file."""
        url = self.settings.database_url.get_secret_value() if self.settings.database_url else ""
        return self.base / url.removeprefix(SQLITE) if url else self.data / "mousekeeper.db"

    def folders(self) -> dict[str, Path]:
        """The folders whose disks matter, by the name people know them under; unset ones are left out."""
        named = {
            "data": self.data,
            "staging": self.staging_root,
            "torrents": self.torrent_output,
            "library": self.libation_library_root,
            "audiobookshelf": self.library_root,
        }
        return {name: folder for name, folder in named.items() if folder is not None}


def load(
    config_path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Read everything. Raises ConfigFaults with all faults together.

    `config_path` beats MOUSEKEEPER_CONFIG, which beats ./config.yaml if that exists. `.env` lies beside it.
    """
    environ = os.environ if environ is None else environ
    file, base, faults = _config_file(config_path, environ)
    name = file.name if file else DEFAULT_CONFIG
    from_yaml, yaml_faults = read_yaml(file) if file else ({}, [])
    dotenv, dotenv_faults = read_dotenv(base / ".env")
    real, real_faults = from_environment(environ, base)
    below, below_faults = from_environment(dotenv, base)
    faults += yaml_faults + dotenv_faults + real_faults + below_faults
    faults += _without_misplaced(from_yaml, name)
    if zone := (environ.get("TZ") or dotenv.get("TZ", "")).removeprefix(":"):
        below["timezone"] = zone  # somebody else's variable: the file's own key beats it
        if from_yaml.get("timezone") is not None:
            del below["timezone"]
    settings, model_faults = _validate(_merged(_merged(from_yaml, below), real), (real, below), name)
    faults += model_faults
    if faults or settings is None:
        raise ConfigFaults(faults)
    return _resolve(settings, file, base)


def _config_file(
    given: str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> tuple[Path | None, Path, list[Fault]]:
    """The file (None: there is none), the folder that relative paths count from, and faults."""
    named = given or environ.get("MOUSEKEEPER_CONFIG")
    path = Path(os.path.expanduser(named) if named else DEFAULT_CONFIG).absolute()
    if os.path.isfile(path):
        return path, path.parent, []
    if os.path.isdir(path):
        return None, path.parent, [Fault(str(path), "is a folder; name the file in it")]
    if not named:
        return None, path.parent, []
    return None, path.parent, [Fault(str(path), "does not exist; `mousekeeper init` writes one")]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, key by key at every depth; `above` wins."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        deeper = isinstance(value, dict) and isinstance(under, dict)
        merged[name] = _merged(under or {}, value) if deeper else value
    return merged


def _without_misplaced(from_yaml: dict[str, Any], file: str) -> list[Fault]:
    """Take out what does not belong into YAML at all."""
    from core.settings import ENVIRONMENT, SECTIONS

    faults = []
    for name in [name for name in from_yaml if name not in SECTIONS]:
        del from_yaml[name]
        where = f"{file}: {_shown(name)}"
        if name.lower() in ENVIRONMENT:
            faults.append(Fault(where, f"belongs into .env as {name.upper()}, not here"))
        else:
            faults.append(Fault(where, f"unknown key{_suggestion(name, SECTIONS)}"))
    return faults


def _validate(
    values: dict[str, Any], environments: Iterable[Mapping[str, Any]], file: str
) -> tuple[Settings | None, list[Fault]]:
    from pydantic import ValidationError

    from core.settings import Settings

    try:
        return Settings(**values), []
    except ValidationError as error:
        return None, [
            _model_fault(item, environments, file)
            for item in error.errors(include_input=False, include_url=False)
        ]
    except RecursionError:
        return None, [Fault(file, "contains itself through a YAML alias; write the values out")]


def _shown(name: object) -> str:
    return str(name) if KEY.fullmatch(str(name)) else "…"


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else "; remove it"


MESSAGES = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text; put it in quotes",
    "list_type": "must be a list, such as [a, b]",
    "dict_type": "must be a section with keys",
    "model_type": "must be a section with keys",
    "model_attributes_type": "must be a section with keys",
    "missing": "is missing",
}


def _model_fault(item: Any, environments: Iterable[Mapping[str, Any]], file: str) -> Fault:
    from core.settings import Settings

    loc = [part for part in item["loc"] if not (isinstance(part, str) and "[" in part)]
    where = _where(loc, environments, file)
    if item["type"] == "extra_forbidden":
        parent: Any = Settings
        for part in loc[:-1]:
            field = getattr(parent, "model_fields", {}).get(str(part))
            parent = field.annotation if field else None
        return Fault(where, f"unknown key{_suggestion(str(loc[-1]), getattr(parent, 'model_fields', ()))}")
    if item["type"] == "literal_error":
        return Fault(where, f"must be one of {item['ctx']['expected']}")
    what = MESSAGES.get(item["type"], item["msg"].removeprefix("Value error, "))
    return Fault(where, what[0].lower() + what[1:])


def _where(loc: list[Any], environments: Iterable[Mapping[str, Any]], file: str) -> str:
    """The place a person gave the value at."""
    from core.settings import ENVIRONMENT

    if loc[0] in ENVIRONMENT:
        return f".env or environment: {loc[0].upper()}"
    for values in environments:
        if path := _path_in(values, loc):
            name = "TZ" if path == ["timezone"] else f"MOUSEKEEPER_{'__'.join(path).upper()}"
            return f"environment: {name}"
    return f"{file}: {'.'.join(map(_shown, loc))}"


def _path_in(values: Any, loc: list[Any]) -> list[str]:
    """How far these values lead to `loc`; empty when they do not say anything there."""
    path: list[str] = []
    for part in loc:
        if not isinstance(values, dict):
            break
        if part not in values:
            return []
        values = values[part]
        path.append(str(part))
    return path


def _resolve(settings: Settings, file: Path | None, base: Path) -> Configuration:
    paths = settings.paths

    def absolute(text: str) -> Path:
        return Path(os.path.normpath(base / os.path.expanduser(text)))

    data = absolute(paths.data or "./data")
    return Configuration(
        settings=settings,
        config_file=file,
        base=base,
        data=data,
        staging_root=absolute(paths.staging_root) if paths.staging_root else data / "staging",
        torrent_output=absolute(paths.torrent_output) if paths.torrent_output else data / "torrents",
        recycle=absolute(paths.recycle) if paths.recycle else data / "recycle",
        library_root=absolute(paths.library_root) if paths.library_root else None,
        libation_library_root=absolute(paths.libation_library_root) if paths.libation_library_root else None,
    )
