"""What people install: the wheel, the image's entry, the compose file, the example settings, the locks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "cogs", "core")

# The names .env may hold; NAME_FILE works for the secrets among them.
ENVIRONMENT_NAMES = set(
    """DISCORD_TOKEN DISCORD_GUILD_ID DISCORD_API_BASE DISCORD_GATEWAY_URL QB_HOST QB_USERNAME QB_PASSWORD MAM_ID
    MAM_ANNOUNCE_URL MAM_BASE_URL MAM_TRACKER_URL PROWLARR_URL PROWLARR_API_KEY ABS_URL ABS_TOKEN
    GOOGLE_BOOKS_API_KEY HARDCOVER_TOKEN DOCKER_HOST LIBATION_CONTAINER APPRISE_URLS DATABASE_URL MQTT_URL
    LOG_LEVEL""".split()
)
COMPOSE_NAMES = {"PUID", "PGID", "UMASK", "TZ", "DATA_ROOT", "CONFIG_ROOT"}


def shell(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# --- the wheel ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy: the work tree stays as it is."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    out = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(out))
    done = shell(sys.executable, "-m", "pip", *build, str(source))
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_program_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == expected


def test_the_wheel_carries_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(archive.read(name) for name in names if name.endswith("entry_points.txt"))
        metadata = next(archive.read(name) for name in names if name.endswith(".dist-info/METADATA"))
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert b"mousekeeper = bot.cli:main" in entry_points
    assert b"License-Expression: MIT" in metadata


def test_the_command_answers() -> None:
    command = Path(sys.executable).with_name("mousekeeper")
    done = shell(str(command), "--help")
    assert done.returncode == 0, done.stderr
    assert "prepare" in done.stdout


def test_it_is_under_the_mit_licence() -> None:
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("MIT License")


# --- settings by example -----------------------------------------------------------------------------------------


def test_the_example_environment_names_every_setting() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assigned = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert len(assigned) == len(set(assigned))
    assert set(assigned) == ENVIRONMENT_NAMES | COMPOSE_NAMES
    assert not re.search(r"^[A-Z_]+=", text, re.MULTILINE), (
        "a copied example changes nothing until it is filled in"
    )


def test_every_setting_in_the_example_environment_is_explained() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    unexplained = [
        line
        for above, line in pairwise(lines)
        if re.match(r"#?[A-Z_]+=", line) and not above.startswith("# ")
    ]
    # PUID and PGID share a sentence.
    assert unexplained == ["#PGID=1001"]


def test_the_environment_names_are_those_the_program_reads() -> None:
    from core.settings import ENVIRONMENT

    assert {name.upper() for name in ENVIRONMENT} == ENVIRONMENT_NAMES


def test_the_example_settings_are_the_defaults(tmp_path: Path) -> None:
    from core.config import load

    empty, example = tmp_path / "empty.yaml", tmp_path / "example.yaml"
    empty.write_text("")
    shutil.copy(ROOT / "config.example.yaml", example)
    shown = load(example, {}).settings
    assert shown.model_dump() == load(empty, {}).settings.model_dump()


def test_the_example_settings_show_every_key() -> None:
    from pydantic import BaseModel

    from core.settings import SECTIONS, Settings

    def absent(model: type[BaseModel], shown: dict[str, Any], names: tuple[str, ...]) -> list[str]:
        missing = [name for name in names if name not in shown]
        for name in set(names) - set(missing):
            kind = model.model_fields[name].annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                inner = absent(kind, shown[name], tuple(kind.model_fields))
                missing += [f"{name}.{key}" for key in inner]
        return missing

    shown = yaml.safe_load((ROOT / "config.example.yaml").read_text("utf-8"))
    assert absent(Settings, shown, SECTIONS) == []


def test_the_schema_is_current_and_fits_the_example() -> None:
    import jsonschema  # type: ignore[import-untyped]  # it ships no types

    done = shell(sys.executable, "tools/write_schema.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    schema = json.loads((ROOT / "config.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    for name in ("config.example.yaml", "docker/config.yaml"):
        assert list(checker.iter_errors(yaml.safe_load((ROOT / name).read_text("utf-8")))) == []
    assert not checker.is_valid({"upload": {"publish": "at once"}})
    assert checker.is_valid({"discord": {"roles": {"approve": "123456789012345678", "admin": [1, "2"]}}})


# --- the locks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_exact_versions_and_no_address(name: str) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith(("#", "-r requirements.lock"))]
    assert pins
    assert [
        line for line in pins if not re.fullmatch(r"[\w.\-]+==[\w.\-+!]+( ; python_version .+)?", line)
    ] == []


def test_the_locks_pin_what_pyproject_asks_for() -> None:
    done = shell(sys.executable, "tools/lock.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


# --- the compose file --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Target to source of its volumes."""
    pairs = (
        re.fullmatch(r"(\$\{[^}]*\}[^:]*|[^:]+):([^:]+)(:ro)?", volume)
        for volume in service.get("volumes", ())
    )
    return {pair[2]: pair[1] for pair in pairs if pair}


def test_the_services_stand_behind_their_profiles(compose: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles", []) for name, service in compose["services"].items()}
    assert profiles == {
        "mousekeeper": [],
        "libation": ["libation"],
        "docker-proxy": ["libation", "mkbrr"],
        "qbittorrent": ["qbittorrent"],
        "audiobookshelf": ["audiobookshelf"],
        "prowlarr": ["prowlarr"],
    }


def test_one_mount_is_shared_so_that_hardlinks_work(compose: dict[str, Any]) -> None:
    services = compose["services"]
    shared = {
        name: mounts(services[name])["/data"] for name in ("mousekeeper", "qbittorrent", "audiobookshelf")
    }
    assert len(set(shared.values())) == 1
    # Libation writes below the same folder, where the starter settings look for it.
    assert mounts(services["libation"])["/data"] == f"{shared['mousekeeper']}/libation"
    starter = yaml.safe_load((ROOT / "docker/config.yaml").read_text("utf-8"))["paths"]
    assert starter["libation_library_root"] == "/data/libation"
    assert all(folder.startswith("/data/") for key, folder in starter.items() if key != "data")


def test_everything_runs_as_one_user(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        environment = service.get("environment", {})
        told = (
            "PUID" in environment
            or "PUID" in str(environment.get("<<", {}))
            or "PUID" in service.get("user", "")
        )
        assert told or name == "docker-proxy", name


def test_wrong_settings_do_not_restart_for_ever(compose: dict[str, Any]) -> None:
    assert compose["services"]["mousekeeper"]["restart"] == "on-failure:5"


def test_nobody_but_the_proxy_holds_the_docker_socket(compose: dict[str, Any]) -> None:
    holders = [
        name for name, service in compose["services"].items() if "docker.sock" in str(service.get("volumes"))
    ]
    assert holders == ["docker-proxy"]
    assert compose["services"]["mousekeeper"]["environment"]["DOCKER_HOST"] == "tcp://docker-proxy:2375"
    proxy = compose["services"]["docker-proxy"]
    assert proxy["networks"] == ["docker-api"]
    assert "ports" not in proxy
    assert compose["networks"]["docker-api"]["internal"] is True


def test_the_compose_file_uses_only_names_the_example_environment_explains(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text)) <= COMPOSE_NAMES
    assert compose["name"] == "mousekeeper"


# --- the image ---------------------------------------------------------------------------------------------------


def health_command() -> str:
    found = re.search(r"HEALTHCHECK .*\\\n\s+CMD (.+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert found
    return found[1]


def test_compose_and_image_ask_for_health_alike(compose: dict[str, Any]) -> None:
    kind, command = compose["services"]["mousekeeper"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert command.replace("$$", "$") == health_command()


@pytest.mark.parametrize(("age", "healthy"), [(0, True), (100, True), (600, False), (None, False)])
def test_the_health_check_reads_the_heartbeat(tmp_path: Path, age: int | None, healthy: bool) -> None:
    heartbeat = tmp_path / "heartbeat"
    if age is not None:
        heartbeat.touch()
        then = heartbeat.stat().st_mtime - age
        os.utime(heartbeat, (then, then))
    done = shell("sh", "-c", health_command(), HEARTBEAT=str(heartbeat))
    assert done.returncode == (0 if healthy else 1)


def test_everything_the_image_copies_is_there_and_not_ignored() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if source.partition("/")[0] not in kept] == []


@pytest.fixture
def container() -> Iterator[dict[str, str]]:
    """The entry's world in a folder: a program that tells who it is, and an empty config folder.

    Not below pytest's own folder, which is closed to the other user that the entry becomes.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = folder / "config"
        config.mkdir()
        program = folder / "program"
        program.write_text('#!/bin/sh\necho "$(id -u):$(id -g) $(umask) $HOME $*"\n')
        program.chmod(0o755)
        starter = folder / "starter.yaml"
        starter.write_bytes((ROOT / "docker/config.yaml").read_bytes())
        starter.chmod(0o644)
        yield {
            "MOUSEKEEPER_PROGRAM": str(program),
            "MOUSEKEEPER_CONFIG": str(config / "config.yaml"),
            "MOUSEKEEPER_STARTER": str(starter),
            "PUID": "4711",
            "PGID": "4712",
            "UMASK": "027",
        }


def test_the_entry_becomes_the_owner_and_writes_starter_settings_once(container: dict[str, str]) -> None:
    root = os.geteuid() == 0
    who = "4711:4712" if root else f"{os.geteuid()}:{os.getegid()}"
    config = Path(container["MOUSEKEEPER_CONFIG"])
    first = shell("docker/entrypoint.sh", "run", "--once", **container)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{who} 0027 {config.parent} run --once\n"
    assert config.read_bytes() == (ROOT / "docker/config.yaml").read_bytes()
    assert config.stat().st_uid == (4711 if root else os.geteuid())
    config.write_text("timezone: UTC\n")
    assert shell("docker/entrypoint.sh", "run", **container).returncode == 0
    assert config.read_text() == "timezone: UTC\n"


def test_other_commands_write_no_settings(container: dict[str, str]) -> None:
    assert shell("docker/entrypoint.sh", "status", "--json", **container).returncode == 0
    assert not Path(container["MOUSEKEEPER_CONFIG"]).exists()


def test_the_entry_leaves_hardlinked_media_to_its_owner(container: dict[str, str]) -> None:
    folder = Path(container["MOUSEKEEPER_CONFIG"]).parent
    media = folder.parent / "book.m4b"
    media.write_bytes(b"audio")
    (folder / "staged.m4b").hardlink_to(media)
    (folder / "ours.db").write_bytes(b"rows")
    before = media.stat().st_uid
    assert shell("docker/entrypoint.sh", "status", **container).returncode == 0
    assert media.stat().st_uid == before
    if os.geteuid() == 0:
        assert (folder / "ours.db").stat().st_uid == 4711


def test_a_user_that_is_no_number_is_a_settings_fault(container: dict[str, str]) -> None:
    if os.geteuid() != 0:
        return  # only root becomes somebody else
    done = shell("docker/entrypoint.sh", "run", **container | {"PUID": "media"})
    assert done.returncode == 78
    assert "PUID" in done.stderr
