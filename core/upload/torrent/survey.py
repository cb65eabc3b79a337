"""Which files make up a torrent, and what each looked like at the moment of looking."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import NeedsPerson, NotNow
from core.upload.torrent.faults import reading_fault, shown

# What file managers and NAS indexers drop into any folder; mkbrr passes the same by, so both see one book.
LITTER = frozenset({b".ds_store", b"thumbs.db", b"desktop.ini", b"@eadir"})
LITTER_ENDINGS = (b".torrent", b"zone.identifier")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file below the root: its absolute path, its path parts as bytes, its size and identity."""

    path: bytes
    parts: tuple[bytes, ...]
    size: int
    device: int
    inode: int
    mtime_ns: int


def survey(root: str) -> tuple[SourceFile, ...]:
    """Every file below `root` in the torrent's order (bytewise by whole path), litter apart.

    Raises NeedsPerson for what a torrent cannot carry (links, pipes) and for a folder without any content,
    NotNow for what vanishes meanwhile.
    """
    top = os.path.abspath(os.fsencode(root))
    files = sorted(_walk(top), key=lambda file: file.path)
    if not files:
        raise NeedsPerson(f"{shown(top)} contains no files.", hint="Stage the book again.")
    if not any(file.size for file in files):
        raise NeedsPerson(f"All files in {shown(top)} are empty.", hint="Stage the book again.")
    return tuple(files)


def require_unchanged(before: Sequence[SourceFile], after: Sequence[SourceFile]) -> None:
    """Raise NotNow naming the first file that differs between two surveys."""
    earlier = {file.path: file for file in before}
    later = {file.path: file for file in after}
    for path in sorted(earlier.keys() | later.keys()):
        if earlier.get(path) != later.get(path):
            what = "vanished" if path not in later else "changed" if path in earlier else "appeared"
            raise NotNow(
                f"{shown(path)} {what} while it was being hashed.",
                hint="The torrent is made again when the folder is quiet.",
            )


def _walk(top: bytes) -> Iterator[SourceFile]:
    folders: list[tuple[bytes, ...]] = [()]
    while folders:
        parts = folders.pop()
        here = os.path.join(top, *parts)
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if _is_litter(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((*parts, entry.name))
                    else:
                        yield _source_file(entry, (*parts, entry.name))
        except OSError as error:
            raise reading_fault(error, error.filename or here) from error


def _source_file(entry: os.DirEntry[bytes], parts: tuple[bytes, ...]) -> SourceFile:
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(facts.st_mode):
        raise NeedsPerson(
            f"{shown(entry.path)} is no regular file, and a torrent carries nothing else.",
            hint="Replace it with the file itself.",
        )
    return SourceFile(entry.path, parts, facts.st_size, facts.st_dev, facts.st_ino, facts.st_mtime_ns)


def _is_litter(name: bytes) -> bool:
    lowered = name.lower()
    return lowered in LITTER or lowered.endswith(LITTER_ENDINGS)
