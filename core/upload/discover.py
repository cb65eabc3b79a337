"""Finds the books of a library, reading only what changed since the last time.

Layouts at any depth: `[Author/][Series/]Book`, with disc folders inside a book. `library_judge` says what is
a book, `book_reader` what it is called. Everything here is synchronous and meant for a thread.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from core.errors import NeedsPerson
from core.upload.book_reader import read_book
from core.upload.found import AUDIO, FoundBook, FoundFile, LibraryScan, Skipped, shown
from core.upload.library_index import UNKNOWN_TIME, LibraryIndex, Mark, Node
from core.upload.library_judge import Candidate, judge, linked, looks_like_a_book
from core.upload.library_ledger import Double, Ledger
from core.upload.library_walk import MAX_DEPTH, Folder, Reader

__all__ = ["FoundBook", "FoundFile", "LibraryIndex", "LibraryScan", "Skipped", "scan_library"]

RACY_SECONDS = 2.0  # the coarsest times we meet: FAT, and the clocks of network shares
IN_ROOT = "lies directly in the library; give it a folder of its own"


def scan_library(
    root: str | os.PathLike[str],
    index: LibraryIndex,
    *,
    full: bool = False,
    extensions: Collection[str],
    exclude: Collection[str] = (),
    on_found: Callable[[FoundBook], None] | None = None,
) -> LibraryScan:
    """What is new, changed, moved, gone or passed over in the library at `root` since `index` was made.

    `full` reads every folder whatever its time says. `exclude` are absolute folders to leave out, such as a
    staging folder inside the library. With `on_found`, books are handed over one by one instead of collected
    in `found`, so that a hundred thousand need no memory (its `moved_from` is told with each).
    Raises NeedsPerson when the library is missing, no folder or unreadable.
    """
    path = os.path.abspath(os.fspath(root))
    allowed = frozenset(extension.lower().lstrip(".") for extension in extensions)
    excluded = frozenset(os.path.abspath(folder) for folder in exclude)
    rules = " ".join((path, *sorted(allowed), *sorted(excluded)))
    found: list[FoundBook] = []
    scan = _Scan(
        root=path,
        reader=Reader(path, allowed, excluded),
        ledger=Ledger(index, path),
        full=full or index.rules != rules,
        hand_over=on_found or found.append,
    )
    top = scan.read(index.root)
    if not top.children and not top.passed:
        unseen = scan.ledger.known_and_unseen()
        if unseen:  # most likely an empty mount point
            note = (
                f"The library {shown(path)} is empty although {unseen} books were known in it: is the disk or"
            )
            return LibraryScan(index, notes=[f"{note} share mounted? Nothing was taken for gone."])
        scan.notes.append(f"The library {shown(path)} is empty.")
    scan.settle()
    return LibraryScan(
        index=LibraryIndex(top, rules) if scan.changed or index.rules != rules else index,
        found=found,
        gone=scan.ledger.gone({skip.source_dir for skip in scan.skipped}),
        moved=scan.ledger.moved,
        skipped=scan.skipped,
        unchanged=scan.ledger.unchanged,
        notes=scan.notes,
    )


@dataclass(slots=True)
class _Scan:
    """One walk over one library, beside what is remembered of it."""

    root: str
    reader: Reader
    ledger: Ledger
    full: bool
    hand_over: Callable[[FoundBook], None]
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changed: bool = False  # whether the index has to be stored anew
    settled_ns: int = field(default_factory=lambda: time.time_ns() - int(RACY_SECONDS * 1e9))

    def read(self, old: Node | None) -> Node:
        """The library's own node. Raises NeedsPerson when there is nothing to read."""
        try:
            status = os.stat(self.root)
        except OSError as error:
            missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
            why = "does not exist" if missing else f"cannot be read ({error.strerror})"
            hint = "Check paths.libation_library_root, and that its disk or share is mounted."
            raise NeedsPerson(f"The library {shown(self.root)} {why}.", hint=hint) from None
        if not os.path.isdir(self.root):
            hint = "Set paths.libation_library_root to the folder that holds the books."
            raise NeedsPerson(f"The library {shown(self.root)} is no folder.", hint=hint)
        if not os.access(self.root, os.R_OK | os.X_OK):  # an unchanged one is not opened again below
            raise self._closed(f"cannot be read ({os.strerror(errno.EACCES)})")
        top = self._visit(self.root, os.path.basename(self.root), old, 0, status)
        if top.unreadable:
            raise self._closed(top.passed[0][1])
        return top

    def _closed(self, why: str) -> NeedsPerson:
        hint = f"Let user id {os.geteuid()} read it, and see that its disk or share is mounted."
        return NeedsPerson(f"The library {shown(self.root)} {why}.", hint=hint)

    def settle(self) -> None:
        """What only the whole library can tell: which of several folders of one ASIN is the first."""
        for double in self.ledger.settle():
            self.changed = True
            self._promote(double)
        self.skipped.extend(self.ledger.doubled())

    def _visit(self, path: str, name: str, old: Node | None, depth: int, status: os.stat_result) -> Node:
        """The folder's node: the old one where nothing changed in it, else a new one."""
        if old is not None and not self.full and _same(old, status):
            if not old.unit:
                children = self._children(path, ((child.name, child) for child in old.children), depth)
                self._pass_over(path, old)
                same = len(children) == len(old.children) and all(map(_is, children, old.children))
                return old if same else replace(old, children=children)
            if not old.children or _still(path, old):
                self.ledger.keep(path, old)
                self._pass_over(path, old)
                return old
        self.changed = True
        folder = self.reader.read(path, name, status)
        if folder.unreadable:
            return self._unreadable(folder, old)
        if depth and looks_like_a_book(folder):
            return self._judge(folder, old, depth)
        return self._lead_on(folder, old, depth)

    def _children(self, path: str, known: Iterable[tuple[str, Node | None]], depth: int) -> list[Node]:
        """Visit the folders in a folder, each beside what is remembered of it."""
        children = []
        for name, old in known:
            below = f"{path}/{name}"
            try:
                status = os.stat(below, follow_symlinks=False)
            except (FileNotFoundError, NotADirectoryError):  # gone since its parent was read
                self.changed = True
                if old is not None:
                    self.ledger.remember(below, old)
                continue
            except OSError as error:  # still there for all we know: its parent may no longer be entered
                why = f"cannot be read ({error.strerror or error})"
                children.append(self._unreadable(Folder(below, name, unreadable=why), old))
                continue
            children.append(self._visit(below, name, old, depth + 1, status))
        return children

    def _lead_on(self, folder: Folder, old: Node | None, depth: int) -> Node:
        """A folder that is no book but holds others: the library itself, an author, a series."""
        known = {child.name: child for child in old.children} if old is not None and not old.unit else {}
        if old is not None and old.unit:
            self.ledger.remember(folder.path, old)
        for name in known.keys() - set(folder.subnames):
            self.ledger.remember(f"{folder.path}/{name}", known[name])
        passed = [(over.path[len(folder.path) + 1 :], over.reason) for over in linked(folder)]
        if depth == 0:
            passed += [(entry.path, IN_ROOT) for entry in folder.entries if entry.kind == AUDIO]
        names = folder.subnames
        if depth >= MAX_DEPTH:
            passed += [(name, f"lies more than {MAX_DEPTH} folders deep") for name in names]
            names = []
        node = Node(folder.name, folder.dev, folder.ino, self._time_of(folder), passed=passed)
        node.children = self._children(folder.path, ((name, known.get(name)) for name in names), depth)
        self._pass_over(folder.path, node)
        return node

    def _judge(self, folder: Folder, old: Node | None, depth: int) -> Node:
        """Gather everything below a folder, and take what is a book in it."""
        if old is not None:
            self.ledger.remember(folder.path, old)
        self.reader.gather(folder, depth)
        unit = self._unit(folder)
        marks: list[Mark] = []
        passed: list[tuple[str, str]] = []
        for judgement in judge(folder):
            if isinstance(judgement, Candidate):
                book = read_book(judgement, self._parents(judgement.folder.path))
                mark, news = self.ledger.take(book, folder.path)
                marks.append(mark)
                if news is not None:
                    self.hand_over(news)
                continue
            inside = judgement.path[len(folder.path) + 1 :]
            passed.append((inside, judgement.reason))
            if judgement.passing:
                unit.mtime_ns = UNKNOWN_TIME
            if was := self.ledger.set_aside(judgement.path, inside):
                marks.append(was)
        unit.marks, unit.passed = tuple(marks), tuple(passed)
        self._pass_over(folder.path, unit)
        return unit

    def _unit(self, folder: Folder) -> Node:
        children = tuple(self._unit(sub) for sub in folder.subfolders)
        return Node(folder.name, folder.dev, folder.ino, self._time_of(folder), unit=True, children=children)

    def _unreadable(self, folder: Folder, old: Node | None) -> Node:
        """What lies in a folder that cannot be read now is not gone: it is remembered until it can be."""
        old = old or Node(folder.name, folder.dev, folder.ino, UNKNOWN_TIME, unit=True)
        node = replace(old, mtime_ns=UNKNOWN_TIME, unreadable=True, passed=(("", folder.unreadable or ""),))
        self._pass_over(folder.path, node)
        return node

    def _promote(self, double: Double) -> None:
        folder = self.reader.read(double.unit, os.path.basename(double.unit))
        self.reader.gather(folder, len(self._parents(double.unit)) + 1)
        for judgement in judge(folder):
            if isinstance(judgement, Candidate) and judgement.folder.path == double.path:
                self.hand_over(read_book(judgement, self._parents(double.path)))

    def _parents(self, path: str) -> tuple[str, ...]:
        return tuple(path[len(self.root) :].strip("/").split("/")[:-1])

    def _time_of(self, folder: Folder) -> int:
        """The folder's time, or none when something in it was written just now."""
        return folder.mtime_ns if folder.newest_ns < self.settled_ns else UNKNOWN_TIME

    def _pass_over(self, path: str, node: Node) -> None:
        for inside, reason in node.passed:
            self.skipped.append(Skipped(f"{path}/{inside}" if inside else path, reason))


def _same(node: Node, status: os.stat_result) -> bool:
    return node.mtime_ns == status.st_mtime_ns and node.ino == status.st_ino and node.dev == status.st_dev


def _still(path: str, node: Node) -> bool:
    """Whether the folders below one, at every depth, are as remembered."""
    for child in node.children:
        below = f"{path}/{child.name}"
        try:
            status = os.stat(below, follow_symlinks=False)
        except OSError:
            return False
        if not _same(child, status) or not _still(below, child):
            return False
    return True


def _is(one: object, other: object) -> bool:
    return one is other
