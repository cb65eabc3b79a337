"""Real audio, small and quick: each clip is spoken and encoded once, kept, and copied from then on.

ffmpeg is the system's, or the one in imageio-ffmpeg; the voice is espeak-ng's, or tones where there is none.
Same recipe, same bytes: nothing here writes a date or an encoder's name.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / ".cache" / "audio"
EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact", "-map_metadata:s", "-1")
QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
COLOURS = "teal maroon navy olive purple gray sienna indigo crimson darkgreen chocolate steelblue".split()
SPEECH = (
    "This is a book that nobody has written, read by somebody who is not there. It begins at the harbour, "
    "where the clocks run slow and the letters arrive before they are posted. The keeper of the lamp counts "
    "the ships that do not come, and writes their names in a ledger bound in green cloth. Every night the "
    "tide takes one name back. On the seventh night there is a name in the ledger that she did not write. "
)


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is encoded; `cover` tells whether a picture can be put into it."""

    codec: tuple[str, ...]
    muxer: str
    cover: bool = True


FORMATS = {
    "m4b": Format(("-c:a", "aac", "-b:a", "24k", "-ar", "22050"), "ipod"),
    "m4a": Format(("-c:a", "aac", "-b:a", "24k", "-ar", "22050"), "ipod"),
    "mp3": Format(("-c:a", "libmp3lame", "-b:a", "24k", "-ar", "22050"), "mp3"),
    "flac": Format(("-c:a", "flac", "-ar", "8000", "-sample_fmt", "s16"), "flac"),
    "opus": Format(("-c:a", "libopus", "-b:a", "12k", "-ar", "24000"), "opus", cover=False),
}


class Studio:
    """Makes and keeps clips in `folder`; several processes may share one."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or _kept_folder()
        self.folder.mkdir(parents=True, exist_ok=True)

    def clip(self, kind: str, seconds: float = 60) -> Path:
        """Untagged mono speech of that length, as the file extension `kind` says."""
        form = FORMATS[kind]
        with self._kept(f"clip-{seconds:g}-{' '.join(form.codec)}", kind) as target:
            if target is not None:
                source = ("-stream_loop", "-1", "-i", str(self._voice()), "-t", f"{seconds:g}", "-ac", "1")
                _ffmpeg(*source, *form.codec, "-map_metadata", "-1", *EXACT, "-f", form.muxer, str(target))
        return self._path(f"clip-{seconds:g}-{' '.join(form.codec)}", kind)

    def cover(self, number: int = 0) -> Path:
        """A square JPEG, one of a dozen by number."""
        colour = COLOURS[number % len(COLOURS)]
        with self._kept(f"cover-{colour}", "jpg") as target:
            if target is not None:
                picture = f"color={colour}:s=300x300,drawgrid=w=60:h=60:c=white@0.4"
                _ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", "1", *EXACT, "-f", "mjpeg", str(target))
        return self._path(f"cover-{colour}", "jpg")

    def record(
        self,
        target: str,
        *,
        seconds: float = 60,
        tags: Mapping[str, str],
        chapters: Sequence[str] = (),
        cover: int | None = None,
    ) -> None:
        """Write a whole, tagged audio file to `target`, whatever characters its name has."""
        kind = target.rpartition(".")[2].lower()
        form = FORMATS[kind]
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            notes, made = Path(work, "tags.txt"), Path(work, f"made.{kind}")
            notes.write_text(_ffmetadata(tags, chapters, seconds), encoding="utf-8")
            inputs = ["-i", str(self.clip(kind, seconds)), "-f", "ffmetadata", "-i", str(notes)]
            maps = ["-map", "0:a", "-map_metadata", "1", "-map_chapters", "1"]
            if cover is not None and form.cover:
                inputs += ["-i", str(self.cover(cover))]
                maps += ["-map", "2:v", "-disposition:v:0", "attached_pic"]
            _ffmpeg(*inputs, *maps, "-c", "copy", *EXACT, "-f", form.muxer, str(made))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.move(made, target)

    def stamp(self, target: str, mark: str, *, seconds: float = 60) -> None:
        """Copy the clip to `target` and mark its end, so that no two files are equal: quick, for hundreds.

        The mark is a `free` box in MP4, an ID3v1 tag in MP3, and bytes behind the last frame elsewhere; the
        file plays as before.
        """
        kind = target.rpartition(".")[2].lower()
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(self.clip(kind, seconds), target)
        with open(target, "ab") as file:
            file.write(_mark(kind, mark.encode("utf-8", "surrogateescape")))

    def _voice(self) -> Path:
        """A minute or so of speech (or of tones) as WAV."""
        recipe = f"voice-{'speech' if shutil.which('espeak-ng') else 'tones'}"
        with self._kept(recipe, "wav") as target:
            if target is None:
                pass
            elif espeak := shutil.which("espeak-ng"):
                _run(espeak, "-v", "en", "-s", "160", "-w", str(target), SPEECH * 2)
            else:
                tones = "sine=frequency=220:duration=60,tremolo=f=3:d=0.7"
                _ffmpeg("-f", "lavfi", "-i", tones, "-ar", "22050", *EXACT, "-f", "wav", str(target))
        return self._path(recipe, "wav")

    def _path(self, recipe: str, suffix: str) -> Path:
        name = hashlib.sha256(f"{_ffmpeg_version()} {recipe} {SPEECH}".encode()).hexdigest()[:20]
        return self.folder / f"{name}.{suffix}"

    @contextmanager
    def _kept(self, recipe: str, suffix: str) -> Iterator[Path | None]:
        """Where to make the file, or None if it is there; it appears under its name only when whole."""
        path = self._path(recipe, suffix)
        if path.exists():
            yield None
            return
        fresh = path.with_name(f"{path.stem}.{os.getpid()}.{os.urandom(4).hex()}.{suffix}")
        try:
            yield fresh
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


@cache
def ffmpeg_path() -> str:
    """The system's ffmpeg, else the one packed with imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())


def _kept_folder() -> Path:
    try:
        KEPT.mkdir(parents=True, exist_ok=True)
        if os.access(KEPT, os.W_OK):
            return KEPT
    except OSError:
        pass  # a checkout that only somebody else may write to
    return Path(tempfile.gettempdir()) / f"mousekeeper-audio-{os.getuid()}"


@cache
def _ffmpeg_version() -> str:
    return _run(ffmpeg_path(), "-version").split("\n", 1)[0]


def _ffmpeg(*args: str) -> None:
    _run(ffmpeg_path(), *QUIET, *args)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


def _ffmetadata(tags: Mapping[str, str], chapters: Sequence[str], seconds: float) -> str:
    lines = [";FFMETADATA1", *(f"{key}={_escaped(value)}" for key, value in tags.items())]
    for number, title in enumerate(chapters):
        start, end = (round(seconds * 1000 * n / len(chapters)) for n in (number, number + 1))
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title={_escaped(title)}"]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in "=;#\\\n" else char for char in value)


def _mark(kind: str, mark: bytes) -> bytes:
    if kind in ("m4b", "m4a"):
        return (8 + len(mark)).to_bytes(4, "big") + b"free" + mark
    if kind == "mp3":
        digest = hashlib.sha256(mark).hexdigest()[:30].encode()
        return b"TAG" + mark[:30].ljust(30, b"\0") + digest + bytes(64) + b"\xff"
    return b"\n" + mark
