"""Logs: `time | LEVEL | [STAGE] text` on the console, all at DEBUG in a rotating file, secrets in neither."""

from __future__ import annotations

import contextlib
import html
import json
import logging
import logging.handlers
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, urlsplit

if TYPE_CHECKING:
    from rich.console import Console

    from core.settings import Settings

MASK = "•••"
SHORTEST_SECRET = 4  # shorter ones would blank out ordinary words

# Shapes of secrets that may turn up without being ours, or have changed since the settings were read: others'
# passkeys, keys in answers, the tracker session that is renewed with each answer. Group 1 stays.
SHAPES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"((?:/|%2F))[0-9A-Za-z]{16,}(?=(?:/|%2F)announce\b)",
        r"(\b(?:passkey|api_?key|mam_id|torrent_pass)['\"]?(?:\s*[:=]\s*|%3D)['\"]?)[^&;,\s\"'}]+",
        r"(\b(?:x-api-key|authorization)['\"]?\s*[:=]\s*['\"]?)[^\s\"',}]{4,}(?:\s[^\s\"',}]{8,})?",
        r"(\bbearer )[0-9A-Za-z._~+/=-]{8,}",
    )
)
# Names of files and answers of hosts hold anything: a record stays one line, a terminal is not given orders,
# and bytes that are no text (surrogates) can be written.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_stage: ContextVar[str] = ContextVar("stage", default="")
_release: ContextVar[str] = ContextVar("release", default="")


@contextlib.contextmanager
def log_context(stage: str, release: str) -> Iterator[None]:
    """Everything logged inside names this stage and release."""
    tokens = _stage.set(stage), _release.set(release)
    try:
        yield
    finally:
        _stage.reset(tokens[0])
        _release.reset(tokens[1])


class Scrubber:
    """Replaces secrets in text, in each form they travel in."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.strip())}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """The text without any secret."""
        if self._known:
            text = self._known.sub(MASK, text)
        for shape in SHAPES:
            text = shape.sub(rf"\g<1>{MASK}", text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """A secret as it stands in addresses, JSON, HTML, `repr` and tracebacks."""
    if len(secret) < SHORTEST_SECRET:
        return
    escaped = json.dumps(secret)[1:-1]
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    yield from {secret, escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    yield from {
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
    yield from encoded
    yield from {re.sub("%..", lambda match: match[0].lower(), text) for text in encoded}
    yield from {quote(text, safe="") for text in encoded}


def secrets_of(settings: Settings) -> list[str]:
    """Every secret value in the settings, and the parts of addresses that are secrets on their own."""
    from pydantic import SecretStr

    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        if isinstance(value, str) and "://" in value:
            found += _password_in(value)
    if settings.mam_announce_url:
        found += _long_parts(settings.mam_announce_url.get_secret_value().partition("://")[2])
    if settings.apprise_urls:
        for entry in settings.apprise_urls.get_secret_value().split():
            tags, _, rest = entry.partition("=")
            address = entry if "://" in tags else rest
            found += [entry, address, *_password_in(address), *_long_parts(address.partition("://")[2])]
    return found


def _password_in(address: str) -> list[str]:
    with contextlib.suppress(ValueError):
        password = urlsplit(address).password
        return [password, unquote(password)] if password else []
    return []


def _long_parts(address: str) -> list[str]:
    """What may be a passkey or token in an address: its long parts, names of hosts left alone."""
    return [part for part in re.split(r"[/:@?&=]+", address) if len(part) >= 16 and "." not in part]


class LineFormatter(logging.Formatter):
    """One line a record, traceback below, secrets gone."""

    def __init__(self, scrub: Scrubber, *, detailed: bool = False) -> None:
        super().__init__(datefmt="%Y-%m-%d %H:%M:%S" if detailed else "%H:%M:%S")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        stage = _stage.get().upper() or record.name.rpartition(".")[2].upper()
        release = f" ({_release.get()})" if _release.get() else ""  # eight of them may work at once
        when = self.formatTime(record, self.datefmt)
        text = _one_line(self._scrub(record.getMessage()))
        text = f"{when} | {record.levelname} | [{stage}]{release} {text}"
        if record.exc_info:
            trace = self._scrub(self.formatException(record.exc_info))
            text = "\n".join([text, *map(_one_line, trace.split("\n"))])
        return text


def _one_line(text: str) -> str:
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


class ConsoleHandler(logging.Handler):
    """Writes to stderr through rich, which is loaded with the first line."""

    def __init__(self) -> None:
        super().__init__()
        self._console: Console | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._console is None:
                from rich.console import Console

                self._console = Console(stderr=True, soft_wrap=True)
            self._console.print(
                self.format(record),
                style=STYLES.get(record.levelname),
                markup=False,
                highlight=False,
                emoji=False,
            )
        except Exception:  # noqa: BLE001 (logging's own convention: report, never raise)
            self.handleError(record)


def set_up(scrub: Scrubber, *, level: str, folder: Path | None) -> None:
    """Send all logging to the console at `level` and, with a folder, to a rotating file at DEBUG."""
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        with contextlib.suppress(OSError):  # a full disk: what was not written is lost
            old.close()
    console = ConsoleHandler()
    console.setLevel(level)
    console.setFormatter(LineFormatter(scrub))
    root.addHandler(console)
    root.setLevel(level if folder is None else logging.DEBUG)
    if folder is not None:
        with contextlib.suppress(OSError):  # a read-only folder is doctor's to report, not a reason to stop
            root.addHandler(_file_handler(scrub, folder))
    for noisy in ("aiosqlite", "urllib3", "asyncio", "qbittorrentapi", "sqlalchemy", "alembic", "aiodocker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    logging.raiseExceptions = False  # a full disk would print each record, arguments and all, past the filter


def set_level(level: str) -> None:
    """Change the console's level while running."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, ConsoleHandler):
            handler.setLevel(level)


def _file_handler(scrub: Scrubber, folder: Path) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        folder / "mousekeeper.log",
        maxBytes=5 * 1024 * 1024,
        backupCount=5,
        encoding="utf-8",
        errors="backslashreplace",
    )
    handler.setLevel(logging.DEBUG)
    handler.setFormatter(LineFormatter(scrub, detailed=True))
    return handler


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("mousekeeper").critical("Ended by an unexpected %s", kind.__name__, exc_info=error)
