"""README and guides name only what exists: commands, options, make targets, files."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from discord import app_commands

from bot.gates import gate_of
from tests.fixtures_bot import BotWorld

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ("README.md", "CHANGELOG.md", "docs/install.md", "docs/operations.md")

OPTION = re.compile(r"--[a-z][a-z-]+")
COMMAND = re.compile(r"(?<![\w/-])mousekeeper (?!mousekeeper)([a-z][a-z-]+)((?: [^`\n]*)?)")
# A row of a command table: further commands stand in code of their own, and the second cell speaks of the first one.
ROW = re.compile(r"^\| `mousekeeper ([a-z-]+)([^|]*) \| ([^|]*) \|", re.MULTILINE)

# A row of the table of slash commands: the command, and in the last cell who may.
SLASH = re.compile(r"^\| `(/[a-z]+(?: [a-z]+)*)` \|.*\| ([^|]*) \|$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def code(name: str) -> str:
    """Code spans and blocks only: in sentences the name is followed by any word."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text(name), re.DOTALL))


def named_commands() -> set[tuple[str, str]]:
    """Each command by itself, and with each option that is used with it."""
    found: set[tuple[str, str]] = set()
    for guide in GUIDES:
        used = COMMAND.findall(code(guide))
        for command, first, second in ROW.findall(text(guide)):
            used += [(command, second), *re.findall(r"`([a-z][a-z-]+)([^`]*)`", first)]
        for command, rest in used:
            found |= {(command, option) for option in ("", *OPTION.findall(rest))}
    return found


@cache
def help_of(*command: str) -> str:
    program = Path(sys.executable).with_name("mousekeeper")
    done = subprocess.run(
        [program, *command, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"mousekeeper {' '.join(command)} --help: {done.stderr}"
    return done.stdout


def test_every_command_in_the_guides_exists() -> None:
    commands = {command for command, _ in named_commands()}
    known = set(re.findall(r"[a-z][a-z-]+", help_of()))
    assert len(commands) > 15
    assert commands - known == set()


@pytest.mark.parametrize(("command", "option"), sorted(pair for pair in named_commands() if pair[1]))
def test_every_option_in_the_guides_exists(command: str, option: str) -> None:
    assert option in help_of(command)


def test_every_make_target_in_the_guides_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {target for guide in GUIDES for target in re.findall(r"\bmake ([a-z-]+)", code(guide))}
    assert named >= {"demo", "test", "setup", "lint", "bench"}
    assert named - targets == set()


def test_every_make_target_explains_itself() -> None:
    targets = re.findall(r"^([a-z-]+):(?!=)(.*)$", text("Makefile"), re.MULTILINE)
    assert [name for name, rest in targets if "## " not in rest] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_to_a_file_leads_somewhere(guide: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text(guide))
    assert [link for link in links if not ((ROOT / guide).parent / link).exists()] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    first_block = re.search(r"```sh\n(.+?)```", text("README.md"), re.DOTALL)
    assert first_block
    commands = [line.partition("#")[0].strip() for line in first_block[1].strip().splitlines()]
    assert commands == ["make demo", "make test"]
    assert text(".ci/run").rstrip().splitlines()[-1] == "make test"


async def test_readme_lists_every_slash_command_with_who_may_use_it(bot_world: BotWorld) -> None:
    bot = await bot_world.start()
    known = {
        f"/{command.qualified_name}": f"`{gate}`" if (gate := gate_of(command)) else "everybody"
        for command in bot.tree.walk_commands(guild=bot.served)
        if isinstance(command, app_commands.Command)
    }
    assert dict(SLASH.findall(text("README.md"))) == known
