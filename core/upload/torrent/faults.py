"""What the file system refused, as a sentence that names the file and says what to do."""

from __future__ import annotations

import errno
import os

from core.errors import MousekeeperError, NeedsPerson, NotNow

# errno -> (kind, what happened to the file, what helps)
_READING: dict[int, tuple[type[MousekeeperError], str, str]] = {
    errno.ENOENT: (NotNow, "vanished before it was hashed to its end", "Is something moving the book?"),
    errno.ESTALE: (NotNow, "vanished from its network share", "Is the share mounted afresh?"),
    errno.EACCES: (NeedsPerson, "may not be read by this user", "Grant read permission to user id {uid}."),
    errno.EPERM: (NeedsPerson, "may not be read by this user", "Grant read permission to user id {uid}."),
    errno.ENOTDIR: (NeedsPerson, "is no folder", "A torrent is made from a book's staged folder."),
    errno.ELOOP: (NeedsPerson, "is a link that leads nowhere", "Remove the link."),
    errno.EIO: (NeedsPerson, "cannot be read: the disk reports an error", "Look after the disk first."),
    errno.EMFILE: (NotNow, "cannot be opened: too many files are open", "Raise the limit (ulimit -n)."),
    errno.ENFILE: (NotNow, "cannot be opened: too many files are open", "The whole machine is at its limit."),
}
_WRITING: dict[int, tuple[type[MousekeeperError], str, str]] = {
    errno.ENOSPC: (NotNow, "cannot be written: the disk is full", "Free some room."),
    errno.EDQUOT: (NotNow, "cannot be written: the disk quota is used up", "Free some room."),
    errno.EACCES: (
        NeedsPerson,
        "may not be written by this user",
        "Grant write permission to user id {uid}.",
    ),
    errno.EPERM: (NeedsPerson, "may not be written by this user", "Grant write permission to user id {uid}."),
    errno.EROFS: (NeedsPerson, "lies on a read-only file system", "Mount it writable."),
    errno.ENOTDIR: (NeedsPerson, "lies below something that is no folder", "Check paths.torrent_output."),
    errno.EEXIST: (NeedsPerson, "lies below something that is no folder", "Check paths.torrent_output."),
    errno.EISDIR: (NeedsPerson, "is a folder", "Check paths.torrent_output."),
    errno.ENAMETOOLONG: (
        NeedsPerson,
        "has too long a name for its file system",
        "Shorten the release's name.",
    ),
}


def shown(path: str | bytes) -> str:
    """A path fit for any text: bytes that are no UTF-8, and control characters, appear as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def reading_fault(error: OSError, path: str | bytes) -> MousekeeperError:
    """Why `path` could not be read."""
    return _fault(_READING, error, path, "cannot be read")


def writing_fault(error: OSError, path: str | bytes) -> MousekeeperError:
    """Why `path` could not be written."""
    return _fault(_WRITING, error, path, "cannot be written")


def _fault(
    table: dict[int, tuple[type[MousekeeperError], str, str]],
    error: OSError,
    path: str | bytes,
    otherwise: str,
) -> MousekeeperError:
    unknown = (NotNow, f"{otherwise}: {error.strerror or 'unknown fault'}", "")
    kind, what, hint = table.get(error.errno or 0, unknown)
    return kind(f"{shown(path)} {what}.", hint=hint.format(uid=os.geteuid()))
