"""A book's facts from its folders' names and its sidecar, merged field by field; the sidecar counts first."""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from core.domain.book import BookFacts, Person, SeriesRef
from core.domain.foldername import FolderName, author_folder, parse_folder_name, readable
from core.domain.matching import same_person
from core.domain.natural import natural_key
from core.upload.found import AUDIO, CUE, DOCUMENT, IMAGE, OTHER, FoundBook, FoundFile
from core.upload.library_judge import Candidate
from core.upload.sidecar import Sidecar, pick_sidecar, read_sidecar

HALF = 16  # hexadecimal digits
_ORDER = {kind: place for place, kind in enumerate((AUDIO, IMAGE, DOCUMENT, CUE, OTHER))}
_NO_SIDECAR = Sidecar(BookFacts())


def read_book(candidate: Candidate, parents: tuple[str, ...]) -> FoundBook:
    """The book in the candidate's folders; `parents` are the folders between the library's root and it."""
    folder = candidate.folder
    files = _files(candidate)
    sidecar = _sidecar(candidate)
    facts = merged(sidecar.facts, folder_facts(folder.named, folder.name, parents, sidecar.facts))
    warnings = [sidecar.warning] if sidecar.warning else []
    if empty := sum(file.kind == AUDIO and not file.size for file in files):
        warnings.append(f"{empty} of its audio files {'is' if empty == 1 else 'are'} empty (0 bytes).")
    return FoundBook(
        source_dir=folder.path,
        dev=folder.dev,
        ino=folder.ino,
        files=files,
        facts=facts,
        tag=folder.named.tag,
        warnings=tuple(warnings),
        fingerprint=fingerprint(files),
    )


def fingerprint(files: tuple[FoundFile, ...]) -> str:
    """A hash over names and sizes of the files a release may contain, in whatever order they come."""
    lines = sorted(f"{file.path}\0{file.size}\n" for file in files if file.kind != OTHER)
    return blake2b("".join(lines).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def digest(book: FoundBook) -> str:
    """The fingerprint's first half, then a hash over all else that is known: equal digests, equal books."""
    others = sorted(f"{file.path}\0{file.size}\n" for file in book.files if file.kind == OTHER)
    rest = "".join((book.facts.model_dump_json(), book.tag or "", *book.warnings, *others))
    return book.fingerprint[:HALF] + blake2b(rest.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def folder_facts(name: FolderName, raw: str, parents: tuple[str, ...], sidecar: BookFacts) -> dict[str, Any]:
    """What the folders' names tell: the author in parentheses beats the author's folder."""
    title = name.title or readable(raw)
    known = name.authors or tuple(author.name for author in sidecar.authors)
    author_level, series_level = levels(parents, name, known)
    values: dict[str, Any] = {"title": title}
    if name.asin:
        values["asin"] = name.asin
    if name.arc and name.arc != title:
        values["subtitle"] = name.arc
    if name.year:
        values["year"] = name.year
    if authors := name.authors or (_authors_of(author_level) if author_level else ()):
        values["authors"] = [Person.model_construct(name=author) for author in authors]
    if series_level:
        series = SeriesRef.model_construct(name=_series_name(series_level), position=name.position)
        values["series"] = [series]
    return values


def levels(
    parents: tuple[str, ...], name: FolderName, authors: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """The folder that names the author and the one that names the series, each None where there is none.

    The author's folder is the one that bears a known author's name, else the one two above the book (the
    topmost where there are fewer). The series is the book's parent unless that is the author's folder. A
    single folder is the author's, unless a numbered book repeats its name: then it is the series.
    """
    if not parents:
        return None, None
    own = next((at for at, folder in enumerate(parents) if authors and _names(folder, authors)), None)
    if own is None:
        if len(parents) == 1 and name.position and _series_name(parents[0]) == name.title:
            return None, parents[0]
        own = max(0, len(parents) - 2)
    return parents[own], parents[-1] if own < len(parents) - 1 else None


def merged(sidecar: BookFacts, folder: dict[str, Any]) -> BookFacts:
    """The sidecar's facts, filled up from the folder's; each field keeps its source.

    A series the sidecar leaves without a position takes the folder's number, when it is the only one.
    """
    filled = {name: value for name, value in folder.items() if getattr(sidecar, name) in (None, "", [])}
    sources = {**sidecar.sources, **dict.fromkeys(filled, "folder")}
    theirs, ours = sidecar.series, folder.get("series", [])
    if len(theirs) == 1 and theirs[0].position is None and ours and ours[0].position:
        filled["series"] = [theirs[0].model_copy(update={"position": ours[0].position})]
    return sidecar.model_copy(update={**filled, "sources": sources})


def _files(candidate: Candidate) -> tuple[FoundFile, ...]:
    """All files, audio first; natural order is only worked out where a kind has several."""
    top = len(candidate.folder.path) + 1
    by_kind: dict[str, list[FoundFile]] = {}
    for member in candidate.members:
        inside = f"{member.path[top:]}/" if len(member.path) > top else ""
        for file in member.entries:
            placed = FoundFile(inside + file.path, file.size, file.kind) if inside else file
            by_kind.setdefault(file.kind, []).append(placed)
    for files in by_kind.values():
        if len(files) > 1:
            files.sort(key=lambda file: natural_key(file.path))
    return tuple(file for kind in sorted(by_kind, key=_ORDER.__getitem__) for file in by_kind[kind])


def _sidecar(candidate: Candidate) -> Sidecar:
    """The first folder's sidecar that has one, the book's own folder first."""
    for member in candidate.members:
        if member.has_sidecar and (name := pick_sidecar(entry.path for entry in member.entries)):
            return read_sidecar(os.path.join(member.path, name))
    return _NO_SIDECAR


@lru_cache(maxsize=512)
def _authors_of(folder: str) -> tuple[str, ...]:
    return author_folder(folder)


@lru_cache(maxsize=512)
def _series_name(folder: str) -> str:
    return parse_folder_name(folder).title or readable(folder)


@lru_cache(maxsize=512)
def _names(folder: str, authors: tuple[str, ...]) -> bool:
    """Whether a folder bears one of these authors' names."""
    return any(
        theirs == author or same_person(theirs, author)
        for theirs in _authors_of(folder)
        for author in authors
    )
