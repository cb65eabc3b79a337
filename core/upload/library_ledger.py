"""Compares the books a scan meets with those known before: unchanged, changed, moved, doubled, gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from core.domain.natural import natural_key
from core.upload.book_reader import HALF, digest
from core.upload.found import FoundBook, Skipped, shown
from core.upload.library_index import LibraryIndex, Mark, Node, marks_below


@dataclass(frozen=True, slots=True)
class Double:
    """A book whose ASIN another folder has already; `unit` is the folder it was judged in."""

    path: str
    unit: str
    mark: Mark


@dataclass(slots=True)
class Ledger:
    """The books of one scan. `moved` pairs old and new folders; `doubles` are further folders of an ASIN."""

    index: LibraryIndex
    root: str
    unchanged: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    doubles: list[Double] = field(default_factory=list)
    _unseen: dict[str, Mark] = field(default_factory=dict)  # books of folders read anew, until seen again
    _lost: set[str] = field(default_factory=set)  # paths that stopped being the first book of their ASIN
    _owners: dict[str, str] | None = None  # ASIN -> its first book; made when first needed
    _places: dict[tuple[int, int], tuple[str, Mark]] | None = None  # identity -> known book; likewise

    def remember(self, path: str, node: Node) -> None:
        """The folder is read anew or gone: its books are unseen until they are met again."""
        for book, mark in marks_below(node, path):
            self._unseen[book] = mark

    def keep(self, path: str, unit: Node) -> None:
        """The unit is as it was, and so are its books."""
        for mark in unit.marks:
            if mark.first is not None:
                book = f"{path}/{mark.path}" if mark.path else path
                self.doubles.append(Double(book, path, mark))
            elif mark.digest:
                self.unchanged += 1

    def set_aside(self, path: str, inside: str) -> Mark | None:
        """The path is no book now; if it was a release once, a mark keeps its end from going untold."""
        prior = self._unseen.pop(path, None)
        if prior is None or not prior.known:
            return None
        self._lost.add(path)
        return Mark(inside, None, "")

    def take(self, book: FoundBook, unit: str) -> tuple[Mark, FoundBook | None]:
        """The book's mark, and the book itself when it is new, changed or moved."""
        path = book.source_dir
        prior = self._unseen.pop(path, None)
        if prior is not None and prior.asin and prior.asin != book.asin:
            self._lost.add(path)
        old_place = self._old_place(book) if prior is None else None
        mark = Mark(path[len(unit) + 1 :], book.asin, digest(book))
        if book.asin and (first := self._first(book.asin, path)) != path:
            mark.first = first
            mark.known = prior is not None and prior.known
            self.doubles.append(Double(path, unit, mark))
            return mark, None
        if old_place is not None:
            self.moved.append((old_place, path))
            return mark, replace(book, moved_from=old_place)
        if prior is not None and prior.first is None and prior.digest == mark.digest:
            self.unchanged += 1
            return mark, None
        return mark, book

    def settle(self) -> Iterator[Double]:
        """The doubles whose first book is no more and who take its place; to be asked once, at the end.

        `mark.first` of every double is right afterwards.
        """
        lost = self._lost | self._unseen.keys()
        for double in sorted(self.doubles, key=lambda double: natural_key(double.path)):
            asin = double.mark.asin
            if asin is None or double.mark.first not in lost:
                continue
            first = self._first(asin, double.path, lost)
            double.mark.first = None if first == double.path else first
            if double.mark.first is None:
                double.mark.known = True
                yield double

    def doubled(self) -> Iterator[Skipped]:
        """The doubles as they are told to people."""
        for double in self.doubles:
            if double.mark.first is not None:
                reason = f"is a second folder of {double.mark.asin}; the first is {shown(double.mark.first)}"
                yield Skipped(double.path, reason)

    def gone(self, skipped: set[str]) -> list[str]:
        """Known books that were not met again, neither there nor elsewhere, and are not passed over."""
        moved = {old for old, _ in self.moved}
        return [
            path
            for path, mark in self._unseen.items()
            if mark.known and path not in moved and path not in skipped
        ]

    def known_and_unseen(self) -> int:
        return sum(mark.known for mark in self._unseen.values())

    def _first(self, asin: str, path: str, lost: set[str] | None = None) -> str:
        """The book that has this ASIN: the one known before while its folder is there, else the first met."""
        lost = self._lost if lost is None else lost
        if self._owners is None:
            self._owners = {}
            for known, mark in self.index.marks(self.root):
                if mark.asin and mark.first is None:
                    self._owners.setdefault(mark.asin, known)
        owner = self._owners.get(asin)
        if owner is None or owner in lost or (owner != path and not os.path.isdir(owner)):
            self._owners[asin] = owner = path
        return owner

    def _old_place(self, book: FoundBook) -> str | None:
        """Where the book was before: the same folder by identity, holding the same, and gone from there."""
        if self.index.root is None:
            return None
        if self._places is None:
            self._places = {
                (place.dev, place.ino): (path, mark) for path, place, mark in self.index.places(self.root)
            }
        known = self._places.get((book.dev, book.ino))
        if known is None or os.path.isdir(known[0]):
            return None
        path, mark = known
        same = mark.digest.startswith(book.fingerprint[:HALF]) or (
            mark.asin is not None and mark.asin == book.asin
        )
        return path if same else None
