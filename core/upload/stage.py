"""Stages a book: its files hardlinked under their release names, built aside and renamed once.

Synchronous, for threads. An interrupted attempt leaves a `.building-` folder that the next one removes; what
bears a release's name is whole.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from core.domain.book import BookFacts
from core.domain.names import Naming, release_names
from core.errors import MousekeeperError, NeedsPerson, NotNow

BUILDING = ".building-"
RELEASABLE = ("audio", "image", "document", "cue")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class StagedItem:
    """A file's way: absolute source, name in the release folder, size in bytes when it was found."""

    source: str
    staged: str
    size: int


@dataclass(frozen=True, slots=True)
class StagingPlan:
    """The release folder's name and every file that goes into it; `left_out` are files it may not contain."""

    root: str
    items: tuple[StagedItem, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StagedTree:
    """A finished release folder; `copied_bytes` is 0 when all are hardlinks."""

    staging_dir: str
    files: tuple[StagedItem, ...]
    copied_bytes: int = 0


def plan_staging(
    source_dir: str,
    files: Sequence[tuple[str, int, str]],
    facts: BookFacts,
    *,
    max_length: int = 225,
    extensions: Collection[str],
    tag: str | None = None,
) -> StagingPlan:
    """What the release folder will hold; the same input gives the same names.

    `files` are (relative path, size in bytes, kind). Raises NeedsPerson when there is nothing to stage or
    no room for a name.
    """
    allowed = {extension.lower().lstrip(".") for extension in extensions}
    chosen = [
        (path, size, kind)
        for path, size, kind in files
        if kind in RELEASABLE and os.path.splitext(path)[1].lstrip(".").lower() in allowed
    ]
    if not any(kind == "audio" for _, _, kind in chosen):
        raise NeedsPerson(
            f"There is no audio to stage in {_shown(source_dir)}.", hint="Is the book still there?"
        )
    naming = Naming.of(facts, tag=tag, discriminator=source_dir)
    names = release_names(naming, [(path, kind) for path, _, kind in chosen], max_length=max_length)
    items = tuple(
        StagedItem(os.path.join(source_dir, path), names.files[path], size) for path, size, _ in chosen
    )
    taken = {path for path, _, _ in chosen}
    return StagingPlan(names.folder, items, tuple(path for path, _, _ in files if path not in taken))


def materialise(
    plan: StagingPlan, staging_root: str, *, allow_copy: bool = False, progress: Progress | None = None
) -> StagedTree:
    """Make the release folder, or accept the one that is there if every file in it is proven to be ours.

    Raises NeedsPerson (another file system, a foreign folder of that name, no permission) and NotNow (disk
    full, a source that changed or vanished).
    """
    target = os.path.join(staging_root, plan.root)
    if os.path.lexists(target):
        return _accept(plan, target, allow_copy)
    building = os.path.join(staging_root, f"{BUILDING}{plan.root}"[:120])
    try:
        os.makedirs(staging_root, exist_ok=True)
        _remove_tree(building)
        os.mkdir(building)
        copied = 0
        for number, item in enumerate(plan.items):
            copied += _place(item, os.path.join(building, item.staged), allow_copy, staging_root)
            if progress:
                progress(number + 1, len(plan.items))
        _flush_folder(building)
        os.rename(building, target)
        _flush_folder(staging_root)
    except OSError as error:
        _remove_tree(building)
        raise _fault(error, staging_root) from error
    except MousekeeperError:
        _remove_tree(building)
        raise
    return StagedTree(target, plan.items, copied)


def sweep_staging(staging_root: str) -> list[str]:
    """Remove what interrupted attempts left; returns the folders removed."""
    try:
        stray = [entry.path for entry in os.scandir(staging_root) if entry.name.startswith(BUILDING)]
    except OSError:
        return []
    for folder in stray:
        _remove_tree(folder)
    return stray


def unstage(staging_dir: str, staged: Collection[str]) -> None:
    """Remove the named files of a release folder and, once it is empty, the folder."""
    for name in staged:
        path = os.path.join(staging_dir, name)
        if os.path.isfile(path):
            os.unlink(path)
    if not os.listdir(staging_dir):
        os.rmdir(staging_dir)


def _accept(plan: StagingPlan, target: str, allow_copy: bool) -> StagedTree:
    """The folder of an earlier attempt: every file must be a link to its source, or a copy of its size."""
    expected = {item.staged for item in plan.items}
    try:
        present = set(os.listdir(target))
        same = present == expected and all(
            _is_same(item, os.path.join(target, item.staged), allow_copy) for item in plan.items
        )
    except OSError as error:
        raise _fault(error, target) from error
    if not same:
        raise NeedsPerson(
            f"{_shown(target)} exists already and holds other files than this release.",
            hint="Move it away, or remove it if nothing seeds from it, then `mousekeeper retry`.",
        )
    copied = sum(
        item.size for item in plan.items if not _is_link(item.source, os.path.join(target, item.staged))
    )
    return StagedTree(target, plan.items, copied)


def _is_same(item: StagedItem, staged: str, allow_copy: bool) -> bool:
    return _is_link(item.source, staged) or (allow_copy and os.stat(staged).st_size == item.size)


def _is_link(source: str, staged: str) -> bool:
    one, other = os.stat(source), os.lstat(staged)
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def _place(item: StagedItem, target: str, allow_copy: bool, staging_root: str) -> int:
    """Link one file and prove it; returns the bytes copied where linking was impossible."""
    source = os.path.realpath(item.source)
    if os.stat(source).st_size != item.size:
        raise NotNow(
            f"{_shown(item.source)} changed since it was found.", hint="It is staged once it is still."
        )
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        if not allow_copy:
            raise _no_link(error, source, staging_root) from error
        shutil.copyfile(source, target)
        shutil.copystat(source, target)
        if os.stat(target).st_size != item.size:
            raise NotNow(f"{_shown(item.source)} changed while it was copied.") from error
        return item.size
    if not _is_link(source, target):
        raise NeedsPerson(
            f"The link to {_shown(item.source)} shows another inode: hardlinks are only imitated here.",
            hint="Use one disk's own path for library and staging, such as /mnt/disk1.",
        )
    return 0


def _no_link(error: OSError, source: str, staging_root: str) -> NeedsPerson:
    if error.errno == errno.EXDEV:
        return NeedsPerson(
            f"No hardlink is possible from {_mount(source)} to {_mount(staging_root)}: "
            "they are different file systems.",
            hint="Put paths.staging_root on the library's file system (in Docker: one shared mount), "
            "or set staging.allow_copy: true.",
        )
    return NeedsPerson(
        f"No hardlink can be made to {_shown(source)} ({error.strerror}).",
        hint="Let this program's user own the library's files, or set staging.allow_copy: true.",
    )


def _mount(path: str) -> str:
    place = os.path.realpath(path)
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    return f"{_shown(path)} (mounted at {place})"


def _fault(error: OSError, where: str) -> MousekeeperError:
    name = _shown(error.filename or where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotNow(f"The disk of {_shown(where)} is full.", hint="Make room; it is tried again by itself.")
    if error.errno == errno.ENOENT:
        return NotNow(f"{name} vanished while it was staged.", hint="It is tried again by itself.")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return NeedsPerson(f"{name} may not be used ({error.strerror}).", hint="Check owner and permissions.")
    return NotNow(f"{name} cannot be staged ({error.strerror}).")


def _remove_tree(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _flush_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shown(path: str | bytes) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
