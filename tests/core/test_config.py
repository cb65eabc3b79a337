"""Settings: where they come from, who wins, and every form a value may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Configuration, load
from core.settings import ENVIRONMENT, SECRETS, SECTIONS, Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.yaml"
Read = Callable[..., Configuration]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Settings of a folder with these texts in config.yaml and .env, in this environment alone."""

    def reading(
        config: str = "", dotenv: str = "", environ: Mapping[str, str] | None = None
    ) -> Configuration:
        (tmp_path / "config.yaml").write_text(config, "utf-8")
        (tmp_path / ".env").write_text(dotenv, "utf-8")
        return load(tmp_path / "config.yaml", environ or {})

    return reading


def secret(value: Any) -> str:
    return str(value.get_secret_value())


# --- who wins ----------------------------------------------------------------------------------------------------


def test_nothing_at_all_is_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load(environ={})
    assert found.config_file is None
    assert found.settings == Settings()
    assert found.data == tmp_path / "data"


def test_the_environment_beats_dotenv_and_dotenv_beats_yaml(read: Read) -> None:
    found = read(
        "upload: {source_tag: yaml, name_tag: yaml, publish: direct}",
        "MOUSEKEEPER_UPLOAD__SOURCE_TAG=dotenv\nMOUSEKEEPER_UPLOAD__NAME_TAG=dotenv\n"
        "QB_HOST=http://dotenv\nABS_TOKEN=dotenv",
        {"MOUSEKEEPER_UPLOAD__SOURCE_TAG": "real", "QB_HOST": "http://real"},
    )
    upload = found.settings.upload
    assert (upload.source_tag, upload.name_tag, upload.publish) == ("real", "dotenv", "direct")
    assert found.settings.qb_host == "http://real"
    assert secret(found.settings.abs_token) == "dotenv"


def test_an_empty_value_means_unset(read: Read) -> None:
    found = read(
        "upload: {source_tag: yaml}",
        "QB_HOST=http://dotenv\nQB_USERNAME=   ",
        {"QB_HOST": "", "MOUSEKEEPER_UPLOAD__SOURCE_TAG": ""},
    )
    assert found.settings.qb_host == "http://dotenv"
    assert found.settings.qb_username is None
    assert found.settings.upload.source_tag == "yaml"


@pytest.mark.parametrize(
    ("name", "text", "section", "key", "value"),
    [
        ("MOUSEKEEPER_UPLOAD__MAX_OPEN_APPROVALS", "7", "upload", "max_open_approvals", 7),
        ("MOUSEKEEPER_UPLOAD__EXCLUDE_PLUS_LOANS", "false", "upload", "exclude_plus_loans", False),
        ("MOUSEKEEPER_QBITTORRENT__TAGS", "[a, b]", "qbittorrent", "tags", ["a", "b"]),
        ("MOUSEKEEPER_GOOGLE_BOOKS__BASE_URL", "http://h:1/", "google_books", "base_url", "http://h:1"),
        ("MOUSEKEEPER_UPLOAD__PIECE_SIZE", "512 KiB", "upload", "piece_size", 512 * 1024),
    ],
)
def test_any_key_can_come_from_the_environment(
    read: Read, name: str, text: str, section: str, key: str, value: object
) -> None:
    assert getattr(getattr(read("", "", {name: text}).settings, section), key) == value


def test_deeper_keys_from_the_environment_leave_their_neighbours(read: Read) -> None:
    found = read(
        "discord: {channels: {uploads: 12345678, alerts: 22345678}}",
        "",
        {"MOUSEKEEPER_DISCORD__CHANNELS__UPLOADS": "32345678"},
    )
    assert found.settings.discord.channels.uploads == 32345678
    assert found.settings.discord.channels.alerts == 22345678


def test_other_peoples_variables_are_theirs(read: Read) -> None:
    strangers = {"PUID": "1000", "PGID": "x", "UMASK": "002", "PATH": "/bin", "MOUSEKEEPER_HOME": "/x"}
    assert read("", "PUID=1000\nDATA_ROOT=./media", strangers).settings == Settings()


@pytest.mark.parametrize("door", ["real", "dotenv"])
def test_tz_is_the_time_zone_unless_yaml_names_one(read: Read, door: str) -> None:
    real, dotenv = ({"TZ": "Europe/Berlin"}, "") if door == "real" else ({}, "TZ=Europe/Berlin")
    assert read("", dotenv, real).settings.timezone == "Europe/Berlin"
    assert read("timezone:", dotenv, real).settings.timezone == "Europe/Berlin"
    assert read("timezone: Asia/Tokyo", dotenv, real).settings.timezone == "Asia/Tokyo"


# --- files -------------------------------------------------------------------------------------------------------


def test_the_named_file_beats_the_variable_and_the_variable_beats_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("config.yaml", "variable.yaml", "named.yaml"):
        (tmp_path / name).write_text(f"upload: {{source_tag: {name}}}")
    variable = {"MOUSEKEEPER_CONFIG": "variable.yaml"}
    tags = [
        load(*args).settings.upload.source_tag
        for args in ((None, {}), (None, variable), ("named.yaml", variable))
    ]
    assert tags == ["config.yaml", "variable.yaml", "named.yaml"]


def test_relative_paths_and_dotenv_count_from_the_configuration_file(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", "/home/mouse")
    found = read(
        "paths: {data: state, libation_library_root: ../books, recycle: ~/bin, torrent_output: /srv/torrents}",
        "QB_USERNAME=beside",
    )
    assert found.data == tmp_path / "state"
    assert found.staging_root == tmp_path / "state" / "staging"
    assert found.libation_library_root == tmp_path.parent / "books"
    assert found.recycle == Path("/home/mouse/bin")
    assert found.torrent_output == Path("/srv/torrents")
    assert found.library_root is None
    assert found.settings.qb_username == "beside"


def test_empty_folders_mean_their_defaults(read: Read, tmp_path: Path) -> None:
    found = read('paths: {data: "", staging_root: "", libation_library_root: ""}')
    assert found.data == tmp_path / "data"
    assert found.staging_root == tmp_path / "data" / "staging"
    assert found.libation_library_root is None


def test_the_database_lies_in_the_data_folder_or_where_its_address_says(read: Read, tmp_path: Path) -> None:
    assert read().database == tmp_path / "data" / "mousekeeper.db"
    assert read("", "DATABASE_URL=sqlite:////srv/mk.db").database == Path("/srv/mk.db")
    assert read("", "DATABASE_URL=sqlite:///mk.db").database == tmp_path / "mk.db"


def test_a_byte_order_mark_and_windows_lines_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfupload:\r\n  source_tag: X\r\n")
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfQB_USERNAME=mouse\r\n")
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfsecret-token\r\n")
    found = load(tmp_path / "config.yaml", {"ABS_TOKEN_FILE": "token"}).settings
    assert (found.upload.source_tag, found.qb_username) == ("X", "mouse")
    assert secret(found.abs_token) == "secret-token"


@pytest.mark.parametrize("name", [name for name in (*SECRETS, "qb_username") if "url" not in name])
def test_every_secret_can_be_a_file(read: Read, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("from-the-file\n", "utf-8")
    value = getattr(read("", "", {f"{name.upper()}_FILE": "secret.txt"}).settings, name)
    assert (value if name == "qb_username" else secret(value)) == "from-the-file"


def test_a_value_beats_its_file_and_an_empty_file_is_unset(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("from-the-file", "utf-8")
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    given = {"ABS_TOKEN": "given", "ABS_TOKEN_FILE": "secret.txt", "MAM_ANNOUNCE_URL_FILE": "empty.txt"}
    found = read("", "", given).settings
    assert secret(found.abs_token) == "given"
    assert found.mam_announce_url is None


# --- forms a value may take --------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", SECTIONS)
def test_an_empty_section_means_its_defaults(read: Read, empty: str) -> None:
    assert read(f"{empty}:").settings == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "discord:\n  channels:\n  roles:\n  quotas:",
        "discord:\n  channels:\n    uploads:\n",
        "upload:\n  publish:\n  piece_size:\n",
        "mam:\n  allowed_extensions:\n",
        "paths:\n  data:\n",
        "# nothing but a comment",
        "---\n...",
    ],
)
def test_a_key_without_a_value_means_its_default(read: Read, text: str) -> None:
    assert read(text).settings == Settings()


def test_the_example_is_the_defaults(read: Read) -> None:
    example = read(EXAMPLE.read_text("utf-8")).settings
    assert example == Settings()
    assert set(yaml.safe_load(EXAMPLE.read_text("utf-8"))) == set(SECTIONS)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("123456789012345678", [123456789012345678]),
        ("'123456789012345678'", [123456789012345678]),
        ("[123456789012345678, '223456789012345678']", [123456789012345678, 223456789012345678]),
        ("[]", []),
    ],
)
def test_roles_are_one_id_or_a_list_as_number_or_text(read: Read, text: str, ids: list[int]) -> None:
    assert read(f"discord: {{roles: {{approve: {text}}}}}").settings.discord.roles.approve == ids


def test_channels_without_a_token_are_no_fault(read: Read) -> None:
    found = read("discord: {channels: {uploads: '123456789012345678'}}").settings
    assert found.discord.channels.uploads == 123456789012345678
    assert found.discord_token is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://qb:8080", "http://qb:8080"),
        ("https://box.example/qbittorrent/", "https://box.example/qbittorrent"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("qb:8080", "qb:8080"),
        ("192.168.1.4", "192.168.1.4"),
        ("[::1]:8080", "[::1]:8080"),
        ("my_container:8080/qb", "my_container:8080/qb"),
    ],
)
def test_qb_host_is_an_address_or_host_and_port(read: Read, given: str, kept: str) -> None:
    assert read("", f"QB_HOST={given}").settings.qb_host == kept


@pytest.mark.parametrize(
    "announce",
    [
        "http://t.example:3000/tracker.php/0123456789abcdef/announce",
        "https://127.0.0.1/announce?passkey=0123",
    ],
)
def test_any_http_announce_address_is_taken(read: Read, announce: str) -> None:
    assert secret(read("", f"MAM_ANNOUNCE_URL={announce}").settings.mam_announce_url) == announce


@pytest.mark.parametrize(
    "urls",
    [
        "discord://1/abc",
        "alerts,phone=tgram://bot/chat discord://1/abc",
        "alerts=mailto://u:p@host\nphone=tgram://bot/chat",
    ],
)
def test_apprise_addresses_are_a_plain_text(read: Read, urls: str) -> None:
    found = read("", "", {"APPRISE_URLS": urls}).settings
    assert secret(found.apprise_urls).split() == urls.split()


def test_alert_rules_take_one_tag_or_several(read: Read) -> None:
    found = read("alerts: {rules: {system_down: Phone, '*': [desk, all], disk_low: []}}").settings.alerts
    assert found.rules == {"system_down": ["phone"], "*": ["desk", "all"], "disk_low": []}
    assert (found.cool_down, found.quiet_hours) == ("15m", None)
    assert (
        read("alerts: {cool_down: off, quiet_hours: 22:00-07:00}").settings.alerts.quiet_hours
        == "22:00-07:00"
    )


def test_several_lines_in_dotenv_are_quoted(read: Read) -> None:
    found = read("", 'APPRISE_URLS="alerts=json://h/a\nphone=json://h/b"').settings
    assert secret(found.apprise_urls).split() == ["alerts=json://h/a", "phone=json://h/b"]


def test_dotenv_keeps_dollar_signs_and_hashes(read: Read) -> None:
    found = read("", "QB_PASSWORD='p$HOME#1'\nABS_TOKEN=a#b").settings
    assert secret(found.qb_password) == "p$HOME#1"
    assert secret(found.abs_token) == "a#b"


@pytest.mark.parametrize(
    ("text", "size"), [("1 MiB", 2**20), ("16 KiB", 2**14), ("524288", 2**19), ("0.5 MiB", 2**19)]
)
def test_sizes_carry_units(read: Read, text: str, size: int) -> None:
    assert read(f"upload: {{piece_size: {text}}}").settings.upload.piece_size == size


def test_extensions_lose_their_dots_and_capitals(read: Read) -> None:
    found = read("mam: {allowed_extensions: [.M4B, Mp3]}").settings
    assert found.mam.allowed_extensions == ["m4b", "mp3"]


def test_the_log_level_may_be_written_small(read: Read) -> None:
    assert read("", "LOG_LEVEL=debug").settings.log_level == "DEBUG"


def test_settings_cannot_be_changed_and_show_no_secret(read: Read) -> None:
    found = read("", "MAM_ID=a-very-secret-session")
    assert "a-very-secret-session" not in repr(found) + str(found.settings)
    assert {name for name in ENVIRONMENT if "token" in name or "password" in name or "key" in name} <= set(
        SECRETS
    )


def test_discord_ids_are_numbers_of_any_length(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "discord: {roles: {approve: 7, request: ['123456789012345678', 42]}, channels: {uploads: '1001'}}\n"
    )
    discord = load(tmp_path / "config.yaml", {}).settings.discord
    assert discord.roles.approve == [7]
    assert discord.roles.request == [123456789012345678, 42]
    assert discord.channels.uploads == 1001
