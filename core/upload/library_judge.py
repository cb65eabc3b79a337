"""Which folders of a gathered tree are books. Pure: it looks at what was read and at nothing else.

- A folder with audio is a book. Disc folders (CD1, Disc 2, Part 3) belong to it, as do folders without audio
  (scans, PDFs), and, where the name or a sidecar says surely that it is one book, all unmarked folders below.
- A folder below it whose own name or sidecar marks it as a book is a book of its own.
- Audio lying beside book folders in a folder that nothing marks as a book (an author's, a series') is
  nobody's: it is passed over with a reason, the books below are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.foldername import readable
from core.upload.found import AUDIO, KINDS
from core.upload.library_walk import Folder, is_disc


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder that is a book, and the folders whose files are the book's (itself first)."""

    folder: Folder
    members: tuple[Folder, ...]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A path that is no book and why; `passing` when that may end without a change of the folder's time."""

    path: str
    reason: str
    passing: bool = False


Judgement = Candidate | PassedOver


def looks_like_a_book(folder: Folder) -> bool:
    """Whether a folder has to be gathered and judged as a whole, or only leads on to others."""
    return (
        not folder.subnames
        or folder.has_audio
        or folder.has_sidecar
        or folder.named.marked
        or any(is_disc(name, folder.named) for name in folder.subnames)
    )


def judge(folder: Folder) -> Iterator[Judgement]:
    """Every book and every passed-over path in a gathered folder."""
    if folder.unreadable:
        yield PassedOver(folder.path, folder.unreadable, passing=True)
        return
    if folder.has_audio and not folder.subfolders:
        yield from _book(folder, (folder,))
        return
    if not folder.bears_audio:
        links = [over for member in folder.walk() for over in linked(member)]
        yield from links or [_without_audio(folder)]
        return
    discs = [sub for sub in folder.subfolders if sub.bears_audio and is_disc(sub.name, folder.named)]
    if sum(disc.has_sidecar for disc in discs) > 1:
        discs = []  # each has its own product: parts that are sold one by one
    others = [sub for sub in folder.subfolders if sub.bears_audio and sub not in discs]
    own_audio = folder.has_audio or bool(discs)
    surely = folder.named.asin is not None or folder.has_sidecar
    if surely or (folder.named.marked and own_audio):
        apart = [sub for sub in others if sub.named.marked or _has_sidecar_below(sub)]
        if not own_audio and len(apart) == len(others):
            yield from _lead_on(folder, apart)
            return
    elif own_audio and not all(sub.unreadable for sub in others):
        yield PassedOver(folder.path, "has audio of its own beside book folders; give it a folder of its own")
        yield from _lead_on(folder, others)
        return
    elif own_audio:
        apart = []
    else:
        yield from _lead_on(folder, folder.subfolders)
        return
    members = (folder, *(m for sub in folder.subfolders if sub not in apart for m in sub.walk()))
    yield from _book(folder, members)
    for sub in apart:
        yield from judge(sub)


def _book(folder: Folder, members: tuple[Folder, ...]) -> Iterator[Judgement]:
    yield _whole(folder, members)
    for member in members:
        yield from linked(member)


def _lead_on(folder: Folder, subfolders: list[Folder]) -> Iterator[Judgement]:
    yield from linked(folder)
    for sub in subfolders:
        yield from judge(sub)


def linked(folder: Folder) -> Iterator[PassedOver]:
    """The links to folders, which are not followed."""
    for name in folder.links:
        yield PassedOver(
            f"{folder.path}/{name}",
            "is a link to a folder; links are not followed, put the folder itself here",
        )


def _has_sidecar_below(folder: Folder) -> bool:
    return any(member.has_sidecar for member in folder.walk())


def _whole(folder: Folder, members: tuple[Folder, ...]) -> Judgement:
    """The book made of these folders, or what keeps it from being whole."""
    for member in members:
        if member.unreadable:
            where = readable(member.path[len(folder.path) + 1 :])
            inside = f"its folder {where} " if where else ""
            return PassedOver(folder.path, f"{inside}{member.unreadable}", passing=True)
        if member.unfinished is not None:
            return PassedOver(
                folder.path, f"{readable(member.unfinished)} is not finished (or not decrypted)", passing=True
            )
        if member.faults:
            return PassedOver(folder.path, member.faults[0], passing=True)
        for name in member.links:
            if is_disc(name, folder.named):
                return PassedOver(
                    folder.path,
                    f"{readable(name)} is a link to a folder, which is not followed",
                    passing=True,
                )
    audio = [entry for member in members for entry in member.entries if entry.kind == AUDIO]
    if not audio:
        return _without_audio(folder)
    if not any(entry.size for entry in audio):
        return PassedOver(folder.path, "all its audio is empty (0 bytes)", passing=True)
    return Candidate(folder, members)


def _without_audio(folder: Folder) -> PassedOver:
    for member in folder.walk():
        if member.faults:
            return PassedOver(folder.path, member.faults[0], passing=True)
    names = [entry.path for member in folder.walk() for entry in member.entries]
    if not names:
        return PassedOver(folder.path, "is empty")
    extensions = {name.rpartition(".")[2].lower() for name in names}
    unwanted = sorted(extension for extension in extensions if KINDS.get(extension) == AUDIO)
    if unwanted:
        return PassedOver(
            folder.path, f"has only audio that a release may not contain ({', '.join(unwanted)})"
        )
    return PassedOver(folder.path, "has no audio")
