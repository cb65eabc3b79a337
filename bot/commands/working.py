"""Commands that have stages run: here, or by the service that holds the data folder."""

from typing import Annotated

import typer

from bot.commands import command
from bot.options import Options
from bot.ways import finish, only_said, run_stages, wish


@command("scan")
def scan(
    options: Options,
    liberate: Annotated[bool, typer.Option("--liberate", help="Also fetch what is pending.")] = False,
) -> None:
    """Ask Libation for new books."""
    if only_said(options, "ask Libation to scan" + (" and liberate" if liberate else "")):
        return
    document = wish(options, "scan", {"liberate": liberate})
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
    options.show(wish(options, "discover", args), "discovery")


@command("prepare")
def prepare(options: Options) -> None:
    """Take releases from the library to a person's approval: stage, describe, build, check."""
    finish(options, wish(options, "prepare", {"reference": options.reference, "dry_run": options.dry_run}))


@command("metadata")
def metadata(options: Options) -> None:
    """Describe what is staged; ask the catalogues again where facts are missing."""
    run_stages(options, ["describe"])


@command("torrent")
def torrent(options: Options) -> None:
    """Build the torrents of what is described."""
    run_stages(options, ["build"])


@command("upload")
def upload(options: Options) -> None:
    """Bring what is approved into qBittorrent."""
    run_stages(options, ["publish", "confirm", "start"])


@command("run")
def run(
    options: Options,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end.")] = False,
) -> None:
    """The service: runs day and night until it is stopped."""
    if only_said(options, "do what is due now" if once else "run until it is stopped"):
        return
    from bot.app import serve

    options.log_to_file(console=options.config.settings.log_level)
    options.run(serve(options.config, once=once))
