"""What discovery remembers of a library: every folder with its identity and time, and which books it held.

A folder whose `(device, inode, modification time)` is as remembered holds the same entries, so an unchanged
library costs one stat a folder. A folder that changed within the two seconds before it was read might change
again within the same tick of the clock: it is remembered without a time and read again (as git does it).
"""

from __future__ import annotations

import gc
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

_FORMAT = b"MKL1"  # raised whenever the rules of what is a book change, so that everything is judged anew
_CHECK = 8
_BATCH = 1000
UNKNOWN_TIME = 0


@dataclass(slots=True)
class Mark:
    """A book in a unit: `path` within it, its ASIN, `digest` of all that was known of it.

    `first` is the book it duplicates. `known` means it was given out as a release once; what is passed over
    later keeps that, so that its end is still told.
    """

    path: str
    asin: str | None
    digest: str
    first: str | None = None
    known: bool = True


@dataclass(slots=True)
class Node:
    """A folder. A unit was judged as a whole with everything below it; other folders only lead on.

    `passed` are paths within it (empty for itself) with the reason they were passed over.
    """

    name: str
    dev: int
    ino: int
    mtime_ns: int
    unit: bool = False
    unreadable: bool = False  # since the last reading; not stored, for it is read again anyway
    children: Sequence[Node] = ()
    marks: Sequence[Mark] = ()
    passed: Sequence[tuple[str, str]] = ()

    def find(self, path: str) -> Node | None:
        """The folder at a path within this one."""
        node: Node | None = self
        for name in filter(None, path.split("/")):
            node = next((child for child in node.children if child.name == name), None) if node else None
        return node


@dataclass(slots=True)
class LibraryIndex:
    """One library's memory. A scan takes the last one and gives back the next.

    `rules` names the settings it was made under; under others nothing in it is trusted to be unchanged.
    """

    root: Node | None = None
    rules: str = ""
    stored: bytes = b""  # as read, while nothing in it has changed

    def marks(self, path: str) -> Iterator[tuple[str, Mark]]:
        """Every mark with its book's path, the library lying at `path`."""
        return marks_below(self.root, path) if self.root is not None else iter(())

    def places(self, path: str) -> Iterator[tuple[str, Node, Mark]]:
        """Every known book's path, its folder and its mark."""
        for book, unit, mark in _marked(self.root, path) if self.root is not None else ():
            place = unit.find(mark.path)
            if mark.known and mark.digest and place is not None:
                yield book, place, mark

    def to_bytes(self) -> bytes:
        """The index in a compact form with a check sum."""
        if self.stored:
            return self.stored
        batches = [_batch([self.rules])]
        rows = _rows(self.root, 0, 0) if self.root else iter(())
        while batch := list(islice(rows, _BATCH)):
            batches.append(_batch(batch))
        body = b"".join(batches)
        return _FORMAT + blake2b(body, digest_size=_CHECK).digest() + body

    @classmethod
    def from_bytes(cls, content: bytes) -> LibraryIndex:
        """The index as it was; an empty one for no, damaged or foreign content. Never raises."""
        head, body = content[: len(_FORMAT) + _CHECK], content[len(_FORMAT) + _CHECK :]
        if head != _FORMAT + blake2b(body, digest_size=_CHECK).digest():
            return cls()
        batches = _batches(body)
        (rules,) = next(batches)
        with _no_collector():
            return cls(_tree(row for batch in batches for row in batch), rules, content)


def marks_below(node: Node, path: str) -> Iterator[tuple[str, Mark]]:
    """Every mark at or below a folder that lies at `path`, with its book's path."""
    return ((book, mark) for book, _, mark in _marked(node, path))


def _marked(node: Node, path: str) -> Iterator[tuple[str, Node, Mark]]:
    for mark in node.marks:
        yield (f"{path}/{mark.path}" if mark.path else path), node, mark
    if not node.unit:
        for child in node.children:
            yield from _marked(child, f"{path}/{child.name}")


# A stored index is batches of rows, each batch a length and compressed JSON, so that neither writing nor
# reading needs the memory of the whole. A row is a folder with its depth, in the order of a walk; its device
# is left out where it is the parent's, and what stands at its end where it is empty.


def _rows(node: Node, depth: int, dev: int) -> Iterator[list[Any]]:
    marks = [[m.path, m.asin, m.digest, m.first, m.known] for m in node.marks]
    own_dev = node.dev if node.dev != dev else 0
    row = [depth, node.name, node.ino, node.mtime_ns, int(node.unit), own_dev, marks, node.passed]
    while not row[-1] and len(row) > 5:
        row.pop()
    yield row
    for child in node.children:
        yield from _rows(child, depth + 1, node.dev)


def _tree(rows: Iterable[list[Any]]) -> Node | None:
    path: list[Node] = []  # from the root to the last folder
    below: list[list[Node]] = []  # the children of each
    for depth, name, ino, mtime_ns, unit, *rest in rows:
        dev = (rest[0] if rest else 0) or path[depth - 1].dev
        node = Node(name, dev, ino, mtime_ns, bool(unit))
        if len(rest) > 1:
            node.marks = tuple(Mark(*mark) for mark in rest[1])
        if len(rest) > 2:
            node.passed = tuple((inside, reason) for inside, reason in rest[2])
        if depth:
            below[depth - 1].append(node)
            path[depth - 1].children = below[depth - 1]
        path[depth:], below[depth:] = [node], [[]]
    return path[0] if path else None


@contextmanager
def _no_collector() -> Iterator[None]:
    """Rows make no cycles; looking for some again and again would double the time of a large library."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _batch(rows: list[Any]) -> bytes:
    packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 1)
    return len(packed).to_bytes(4, "big") + packed


def _batches(body: bytes) -> Iterator[list[Any]]:
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        yield json.loads(zlib.decompress(body[at + 4 : at + 4 + size]))
        at += 4 + size
