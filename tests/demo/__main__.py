"""`python -m tests.demo`: make a library, start the world, run the program over it, and say where to look."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.demo.books import fill
from tests.demo.story import DemoFailed, Story
from tests.demo.surroundings import PASSWORD, ROOT, USERNAME, surroundings

MADE = "made-by-make-demo"  # marks the folder as ours, and lists the books made
WHERE = (
    ("library", "the generated audiobooks, untouched"),
    ("data/staging", "hardlinked release folders with the names the tracker gets"),
    ("data/torrents", "torrents, and metadata and MediaInfo beside them"),
    ("data", "the program's database and logs"),
    ("qbittorrent", "the profile of the real qbittorrent-nox, if there is one"),
    ("config.yaml", "the settings of the demo; the secrets are in .env beside it"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="where everything goes [./demo]")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs first")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    console = Console(highlight=False)
    if options.fresh:
        _forget(folder)
    try:
        return _run(folder, console, keep=options.keep)
    except KeyboardInterrupt:
        return 130
    except (DemoFailed, RuntimeError, TimeoutError) as error:
        console.print(Text(f"\nThe demo stopped: {error}", style="bold red"))
        return 1


def _run(folder: Path, console: Console, *, keep: bool) -> int:
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MADE).touch()
    console.rule(Text("Mousekeeper: the demo", style="bold"))
    console.print(
        f"Everything happens in {folder}; no account is used and nothing leaves this machine.\n",
        soft_wrap=True,
    )
    fill(
        folder / "library", folder / MADE, lambda line: console.print(Text(f"  made  {line}"), soft_wrap=True)
    )
    with surroundings(folder) as around:
        for name, url in sorted(around.urls.items()):
            console.print(Text(f"  runs  {name} on {url}"))
        console.print(Text(f"  where qbittorrent is {around.qbittorrent_is}"))
        story = Story(folder, around, console)
        story.tell()
        console.print()
        console.print(story.summary())
        console.print(_where(folder))
        console.print(f"Done in {time.monotonic() - began:.0f} s. Run it again and it goes on from here.")
        if keep:
            _wait(console, around.urls["qbittorrent"])
    return 0


def _where(folder: Path) -> Table:
    table = Table(title="Where to look", title_justify="left", show_header=False)
    for name, what in WHERE:
        if (folder / name).exists():
            table.add_row(Text(str(folder / name), overflow="fold"), what)
    return table


def _wait(console: Console, qbittorrent: str) -> None:
    console.print(
        f"qBittorrent: {qbittorrent} (user {USERNAME}, password “{PASSWORD}”). Ctrl-C ends everything."
    )
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        console.print()


def _forget(folder: Path) -> None:
    """Remove a demo's folder, and never one that is something else."""
    if not folder.exists():
        return
    if not (folder / MADE).exists():
        raise SystemExit(f"{folder} was not made by the demo; it is left alone.")
    shutil.rmtree(folder)


if __name__ == "__main__":
    raise SystemExit(main())
