"""`mousekeeper ...`: the console script, with every command in the order the help shows them."""

from bot.commands import app, autopilot, deciding, housekeeping, looking, tracker, working

__all__ = ["app", "main"]

COMMANDS = (looking, working, deciding, tracker, autopilot, housekeeping)  # importing them registers them


def main() -> None:
    """The console script."""
    app()
