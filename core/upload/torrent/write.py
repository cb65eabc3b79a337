"""Puts a torrent's bytes into a file, whole or not at all, readable by its owner alone."""

from __future__ import annotations

import contextlib
import hashlib
import os

from core.upload.torrent.faults import writing_fault


def write_torrent(data: bytes, path: str) -> None:
    """Write `data` to `path` in one step, with mode 0600 as it holds the passkey; makes missing folders.

    The name it is first written under depends on `path` alone, so what a killed run left is overwritten by
    the next. Raises NotNow when the disk is full, NeedsPerson when writing is not permitted.
    """
    folder, name = os.path.split(os.path.abspath(os.fsencode(path)))
    digest = hashlib.sha1(name, usedforsecurity=False).hexdigest()  # a name of its own could grow too long
    aside = os.path.join(folder, f".{digest}.part".encode())
    try:
        os.makedirs(folder, exist_ok=True)
        try:
            _write_through(data, aside)
            os.replace(aside, os.path.join(folder, name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise
        _flush_folder(folder)
    except OSError as error:
        raise writing_fault(error, path) from error


def _write_through(data: bytes, path: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: bytes) -> None:
    """Make the new name itself last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
