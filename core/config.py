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

from core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

    from core.settings import Settings

DEFAULT_CONFIG = "config.yaml"
SQLITE = "sqlite:///"
OVERRIDE = re.compile(r"MOUSEKEEPER_([A-Z_]+?)__([A-Z_]+(?:__[A-Z_]+)*)")

NOT_BUILT = {
    "mqtt_url": "Home Assistant over MQTT is not part of this version; remove the setting",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the settings."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


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


def load_settings(
    config_path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Only the settings; see `load`."""
    return load(config_path, environ).settings


def load(
    config_path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Read everything. Raises ConfigFaults with all faults together.

    `config_path` beats MOUSEKEEPER_CONFIG, which beats ./config.yaml if that exists. `.env` lies beside it.
    """
    environ = os.environ if environ is None else environ
    file, faults = _config_file(config_path, environ)
    base = (file.parent if file else Path.cwd()).absolute()
    yaml_values, yaml_faults = _read_yaml(file) if file else ({}, [])
    dotenv, dotenv_faults = _read_dotenv(base / ".env")
    faults += yaml_faults + dotenv_faults
    real, real_faults = _from_environment(environ, base)
    below, below_faults = _from_environment(dotenv, base)
    faults += real_faults + below_faults
    if "TZ" in environ and "timezone" not in yaml_values:
        below.setdefault("timezone", environ["TZ"] or "UTC")
    settings, model_faults = _validate((real, below, yaml_values), yaml_values)
    faults += model_faults
    if settings is not None:
        faults += _refusals(settings)
    if faults or settings is None:
        raise ConfigFaults(faults)
    return _resolve(settings, file, base)


def _config_file(
    given: str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> tuple[Path | None, list[Fault]]:
    named = given or environ.get("MOUSEKEEPER_CONFIG")
    if not named:
        default = Path.cwd() / DEFAULT_CONFIG
        return (default if default.is_file() else None), []
    path = Path(named).absolute()
    if path.is_file():
        return path, []
    what = (
        "is a folder; name the file in it"
        if path.is_dir()
        else "does not exist; `mousekeeper init` writes one"
    )
    return None, [Fault(str(path), what)]


def _read_yaml(file: Path) -> tuple[dict[str, Any], list[Fault]]:
    import yaml

    class UniqueKeys(yaml.SafeLoader):
        """SafeLoader that refuses a key given twice: the first one would be lost in silence."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if isinstance(key, str) and key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key is given twice", key_node.start_mark
                    )
                seen.add(key if isinstance(key, str) else None)
            return super().construct_mapping(node, deep)

    try:
        text = file.read_bytes().decode("utf-8-sig")
        values = yaml.load(text, Loader=UniqueKeys)  # noqa: S506 (a SafeLoader subclass)
    except UnicodeDecodeError:
        return {}, [Fault(file.name, "is not UTF-8 text; save it as UTF-8")]
    except OSError as error:
        return {}, [Fault(str(file), f"cannot be read ({error.strerror}); check its permissions")]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return {}, [_yaml_fault(file, error)]
    if values is None:
        return {}, []
    if not isinstance(values, dict):
        return {}, [
            Fault(file.name, "must be sections with keys, such as `paths:` with indented lines below")
        ]
    return {str(key): value for key, value in values.items()}, []


def _yaml_fault(file: Path, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    place = f"{file.name} line {mark.line + 1}, column {mark.column + 1}" if mark else file.name
    # what the parser quotes may be a secret pasted into the wrong file
    problem = re.sub(
        r"'[^']*'|\"[^\"]*\"", "…", str(getattr(error, "problem", None) or "cannot be understood")
    )
    return Fault(place, f"is not valid YAML: {problem}; check indentation, quotes and tabs near there")


def _read_dotenv(file: Path) -> tuple[dict[str, str], list[Fault]]:
    if not file.is_file():
        return {}, []
    from dotenv import dotenv_values

    try:
        values = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}, [Fault(str(file), "cannot be read as UTF-8 text; check its permissions and encoding")]
    return {name: value for name, value in values.items() if value is not None}, []


def _from_environment(environ: Mapping[str, str], base: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Our names out of an environment; an empty value means unset, NAME_FILE is read for secrets."""
    from core.settings import ENVIRONMENT, SECRETS, SECTIONS

    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name in ENVIRONMENT:
        if environ.get(name.upper(), "").strip():
            values[name] = environ[name.upper()].strip()
    for name in (*SECRETS, "qb_username"):
        pointer = environ.get(f"{name.upper()}_FILE", "").strip()
        if pointer and name not in values:
            try:
                values[name] = (base / pointer).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                faults.append(Fault(f"{name.upper()}_FILE", "names a file that cannot be read as text"))
    if isinstance(values.get("log_level"), str):
        values["log_level"] = values["log_level"].upper()
    for name, value in environ.items():
        match = OVERRIDE.fullmatch(name)
        if match and match[1].lower() in SECTIONS:
            target = values.setdefault(match[1].lower(), {})
            *parents, last = match[2].lower().split("__")
            for parent in parents:
                target = target.setdefault(parent, {})
            target[last] = value
    return values, faults


def _validate(
    sources: tuple[dict[str, Any], ...], yaml_values: dict[str, Any]
) -> tuple[Settings | None, list[Fault]]:
    from pydantic import ValidationError
    from pydantic_settings import InitSettingsSource

    from core.settings import SECTIONS, Settings

    class Loaded(Settings):
        """The settings with this reading's three sources, highest first."""

        @classmethod
        def settings_customise_sources(  # type: ignore[override]  # the defaults are not asked for
            cls, settings_cls: type[BaseSettings], **_: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(InitSettingsSource(settings_cls, init_kwargs=values) for values in sources)

    misplaced = [name for name in yaml_values if name not in SECTIONS]
    for name in misplaced:
        sources[-1].pop(name, None)
    faults = [_misplaced(name, SECTIONS) for name in misplaced]
    # an empty section ("upload:") means: the defaults
    for name in [name for name, value in yaml_values.items() if value is None]:
        sources[-1].pop(name, None)
    try:
        return Loaded(), faults
    except ValidationError as error:
        in_environment = {path for source in sources[:-1] for path in _dotted(source)}
        return None, faults + [
            _model_fault(item, in_environment) for item in error.errors(include_input=False)
        ]


def _dotted(values: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name, value in values.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")


def _misplaced(name: str, sections: tuple[str, ...]) -> Fault:
    from core.settings import ENVIRONMENT

    if name.lower() in ENVIRONMENT:
        return Fault(f"config.yaml: {name}", f"belongs into .env as {name.upper()}, not here")
    return Fault(f"config.yaml: {name}", f"unknown key{_suggestion(name, sections)}")


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
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


def _model_fault(item: Any, in_environment: set[str]) -> Fault:
    from core.settings import ENVIRONMENT, Settings

    loc = [part for part in item["loc"] if not (isinstance(part, str) and "[" in part)]
    if not loc:
        where, _, what = item["msg"].removeprefix("Value error, ").partition(": ")
        return Fault(f"config.yaml: {where}", what)
    dotted = ".".join(str(part) for part in loc)
    if loc[0] in ENVIRONMENT:
        where = f".env or environment: {str(loc[0]).upper()}"
    elif dotted in in_environment:
        where = f"environment: MOUSEKEEPER_{dotted.replace('.', '__').upper()}"
    else:
        where = f"config.yaml: {dotted}"
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


def _refusals(settings: Settings) -> list[Fault]:
    faults = [
        Fault(f".env or environment: {name.upper()}", what)
        for name, what in NOT_BUILT.items()
        if getattr(settings, name)
    ]
    if settings.database_url and not settings.database_url.get_secret_value().startswith(SQLITE):
        faults.append(
            Fault(
                ".env or environment: DATABASE_URL",
                "only SQLite is supported by this version; remove the setting to use data/mousekeeper.db",
            )
        )
    return faults + _schedule_faults(settings)


def _schedule_faults(settings: Settings) -> list[Fault]:
    from core.domain.timing import parse_schedule

    faults = []
    for name in type(settings.schedules).model_fields:
        try:
            parse_schedule(getattr(settings.schedules, name))
        except ValueError as error:
            faults.append(Fault(f"config.yaml: schedules.{name}", str(error)))
    return faults


def _resolve(settings: Settings, file: Path | None, base: Path) -> Configuration:
    paths = settings.paths

    def absolute(text: str) -> Path:
        return Path(os.path.normpath(base / os.path.expanduser(text)))

    data = absolute(paths.data)
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
