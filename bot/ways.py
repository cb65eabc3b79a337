"""The few ways a command runs: look, have stages run, write, change one release and show it."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.options import Options

if TYPE_CHECKING:
    from core.app import App

Document = dict[str, Any]
AT_THE_CLIENT = {"publish", "start"}
Reference = Annotated[
    str, typer.Argument(metavar="ID", help="A release's id (or its beginning), or its ASIN.")
]


def look(options: Options, work: Callable[[App], Awaitable[Document]]) -> Document:
    """Read only."""
    from bot import door

    return options.run(door.look(options.config, work))


def wish(options: Options, kind: str, args: Document) -> Document:
    """Have stages run, here or by the service; with --dry-run only look what would be done."""
    from bot import door

    if args.pop("dry_run", False):
        return options.run(
            door.look(options.config, lambda app: app.wishes.grant(kind, {**args, "dry_run": True}))
        )
    options.log_to_file()
    return options.run(door.wish(options.config, kind, args, options.watch))


def write(options: Options, work: Callable[[App], Awaitable[Document]]) -> Document:
    """Write something that makes no release go on."""
    from bot import door

    options.log_to_file()
    return options.run(door.change(options.config, work, options.watch, go_on=lambda _: None))


def only_said(options: Options, would: str) -> bool:
    """With --dry-run: say what the command would do. Whether that was all it is to do."""
    if options.dry_run:
        options.show({"dry_run": True, "message": f"Would {would}."})
    return options.dry_run


def change_one(
    options: Options, reference: str, work: Callable[[App], Awaitable[Any]], *, go_on: bool = True
) -> None:
    """Do something with one release, then show it as it is now."""
    if not options.dry_run:
        from bot import door

        options.log_to_file()
        release = options.run(
            door.change(
                options.config, work, options.watch, go_on=lambda release: release.id if go_on else None
            )
        )
        reference = release.id
    options.show(look(options, lambda app: app.shelf.status(reference)), "one")


def decide(options: Options, reference: str, verb: Any, reason: str | None = None) -> None:
    """Approve, reject or hold one release as the person at the terminal."""

    def decided(app: App) -> Awaitable[Any]:
        return app.uploads.decide(reference, verb, by=user(), door="cli", reason=reason)

    change_one(options, reference, decided)


def run_stages(options: Options, stages: list[str]) -> None:
    """Run just these stages for what is ready."""
    if options.dry_run:
        options.show(look(options, lambda app: app.shelf.status(options.reference)), "releases")
        return
    finish(options, wish(options, "run_stage", {"stages": stages, "reference": options.reference}))


def finish(options: Options, document: Document) -> None:
    """Print releases; the exit code says whether any failed in this very call or waits for another try."""
    failed, put_off = document.pop("failed_now", []), document.pop("put_off", {})
    options.show(document, "releases")
    if not failed and put_off and set(put_off.values()) <= AT_THE_CLIENT:
        raise typer.Exit(69)  # the torrent client is not there for us
    if failed or put_off:
        raise typer.Exit(1)


def user() -> str:
    """Who is at the terminal, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
