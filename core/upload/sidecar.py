"""Libation's `<name>.metadata.json`: Audible's own product, lying beside the audio, readable offline.

Read once a book by discovery, so it is one open, one read, one parse, and never an exception.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.domain.audible_product import chapters_from_info, facts_from_product
from core.domain.book import BookFacts, Chapter

SUFFIX = ".metadata.json"
MAX_BYTES = 4 * 1024 * 1024  # the largest seen, with a thousand chapters, is a tenth of this


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What one sidecar says; `warning` is a sentence when it could not be used."""

    facts: BookFacts
    warning: str | None = None
    chapter_info: object = field(default=None, repr=False)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters, made when asked for: discovery reads every sidecar and needs none of them."""
        return chapters_from_info(self.chapter_info)


def pick_sidecar(names: Iterable[str]) -> str | None:
    """The sidecar among a folder's file names: the first by name, hidden ones left out."""
    found = [name for name in names if name.lower().endswith(SUFFIX) and not name.startswith(".")]
    return min(found, default=None)


def find_sidecar(folder: str) -> str | None:
    """The path of the sidecar in `folder`, None if there is none or the folder cannot be read."""
    try:
        name = pick_sidecar(os.listdir(folder))
    except OSError:
        return None
    return os.path.join(folder, name) if name else None


def read_sidecar(path: str) -> Sidecar:
    """The facts (credited to "sidecar") and chapters in the file at `path`.

    Broken, foreign, oversized or vanished files give empty facts and a warning; an empty product,
    which Libation sometimes writes, gives empty facts alone.
    """
    try:
        document = json.loads(_read(path))
    except OSError as error:
        return _unusable(path, f"cannot be read ({error.strerror or type(error).__name__})")
    except (ValueError, RecursionError):
        return _unusable(path, "is not complete JSON")
    if not isinstance(document, dict):
        return _unusable(path, "holds no product")
    return Sidecar(facts_from_product(document, "sidecar"), chapter_info=document.get("ChapterInfo"))


def _read(path: str) -> bytes:
    """The whole file. Raises OSError also for what is no plain file, and when it is too large."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a fifo must not hold us
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a plain file")
        if status.st_size > MAX_BYTES:
            raise OSError(0, f"larger than {MAX_BYTES // 1024} KiB")
        return os.read(handle, status.st_size)
    finally:
        os.close(handle)


def _unusable(path: str, why: str) -> Sidecar:
    name = os.path.basename(path).encode("utf-8", "replace").decode()
    return Sidecar(
        BookFacts(),
        warning=f"The sidecar {name} {why}; the folder and the online catalogues are used instead.",
    )
