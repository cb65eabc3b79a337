"""A page as a PNG, by the Chromium that is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 640
FLAGS = "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=2".split()
# asked of the page itself, so that the picture ends where the message does
MEASURE = "<script>document.title = Math.ceil(document.body.getBoundingClientRect().height)</script>"
HEIGHT = re.compile(r"<title>(\d+)</title>")


class NoBrowser(RuntimeError):
    """No browser is installed that could draw."""


def browser() -> str:
    """The program that draws. Raises NoBrowser naming what to install."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser("Chromium draws the pictures and is not installed: apt-get install chromium")
    return found


def shoot(page: str, target: Path) -> None:
    """Draw the page into `target`, as high as it is."""
    with tempfile.TemporaryDirectory(prefix="mousekeeper-picture-") as name:
        source = Path(name, "page.html")
        source.write_text(page + MEASURE, "utf-8")

        def run(*flags: str) -> str:
            done = subprocess.run(
                [browser(), *FLAGS, f"--user-data-dir={name}/profile", *flags, source.as_uri()],
                check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            return done.stdout

        measured = HEIGHT.search(run(f"--window-size={WIDTH},100", "--dump-dom"))
        height = int(measured[1]) if measured else 1000
        run(f"--window-size={WIDTH},{height}", f"--screenshot={target}")
