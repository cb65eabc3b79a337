"""Stages a book: its files under their release names, as hardlinks, in a folder that appears whole or never.

Everything is made in `.building-<id>` beside the target and renamed once at the end. A target that is there
already counts only when each of its files is proven: the same inode as the source, or, for a copy, the same
content. All of it is synchronous and meant for a thread.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b

from core.domain.release import StagedFile
from core.errors import MousekeeperError, NeedsPerson
from core.upload.found import shown
from core.upload.place_file import Placed, place, proven
from core.upload.stage_faults import staging_fault
from core.upload.staging_plan import StagingPlan

BUILDING = ".building-"

Progress = Callable[[int, int], None]
"""Called with bytes staged and bytes in all, after each file (and each piece of a copy)."""


@dataclass(frozen=True, slots=True)
class StagedTree:
    """A staged release. `copied_bytes` is above zero where hardlinks were impossible and copies allowed."""

    staging_dir: str
    files: tuple[Placed, ...]
    copied_bytes: int = 0

    @property
    def note(self) -> str | None:
        """What people should know about how it was staged."""
        if not self.copied_bytes:
            return None
        return f"{self.copied_bytes:,} bytes were copied: hardlinks to the library are not possible here."


def materialise(
    plan: StagingPlan,
    staging_root: str | os.PathLike[str],
    *,
    allow_copy: bool = False,
    library_root: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> StagedTree:
    """Make the plan's folder below `staging_root`, or prove the one that is there; safe to repeat.

    A linked source file must lead to a plain file inside `library_root` (where given). Raises NotNow when a
    source changes or vanishes meanwhile or the disk is full, NeedsPerson for what a person must mend: another
    file system, no rights, a strange folder in the target's place. Whatever it raises, nothing is left
    half-made.
    """
    root = os.path.abspath(os.fspath(staging_root))
    target = os.path.join(root, plan.name)
    inside = os.path.realpath(library_root) if library_root is not None else None
    building = os.path.join(root, building_name(plan.name))
    with _told(root, root):
        os.makedirs(root, exist_ok=True)
    _clear(building)
    if (ready := _accept(plan, target)) is not None:
        return ready
    try:
        files, copied = _build(plan, os.path.join(building, plan.name), inside, allow_copy, progress)
        with _told(plan.items[0].source, target):
            os.rename(os.path.join(building, plan.name), target)
            _sync(root)
    finally:
        shutil.rmtree(building, ignore_errors=True)  # what stays of it is swept later
    return StagedTree(target, files, copied)


def building_name(release: str) -> str:
    """The folder a release is made in: the same each time, so that an interrupted attempt is found again."""
    return BUILDING + blake2b(os.fsencode(release), digest_size=8).hexdigest()


def sweep_staging(staging_root: str | os.PathLike[str], keep: Collection[str] = ()) -> list[str]:
    """Remove what interrupted attempts left behind, but not those of the releases (folder names) in `keep`.

    Returns the removed folders. A folder that cannot be read or cleared is left to staging, which says why.
    """
    kept = {building_name(os.path.basename(name)) for name in keep}
    root = os.fspath(staging_root)
    try:
        names = os.listdir(root)
    except OSError:
        return []
    stray = [
        os.path.join(root, name) for name in sorted(names) if name.startswith(BUILDING) and name not in kept
    ]
    removed = []
    for path in stray:
        with contextlib.suppress(MousekeeperError):
            _clear(path)
            removed.append(path)
    return removed


def unstage(staged_dir: str | os.PathLike[str], files: Iterable[StagedFile]) -> list[str]:
    """Take a staged release back; returns the names of files that were kept, and the folder with them.

    Removed are only files we staged, and only while their data stays elsewhere: another hardlink, or for a
    copy the source it was made of. What somebody put there, and the last link to a file, are kept.
    """
    folder = os.fspath(staged_dir)
    if not os.path.isdir(folder):
        return []
    recorded = {file.staged: file for file in files}
    kept: list[str] = []
    for path, name in list(_files_below(folder)):
        record = recorded.get(name)
        if record is not None and _held_elsewhere(path, record):
            os.unlink(path)
        else:
            kept.append(name)
    for parent, _, _ in list(os.walk(folder, topdown=False)):
        if not os.listdir(parent):
            os.rmdir(parent)
    return kept


def _build(
    plan: StagingPlan, folder: str, inside: str | None, allow_copy: bool, progress: Progress | None
) -> tuple[tuple[Placed, ...], int]:
    """Place every file in a new folder; the files, and how many bytes were copied."""
    with _told(plan.items[0].source, folder):
        os.makedirs(folder)
    placed: list[Placed] = []
    copied = done = 0
    for item in plan.items:
        before = done

        def advance(count: int, before: int = before) -> None:
            if progress is not None:
                progress(before + count, plan.size)

        file = place(item.source, folder, item.staged, item.size, inside, allow_copy, advance)
        placed.append(file)
        copied += item.size if file.copied else 0
        done += item.size
        advance(item.size)
    with _told(plan.items[0].source, folder):
        _sync(folder)
    return tuple(placed), copied


def _accept(plan: StagingPlan, target: str) -> StagedTree | None:
    """The tree that is at the target already, when every file is proven; None where there is nothing.

    Raises NeedsPerson for a folder that is not exactly this release.
    """
    try:
        present = {name for _, name in _files_below(target)}
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        present = {""}
    if not present and not os.listdir(target):
        return None  # an empty folder is nobody's; the rename takes its place
    files: list[Placed] = []
    strange = sorted(present - {item.staged for item in plan.items})
    for item in plan.items:
        file = proven(item.source, target, item.staged, item.size) if item.staged in present else None
        if file is None:
            strange.append(item.staged)
            break
        files.append(file)
    if strange:
        raise NeedsPerson(
            f"{shown(target)} is there already and is not this release as it is now "
            f"({shown(strange[0]) or 'it is no folder'} differs).",
            hint="Move that folder away if it is not needed (mind what seeds from it), then try again.",
        )
    return StagedTree(target, tuple(files), sum(file.size for file in files if file.copied))


@contextmanager
def _told(source: str, target: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise staging_fault(error, source, target) from None


def _clear(building: str) -> None:
    """Remove a folder of ours whole; links in it are removed, what they lead to stays."""
    try:
        shutil.rmtree(building)
    except FileNotFoundError:
        return
    except OSError as error:
        raise staging_fault(error, building, building) from None


def _files_below(folder: str) -> Iterator[tuple[str, str]]:
    """(path, path within the folder) of everything below that is no folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from ((path, f"{entry.name}/{name}") for path, name in _files_below(entry.path))
            else:
                yield entry.path, entry.name


def _held_elsewhere(path: str, record: StagedFile) -> bool:
    status = os.stat(path, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return False
    if status.st_nlink > 1:
        return True
    try:
        source = os.stat(record.source)
    except OSError:
        return False
    return source.st_size == status.st_size == record.size


def _sync(folder: str) -> None:
    """Bring a folder's entries to the disk, so that a power cut after a success leaves no half of it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
