"""What the settings are read from: YAML, .env and an environment, each with the faults found in it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVERRIDE = re.compile(r"MOUSEKEEPER_([A-Z_]+?)__([A-Z_]+(?:__[A-Z_]+)*)")
BAD_YAML = (
    ValueError,
    RecursionError,
    LookupError,
    TypeError,
    AttributeError,
)  # what odd tags raise in there


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the settings."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def read_yaml(file: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Sections by name."""
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
    except (yaml.YAMLError, *BAD_YAML) as error:
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
    problem = str(getattr(error, "problem", None) or "cannot be understood")
    problem = re.sub(r"['\"].*['\"]", "…", problem, flags=re.DOTALL)
    return Fault(place, f"is not valid YAML: {problem}; check indentation, quotes and tabs near there")


def read_dotenv(file: Path) -> tuple[dict[str, str], list[Fault]]:
    """Values by name; no file means none."""
    if os.path.isdir(file):
        return {}, [Fault(str(file), "is a folder; remove it, or put a file with that name in its place")]
    if not os.path.isfile(file):
        return {}, []
    from dotenv import dotenv_values

    try:
        values = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}, [Fault(str(file), "cannot be read as UTF-8 text; check its permissions and encoding")]
    return {name: value for name, value in values.items() if value is not None}, []


def from_environment(environ: Mapping[str, str], base: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Our names out of an environment; an empty value means unset, NAME_FILE is read for secrets."""
    from core.settings import ENVIRONMENT, SECRETS

    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name in ENVIRONMENT:
        if given := environ.get(name.upper(), "").strip():
            values[name] = given
    for name in (*SECRETS, "qb_username"):
        pointer = environ.get(f"{name.upper()}_FILE", "").strip()
        if pointer and name not in values:
            try:
                text = (base / pointer).read_text("utf-8-sig").strip()
            except (OSError, ValueError):
                faults.append(Fault(f"{name.upper()}_FILE", "names a file that cannot be read as text"))
            else:
                values |= {name: text} if text else {}
    if "log_level" in values:
        values["log_level"] = values["log_level"].upper()
    return values, faults + _take_overrides(environ, values)


def _take_overrides(environ: Mapping[str, str], values: dict[str, Any]) -> list[Fault]:
    """MOUSEKEEPER_SECTION__KEY, any depth, into `values`."""
    from core.settings import SECTIONS

    faults: list[Fault] = []
    for name in sorted(environ):  # sorted: a section's own value stands before its keys
        match = OVERRIDE.fullmatch(name)
        if not match or match[1].lower() not in SECTIONS or not environ[name].strip():
            continue
        target: Any = values.setdefault(match[1].lower(), {})
        *parents, last = match[2].lower().split("__")
        for parent in parents:
            target = target.setdefault(parent, {}) if isinstance(target, dict) else None
        if isinstance(target, dict):
            target[last] = _structured(environ[name])
        else:
            faults.append(Fault(f"environment: {name}", "contradicts a shorter name that sets all of it"))
    return faults


def _structured(text: str) -> Any:
    """Lists and mappings are written as in YAML, `[a, b]`; everything else is text."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, *BAD_YAML):
        return text  # validation says what is wanted there
