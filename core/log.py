"""Logs: `time | LEVEL | [STAGE] text` on the console, all at DEBUG in a rotating file, secrets in neither."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import re
import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from rich.console import Console

    from core.settings import Settings

MASK = "•••"
SHORTEST_SECRET = 4  # shorter ones would blank out ordinary words

# Shapes of secrets that may turn up without being ours: other people's passkeys and keys in answers.
SHAPES = (
    re.compile(r"(?<=/)[0-9A-Za-z]{16,}(?=/announce\b)"),
    re.compile(r"(?i)(?:(?<=\bpasskey=)|(?<=\bapikey=)|(?<=\bapi_key=))[^&\s\"']+"),
    re.compile(r"(?i)(?<=\bmam_id=)[^;\s\"']+"),
    re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/=-]{8,}"),
)

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
        forms: set[str] = set()
        for secret in secrets:
            for text in (
                secret,
                secret.strip(),
                quote(secret, safe=""),
                secret.encode("unicode_escape").decode(),
            ):
                if len(text) >= SHORTEST_SECRET:
                    forms.add(text)
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """The text without any secret."""
        if self._known:
            text = self._known.sub(MASK, text)
        for shape in SHAPES:
            text = shape.sub(MASK, text)
        return text


def secrets_of(settings: Settings) -> list[str]:
    """Every secret value in the settings, the announce URL's passkey on its own included."""
    from pydantic import SecretStr

    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
    if settings.mam_announce_url:
        path = urlsplit(settings.mam_announce_url.get_secret_value()).path
        found += [part for part in path.split("/") if len(part) >= 16]
    if settings.apprise_urls:
        found += [url for url in settings.apprise_urls.get_secret_value().split() if "://" in url]
    return found


class LineFormatter(logging.Formatter):
    """One line a record, traceback below, secrets gone."""

    def __init__(self, scrub: Scrubber, *, detailed: bool = False) -> None:
        super().__init__(datefmt="%Y-%m-%d %H:%M:%S" if detailed else "%H:%M:%S")
        self._scrub = scrub
        self._detailed = detailed

    def format(self, record: logging.LogRecord) -> str:
        stage = _stage.get().upper() or record.name.rpartition(".")[2].upper()
        release = f" ({_release.get()})" if self._detailed and _release.get() else ""
        when = self.formatTime(record, self.datefmt)
        text = f"{when} | {record.levelname} | [{stage}]{release} {record.getMessage()}"
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return self._scrub(text)


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
                self.format(record), style=STYLES.get(record.levelname), markup=False, highlight=False
            )
        except Exception:  # noqa: BLE001 (logging's own convention: report, never raise)
            self.handleError(record)


def set_up(scrub: Scrubber, *, level: str, folder: Path | None) -> None:
    """Send all logging to the console at `level` and, with a folder, to a rotating file at DEBUG."""
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
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


def _log_uncaught(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("mousekeeper").critical("Ended by an unexpected %s", kind.__name__, exc_info=error)
