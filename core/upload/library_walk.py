"""Reads folders: names, sizes and times, nothing is opened. What a name alone tells is decided here.

Links to folders are not followed: they can loop, and what they show twice would be released twice. They are
listed instead. A linked file counts when it leads to a plain file inside the library.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.domain.foldername import FolderName, parse_folder_name, readable
from core.domain.natural import natural_order
from core.upload.found import AUDIO, OTHER, FoundFile, kind_of
from core.upload.sidecar import SUFFIX

UNFINISHED = "unfinished"  # a kind of file besides those of `found`
MAX_DEPTH = 32  # folders below the library's root

# Folders and files that systems leave behind; hidden ones (a leading dot) are ignored besides.
_LITTER = frozenset(
    "@eadir @recycle @recently-snapshot @tmp #recycle #snapshot lost+found $recycle.bin recycler recycled"
    " __macosx thumbs.db desktop.ini ehthumbs.db".split()
) | {"system volume information", "network trash folder", "temporary items", "icon\r"}
_UNFINISHED = frozenset(
    "part tmp !qb !ut aax aaxc adh crdownload download partial filepart opdownload bc! aria2".split()
)
_DISC = re.compile(
    r"(?P<before>.*?)[\s._\-–(\[]*\b(?P<word>cd|dvd|disc|disk|diskette|tape|cassette|side|part|pt|teil|partie|parte)"
    r"(?:[\s._#-]*\d{1,3}|[\s._#-]+(?:[ivx]{1,5}|[a-h]))(?:\s*(?:of|von|de|/)\s*\d{1,3})?\s*[)\]]?",
    re.IGNORECASE,
)


@dataclass(eq=False, slots=True)
class Folder:
    """A folder as it was read. `faults` are sentences about entries that keep a book from being whole."""

    path: str
    name: str
    dev: int = 0
    ino: int = 0
    mtime_ns: int = 0
    newest_ns: int = 0  # of the folder and its files: something is being written when this is just now
    entries: list[FoundFile] = field(default_factory=list)  # the visible files
    subnames: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # names of links to folders
    unfinished: str | None = None  # the first such file's name
    has_audio: bool = False  # audio directly in it, finished or not
    has_sidecar: bool = False
    faults: list[str] = field(default_factory=list)
    unreadable: str | None = None
    subfolders: list[Folder] = field(default_factory=list)  # filled by `gather`
    _named: FolderName | None = None

    @property
    def named(self) -> FolderName:
        if self._named is None:
            self._named = parse_folder_name(self.name)
        return self._named

    @property
    def bears_audio(self) -> bool:
        """Audio in it or anywhere below; an unreadable folder may have some."""
        return self.has_audio or self.unreadable is not None or any(f.bears_audio for f in self.subfolders)

    def walk(self) -> Iterator[Folder]:
        """This folder and all gathered ones below."""
        yield self
        for folder in self.subfolders:
            yield from folder.walk()


def is_disc(name: str, book: FolderName) -> bool:
    """Whether `name` is a part of the book: "CD1", "Disc 2", "Part 3", or its title before such a word."""
    match = _DISC.fullmatch(name)
    if match is None:
        return False
    before = match["before"].strip(" .,-–_([").casefold()
    return not before or before == (book.title or "").casefold()


class Reader:
    """Reads folders of one library; `allowed` are the extensions a release may contain."""

    def __init__(self, root: str, allowed: frozenset[str], exclude: frozenset[str] = frozenset()) -> None:
        self._inside = os.path.realpath(root).rstrip("/") + "/"
        self._allowed = allowed
        self._exclude = exclude
        self._kinds: dict[str, str] = {}  # by extension

    def read(self, path: str, name: str, status: os.stat_result | None = None) -> Folder:
        """The folder at `path`; when it cannot be read, `unreadable` says why."""
        folder = Folder(path, name)
        try:
            status = status or os.stat(path, follow_symlinks=False)
            folder.dev, folder.ino = status.st_dev, status.st_ino
            folder.mtime_ns = folder.newest_ns = status.st_mtime_ns
            with os.scandir(path) as found:
                for entry in found:
                    if not self._ignored(entry):
                        self._take(folder, entry)
        except OSError as error:
            folder.unreadable = f"cannot be read ({error.strerror or error})"
        if len(folder.subnames) > 1:
            folder.subnames = natural_order(folder.subnames)
        return folder

    def gather(self, folder: Folder, depth: int) -> None:
        """Read everything below `folder`, which lies `depth` levels below the root."""
        for name in folder.subnames:
            below = os.path.join(folder.path, name)
            if depth >= MAX_DEPTH:
                too_deep = Folder(below, name, unreadable=f"lies more than {MAX_DEPTH} folders deep")
                folder.subfolders.append(too_deep)
                continue
            read = self.read(below, name)
            self.gather(read, depth + 1)
            folder.subfolders.append(read)

    def _ignored(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name[0] == ".":
            # a hidden file of this kind is a transfer under way (Syncthing, rsync), unless macOS wrote it
            return name.startswith("._") or self._kind(name) != UNFINISHED or entry.is_dir()
        return name.lower() in _LITTER or (bool(self._exclude) and entry.path in self._exclude)

    def _take(self, folder: Folder, entry: os.DirEntry[str]) -> None:
        try:
            if entry.is_symlink():
                self._take_link(folder, entry)
            elif entry.is_dir(follow_symlinks=False):
                folder.subnames.append(entry.name)
            else:
                self._take_file(folder, entry.name, entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            folder.newest_ns = 2**63  # vanished while we looked: look again next time

    def _take_link(self, folder: Folder, entry: os.DirEntry[str]) -> None:
        try:
            status = os.stat(entry.path)
        except OSError:
            status = None
        if status is not None and stat.S_ISDIR(status.st_mode):
            folder.links.append(entry.name)
        elif self._kind(entry.name) == OTHER:
            return  # no release could contain it
        elif status is None:
            folder.faults.append(f"{readable(entry.name)} is a link that leads nowhere")
        elif not os.path.realpath(entry.path).startswith(self._inside):
            folder.faults.append(f"{readable(entry.name)} is a link that leads out of the library")
        else:
            self._take_file(folder, entry.name, status)

    def _take_file(self, folder: Folder, name: str, status: os.stat_result) -> None:
        kind = self._kind(name)
        folder.newest_ns = max(folder.newest_ns, status.st_mtime_ns)
        if kind == UNFINISHED:
            folder.unfinished = min(folder.unfinished or name, name)
            folder.has_audio = True
        elif stat.S_ISREG(status.st_mode):
            folder.entries.append(FoundFile(name, status.st_size, kind))
            folder.has_audio = folder.has_audio or kind == AUDIO
            folder.has_sidecar = folder.has_sidecar or (kind == OTHER and name.lower().endswith(SUFFIX))
        elif kind != OTHER:
            folder.faults.append(f"{readable(name)} is no plain file")

    def _kind(self, name: str) -> str:
        """The file's kind by its extension; a library has many files and few extensions."""
        extension = name.rpartition(".")[2] if "." in name else ""
        kind = self._kinds.get(extension)
        if kind is None:
            kind = kind_of(extension.lower(), self._allowed)
            if kind == OTHER and extension.lower() in _UNFINISHED:
                kind = UNFINISHED
            self._kinds[extension] = kind
        return kind
