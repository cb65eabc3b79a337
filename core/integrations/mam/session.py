"""The tracker's session: it changes with answers, so each new value is on the disk before it is used.

The file keeps a hash of the MAM_ID it began with. Another MAM_ID is a person's word and begins anew; the same
one means that the file's value is the newer of the two.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import ConfigError, NotNow
from core.integrations.mam.errors import SECRET
from core.presence import DataLock

LOG = logging.getLogger(__name__)

COOKIE = "mam_id"
DELETED = "deleted"  # what the site writes when it takes a cookie away; never a session
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,4096}")  # RFC 6265, cookie-octet
_VERSION = 1
LARGEST_FILE = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Kept:
    """What the file holds: a hash of the seed, and the newest value (empty: still the seed itself).

    `refused` counts in a row how often the tracker called the session dead.
    """

    seed: str
    value: str = ""
    refused: int = 0
    version: int = _VERSION


class SessionFile:
    """The one holder of the session. Only one request may be under way, else an old value could win."""

    def __init__(self, path: Path, mam_id: str) -> None:
        """`mam_id` as the person pasted it. Raises ConfigError when it cannot be a session."""
        self._path = path
        self._seed = plain_value(mam_id)
        self._lock = _SessionLock(path)
        self._kept: _Kept | None = None
        self._unsaved = False

    async def header(self) -> str:
        """The `Cookie` header for the next request.

        Raises NotNow while another process holds the session or the newest value cannot be saved.
        """
        if self._kept is None:
            self._kept = await asyncio.to_thread(self._open)
        if self._unsaved:
            await self._save(self._kept)
        return f"{COOKIE}={self._kept.value or self._seed}"

    async def absorb(self, set_cookies: Sequence[str]) -> None:
        """Keep the value an answer brought, on the disk first; one that takes it away is passed over.

        On a full disk the value is held in memory, and `header` insists on saving it before the next request.
        """
        value = newest(set_cookies)
        if self._kept is None or value is None or value == (self._kept.value or self._seed):
            return
        await self._save_if_possible(replace(self._kept, value=value))

    @property
    def refused(self) -> int:
        """How often in a row the tracker called this session dead, restarts included."""
        return self._kept.refused if self._kept else 0

    async def note(self, *, refused: bool) -> None:
        """Remember whether the tracker accepted the session."""
        if self._kept is None or (not refused and not self._kept.refused):
            return
        fresh = replace(self._kept, refused=self._kept.refused + 1 if refused else 0)
        await self._save_if_possible(fresh)

    def close(self) -> None:
        """Let another process have it."""
        self._lock.release()
        self._kept = None

    async def _save_if_possible(self, fresh: _Kept) -> None:
        """An answer on its way is not lost over a full disk."""
        try:
            await self._save(fresh)
        except NotNow as error:
            LOG.error("%s", error)  # noqa: TRY400 (a sentence; the traceback says no more)
            self._kept, self._unsaved = fresh, True

    async def _save(self, fresh: _Kept) -> None:
        await asyncio.to_thread(_write, self._path, fresh)
        self._kept, self._unsaved = fresh, False

    def _open(self) -> _Kept:
        self._lock.acquire()
        seed = hashlib.sha256(self._seed.encode()).hexdigest()
        kept = _read(self._path)
        if kept is not None and kept.seed == seed:
            return kept
        fresh = _Kept(seed)
        _write(self._path, fresh)  # so that a folder that refuses is known before the tracker is asked
        return fresh


class _SessionLock:
    """Two programs with one session end each other's: the file has one holder, freed by kill -9 too."""

    def __init__(self, path: Path) -> None:
        self._lock = DataLock(path.parent, name=f"{path.name}.lock")

    def acquire(self) -> None:
        if not self._lock.acquire("tracker session"):
            raise NotNow(
                "Another Mousekeeper process is using the tracker's session.",
                hint="Ask through that one, or stop it first.",
            )

    def release(self) -> None:
        self._lock.release()


def plain_value(pasted: str) -> str:
    """The session in what people paste: the bare value, `mam_id=...`, quoted, or with a semicolon behind.

    Encoded signs (%3D) stay as they are: the site wants its value back verbatim. Raises ConfigError.
    """
    value = pasted.strip().strip("\"'").strip().removeprefix(f"{COOKIE}=").partition(";")[0].strip()
    if not _VALUE.fullmatch(value) or value.lower() == DELETED:
        raise ConfigError(
            f"{SECRET} is not the value of a session.",
            hint="On the tracker's site, under Preferences > Security, make a session and copy its value.",
        )
    return value


def newest(set_cookies: Iterable[str]) -> str | None:
    """The last usable session value in `Set-Cookie` lines; None when there is none."""
    return next(reversed(list(_sessions(set_cookies))), None)


def _sessions(set_cookies: Iterable[str]) -> Iterator[str]:
    for line in set_cookies:
        pair, *attributes = line.split(";")
        name, _, value = pair.partition("=")
        value = value.strip()
        if name.strip() == COOKIE and not _is_deletion(value, attributes) and _VALUE.fullmatch(value):
            yield value


def _is_deletion(value: str, attributes: Iterable[str]) -> bool:
    if value.lower() == DELETED:
        return True
    named = (attribute.partition("=") for attribute in attributes)
    ages = [age.strip() for name, _, age in named if name.strip().lower() == "max-age"]
    return any(re.fullmatch(r"0+|-\d+", age) for age in ages)


def _read(path: Path) -> _Kept | None:
    """What was kept; None when there is nothing, or nothing that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(path, "read", error) from error
    with open(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
        content = file.read(LARGEST_FILE)
    try:
        kept = _Kept(**json.loads(content))
        value = plain_value(kept.value) if kept.value else ""
        return replace(kept, value=value, refused=int(kept.refused))
    except (ValueError, TypeError, AttributeError, RecursionError, ConfigError):
        LOG.warning("The tracker's session file %s is damaged; %s is used instead.", path, SECRET)
        return None


def _write(path: Path, kept: _Kept) -> None:
    """Replace the file in one step, through to the disk. Raises NotNow."""
    beside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)  # of a killed predecessor; its mode is not ours to trust
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(json.dumps(asdict(kept)).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _refusal(path, "written", error) from error


def _refusal(path: Path, what: str, error: OSError) -> NotNow:
    return NotNow(
        f"The tracker's session file {path} cannot be {what} ({error.strerror}).",
        hint="Make room on that disk, or check the folder's owner and permissions.",
    )
