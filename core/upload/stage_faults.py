"""What the file system refused while staging, as a sentence with a way to mend it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from core.errors import MousekeeperError, NeedsPerson, NotNow
from core.upload.found import shown
from core.upload.mounts import mount_of

# A hardlink cannot be made, a copy could: what `staging.allow_copy` is for.
LINK_IMPOSSIBLE = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
COPYING = "staging.allow_copy: true permits copies instead."


@dataclass(frozen=True, slots=True)
class Fault:
    """What an errno means here; texts may use {source}, {target}, {source_mount}, {target_mount}, {uid}."""

    kind: type[MousekeeperError]
    what: str
    hint: str


_FULL = Fault(
    NotNow,
    "The disk under {target_mount} is full; {source} could not be staged.",
    "Free some room there, then it goes on by itself.",
)
_UNSUPPORTED = Fault(
    NeedsPerson,
    "The file system at {target_mount} makes no hardlinks; {source} could not be staged.",
    "Let paths.staging_root lie on the library's own file system, such as ext4, xfs, btrfs or zfs; "
    + COPYING,
)
_FAULTS = {
    errno.EXDEV: Fault(
        NeedsPerson,
        "A hardlink cannot lead from one mount to another: the library is on {source_mount}, "
        "the staging folder on {target_mount}.",
        "Put both under one mount (in Docker: one volume that holds both, not one for each); " + COPYING,
    ),
    errno.EPERM: _UNSUPPORTED,
    errno.ENOTSUP: _UNSUPPORTED,
    errno.ENOSYS: _UNSUPPORTED,
    errno.EMLINK: Fault(
        NeedsPerson,
        "{source} has as many hardlinks as its file system allows.",
        "Remove links to it that are not needed; " + COPYING,
    ),
    errno.EACCES: Fault(
        NeedsPerson,
        "User id {uid} may not stage {source} to {target}.",
        "Let it read the library and write the staging folder (PUID and PGID in Docker).",
    ),
    errno.EROFS: Fault(
        NeedsPerson,
        "The staging folder's file system at {target_mount} is read-only.",
        "Mount it writable, or set paths.staging_root to another folder.",
    ),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: Fault(
        NotNow,
        "The quota at {target_mount} is used up; {source} could not be staged.",
        "Free some room or raise the quota, then it goes on by itself.",
    ),
    errno.ENAMETOOLONG: Fault(
        NeedsPerson,
        "The file system at {target_mount} takes no name as long as that of {target}.",
        "Lower mam.max_filename_length.",
    ),
    errno.ENOENT: Fault(
        NotNow, "{source} vanished while it was staged.", "It is looked at again with the next reading."
    ),
    errno.ESTALE: Fault(
        NotNow, "{source} vanished from its network share.", "It is tried again once the share is back."
    ),
    errno.EIO: Fault(
        NotNow, "The disk reports an error at {source}.", "Look after the disk; it is tried again later."
    ),
    errno.ENOTDIR: Fault(
        NeedsPerson, "{target} lies below something that is no folder.", "Check paths.staging_root."
    ),
}
_NO_PLACE = Fault(
    NotNow, "{target} cannot be made: its folder vanished.", "Is something else tidying paths.staging_root?"
)
_PROTECTED = Fault(
    NeedsPerson,
    "{source} belongs to user id {owner}, and the system lets user id {uid} make no hardlink to it.",
    "Run as its owner (PUID in Docker), or let user id {uid} write the file; " + COPYING,
)


def staging_fault(error: OSError, source: str, target: str) -> MousekeeperError:
    """Why `source` could not come to `target`."""
    fault = _FAULTS.get(error.errno or 0)
    owner = _owner_in_the_way(source) if error.errno == errno.EPERM else None
    if owner is not None:
        fault = _PROTECTED
    if error.errno == errno.ENOENT and os.path.exists(source):
        fault = _NO_PLACE
    if fault is None:
        why = error.strerror or type(error).__name__
        fault = Fault(
            NotNow, f"{{source}} could not be staged to {{target}}: {why}.", "It is tried again later."
        )
    facts = {
        "source": shown(source),
        "target": shown(target),
        "source_mount": shown(mount_of(source)),
        "target_mount": shown(mount_of(target)),
        "uid": os.geteuid(),
        "owner": owner,
    }
    return fault.kind(fault.what.format_map(facts), hint=fault.hint.format_map(facts))


def _owner_in_the_way(source: str) -> int | None:
    """The owner of a file that fs.protected_hardlinks keeps us from linking."""
    try:
        owner = os.stat(source).st_uid
    except OSError:
        return None
    ours = os.geteuid() in (0, owner) or os.access(source, os.R_OK | os.W_OK)
    return None if ours else owner
