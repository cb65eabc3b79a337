"""Commands that only look: they take no lock and write nothing."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands import command
from bot.options import Options
from bot.ways import Reference, look


@command("status")
def status(options: Options) -> None:
    """Every release and its state."""
    options.show(look(options, lambda app: app.shelf.status(options.reference)), "releases")


@command("show")
def show(options: Options, reference: Reference) -> None:
    """One release with its upload kit, findings, files and timeline."""
    options.show(look(options, lambda app: app.shelf.show(reference)), "release")


@command("config")
def config(options: Options) -> None:
    """The settings in force; secrets are shown as set or not."""
    from core.services.config_view import config_document

    options.show(config_document(options.config), "tree")


@command("doctor")
def doctor(
    options: Options,
    alert: Annotated[
        bool, typer.Option("--alert", help="Also send a test message to every service of APPRISE_URLS.")
    ] = False,
) -> None:
    """Look at everything the program stands on and say what to mend."""
    send = alert and not options.dry_run
    document = look(options, lambda app: app.system.doctor(alert=send))
    options.show(document, "findings")
    if not document["ok"]:
        raise typer.Exit(1)


@command("lint")
def lint(options: Options, file: Annotated[Path, typer.Argument(help="Upload metadata as JSON.")]) -> None:
    """Check the metadata of an upload form."""
    from core.services.lint import lint_file

    options.show(lint_file(file), "lint")
