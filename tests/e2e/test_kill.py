"""kill -9 at random moments, many times over: nothing is lost, nothing is done twice.

Set MOUSEKEEPER_KILL_SEED to repeat a run; its seed is printed.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torf

from tests.e2e.harness import Program, Release, Seedbox, World
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import Plan, make_library
from tests.world.studio import Studio
from tests.world.waiting import until_sync

RELEASES = 32
KILLS = 44
SHORTEST, LONGEST = 0.02, 1.2  # seconds from a start to its end
LONG_ENOUGH = 2.0  # now and then one lives longer: a check in qBittorrent takes its time
FOLLOWED = 5  # a kill in so many comes right after a line of the log
LINES = ("[STAGE]", "[DESCRIBE]", "[BUILD]", "[PUBLISH]", "is ready", "unfinished jobs")
PLANS = (Plan(), Plan("author", "mp3 parts", sidecar=False), Plan("square", "m4b", cover_file=True))
SETTLE_SECONDS = 90.0
STAGES = ("stage", "describe", "build", "check", "approve", "publish", "confirm", "start", "seed", "record")
ALL_DONE = {
    "awaiting_upload": STAGES[:6],
    "seeding": STAGES[:8],
    "rejected": STAGES[:4],
}


@dataclass
class Keeper:
    """Plays the person: decides about a third of what is open, each release once, and remembers it."""

    program: Program
    dice: random.Random
    wanted: dict[str, str] = field(default_factory=dict)  # release id -> the state it must end in

    def decide(self, release: str) -> tuple[str, ...]:
        """What to say about a release that waits for its decision."""
        self.wanted.setdefault(
            release, self.dice.choice(("seeding", "seeding", "awaiting_upload", "rejected"))
        )
        return ("reject" if self.wanted[release] == "rejected" else "approve", release)

    def open(self, stage: str) -> list[str]:
        """Releases whose job waits at this stage."""
        if not self.program.database.exists():
            return []
        query = "SELECT subject FROM job WHERE stage = ? AND status = 'waiting' ORDER BY subject"
        return [row[0] for row in self.program.rows(query, stage)]

    def next_word(self) -> tuple[str, ...] | None:
        """A decision or an upload to be told, if there is anything to say."""
        uploads = [name for name in self.open("confirm") if self.wanted.get(name) == "seeding"]
        if uploads and self.dice.random() < 0.5:
            return ("uploaded", self.dice.choice(uploads))
        cards = self.open("approve")
        return self.decide(self.dice.choice(cards)) if cards else None


def kill(program: Program, command: tuple[str, ...], dice: random.Random, number: int, start: float) -> None:
    """Start a command and end it by SIGKILL at a moment of chance, mostly after `start`, when stages run."""
    process = program.popen(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    life = dice.uniform(SHORTEST, LONGEST) + (start if dice.random() < 0.8 else 0)
    if number % 7 == 0:
        life += LONG_ENOUGH
    heard = threading.Event()
    line = dice.choice(LINES) if number % FOLLOWED == 0 else None

    def listen() -> None:
        with suppress(ValueError):  # closed after the end
            for said in process.stderr or ():
                if line and line.encode() in said:
                    heard.set()

    ear = threading.Thread(target=listen)
    ear.start()
    heard.wait(life)
    process.kill()
    process.wait()
    ear.join()
    process.stderr.close()


@pytest.mark.qbittorrent
@pytest.mark.audio
@pytest.mark.timeout(300)
def test_killed_at_any_moment_everything_goes_on(
    keeper: Program, qbittorrent_nox: RealQbittorrent, outside_world: World, studio: Studio
) -> None:
    seed = int(os.environ.get("MOUSEKEEPER_KILL_SEED") or random.SystemRandom().randrange(10**6))
    print(f"MOUSEKEEPER_KILL_SEED={seed}")
    dice = random.Random(seed)
    box = Seedbox(qbittorrent_nox)
    box.hurry()
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    keeper.meet(outside_world.urls)
    keeper.keep_secret(LOG_LEVEL="DEBUG")
    keeper.configure("upload", max_open_approvals=RELEASES)
    make_library(
        keeper.library, books=RELEASES, plans=PLANS, seconds=2, tagged=False, studio=studio, seed=seed
    )
    person = Keeper(keeper, dice)
    start = keeper("autopilot", "start").seconds  # about what a start takes on this machine

    kills, struck = 0, Counter[str]()
    while kills < KILLS:
        word = person.next_word()
        if word is not None and dice.random() < 0.5:
            command = word
        elif dice.random() < 0.3:
            command = ("prepare",) if dice.random() < 0.7 else ("upload",)
        else:
            command = ("run",)
            while word is not None and dice.random() < 0.6:  # a decision that is made in peace
                keeper(*word, code=None)
                word = person.next_word()
        kill(keeper, command, dice, kills, start)
        kills += 1
        struck.update(under_way(keeper, "running"))
        assert keeper.database.exists() is False or keeper.rows("PRAGMA quick_check(1)") == [("ok",)]

    print(f"kills that struck a stage at work: {dict(struck)}")
    assert {"describe", "publish"} <= struck.keys()
    assert len(struck) >= 3
    settle(keeper, person)
    judge(keeper, person, box)


def settle(keeper: Program, person: Keeper) -> None:
    """Let it finish in peace: discover and prepare all, decide and upload all that was meant to be."""
    keeper("prepare", code=None)
    service = keeper.start()
    with ThreadPoolExecutor(3) as people:
        list(people.map(lambda word: keeper(*word), [person.decide(name) for name in person.open("approve")]))
    retry_put_off(keeper)
    until_sync(lambda: not under_way(keeper), SETTLE_SECONDS, what="everything to be in qBittorrent")
    with ThreadPoolExecutor(3) as people:
        uploads = [name for name in person.open("confirm") if person.wanted[name] == "seeding"]
        list(people.map(lambda name: keeper("uploaded", name), uploads))
    until_sync(lambda: not under_way(keeper), SETTLE_SECONDS, what="everything to be started")
    assert service.stop()[0] == 0


def retry_put_off(keeper: Program) -> None:
    for (release,) in keeper.rows("SELECT subject FROM job WHERE status = 'ready' AND attempts > 0"):
        keeper("retry", release, code=None)


def under_way(keeper: Program, *statuses: str) -> list[str]:
    """The stages of jobs that are running (or about to)."""
    wanted = statuses or ("ready", "running")
    marks = ", ".join("?" * len(wanted))
    return [row[0] for row in keeper.rows(f"SELECT stage FROM job WHERE status IN ({marks})", *wanted)]


def judge(keeper: Program, person: Keeper, box: Seedbox) -> None:
    releases = keeper.status()
    assert len(releases) == RELEASES
    assert len({release["source_dir"] for release in releases.values()}) == RELEASES
    stray = {
        name: release for name, release in releases.items() if release["state"] != person.wanted.get(name)
    }
    assert not stray, {name: (person.wanted.get(name), r["state"], r["error"]) for name, r in stray.items()}

    assert keeper.stray() == []
    staged = {entry.name for entry in (keeper.data / "staging").iterdir()}
    assert staged == {os.path.basename(release["staging_dir"]) for release in releases.values()}
    torrents = {str(path) for path in (keeper.data / "torrents").rglob("*.torrent")}
    assert torrents == {release["torrent_path"] for release in releases.values()}
    for release in releases.values():
        assert_whole(release)

    here = box.torrents()
    out = {r["infohash"]: r for r in releases.values() if r["state"] in ("awaiting_upload", "seeding")}
    assert here.keys() == out.keys(), "qBittorrent holds each torrent that was approved, once, and no other"
    for infohash, row in here.items():
        assert row["progress"] == 1
        assert (row["state"] == "pausedUP") == (out[infohash]["state"] == "awaiting_upload"), row["state"]

    done = Counter(
        keeper.rows(
            "SELECT j.subject, l.stage FROM job_log l JOIN job j ON j.id = l.job_id WHERE l.event = 'done'"
        )
    )
    assert set(done.values()) == {1}, [step for step, times in done.items() if times > 1]
    for name, release in releases.items():
        assert {stage for subject, stage in done if subject == name} == set(ALL_DONE[release["state"]])
    said = keeper.rows(
        "SELECT job_id, count(*) FROM job_log WHERE event IN ('approve', 'reject') GROUP BY job_id"
    )
    assert {times for _, times in said} == {1}
    assert keeper.rows("SELECT count(*) FROM job") == [(RELEASES,)]
    assert keeper.rows("PRAGMA integrity_check") == [("ok",)]
    assert keeper.rows("SELECT infohash FROM release GROUP BY infohash HAVING count(*) > 1") == []


def assert_whole(release: Release) -> None:
    """The staged folder is what the torrent says, byte for byte, and hardlinked to the library."""
    staging = Path(release["staging_dir"])
    assert torf.Torrent.read(release["torrent_path"]).verify(staging)
    for place, _, names in os.walk(staging):
        for name in names:
            assert os.stat(os.path.join(place, name)).st_nlink == 2
