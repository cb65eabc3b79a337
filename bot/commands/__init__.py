"""The commands, one file a subject; importing a file adds its commands to `app`."""

import typer

from bot.options import command_group

app = typer.Typer(
    name="mousekeeper",
    help="Keeps an audiobook library and its tracker account in order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
command = command_group(app)
autopilot_group = typer.Typer(help="Start, stop or look at the autopilot.", no_args_is_help=True)
app.add_typer(autopilot_group, name="autopilot")
autopilot_command = command_group(autopilot_group)
