"""Commands of the autopilot."""

from bot.commands import autopilot_command
from bot.options import Options
from bot.ways import look, only_said, user, write


@autopilot_command("start")
def autopilot_start(options: Options) -> None:
    """Let the schedules run."""
    if not only_said(options, "start the autopilot"):
        options.show(write(options, lambda app: app.autopilot.switch(True, by=user())), "autopilot")


@autopilot_command("stop")
def autopilot_stop(options: Options) -> None:
    """Let the schedules rest; commands still work."""
    if not only_said(options, "stop the autopilot"):
        options.show(write(options, lambda app: app.autopilot.switch(False, by=user())), "autopilot")


@autopilot_command("status")
def autopilot_status(options: Options) -> None:
    """Whether the schedules run, and when."""
    options.show(look(options, lambda app: app.autopilot.status()), "autopilot")
