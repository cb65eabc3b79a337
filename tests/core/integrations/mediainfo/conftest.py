"""Real audio made by ffmpeg, once a session and worker."""

import shutil
import subprocess

import pytest

METADATA = """;FFMETADATA1
title=Part 1
album=My Book
artist=Ann Author, Bob Writer
composer=Nora Reader
date=2021
comment=A teaser
[CHAPTER]
TIMEBASE=1/1000
START=0
END=2000
title=Opening Credits
[CHAPTER]
TIMEBASE=1/1000
START=2000
END=6000
title=Kapitel Ä
"""


def ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-loglevel", "error", "-nostdin", "-y", *arguments], check=True)


@pytest.fixture(scope="session")
def audio(tmp_path_factory) -> str:
    """A folder with book.m4b (two chapters, cover, index first), late.m4b (index last), book.mp3 and book.opus."""
    folder = tmp_path_factory.mktemp("audio")
    (folder / "metadata.txt").write_text(METADATA, encoding="utf-8")
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=6")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", f"{folder}/cover.jpg")
    book = (*tone, "-i", f"{folder}/metadata.txt", "-i", f"{folder}/cover.jpg", "-map", "0:a", "-map", "2:v")
    book = (*book, "-map_metadata", "1", "-c:a", "aac", "-b:a", "32k", "-ac", "1", "-c:v", "copy")
    book = (*book, "-disposition:v", "attached_pic", "-f", "mp4")
    ffmpeg(*book, "-movflags", "+faststart", f"{folder}/book.m4b")
    ffmpeg(*book, f"{folder}/late.m4b")
    ffmpeg(*tone, "-b:a", "48k", "-metadata", "artist=Ann Author", f"{folder}/book.mp3")
    ffmpeg(*tone, "-b:a", "48k", f"{folder}/book.opus")
    return str(folder)
