"""Runs a command in a terminal of its own and draws what it printed as an SVG: the README's pictures.

python tools/picture.py docs/terminal.svg -- .venv/bin/mousekeeper status --config demo/config.yaml
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROWS = 60
# rich's SVG asks the web for a font; ours opens the same everywhere, so it uses the reader's own.
FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def capture(command: list[str], columns: int) -> str:
    """What the command writes to a terminal of that width, colours included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 65536):
                output += chunk
        except OSError:  # the terminal's other end is closed: the program is done
            pass
    os.close(ours)
    return output.decode("utf-8", "replace").replace("\r\n", "\n")


def draw(printed: str, title: str, columns: int) -> str:
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed.rstrip("\n")))
    svg = console.export_svg(title=title, unique_id="terminal")
    return FONT_FACE.sub("", svg).replace("Fira Code, monospace", "ui-monospace, monospace")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("command", nargs="+")
    parser.add_argument("--columns", type=int, default=110)
    parser.add_argument("--title", help="in the window's frame; the command by default")
    arguments = parser.parse_args()
    title = arguments.title or " ".join([Path(arguments.command[0]).name, *arguments.command[1:]])
    printed = capture(arguments.command, arguments.columns)
    arguments.file.write_text(draw(printed, title, arguments.columns), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
