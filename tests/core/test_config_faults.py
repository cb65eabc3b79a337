"""Settings that are wrong: every fault in one report, each with its place and its mending, no value repeated."""

from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.config import ConfigFaults, load
from core.settings import ENVIRONMENT, Settings

ROOT = Path(__file__).resolve().parents[2]
# Comments left out: what is cut off inside one is the same as cut off before it.
EXAMPLE = re.sub(rb"(?m)^#.*\n| # .*$|^\n", b"", (ROOT / "config.example.yaml").read_bytes())
Report = Callable[..., dict[str, str]]


@pytest.fixture
def faults(tmp_path: Path) -> Report:
    """What is wrong, by place, with these texts in config.yaml and .env and this environment alone."""

    def report(
        config: str | bytes = "", dotenv: str | bytes = "", environ: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        for name, text in (("config.yaml", config), (".env", dotenv)):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return told(tmp_path / "config.yaml", environ)

    return report


def told(file: Path | str | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    try:
        load(file, environ or {})
    except ConfigFaults as caught:
        error = caught
    else:
        return {}
    assert error.exit_code == 78
    assert all(fault.where and fault.what and str(fault) in str(error) for fault in error.faults)
    return {fault.where: fault.what for fault in error.faults}


def test_all_faults_come_in_one_report(faults: Report) -> None:
    found = faults(
        "uplod: {}\nupload: {publish: maybe, max_open_approvals: many}\nschedules: {scan: sometimes}\n"
        "mam: {category_id: x}\ndiscord_token: abc\n",
        "MQTT_URL=mqtt://host\nDATABASE_URL=postgresql://u:p@h/db\nQB_HOST=not an address\nABS_TOKEN_FILE=absent",
        {"MOUSEKEEPER_UPLOAD__KIT_DIALECT": "klingon", "TZ": "Mars/Olympus"},
    )
    assert set(found) == {
        "config.yaml: uplod",
        "config.yaml: upload.publish",
        "config.yaml: upload.max_open_approvals",
        "config.yaml: schedules.scan",
        "config.yaml: mam.category_id",
        "config.yaml: discord_token",
        ".env or environment: MQTT_URL",
        ".env or environment: DATABASE_URL",
        ".env or environment: QB_HOST",
        "ABS_TOKEN_FILE",
        "environment: MOUSEKEEPER_UPLOAD__KIT_DIALECT",
        "environment: TZ",
    }


@pytest.mark.parametrize(
    ("config", "where", "what"),
    [
        ("uplod: {}", "uplod", "did you mean upload?"),
        ("Upload: {}", "Upload", "did you mean upload?"),
        ("upload: {pubish: direct}", "upload.pubish", "did you mean publish?"),
        ("discord: {channels: {alert: 12345678}}", "discord.channels.alert", "did you mean alerts?"),
        ("zzz: 1", "zzz", "unknown key; remove it"),
        ("qb_host: h", "qb_host", "belongs into .env as QB_HOST"),
        ("upload: {max_open_approvals: many}", "upload.max_open_approvals", "must be a whole number"),
        ("upload: {max_open_approvals: 1.5}", "upload.max_open_approvals", "must be a whole number"),
        ("upload: {exclude_plus_loans: perhaps}", "upload.exclude_plus_loans", "must be true or false"),
        ("upload: {source_tag: 5}", "upload.source_tag", "must be text; put it in quotes"),
        ("upload: {publish: maybe}", "upload.publish", "must be one of 'confirm' or 'direct'"),
        ("upload: {piece_size: 1000}", "upload.piece_size", "power of two"),
        ("upload: {piece_size: 1 lightyear}", "upload.piece_size", "a size such as"),
        (f"upload: {{piece_size: '{'9' * 400}'}}", "upload.piece_size", "a size such as"),
        ("upload: [a]", "upload", "must be a section with keys"),
        (
            "mam: {min_seconds_between_requests: 1}",
            "mam.min_seconds_between_requests",
            "greater than or equal",
        ),
        ("mam: {allowed_extensions: m4b}", "mam.allowed_extensions", "must be a list"),
        ("mam: {allowed_extensions: [m4b, 3]}", "mam.allowed_extensions.1", "must be text"),
        ("path_maps: [{host: /a}]", "path_maps.0.container", "is missing"),
        ("discord: {roles: {admin: me}}", "discord.roles.admin.0", "must be a Discord id"),
        ("discord: {channels: {uploads: true}}", "discord.channels.uploads", "must be a Discord id"),
        ("schedules: {scan: '* * *'}", "schedules.scan", "must be an interval such as"),
        ("schedules: {scan: '0 99 * * *'}", "schedules.scan", "is not a valid cron line"),
        ("schedules: {scan: '0 0 30 2 *'}", "schedules.scan", "cron line"),
        ("schedules: {scan: 99999999999d}", "schedules.scan", "interval"),
        ("timezone: Mars/Olympus", "timezone", "such as Europe/Berlin"),
        (
            "alerts: {rules: {system_gone: [a]}}",
            "alerts.rules.system_gone",
            "there are *, system_down, system_up",
        ),
        (
            "alerts: {rules: {disk_low: [a, two words]}}",
            "alerts.rules.disk_low.1",
            "must be a tag of letters",
        ),
        ("alerts: {cool_down: 0 4 * * *}", "alerts.cool_down", "must be an interval such as 15m"),
        ("alerts: {quiet_hours: 22:00}", "alerts.quiet_hours", "must be text"),  # YAML reads it as a number
        ("alerts: {quiet_hours: at night}", "alerts.quiet_hours", "such as 22:00-07:00"),
        ("audnex: {base_url: ftp://x}", "audnex.base_url", "such as http://host:port"),
        ("audnex: {base_url: 'http://h:99999'}", "audnex.base_url", "such as http://host:port"),
        ("upload: {builder: mkbrr}", "mkbrr", "host_data_root is needed"),
        ('paths: {data: "a\\0b"}', "paths.data", "a file system can hold"),
        ('paths: {data: "a\\ud800b"}', "paths.data", "a file system can hold"),
    ],
)
def test_a_fault_says_where_what_and_how(faults: Report, config: str, where: str, what: str) -> None:
    found = faults(config)
    assert list(found) == [f"config.yaml: {where}"]
    assert what in found[f"config.yaml: {where}"]


@pytest.mark.parametrize(
    ("environ", "where", "what"),
    [
        ({"QB_HOST": "http://"}, ".env or environment: QB_HOST", "http://host:port"),
        ({"QB_HOST": "host:99999"}, ".env or environment: QB_HOST", "1 to 65535"),
        ({"QB_HOST": "http://u:pw@h:1"}, ".env or environment: QB_HOST", "user name or password"),
        ({"ABS_URL": "https://u:pw@h"}, ".env or environment: ABS_URL", "user name or password"),
        ({"DOCKER_HOST": "tcp://u:pw@h"}, ".env or environment: DOCKER_HOST", "user name or password"),
        ({"QB_HOST": "a b"}, ".env or environment: QB_HOST", "URL or host:port"),
        ({"MAM_ANNOUNCE_URL": "udp://t"}, ".env or environment: MAM_ANNOUNCE_URL", "http or https"),
        (
            {"APPRISE_URLS": "a=json://h/x nonsense b=json://h/y also,this"},
            ".env or environment: APPRISE_URLS",
            "entries 2 and 4 of 4 are not read",
        ),
        ({"LOG_LEVEL": "loud"}, ".env or environment: LOG_LEVEL", "'DEBUG', 'INFO'"),
        ({"DISCORD_GUILD_ID": "here"}, ".env or environment: DISCORD_GUILD_ID", "Copy ID"),
        ({"MQTT_URL": "mqtt://h"}, ".env or environment: MQTT_URL", "not part of this version"),
        ({"DATABASE_URL": "postgresql://h/db"}, ".env or environment: DATABASE_URL", "only SQLite"),
        ({"MOUSEKEEPER_UPLOAD__X": "1"}, "environment: MOUSEKEEPER_UPLOAD__X", "unknown key"),
        (
            {"MOUSEKEEPER_MAM__ALLOWED_EXTENSIONS": "[1]"},
            "environment: MOUSEKEEPER_MAM__ALLOWED_EXTENSIONS",
            "text",
        ),
        ({"TZ": "Mars/Olympus"}, "environment: TZ", "time zone"),
        ({"ABS_TOKEN_FILE": "absent"}, "ABS_TOKEN_FILE", "cannot be read"),
        ({"ABS_TOKEN_FILE": "\0"}, "ABS_TOKEN_FILE", "cannot be read"),
    ],
)
def test_a_fault_in_the_environment_names_the_variable(
    faults: Report, environ: dict[str, str], where: str, what: str
) -> None:
    found = faults("", "", environ)
    assert list(found) == [where]
    assert what in found[where]


def test_one_variable_cannot_be_a_value_and_a_section(faults: Report) -> None:
    found = faults(
        "", "", {"MOUSEKEEPER_DISCORD__ROLES": "5", "MOUSEKEEPER_DISCORD__ROLES__ADMIN": "12345678"}
    )
    assert "contradicts" in found["environment: MOUSEKEEPER_DISCORD__ROLES__ADMIN"]


def test_a_fault_names_the_file_that_was_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("uplod: {}")
    assert list(told(tmp_path / "mine.yaml")) == ["mine.yaml: uplod"]


# --- files that cannot be read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ("upload:\n\tpublish: x", "is not valid YAML"),
        ("upload: {a: 1", "is not valid YAML"),
        ("upload: {publish: direct, publish: confirm}", "a key is given twice"),
        ("vip: {}\nvip: {}", "a key is given twice"),
        ("a: *nowhere", "is not valid YAML"),
        ("a: !!python/object:os.system x", "is not valid YAML"),
        ("a: !!int ''", "cannot be understood"),
        ("a: !!bool maybe", "cannot be understood"),
        ("a: !!timestamp x", "cannot be understood"),
        ("a: !!map x", "is not valid YAML"),
        ("a: 2024-13-45", "cannot be understood"),
        ("[" * 5000, "cannot be understood"),
        ("- a\n- b", "must be sections with keys"),
        ("just words", "must be sections with keys"),
        (b"upload: {source_tag: \xff}", "is not UTF-8"),
        ("upload: {}".encode("utf-16"), "is not UTF-8"),
        ("a: 1\n---\nb: 2", "is not valid YAML"),
        ("upload: &u {source_tag: *u}", "must be text"),
        ("quality: &q {x: *q}\nupload: {publish: x}", "must be one of"),
    ],
)
def test_broken_yaml_is_a_sentence(faults: Report, config: str | bytes, what: str) -> None:
    assert any(what in text for text in faults(config).values())


def test_a_yaml_fault_names_its_line(faults: Report) -> None:
    assert list(faults("upload:\n  publish: direct\n publish: x\n")) == ["config.yaml line 3, column 2"]


@pytest.mark.parametrize("part", range(8))
def test_an_example_cut_off_anywhere_is_read_or_told(tmp_path: Path, part: int) -> None:
    for end in range(part, len(EXAMPLE), 8):
        (tmp_path / "config.yaml").write_bytes(EXAMPLE[:end])
        told(tmp_path / "config.yaml")  # anything but ConfigFaults would be a traceback


def test_dotenv_that_is_not_text_is_a_fault(faults: Report) -> None:
    found = faults("", b"QB_PASSWORD=\xff\xfe")
    assert all("cannot be read as UTF-8" in what for what in found.values())
    assert len(found) == 1


def test_a_folder_in_a_files_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").mkdir()
    (tmp_path / ".env").mkdir()
    expected = {str(tmp_path / "config.yaml"), str(tmp_path / ".env")}
    assert set(told(tmp_path / "config.yaml")) == expected
    monkeypatch.chdir(tmp_path)
    assert set(told(None)) == expected


def test_a_file_that_is_not_there_is_named_with_the_other_faults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("QB_HOST=http://")
    found = told(tmp_path / "absent.yaml")
    assert "mousekeeper init" in found[str(tmp_path / "absent.yaml")]
    assert ".env or environment: QB_HOST" in found


@pytest.mark.parametrize("name", ["x" * 300, "config.yaml/below", "a\0b"])
def test_an_impossible_file_name_is_a_fault(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.yaml").write_text("")
    assert "does not exist" in next(iter(told(str(tmp_path / name)).values()))


def test_files_another_user_keeps_to_himself(tmp_path: Path) -> None:
    """Read as nobody: root may read everything."""
    for name in ("config.yaml", ".env"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0)
    if os.geteuid() == 0:
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and len(folder.parts) > 2:
                folder.chmod(0o755)
    found = as_nobody(lambda: told(tmp_path / "config.yaml"))
    assert "check its permissions" in found[str(tmp_path / "config.yaml")]
    assert "check its permissions" in found[str(tmp_path / ".env")]
    tmp_path.chmod(0o700)
    assert "does not exist" in next(iter(as_nobody(lambda: told(tmp_path / "config.yaml")).values()))


def as_nobody(work: Callable[[], Any]) -> Any:
    """The result of `work` in a child process without root's rights."""
    read_end, write_end = os.pipe()
    load(None, {})  # what is imported late must be imported before the rights go
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads: the child needs none of them
        child = os.fork()
    if child == 0:
        with os.fdopen(write_end, "w") as pipe:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            try:
                json.dump(work(), pipe)
            except BaseException as error:
                json.dump({"raised": repr(error)}, pipe)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = json.load(pipe)
    os.waitpid(child, 0)
    return answer


# --- no value is repeated ----------------------------------------------------------------------------------------

SECRET = st.from_regex(r"[A-Za-z0-9]{6}[0-9]{4}[A-Za-z0-9]{6}", fullmatch=True)
WRAPPING = st.sampled_from(
    ["{}", "'{}", '"{}', "[{}", "{{{}", "!{}", "*{}", "&{} x", "%{}", "@{}", "`{}", "|{}", "http://[{}]/x", "<{}>",
     "http://{}℀@h/", "http://u:{}@h:port", "{{{}: 1}}", "{{{}}}", "- {}", "!!int {}", "!!bool {}", "\t{}", "{}: x: y",
     "!a%27b%22{}", "http://t/{}/announce", "{} {}", "mailto://{}@h", "\\x{}", '"\\{}"', "'a' b'{}'"]
)  # fmt: skip
PLACES = [
    "source_tag",
    "publish",
    "piece_size",
    "max_open_approvals",
    "exclude_authors",
    "description_template",
]


@given(secret=SECRET, wrapping=WRAPPING, place=st.sampled_from(PLACES), level=st.integers(0, 2))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(secret="SeCrEt0123456789", wrapping="{{{}}}", place="publish", level=1)
def test_nothing_written_into_yaml_is_repeated(
    tmp_path: Path, secret: str, wrapping: str, place: str, level: int
) -> None:
    value = wrapping.format(*[secret] * 2)
    text = (value, f"upload: {value}\nmam: {value}\n", f"upload:\n  {place}: {value}\n")[level]
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    assert secret not in full_report(tmp_path, {})


@given(
    secret=SECRET,
    wrapping=WRAPPING,
    name=st.sampled_from([*ENVIRONMENT, "tz", "mousekeeper_mam__category_id"]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_written_into_an_environment_is_repeated(
    tmp_path: Path, secret: str, wrapping: str, name: str
) -> None:
    value = wrapping.format(*[secret] * 2)
    (tmp_path / ".env").write_text(f"{name.upper()}={value}\n{value}\n", "utf-8")
    assert secret not in full_report(tmp_path, {})
    (tmp_path / ".env").write_text("", "utf-8")
    assert secret not in full_report(tmp_path, {name.upper(): value, f"{name.upper()}_FILE": value})


def full_report(folder: Path, environ: Mapping[str, str]) -> str:
    try:
        return repr(load(folder / "config.yaml" if (folder / "config.yaml").exists() else None, environ).base)
    except ConfigFaults as error:
        return str(error) + repr(error) + repr(error.faults)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([*Settings.model_fields, "nonsense"])


@given(
    values=st.dictionaries(
        KEYS, JUNK | st.dictionaries(st.sampled_from(PLACES), JUNK, max_size=3), max_size=4
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_yaml_holds_is_taken_or_told(tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values), "utf-8")
    told(tmp_path / "config.yaml")


# --- the command line --------------------------------------------------------------------------------------------


def test_the_program_ends_with_78_and_prints_the_report(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("uplod: {}\nupload: {publish: maybe}")
    (tmp_path / ".env").write_text("QB_HOST=http://[planted-0123456789]")
    command = [sys.executable, "-m", "bot", "status", "--config", str(tmp_path / "config.yaml")]
    for_people = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    for_programs = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (for_people.returncode, for_programs.returncode) == (78, 78)
    assert for_people.stdout == ""
    document = json.loads(for_programs.stdout)
    assert document["exit_code"] == 78
    for report in (for_people.stderr, document["error"]):
        assert "3 things are wrong" in report
        assert "did you mean upload?" in report
        assert "planted" not in report
        assert "Traceback" not in report
