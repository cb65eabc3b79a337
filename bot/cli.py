"""`mousekeeper ...`: each command calls one service and prints what it returns."""

import getpass
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.options import Options, command_group
from core.errors import NeedsPerson

if TYPE_CHECKING:
    from core.app import App

app = typer.Typer(
    name="mousekeeper",
    help="Keeps an audiobook library and its tracker account in order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
command = command_group(app)
autopilot = typer.Typer(help="Start, stop or look at the autopilot.", no_args_is_help=True)
app.add_typer(autopilot, name="autopilot")
autopilot_command = command_group(autopilot)

Document = dict[str, Any]
Reference = Annotated[
    str, typer.Argument(metavar="ID", help="A release's id (or its beginning), or its ASIN.")
]


def main() -> None:
    """The console script."""
    app()


# --- looking ---------------------------------------------------------------------------------------------


@command("status")
def status(options: Options) -> None:
    """Every release and its state."""
    options.show(_look(options, lambda app: app.shelf.status(options.reference)), "releases")


@command("show")
def show(options: Options, reference: Reference) -> None:
    """One release with its upload kit, findings, files and timeline."""
    options.show(_look(options, lambda app: app.shelf.show(reference)), "release")


@command("config")
def config(options: Options) -> None:
    """The settings in force; secrets are shown as set or not."""
    from core.services.config_view import config_document

    options.show(config_document(options.config), "tree")


@command("doctor")
def doctor(options: Options) -> None:
    """Look at everything the program stands on and say what to mend."""
    document = _look(options, lambda app: app.system.doctor())
    options.show(document, "findings")
    if not document["ok"]:
        raise typer.Exit(1)


@command("lint")
def lint(options: Options, file: Annotated[Path, typer.Argument(help="Upload metadata as JSON.")]) -> None:
    """Check the metadata of an upload form."""
    from core.services.lint import lint_file

    options.show(lint_file(file), "lint")


# --- work ------------------------------------------------------------------------------------------------


@command("scan")
def scan(
    options: Options,
    liberate: Annotated[bool, typer.Option("--liberate", help="Also fetch what is pending.")] = False,
) -> None:
    """Ask Libation for new books."""
    if options.dry_run:
        options.show(
            {
                "dry_run": True,
                "message": "Would ask Libation to scan" + (" and liberate." if liberate else "."),
            }
        )
        return
    document = _wish(options, "scan", {"liberate": liberate})
    options.show(document, "scan")
    if not document["ok"]:
        raise typer.Exit(
            69 if document["outcome"] in ("no_engine", "no_container", "stopped", "timed_out") else 1
        )


@command("discover")
def discover(
    options: Options,
    everything: Annotated[bool, typer.Option("--all", help="Also what is known or was passed over.")] = False,
    rescan: Annotated[bool, typer.Option("--rescan", help="Read every folder again.")] = False,
) -> None:
    """Read the library; shows what is new."""
    args = {"everything": everything, "rescan": rescan, "dry_run": options.dry_run}
    options.show(_wish(options, "discover", args), "discovery")


@command("prepare")
def prepare(options: Options) -> None:
    """Take releases from the library to a person's approval: stage, describe, build, check."""
    _finish(options, _wish(options, "prepare", {"reference": options.reference, "dry_run": options.dry_run}))


@command("metadata")
def metadata(options: Options) -> None:
    """Describe what is staged."""
    _stage(options, ["describe"])


@command("torrent")
def torrent(options: Options) -> None:
    """Build the torrents of what is described."""
    _stage(options, ["build"])


@command("upload")
def upload(options: Options) -> None:
    """Bring what is approved into qBittorrent."""
    _stage(options, ["publish", "confirm", "start"])


@command("run")
def run(
    options: Options,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end.")] = False,
) -> None:
    """The service: runs day and night until it is stopped."""
    from bot.app import serve

    options.log_to_file(console=options.config.settings.log_level)
    options.run(serve(options.config, once=once))


# --- decisions -------------------------------------------------------------------------------------------


@command("approve")
def approve(options: Options, reference: Reference) -> None:
    """Approve a release for upload."""
    _decide(options, reference, "approve")


@command("reject")
def reject(
    options: Options,
    reference: Reference,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; stands on its card.")] = None,
) -> None:
    """Reject a release."""
    _decide(options, reference, "reject", reason)


@command("hold")
def hold(options: Options, reference: Reference) -> None:
    """Put a release aside; it can still be approved."""
    _decide(options, reference, "hold")


@command("retry")
def retry(options: Options, reference: Reference) -> None:
    """Let a failed, rejected or delayed release try again."""
    _change(options, reference, lambda app: app.uploads.retry(reference, by=_user(), door="cli"))


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
        return app.uploads.uploaded(reference, by=_user(), door="cli", url=url, torrent=path)

    _change(options, reference, said)


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
        return app.uploads.edit(reference, parse_assignments(changes), by=_user(), door="cli")

    _change(options, reference, edited, go_on=False)


@command("fix")
def fix(options: Options, reference: Reference) -> None:
    """Apply every mechanical fix the linter offers."""

    async def fixed(app: "App") -> Any:
        release, _ = await app.uploads.fix(reference, by=_user(), door="cli")
        return release

    _change(options, reference, fixed, go_on=False)


@command("forget")
def forget(options: Options, reference: Reference) -> None:
    """Remove a release that never went out, with its links and torrent; the library stays untouched."""
    if options.dry_run:
        options.show(_look(options, lambda app: app.shelf.status(reference)), "releases")
        return
    options.show(_write(options, lambda app: app.uploads.forget(reference)), "plain")


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
    options.show(_write(options, lambda app: app.uploads.take_over(document)), "plain")


@autopilot_command("start")
def autopilot_start(options: Options) -> None:
    """Let the schedules run."""
    options.show(_write(options, lambda app: app.autopilot.switch(True, by=_user())), "autopilot")


@autopilot_command("stop")
def autopilot_stop(options: Options) -> None:
    """Let the schedules rest; commands still work."""
    options.show(_write(options, lambda app: app.autopilot.switch(False, by=_user())), "autopilot")


@autopilot_command("status")
def autopilot_status(options: Options) -> None:
    """Whether the schedules run, and when."""
    options.show(_look(options, lambda app: app.autopilot.status()), "autopilot")


# --- the program itself ----------------------------------------------------------------------------------


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
    options.show(_look(options, lambda app: app.system.backup(str(to) if to else None)), "plain")


@command("restore")
def restore(options: Options, archive: Annotated[Path, typer.Argument(help="Made by backup.")]) -> None:
    """Put a backup's database back; the present one is kept."""
    from core.presence import DataLock
    from core.services.system import restore as put_back

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
    options.show(_look(options, lambda app: app.system.support(str(to) if to else None)), "plain")


# --- how they run ----------------------------------------------------------------------------------------


def _look(options: Options, work: Callable[["App"], Awaitable[Document]]) -> Document:
    from bot.door import look

    return options.run(look(options.config, work))


def _wish(options: Options, kind: str, args: Document) -> Document:
    from bot.door import look, wish

    if args.pop("dry_run", False):
        return options.run(
            look(options.config, lambda app: app.wishes.grant(kind, {**args, "dry_run": True}))
        )
    options.log_to_file()
    return options.run(wish(options.config, kind, args, options.watch))


def _write(options: Options, work: Callable[["App"], Awaitable[Document]]) -> Document:
    from bot.door import change

    options.log_to_file()
    return options.run(change(options.config, work, options.watch, go_on=lambda _: None))


def _change(
    options: Options, reference: str, work: Callable[["App"], Awaitable[Any]], *, go_on: bool = True
) -> None:
    """Do something with one release, then show it as it is now."""
    if not options.dry_run:
        from bot.door import change

        options.log_to_file()
        release = options.run(
            change(options.config, work, options.watch, go_on=lambda release: release.id if go_on else None)
        )
        reference = release.id
    options.show(_look(options, lambda app: app.shelf.status(reference)), "one")


def _decide(options: Options, reference: str, verb: Any, reason: str | None = None) -> None:
    def decided(app: "App") -> Awaitable[Any]:
        return app.uploads.decide(reference, verb, by=_user(), door="cli", reason=reason)

    _change(options, reference, decided)


def _stage(options: Options, stages: list[str]) -> None:
    if options.dry_run:
        options.show(_look(options, lambda app: app.shelf.status(options.reference)), "releases")
        return
    _finish(options, _wish(options, "run_stage", {"stages": stages, "reference": options.reference}))


def _finish(options: Options, document: Document) -> None:
    failed = document.pop("failed_now", [])
    options.show(document, "releases")
    if failed:
        raise typer.Exit(1)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
