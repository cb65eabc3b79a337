"""Which mount a path lies on, for sentences about file systems."""

from __future__ import annotations

import os
import re

MOUNTINFO = "/proc/self/mountinfo"
_OCTAL = re.compile(rb"\\([0-7]{3})")


def mount_of(path: str) -> str:
    """`mount point (type)` of the nearest existing folder at or above `path`."""
    real = os.path.realpath(path)
    while not os.path.lexists(real):
        real = os.path.dirname(real)
    best = max((point for point in _mounts() if _below(real, point)), key=len, default=None)
    if best is not None:
        return f"{best} ({_mounts()[best]})"
    while not os.path.ismount(real):
        real = os.path.dirname(real)
    return real


def _below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _mounts() -> dict[str, str]:
    """Mount point -> file system type; the last mount over a point is the one in sight."""
    try:
        with open(MOUNTINFO, "rb") as lines:
            rows = [line.split(b" ") for line in lines]
    except OSError:
        return {}
    return {
        os.fsdecode(_OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]), row[4])): os.fsdecode(
            row[row.index(b"-") + 1]
        )
        for row in rows
        if b"-" in row
    }
