"""The demo's steps: each a headline, the command a person would type, and the real program's own answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.demo.books import SHELF
from tests.demo.surroundings import ROOT, Surroundings, clean_environment

Release = dict[str, Any]

STEP_SECONDS = 300
SOME_FAILED = 1  # expected of `prepare`: one book of the shelf cannot be read
REASON = "Read by the wrong narrator"


class DemoFailed(Exception):
    """The program did not do what the demo is there to show."""


@dataclass
class Story:
    """Tells the steps, in `folder`, on `console`."""

    folder: Path
    around: Surroundings
    console: Console
    told: int = 0

    def tell(self) -> None:
        """From the library to a seeding torrent; what an earlier run did is not done again."""
        before = self.releases()
        for release in before:
            if release["state"] in ("seeding", "complete"):
                self.around.register(release["infohash"])  # the site has not forgotten
        self.step("What is in the library, and what cannot be used", "discover", "--all")
        unprepared = not before or any(release["state"] == "discovered" for release in before)
        heading = "Stage, describe, build and check: up to the point where a person decides"
        self.step(heading if unprepared else "Nothing to prepare again", "prepare", allowed=(0, SOME_FAILED))
        self.decide()
        self.publish()
        self.step("How everything stands", "status", allowed=(0, SOME_FAILED))

    def decide(self) -> None:
        """Look at one, approve it, and (the first time) reject another."""
        ready = self.in_state("awaiting_approval")
        if not ready:
            self.say("Nothing waits for a decision: begin anew with `make demo ARGS=--fresh`.")
            return
        first, *others = sorted(ready, key=lambda release: str(release["asin"] or "~"))
        self.step("Everything the upload form wants, ready to paste", "show", first["id"])
        headline = f"A person approves: into {self.around.qbittorrent_is}, stopped and checked"
        self.step(headline, "approve", first["id"])
        if others and not self.in_state("rejected"):
            self.step("and rejects another", "reject", others[-1]["id"], "--reason", REASON)

    def publish(self) -> None:
        """Bring on what an earlier run left half-way, play the uploading person, and see it seed."""
        if self.in_state("approved"):
            self.step("What was approved and is not in qBittorrent yet", "upload")
        for release in self.in_state("awaiting_upload"):
            self.say(f"A person now submits the form for “{release['title']}”; the site knows the torrent.")
            self.around.register(release["infohash"])
            self.step("Said to Mousekeeper, it starts seeding at once", "uploaded", release["id"])
            if self.one(release["id"])["state"] != "seeding":
                self.step("Started by", "upload")
            state = self.one(release["id"])["state"]
            if state != "seeding":
                raise DemoFailed(f"“{release['title']}” should be seeding now and is {state}.")

    def releases(self) -> list[Release]:
        """Every release as `status --json` gives it; none before the first run."""
        done = self.run("status", "--json", capture=True)
        try:
            return list(json.loads(done.stdout)["releases"])
        except (ValueError, KeyError, TypeError) as error:
            raise DemoFailed(f"`status --json` printed no status: {done.stderr.strip()[-500:]}") from error

    def in_state(self, state: str) -> list[Release]:
        return [release for release in self.releases() if release["state"] == state]

    def one(self, release_id: str) -> Release:
        return next(release for release in self.releases() if release["id"] == release_id)

    def say(self, sentence: str) -> None:
        self.console.print(Text(f"\n{sentence}", style="italic"))

    def step(self, headline: str, *command: str, allowed: Sequence[int] = (0,)) -> None:
        """Print the headline and the command as typed, then run it with its output shown."""
        self.told += 1
        self.console.print()
        self.console.rule(Text(f"{self.told}. {headline}", style="bold"), align="left")
        config = os.path.relpath(self.folder / "config.yaml")
        typed = " ".join(f'"{word}"' if " " in word else word for word in command)
        self.console.print(Text(f"$ mousekeeper {typed} --config {config}\n", style="cyan"), soft_wrap=True)
        done = self.run(*command)
        if done.returncode not in allowed:
            raise DemoFailed(
                f"`mousekeeper {typed}` ended with {done.returncode}; its log is in {self.folder / 'data'}."
            )

    def run(self, *command: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        self.console.file.flush()
        return subprocess.run(
            (sys.executable, "-m", "bot", *command, "--config", str(self.folder / "config.yaml")),
            cwd=ROOT,
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=capture,
            text=True,
            check=False,
            timeout=STEP_SECONDS,
        )

    def summary(self) -> Table:
        """What became of each book on the shelf, and what it was there to show."""
        releases = self.releases()
        table = Table(title="What became of them", title_justify="left")
        for column in ("Book", "It shows", "State"):
            table.add_column(column, overflow="fold")
        for shelved in SHELF:
            title = shelved.book.title
            found = (
                release
                for release in releases
                if shelved.asin == release["asin"] or title == release["title"]
            )
            state = next((str(release["state"]) for release in found), "passed over")
            table.add_row(Text(title), Text(shelved.shows), Text(state.replace("_", " ")))
        return table
