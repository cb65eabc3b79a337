"""First-run questions: writes config.yaml and says what belongs into .env."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from bot.options import Options
from core.config import DEFAULT_CONFIG, load
from core.errors import MousekeeperError, NeedsPerson

SECRETS = (
    ("QB_HOST", "the address of qBittorrent's web interface, such as http://localhost:8080"),
    ("QB_USERNAME", "its user name"),
    ("QB_PASSWORD", "its password"),
    ("MAM_ANNOUNCE_URL", "your personal announce address, from the tracker's upload page"),
    ("MAM_ID", "a session made for Mousekeeper alone, from the tracker's Preferences > Security"),
    ("LIBATION_CONTAINER", "the name of Libation's container, if it runs in Docker"),
)


def first_questions(options: Options) -> dict[str, Any]:
    """Ask, write the file, check it. Raises NeedsPerson when there is one already."""
    target = (options.config_path or Path(DEFAULT_CONFIG)).absolute()
    with options.reporting():
        if target.exists():
            raise NeedsPerson(f"{target} exists already.", hint="Edit it, or move it away first.")
        library = typer.prompt("Folder with your liberated books", default="/data/library", err=True)
        data = typer.prompt("Folder for Mousekeeper's own data", default="./data", err=True)
        timezone = typer.prompt("Time zone", default="UTC", err=True)
        text = (
            "# Every other setting has a default; config.example.yaml lists them all.\n"
            f"paths:\n  libation_library_root: {_quoted(library)}\n  data: {_quoted(data)}\n"
            f"timezone: {_quoted(timezone)}\n"
        )
        if not options.dry_run:
            target.write_text(text, "utf-8")
            try:
                load(target)
            except MousekeeperError:
                target.unlink()
                raise
    return {
        "written": None if options.dry_run else str(target),
        "put into .env beside it": [f"{name}=   # {meaning}" for name, meaning in SECRETS],
        "next": "mousekeeper doctor, then mousekeeper prepare",
    }


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
