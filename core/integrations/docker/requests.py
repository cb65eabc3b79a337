"""What is sent to an engine: a container's description, its secret files, the script that ends processes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from typing import Any

from ulid import ULID

from core.domain.containers import OneShot

MARK = "MOUSEKEEPER_TASK"

# Finds every process whose environment holds the mark, asks it to end, then makes it: two seconds each.
# Its own environment does not hold the mark. Zombies and other people's processes show no environment.
_END = r"""
marked() {
  for process in /proc/[0-9]*; do
    case $(tr '\000' '\n' <"$process/environ") in
    *"$1"*) echo "${process#/proc/}" ;;
    esac
  done 2>/dev/null
}
for signal in TERM KILL; do
  turn=0
  while [ $turn -lt 5 ]; do
    found=$(marked "$1")
    [ -z "$found" ] && exit 0
    [ $turn -eq 0 ] && kill -$signal $found 2>/dev/null
    turn=$((turn + 1))
    sleep 0.4
  done
done
exit 1
"""


def mark(tag: str) -> tuple[str, str]:
    """An environment variable by which a process and its children are found; unlike any other."""
    return MARK, f"{tag}:{ULID()}"


def script_to_end(value: str) -> list[str]:
    """The command that ends every process whose mark begins with `value`; exit code 0 when none is left."""
    return ["sh", "-c", _END, "sh", f"{MARK}={value}"]


def creation(task: OneShot, argv: Sequence[str]) -> dict[str, Any]:
    """The description of a one-shot container.

    Folders are mounts, not binds: an engine makes a missing bind source as an empty folder of root's.
    Output is followed live and not kept, as it may hold what does not belong on a disk.
    """
    key, _, value = task.label.partition("=")
    return {
        "Image": task.image,
        "Cmd": list(argv),
        "User": task.user or "",
        "Env": [f"{name}={text}" for name, text in task.environment.items()],
        "Labels": {key: value},
        "AttachStdout": True,
        "AttachStderr": True,
        "StopTimeout": 1,  # seconds; as the first process of its container it may be deaf to SIGTERM
        "HostConfig": {
            "NetworkMode": task.network,
            "LogConfig": {"Type": "none"},
            "Mounts": [
                {"Type": "bind", "Source": bind.source, "Target": bind.target, "ReadOnly": bind.read_only}
                for bind in task.binds
            ],
        },
    }


def files_archive(task: OneShot) -> bytes:
    """The task's files as a tar for the container's root folder, readable by its user alone."""
    uid, gid = owner(task.user)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in task.files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.uid, entry.gid = len(data), 0o400, uid, gid
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def owner(user: str | None) -> tuple[int, int]:
    """Numbers of `uid:gid`; root for nobody in particular. Raises ValueError for names."""
    uid, _, gid = (user or "0:0").partition(":")
    return int(uid), int(gid or uid)
