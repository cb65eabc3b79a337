"""Everything a release's card shows, as one frozen value read from rows and files of our own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.config import Configuration
from core.domain.findings import Finding
from core.domain.metainfo import Metainfo
from core.domain.release import Release
from core.errors import MousekeeperError
from core.services.views import waiting_for
from core.store.releases import ReleaseStore
from core.upload.outputs import as_json, output_folder

COVERS = ("cover.jpg", "cover.png")
LARGEST = 9 * 2**20  # bytes of a file people are handed; Discord takes 10 MiB
LARGEST_COVER = 5 * 2**20  # bytes; a larger one is not worth each reader's download


@dataclass(frozen=True, slots=True)
class Audio:
    """What the audio files say of themselves, together; None and 0 where they do not."""

    seconds: float
    codec: str
    bitrate: int | None
    channels: int | None
    chapters: int


@dataclass(frozen=True, slots=True)
class TorrentFacts:
    """The torrent as built."""

    infohash: str
    files: int
    size: int
    piece_length: int
    pieces: int
    private: bool


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture for the card: its name among the attachments, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ReleaseCard:
    """One release as a person decides about it; `fixable` names the fields a mechanical fix would change."""

    release: Release
    form: Mapping[str, Any]
    findings: tuple[Finding, ...]
    fixable: tuple[str, ...]
    audio: Audio | None
    torrent: TorrentFacts | None
    cover: Cover | None
    waiting_for: str | None

    @property
    def title(self) -> str:
        return str(self.form.get("title") or self.release.known.title or self.release.title)

    @property
    def authors(self) -> list[str]:
        return [str(name) for name in self.form.get("authors") or ()]

    @property
    def narrators(self) -> list[str]:
        return [str(name) for name in self.form.get("narrators") or ()]

    @property
    def series(self) -> list[tuple[str, str | None]]:
        """Name and place of each."""
        found = [each for each in self.form.get("series") or () if isinstance(each, Mapping)]
        return [(str(each.get("name")), _text(each.get("number"))) for each in found]

    @property
    def decided_at(self) -> datetime | None:
        return self.release.decided_at


class ReleaseCards:
    """Reads the snapshot of one release."""

    def __init__(self, config: Configuration, releases: ReleaseStore) -> None:
        self._config = config
        self._releases = releases

    async def of(self, release_id: str) -> ReleaseCard | None:
        """The snapshot as of now; None for a release that is no more."""
        found = await self._releases.all([release_id])
        return await self.snapshot(found[0]) if found else None

    async def snapshot(self, release: Release) -> ReleaseCard:
        """The same of a release that was read already."""
        return await asyncio.to_thread(self._read, release)

    async def kit_files(self, release: Release, *, torrent: bool) -> dict[str, bytes]:
        """The kit's files by name: the form as it is now, the cover, and with `torrent` that too.

        The form is made anew: the written one may be older than an edit that was killed before its end.
        Files that are not there, or are too large for Discord, are left out.
        """
        folder = output_folder(self._config.torrent_output, release)
        paths = {name: os.path.join(folder, name) for name in COVERS}
        if torrent and release.torrent_path:
            paths["release.torrent"] = release.torrent_path

        def made() -> dict[str, bytes]:
            from core.domain.kit import export_kit
            from core.upload.kit import kit_of

            form = export_kit(kit_of(release, self._config).form)
            files = {"kit.json": as_json(form)}
            found = {name: _content(path, LARGEST) for name, path in paths.items()}
            return files | {name: content for name, content in found.items() if content}

        return await asyncio.to_thread(made)

    def _read(self, release: Release) -> ReleaseCard:
        from core.upload.kit import kit_of  # the form's rules are loaded with the first kit

        kit = kit_of(release, self._config)
        return ReleaseCard(
            release=release,
            form=kit.form,
            findings=kit.findings,
            fixable=tuple(kit.fixed),
            audio=_audio(release.media),
            torrent=_torrent(release.torrent_path),
            cover=_cover(output_folder(self._config.torrent_output, release)),
            waiting_for=waiting_for(release),
        )


def _audio(media: Sequence[Mapping[str, Any]]) -> Audio | None:
    if not media:
        return None
    first = media[0]
    seconds = sum(float(part.get("duration_s") or 0) for part in media)
    rated = [
        (float(part.get("duration_s") or 0), int(part["bitrate"])) for part in media if part.get("bitrate")
    ]
    weighed = sum(length for length, _ in rated)
    mean = round(sum(length * rate for length, rate in rated) / weighed) if weighed else None
    return Audio(
        seconds=seconds,
        codec=" ".join(str(part) for part in (first.get("format"), first.get("profile")) if part),
        bitrate=mean,
        channels=first.get("channels"),
        chapters=sum(len(part.get("chapters") or ()) for part in media),
    )


def _torrent(path: str | None) -> TorrentFacts | None:
    """A torrent file that is missing or damaged shows nothing here; the stages tell of it."""
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            torrent = Metainfo.parse(file.read())
    except (OSError, MousekeeperError):
        return None
    return TorrentFacts(
        infohash=torrent.infohash,
        files=len(torrent.files),
        size=torrent.total_size,
        piece_length=torrent.piece_length,
        pieces=torrent.piece_count,
        private=torrent.private,
    )


def _cover(folder: str) -> Cover | None:
    for name in COVERS:
        if content := _content(os.path.join(folder, name), LARGEST_COVER):
            return Cover(name, content)
    return None


def _content(path: str, largest: int) -> bytes | None:
    """The file's bytes; None where there is none or more than `largest`."""
    try:
        with open(path, "rb") as file:
            content = file.read(largest + 1)
    except OSError:
        return None
    return content if len(content) <= largest else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
