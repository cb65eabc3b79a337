"""The forms a setting's value may take, and the sentences for one that does not fit; none repeats it."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from core.domain.alert_events import BY_NAME
from core.domain.alert_plan import ANY_EVENT, QuietHours, parse_services, parse_tag
from core.domain.timing import parse_schedule


def _is_http(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:  # what urlsplit says of a broken address repeats it
        return False


def _without_password(value: str) -> str:
    # addresses are shown by doctor and in logs; a user name and a password have settings of their own
    if re.match(r"(?:[a-z][a-z0-9+.-]*://)?[^/?#]*@", value, re.IGNORECASE):
        raise ValueError("must not hold a user name or password; give them in their own settings")
    return value


def _http_url(value: str) -> str:
    _without_password(value)
    if not _is_http(value) or re.search(r"\s", value):
        raise ValueError("must be an address such as http://host:port")
    return value.rstrip("/")


def _secret_http_url(value: SecretStr) -> SecretStr:
    if not _is_http(value.get_secret_value()):
        raise ValueError("must be an http or https address")
    return value


def _host_or_url(value: str) -> str:
    if "://" in _without_password(value):
        return _http_url(value)
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.\-]+)(:\d{1,5})?(/[\w./\-]*)?", value):
        raise ValueError("must be a URL or host:port")
    if not _is_http(f"http://{value}"):
        raise ValueError("must be a URL or host:port, with a port from 1 to 65535")
    return value


def _sqlite_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("sqlite:///"):
        raise ValueError(
            "only SQLite is supported by this version; remove the setting to use data/mousekeeper.db"
        )
    return value


def _not_built(_value: SecretStr) -> SecretStr:
    raise ValueError("is for Home Assistant, which is not part of this version; remove the setting")


def _plan(value: str) -> str:
    parse_schedule(value)
    return value


def _off(value: Any) -> Any:
    return "off" if value is False else value  # what YAML makes of the word


def _interval(value: str) -> str:
    plan = parse_schedule(value)
    if plan.cron is not None:
        raise ValueError("must be an interval such as 15m, 1h or 1d, or off")
    return value


def _day_hours(value: str) -> str:
    QuietHours.parse(value)
    return value


EVENT_NAMES = (ANY_EVENT, *BY_NAME)


def _alert_event(value: str) -> str:
    if value not in EVENT_NAMES:
        raise ValueError(f"is no event; there are {', '.join(EVENT_NAMES)}")
    return value


def _services(value: SecretStr) -> SecretStr:
    parse_services(value.get_secret_value())
    return value


def _folder(value: str) -> str:
    if "\0" in value or re.search("[\ud800-\udfff]", value):
        raise ValueError("must be a path a file system can hold")
    return value


def without_empty(data: Any, fields: Container[str]) -> Any:
    """A key of ours without a value (`channels:`) means its default."""
    if not isinstance(data, dict):
        return data
    return {key: value for key, value in data.items() if value is not None or key not in fields}


def _discord_id(value: Any) -> Any:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,20}", str(value)):
        raise ValueError("must be a Discord id, a number (turn on Developer Mode, then Copy ID)")
    return int(value)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


SIZE_UNITS = {"": 1, "b": 1, "k": 2**10, "kib": 2**10, "m": 2**20, "mib": 2**20, "g": 2**30, "gib": 2**30}


def _bytes(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-zA-Z]*)\s*", value)
        if not match or match[2].lower() not in SIZE_UNITS:
            raise ValueError("must be a size such as 524288, 512 KiB or 1 GiB")
        return int(float(match[1]) * SIZE_UNITS[match[2].lower()])
    return value


def _piece_size(value: int) -> int:
    if value & (value - 1) or not 16 * 1024 <= value <= 16 * 2**20:
        raise ValueError("must be a power of two from 16 KiB to 16 MiB")
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone's name such as Europe/Berlin or UTC")
    return value


Address = Annotated[str, AfterValidator(_without_password)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
SecretHttpUrl = Annotated[SecretStr, AfterValidator(_secret_http_url)]
HostOrUrl = Annotated[str, AfterValidator(_host_or_url)]
SqliteUrl = Annotated[SecretStr, AfterValidator(_sqlite_url)]
NotBuilt = Annotated[SecretStr, AfterValidator(_not_built)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
DiscordId = Annotated[int, BeforeValidator(_discord_id, json_schema_input_type=int | str)]
DiscordIds = Annotated[
    list[DiscordId], BeforeValidator(_as_list, json_schema_input_type=int | str | list[int | str])
]
Folder = Annotated[str, AfterValidator(_folder)]
Plan = Annotated[str, BeforeValidator(_off, json_schema_input_type=str), AfterValidator(_plan)]
Interval = Annotated[str, BeforeValidator(_off, json_schema_input_type=str), AfterValidator(_interval)]
DayHours = Annotated[str, AfterValidator(_day_hours)]
AlertEventName = Annotated[str, AfterValidator(_alert_event)]
AlertTag = Annotated[str, AfterValidator(parse_tag)]
AlertTags = Annotated[list[AlertTag], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
AppriseUrls = Annotated[SecretStr, AfterValidator(_services)]
Size = Annotated[int, Field(ge=0), BeforeValidator(_bytes, json_schema_input_type=int | str)]
PieceSize = Annotated[Size, AfterValidator(_piece_size)]
