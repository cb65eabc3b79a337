"""Commands about the program itself: first questions, backup, restore, support."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands import command
from bot.options import Options
from bot.ways import look, only_said


@command("init")
def init(options: Options) -> None:
    """Ask the first questions, write config.yaml, and print what belongs into .env."""
    from bot.init import first_questions

    options.show(first_questions(options), "plain")


@command("backup")
def backup(
    options: Options,
    to: Annotated[Path | None, typer.Option("--to", help="The archive to write.")] = None,
) -> None:
    """Write one archive with the database and config.yaml."""
    if only_said(options, "write an archive with the database and config.yaml"):
        return
    options.show(look(options, lambda app: app.system.backup(str(to) if to else None)), "plain")


@command("restore")
def restore(options: Options, archive: Annotated[Path, typer.Argument(help="Made by backup.")]) -> None:
    """Put a backup's database back; the present one is kept."""
    from core.presence import DataLock
    from core.services.system import restore as put_back

    if only_said(options, f"put back the database of {archive}"):
        return
    lock = DataLock(options.config.data)
    with options.reporting():
        if not lock.acquire("mousekeeper restore"):
            raise lock.refusal()
        options.show(put_back(options.config, str(archive)), "plain")


@command("support")
def support(
    options: Options,
    to: Annotated[Path | None, typer.Option("--to", help="The bundle to write.")] = None,
) -> None:
    """Write a bundle for asking for help; secrets are scrubbed."""
    if only_said(options, "write a bundle for asking for help"):
        return
    options.show(look(options, lambda app: app.system.support(str(to) if to else None)), "plain")
