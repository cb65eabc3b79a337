"""What discovery remembers of a library: every folder with its identity and time, and which books it held.

A folder whose `(device, inode, modification time)` is as remembered holds the same entries, so an unchanged
library costs one stat a folder. A folder that changed within the two seconds before it was read might change
again within the same tick of the clock: it is remembered without a time and read again (as git does it).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

_FORMAT = b"MKL1"  # raised whenever the rules of what is a book change, so that everything is judged anew
_CHECK = 8
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
    children: list[Node] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)

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
        document = [self.rules, _packed(self.root, 0) if self.root else None]
        body = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 1)
        return _FORMAT + blake2b(body, digest_size=_CHECK).digest() + body

    @classmethod
    def from_bytes(cls, content: bytes) -> LibraryIndex:
        """The index as it was; an empty one for no, damaged or foreign content. Never raises."""
        head, body = content[: len(_FORMAT) + _CHECK], content[len(_FORMAT) + _CHECK :]
        if head != _FORMAT + blake2b(body, digest_size=_CHECK).digest():
            return cls()
        rules, root = json.loads(zlib.decompress(body))
        return cls(_unpacked(root, 0) if root else None, rules, content)


def marks_below(node: Node, path: str) -> Iterator[tuple[str, Mark]]:
    """Every mark at or below a folder that lies at `path`, with its book's path."""
    return ((book, mark) for book, _, mark in _marked(node, path))


def _marked(node: Node, path: str) -> Iterator[tuple[str, Node, Mark]]:
    for mark in node.marks:
        yield (f"{path}/{mark.path}" if mark.path else path), node, mark
    if not node.unit:
        for child in node.children:
            yield from _marked(child, f"{path}/{child.name}")


def _packed(node: Node, dev: int) -> list[Any]:
    """A folder as a list; the device is left out where it is its parent's, as are empty lists at the end."""
    marks = [[m.path, m.asin, m.digest, m.first, m.known] for m in node.marks]
    packed = [
        *(node.name, node.ino, node.mtime_ns, int(node.unit), node.dev if node.dev != dev else 0),
        *([_packed(child, node.dev) for child in node.children], marks, node.passed),
    ]
    while not packed[-1] and len(packed) > 5:
        packed.pop()
    return packed


def _unpacked(packed: list[Any], dev: int) -> Node:
    name, ino, mtime_ns, unit, own_dev, *rest = packed
    dev = own_dev or dev
    node = Node(name, dev, ino, mtime_ns, bool(unit))
    if rest:
        node.children = [_unpacked(child, dev) for child in rest[0]]
        if len(rest) > 1:
            node.marks = [Mark(*mark) for mark in rest[1]]
        if len(rest) > 2:
            node.passed = [(path, reason) for path, reason in rest[2]]
    return node
