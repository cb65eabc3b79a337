"""How mkbrr's container sees our folders, and what to ask it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.domain.containers import ProcessResult
from core.errors import ConfigError, MousekeeperError, NeedsPerson, NotNow

EXPONENTS = range(16, 28)  # what mkbrr's -l takes: pieces of 64 KiB to 128 MiB
JOB_PRESETS = "/mousekeeper-job.yaml"
JOB_PRESET = "job"
OUTPUT_FOLDER = "/mousekeeper-output"


@dataclass(frozen=True, slots=True)
class Plan:
    """What every torrent gets. `announce` holds the passkey, so it is in no repr.

    With `preset`, a preset of the person's own in `presets.yaml` of the mounted config folder, the tracker
    comes from there and `announce` is not used. `piece_length` is in bytes; None leaves it to mkbrr.
    """

    source: str | None = None
    piece_length: int | None = None
    preset: str | None = None
    container_config_dir: str = "/config"
    announce: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        size = self.piece_length
        if size is not None and (size.bit_count() != 1 or size.bit_length() - 1 not in EXPONENTS):
            raise ConfigError(
                f"mkbrr cannot make pieces of {size} bytes.",
                hint="Set upload.piece_size to a power of two of 65536 (64 KiB) or more, or leave it out.",
            )

    def argv(self, root: str, output: str) -> list[str]:
        """The command line, on which no announce URL ever stands: everybody on the host can read it."""
        argv = ["mkbrr", "create", root, "-o", output, "--private", "--no-date", "--no-creator"]
        if self.preset:
            argv += ["--preset-file", f"{self.container_config_dir}/presets.yaml", "-P", self.preset]
        elif self.announce:
            argv += ["--preset-file", JOB_PRESETS, "-P", JOB_PRESET]
        if self.source:
            argv += ["--source", self.source]
        if self.piece_length:
            argv += ["--piece-length", str(self.piece_length.bit_length() - 1)]
        return argv

    def files(self) -> dict[str, bytes]:
        """The preset file that carries the announce URL into the container (JSON is YAML)."""
        if self.preset or not self.announce:
            return {}
        presets = {"version": 1, "presets": {JOB_PRESET: {"private": True, "trackers": [self.announce]}}}
        return {JOB_PRESETS: json.dumps(presets).encode()}


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder that holds all releases, by the engine's path (often ours too) and by the container's."""

    host: str
    container: str

    def inside(self, path: str) -> str:
        """The engine's `path` as the container sees it. Raises NeedsPerson for one that lies elsewhere."""
        host, path = os.path.abspath(self.host), os.path.abspath(path)
        if os.path.commonpath([host, path]) != host:
            raise NeedsPerson(
                f"mkbrr cannot see {path}: it lies outside mkbrr.host_data_root ({host}).",
                hint="Set mkbrr.host_data_root to a folder that holds paths.staging_root, as Docker sees it.",
            )
        return os.path.normpath(os.path.join(self.container, os.path.relpath(path, host)))


@dataclass(frozen=True, slots=True)
class Complaint:
    """Words of a mkbrr that failed, and the error they mean."""

    pattern: str
    error: Callable[[str, str], MousekeeperError]
    sentence: str
    hint: str = ""


def _needs_person(sentence: str, hint: str) -> MousekeeperError:
    return NeedsPerson(sentence, hint=hint)


def _not_now(sentence: str, hint: str) -> MousekeeperError:
    return NotNow(sentence, hint=hint)


COMPLAINTS = (
    Complaint(r"no space left", _not_now, "The disk is full where torrents are written.", "Free some space."),
    Complaint(r"preset .*not found|no preset file|could not (find|load|get) preset|unsupported preset",
              _needs_person, "mkbrr does not find or understand its preset.",
              "Check mkbrr.preset and presets.yaml in mkbrr.host_config_dir."),
    Complaint(r"permission denied", _needs_person, "mkbrr may not read the release or write the torrent.",
              "Its container runs as our own user: give the folders of mkbrr.host_data_root and "
              "paths.torrent_output to that user, and keep mkbrr.container_config_dir out of /root."),
    Complaint(r"no such file", _not_now, "mkbrr did not find a file of the release."),
    Complaint(r"executable file not found|exec format error", _needs_person,
              "The image set as mkbrr.image holds no mkbrr for this machine.",
              "Use ghcr.io/autobrr/mkbrr, or set upload.builder to builtin."),
)  # fmt: skip


def complaint(words: str) -> MousekeeperError:
    """The error for a mkbrr that failed, by the table; what it printed is never repeated unscrubbed."""
    for row in COMPLAINTS:
        if re.search(row.pattern, words, re.IGNORECASE):
            return row.error(row.sentence, row.hint)
    return NeedsPerson(f"mkbrr failed: {last_line(words)}", hint="Or set upload.builder to builtin.")


def of_result(result: ProcessResult) -> MousekeeperError:
    """The error for an exit code that is not 0."""
    return complaint(f"{result.stdout}\n{result.stderr}")


def last_line(words: str) -> str:
    """The last thing said, without web addresses, which may hold a passkey."""
    said: Sequence[str] = [line.strip() for line in words.splitlines() if line.strip()]
    return re.sub(r"\S+://\S+", "[address]", said[-1])[:300] if said else "it said nothing."
