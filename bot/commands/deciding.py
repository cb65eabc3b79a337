"""Commands by which a person decides about one release, or corrects it."""

import json
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import command
from bot.options import Options
from bot.ways import Reference, change_one, decide, look, user, write
from core.errors import NeedsPerson

if TYPE_CHECKING:
    from core.app import App


@command("approve")
def approve(options: Options, reference: Reference) -> None:
    """Approve a release for upload."""
    decide(options, reference, "approve")


@command("reject")
def reject(
    options: Options,
    reference: Reference,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; stands on its card.")] = None,
) -> None:
    """Reject a release."""
    decide(options, reference, "reject", reason)


@command("hold")
def hold(options: Options, reference: Reference) -> None:
    """Put a release aside; it can still be approved."""
    decide(options, reference, "hold")


@command("retry")
def retry(options: Options, reference: Reference) -> None:
    """Let a failed, rejected or delayed release try again."""
    change_one(options, reference, lambda app: app.uploads.retry(reference, by=user(), door="cli"))


@command("uploaded")
def uploaded(
    options: Options,
    reference: Reference,
    url: Annotated[str | None, typer.Option("--url", help="The torrent's page.")] = None,
    torrent: Annotated[
        Path | None, typer.Option("--torrent", help="The .torrent the site gave back.")
    ] = None,
) -> None:
    """Say that the upload form was submitted; seeding starts."""
    path = str(torrent.absolute()) if torrent else None

    def said(app: "App") -> Awaitable[Any]:
        return app.uploads.uploaded(reference, by=user(), door="cli", url=url, torrent=path)

    change_one(options, reference, said)


@command("edit")
def edit(
    options: Options,
    reference: Reference,
    changes: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="May be given several times.")
    ],
) -> None:
    """Set fields of the upload form by hand; an empty value takes an edit back."""
    from core.upload.edits import parse_assignments

    def edited(app: "App") -> Awaitable[Any]:
        return app.uploads.edit(reference, parse_assignments(changes), by=user(), door="cli")

    change_one(options, reference, edited, go_on=False)


@command("fix")
def fix(options: Options, reference: Reference) -> None:
    """Apply every mechanical fix the linter offers."""

    async def fixed(app: "App") -> Any:
        release, _ = await app.uploads.fix(reference, by=user(), door="cli")
        return release

    change_one(options, reference, fixed, go_on=False)


@command("forget")
def forget(options: Options, reference: Reference) -> None:
    """Remove a release that never went out, with its links and torrent; the library stays untouched."""
    if options.dry_run:
        options.show(look(options, lambda app: app.shelf.status(reference)), "releases")
        return
    options.show(write(options, lambda app: app.uploads.forget(reference)), "plain")


@command("import-state")
def import_state(
    options: Options, file: Annotated[Path, typer.Argument(help="An old processed.json.")]
) -> None:
    """Take over another tool's state so that nothing is processed again."""
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        options.fail(NeedsPerson(f"{file} cannot be read ({error.strerror})."))
    except ValueError:
        options.fail(NeedsPerson(f"{file} is not JSON.", hint="Name a processed.json."))
    if not isinstance(document, dict):
        options.fail(NeedsPerson(f"{file} is no state file."))
    way = look if options.dry_run else write
    dry_run = options.dry_run
    options.show(way(options, lambda app: app.uploads.take_over(document, dry_run=dry_run)), "plain")
