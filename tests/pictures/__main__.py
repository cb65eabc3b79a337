"""`python -m tests.pictures`: the README's pictures of the bot, from what the real program posts.

The program prepares the demo's books beside a loopback Discord; its approval card and its status card are drawn as
the payloads stand there.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from pathlib import Path

from tests.demo.books import fill
from tests.demo.surroundings import PASSWORD, USERNAME
from tests.e2e.harness import Program, World, program, running_world
from tests.pictures.page import page
from tests.pictures.shoot import NoBrowser, browser, shoot
from tests.world.discord import shapes
from tests.world.discord.double import Discord
from tests.world.discord.entities import Message

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = "The Salt Cartographer"  # the book on the approval card


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DOCS, help="where card.png and status.png go [docs]")
    folder: Path = parser.parse_args().folder
    try:
        browser()
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="mousekeeper-pictures-") as home,
        running_world() as world,
        program(Path(home) / "home") as keeper,
    ):
        _set_up(keeper, world)
        service = keeper.start()
        keeper("prepare", "--json", code=None)
        card = world.discord.message("uploads", _is_the_card)
        _draw(world.discord, card, folder / "card.png")
        _decide_some(keeper)
        ada = world.discord.person("Ada", here="status")
        answer = ada.slash("/status overview").done().message
        _draw(world.discord, answer, folder / "status.png")
        service.stop()
    return 0


def _set_up(keeper: Program, world: World) -> None:
    fill(keeper.library, keeper.folder / "made", lambda line: print(f"  made  {line}"))
    keeper.meet(world.urls)
    keeper.use(world.urls["qbittorrent"], USERNAME, PASSWORD)
    keeper.config["discord"] = world.discord.section()
    keeper.keep_secret(**world.discord.environment())


def _is_the_card(message: Message) -> bool:
    return SHOWN in message.text and "Approve" in message.labels


def _decide_some(keeper: Program) -> None:
    """A few books on, so that the overview has something of everything."""
    waiting = [release for release in keeper.status().values() if release["state"] == "awaiting_approval"]
    others = [release["id"] for release in waiting if SHOWN not in release["title"]]
    keeper("approve", others[0])
    keeper("uploaded", others[0], code=None)
    keeper("approve", others[1])
    keeper("reject", others[2], "--reason", "another edition is better")


def _draw(discord: Discord, message: Message, target: Path) -> None:
    files = {
        file.filename: f"data:{file.content_type};base64,{base64.b64encode(file.data).decode()}"
        for file in message.attachments
    }
    shoot(page(shapes.message(discord.state, message), files), target)
    print(f"Drew {target}.")


if __name__ == "__main__":
    raise SystemExit(main())
