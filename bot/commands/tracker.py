"""The tracker account at the terminal."""

from typing import Annotated

import typer

from bot.commands import command
from bot.options import Options
from bot.ways import look, only_said, user, wish, write

VIEWS = ("account", "vip", "duties", "rules")
VERBS = ("refresh", "buy", "freeze", "thaw", "yes", "no")


@command("tracker")
def tracker(
    options: Options,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help=f"{', '.join(VIEWS)}; or {', '.join(VERBS)}.")
    ] = "account",
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="GB for buy; a purchase's id for yes and no.")
    ] = "",
) -> None:
    """The tracker account: look at it, buy upload credit, freeze everything, answer what is asked."""
    if what in VIEWS:
        options.show(look(options, lambda app: app.tracker.document()), f"tracker_{what}")
    elif what == "refresh":
        if not only_said(options, "ask the tracker for the account"):
            options.show(wish(options, "account", {}), "tracker_account")
    elif what == "buy":
        _buy(options, value)
    elif what in ("freeze", "thaw"):
        if not only_said(options, f"{what} everything"):
            write(options, lambda app: app.tracker.freeze(what == "freeze", by=user()))
            options.show(look(options, lambda app: app.tracker.document()), "tracker_account")
    elif what in ("yes", "no"):
        _answer(options, value, yes=what == "yes")
    else:
        raise typer.BadParameter(f"must be one of {', '.join((*VIEWS, *VERBS))}", param_hint="WHAT")


def _buy(options: Options, value: str) -> None:
    if not value.isdecimal():
        raise typer.BadParameter("must be a whole number of GB, such as 50", param_hint="VALUE")
    if not only_said(options, f"buy {value} GB of upload"):
        options.show(wish(options, "buy_upload", {"gib": int(value), "by": user()}), "purchase")


def _answer(options: Options, purchase_id: str, *, yes: bool) -> None:
    if not purchase_id:
        raise typer.BadParameter("must be a purchase's id, see `mousekeeper tracker`", param_hint="VALUE")
    if not only_said(options, f"say {'yes' if yes else 'no'} to purchase {purchase_id}"):
        document = write(
            options, lambda app: app.tracker.answered(purchase_id, yes=yes, by=user(), door="cli")
        )
        options.show(document, "purchase")
