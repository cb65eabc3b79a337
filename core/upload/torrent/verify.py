"""Compares a torrent with the folder it claims to describe, whoever made it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from core.domain.metainfo import Metainfo, host_of
from core.upload.torrent.faults import shown
from core.upload.torrent.survey import survey

MOST_NAMED = 10  # files named in one report; a wholly foreign torrent needs no thousand sentences


def verify_against_disk(
    metainfo: Metainfo,
    root: str,
    *,
    announce_host: str | None = None,
    source: str | None = None,
    private: bool = True,
) -> tuple[str, ...]:
    """Where the torrent disagrees with the folder or with what was asked for, a sentence each; none is good.

    Reads names and sizes, not contents; call it in a thread. `announce_host` and `source` are compared
    where they are known. Raises as `survey` does when the folder itself cannot be read.
    """
    return (
        *_wishes(metainfo, announce_host, source, private),
        *_shape(metainfo, root),
        *_files(metainfo, root),
    )


def _wishes(
    metainfo: Metainfo, announce_host: str | None, source: str | None, private: bool
) -> Iterator[str]:
    if metainfo.private != private:
        yield f"The torrent is {'private' if metainfo.private else 'not private'}."
    if source is not None and metainfo.source != source:
        yield f"The torrent's source tag is {metainfo.source!r}, not {source!r}."
    if announce_host is not None:
        if not metainfo.trackers:
            yield f"The torrent has no announce URL; it should have one on {announce_host}."
        for host in dict.fromkeys(map(host_of, metainfo.trackers)):
            if host != announce_host.lower():
                yield f"The torrent announces to {host or 'an unreadable address'}, not to {announce_host}."


def _shape(metainfo: Metainfo, root: str) -> Iterator[str]:
    folder = os.path.basename(os.path.abspath(root))
    if metainfo.name != folder:
        yield f"The torrent is named {shown(metainfo.name)}, the folder {shown(folder)}."
    if metainfo.single_file:
        yield "The torrent holds a single file without its folder."
    needed = -(-metainfo.total_size // metainfo.piece_length)
    if metainfo.piece_count != needed:
        yield f"The torrent has {metainfo.piece_count} pieces where its files need {needed}."


def _files(metainfo: Metainfo, root: str) -> Iterator[str]:
    listed = {"/".join(file.path): file.length for file in metainfo.files}
    present = {os.fsdecode(b"/".join(file.parts)): file.size for file in survey(root)}
    if len(listed) < len(metainfo.files):
        yield "The torrent lists a file more than once."
    differing = sorted(path for path in listed.keys() | present if listed.get(path) != present.get(path))
    for path in differing[:MOST_NAMED]:
        if path not in listed:
            yield f"{shown(path)} is in the folder and not in the torrent."
        elif path not in present:
            yield f"{shown(path)} is in the torrent and not in the folder."
        else:
            yield f"{shown(path)} has {present[path]} bytes; the torrent says {listed[path]}."
    if len(differing) > MOST_NAMED:
        yield f"And {len(differing) - MOST_NAMED} more files differ."
