"""Puts one file into a folder being staged: a proven hardlink, or, where that is permitted, a proven copy."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from core.errors import MousekeeperError, NeedsPerson, NotNow
from core.upload.found import shown
from core.upload.stage_faults import LINK_IMPOSSIBLE, staging_fault

PIECE = 1024 * 1024
AGAIN = "It is looked at again with the next reading."


@dataclass(frozen=True, slots=True)
class Placed:
    """A staged file: its source, its name in the release's folder, size in bytes, and its own identity."""

    source: str
    staged: str
    size: int
    dev: int
    ino: int
    copied: bool = False


def place(
    source: str,
    folder: str,
    name: str,
    size: int,
    inside: str | None,
    allow_copy: bool,
    progress: Callable[[int], None],
) -> Placed:
    """Link (or copy) `source` to `folder/name`, and prove it.

    Raises NotNow when the source is not as it was found, NeedsPerson where a person must mend something.
    """
    target = os.path.join(folder, name)
    try:
        real = _plain(source, inside)
        before = os.stat(real)
        _require_unchanged(source, before, size)
        try:
            os.link(real, target)
        except OSError as error:
            if not allow_copy or error.errno not in LINK_IMPOSSIBLE:
                raise
            _copy(real, target, before, progress)
            made = os.stat(target)
            return Placed(source, name, size, made.st_dev, made.st_ino, copied=True)
        made, now = os.stat(target), os.stat(real)
    except OSError as error:
        raise staging_fault(error, source, target) from None
    if (made.st_dev, made.st_ino) == (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino):
        _require_unchanged(source, made, size)
        return Placed(source, name, size, made.st_dev, made.st_ino)
    raise _not_the_same(source, before, now)


def proven(source: str, folder: str, name: str, size: int) -> Placed | None:
    """The file as it was placed earlier, when it still is the source's link or, byte for byte, its copy."""
    target = os.path.join(folder, name)
    try:
        there, here = os.stat(target, follow_symlinks=False), os.stat(source)
        if not stat.S_ISREG(there.st_mode) or not there.st_size == here.st_size == size:
            return None
        same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
        if not same and _digest(target) != _digest(source):
            return None
    except OSError:
        return None
    return Placed(source, name, size, there.st_dev, there.st_ino, copied=not same)


def _plain(source: str, inside: str | None) -> str:
    """The plain file behind `source`. A link is followed: a hardlink to a link would seed nothing."""
    if not os.path.islink(source):
        return source
    real = os.path.realpath(source, strict=True)
    if inside is not None and not real.startswith(inside.rstrip("/") + "/"):
        raise NeedsPerson(
            f"{shown(source)} is a link that leads out of the library, to {shown(real)}.",
            hint="Put the file itself into the book's folder.",
        )
    return real


def _require_unchanged(source: str, status: os.stat_result, size: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NeedsPerson(f"{shown(source)} is no plain file.", hint="Put a plain file in its place.")
    if status.st_size != size:
        raise NotNow(
            f"{shown(source)} changed since it was found: it has {status.st_size} bytes, not {size}.",
            hint=AGAIN,
        )


def _not_the_same(source: str, before: os.stat_result, now: os.stat_result) -> MousekeeperError:
    if (before.st_dev, before.st_ino) != (now.st_dev, now.st_ino):
        return NotNow(f"{shown(source)} was replaced while it was staged.", hint=AGAIN)
    return NeedsPerson(
        f"The link to {shown(source)} shows another inode: its file system only imitates hardlinks.",
        hint="Let library and paths.staging_root lie on one disk's own path, or permit staging.allow_copy.",
    )


def _copy(source: str, target: str, before: os.stat_result, progress: Callable[[int], None]) -> None:
    """Copy to the disk itself, then read both sides' sums; the source's times are kept."""
    written = blake2b()
    with open(source, "rb") as reading, open(target, "xb") as writing:
        while piece := reading.read(PIECE):
            written.update(piece)
            writing.write(piece)
            progress(writing.tell())
        writing.flush()
        os.fsync(writing.fileno())
        os.utime(writing.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
        after = os.fstat(reading.fileno())
    now = os.stat(source)
    known = (before.st_ino, before.st_size, before.st_mtime_ns)
    if any((s.st_ino, s.st_size, s.st_mtime_ns) != known for s in (after, now)):
        raise NotNow(f"{shown(source)} changed while it was copied.", hint=AGAIN)
    if _digest(target) != written.digest():
        raise NotNow(f"The copy of {shown(source)} is not what was written.", hint="Look after the disk.")


def _digest(path: str) -> bytes:
    digest = blake2b()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.digest()
