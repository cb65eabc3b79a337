"""What every command understands (`--config`, `--json`, `--dry-run`, `-v`, `--asin`), and how it ends."""

import asyncio
import functools
import inspect
import json
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from core.config import Configuration, load
from core.errors import MousekeeperError
from core.log import Scrubber, secrets_of, set_up

T = TypeVar("T")

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, logs on stderr.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show more of what happens.")]
AsinOption = Annotated[
    str | None, typer.Option("--asin", "--release", help="Only this release, by ASIN or id.")
]
COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("config", ConfigOption, None),
    ("json_output", JsonOption, False),
    ("dry_run", DryRunOption, False),
    ("verbose", VerboseOption, False),
    ("asin", AsinOption, None),
)


@dataclass
class Options:
    """The common options of one call, and the ways a command runs, prints and fails."""

    config_path: Path | None
    json_output: bool
    dry_run: bool
    verbose: bool
    reference: str | None

    @cached_property
    def config(self) -> Configuration:
        """The settings; faults end the command with code 78."""
        try:
            config = load(self.config_path)
        except MousekeeperError as error:
            self.fail(error)
        set_up(
            Scrubber(secrets_of(config.settings)), level="DEBUG" if self.verbose else "WARNING", folder=None
        )
        return config

    @cached_property
    def _scrub(self) -> Scrubber:
        return Scrubber(secrets_of(self.config.settings))

    def log_to_file(self, console: str = "WARNING") -> None:
        """Also keep a log in the data folder, for commands that change something."""
        level = "DEBUG" if self.verbose else console
        set_up(self._scrub, level=level, folder=self.config.data / "logs")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; an error becomes its sentence and its exit code."""
        with self.reporting():
            return asyncio.run(work)
        raise typer.Exit(1)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn our errors into a sentence and an exit code, Ctrl-C into 130."""
        try:
            yield
        except MousekeeperError as error:
            self.fail(error)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    def fail(self, error: MousekeeperError) -> NoReturn:
        """Say what went wrong and end the command."""
        scrub = self._scrub if "config" in self.__dict__ else Scrubber(())
        if self.json_output:
            document = {
                "error": scrub(error.message),
                "hint": scrub(error.hint),
                "exit_code": error.exit_code,
            }
            print(json.dumps(document))
        print(scrub(str(error)), file=sys.stderr)
        raise typer.Exit(error.exit_code) from None

    def show(self, document: dict[str, Any], layout: str = "plain") -> None:
        """Print one JSON document, or the same for people."""
        if self.json_output:
            print(json.dumps(document, indent=1))
            return
        from bot.render import render

        render(document, layout)

    def watch(self, app: Any) -> AbstractContextManager[None]:
        """Show the progress of stages while they run; nothing with --json or without a terminal."""
        from bot.progress import watching

        return watching(app, quiet=self.json_output or not sys.stderr.isatty())


def command_group(
    group: typer.Typer,
) -> Callable[[str], Callable[[Callable[..., None]], Callable[..., None]]]:
    """A decorator like typer's own, whose commands take `Options` first and understand the common options."""

    def named(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def decorate(function: Callable[..., None]) -> Callable[..., None]:
            own = list(inspect.signature(function).parameters.values())[1:]

            @functools.wraps(function)
            def call(**given: Any) -> None:
                common = {key: given.pop(key) for key, _, _ in COMMON}
                if common["verbose"]:
                    logging.captureWarnings(True)
                options = Options(*common.values())
                with options.reporting():
                    function(options, **given)

            extra = [
                inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
                for key, kind, default in COMMON
            ]
            keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
            call.__signature__ = inspect.Signature([*keyword, *extra])  # type: ignore[attr-defined]  # read by typer
            call.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *extra]}
            group.command(name)(call)
            return function

        return decorate

    return named
