"""The settings of Libation that bite, as a table of rules over what `get-setting -b` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.integrations.libation.models import Finding

FOLDER_TEMPLATE = "<first author>/<if series-><first series[{N}]>/<-if series><title short> [<id>]"
"""A folder template that suits: Author/Series/Title [ASIN], without the series level where there is none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A setting's value must satisfy `good`; otherwise `finding` is what to say."""

    setting: str
    good: Callable[[str], bool]
    finding: Finding


def _on(value: str) -> bool:
    return value.lower() == "true"


RULES = (
    Rule("SaveMetadataToFile", _on, Finding(
        "LIBATION_NO_SIDECAR", "error",
        "Libation does not save a book's metadata beside it.",
        "Set SaveMetadataToFile to true in Settings.json; books fetched before need fetching again, or do "
        "without.")),
    Rule("DownloadCoverArt", _on, Finding(
        "LIBATION_NO_COVER", "warning",
        "Libation does not save the cover beside a book.",
        "Set DownloadCoverArt to true in Settings.json; without it the cover is taken from the catalogue.")),
    Rule("SplitFilesByChapter", lambda value: not _on(value), Finding(
        "LIBATION_SPLITS", "warning",
        "Libation cuts each book into one file a chapter.",
        "Set SplitFilesByChapter to false in Settings.json, unless you want it so.")),
    Rule("FolderTemplate", lambda value: "<id>" in value, Finding(
        "LIBATION_TEMPLATE_NO_ID", "error",
        "Libation's folder template does not hold <id>, so a folder does not tell its ASIN.",
        f"Set FolderTemplate to `{FOLDER_TEMPLATE}`, or add [<id>] to yours.")),
    Rule("FolderTemplate", lambda value: "<end if>" not in value, Finding(
        "LIBATION_TEMPLATE_INVALID", "error",
        "Libation's folder template holds <end if>, which Libation does not know.",
        "Conditions are written `<if series->…<-if series>` and `<has series#->…<-has>`.")),
)  # fmt: skip

SETTINGS = tuple(dict.fromkeys((*(rule.setting for rule in RULES), "Books")))


def judge(bare: str) -> list[Finding]:
    """The findings for the output of `get-setting -b`; a setting this version lacks is passed over."""
    values = _values(bare)
    return [
        rule.finding
        for rule in RULES
        if rule.setting.lower() in values and not rule.good(values[rule.setting.lower()])
    ]


def books_folder(bare: str) -> str | None:
    """Where Libation puts books, as its container sees it."""
    folder = _values(bare).get("books", "")
    return folder if folder.startswith("/") else None


def judge_access(folder: str, said: str) -> list[Finding]:
    """The finding for a books folder that Libation's user cannot write; `said` is that user's id, then
    `writable` if it can."""
    uid, *rest = said.split() or ["?"]
    if "writable" in rest:
        return []
    return [
        Finding(
            "LIBATION_BOOKS_NOT_WRITABLE",
            "error",
            f"Libation (user {uid} in its container) cannot write to its books folder {folder}.",
            f"Give the folder mounted there to that user: `chown -R {uid} FOLDER` on the host, or run the "
            "container with `user:` set to the folder's owner.",
        )
    ]


def _values(bare: str) -> dict[str, str]:
    """`Name=value` lines, texts without their quotes, names in lower case."""
    pairs = (line.split("=", 1) for line in bare.splitlines() if "=" in line)
    return {name.strip().lower(): value.strip().strip('"') for name, value in pairs}
