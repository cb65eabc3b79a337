"""Killed at each step of an approval, the real program ends where it would have: one torrent, one card, one line.

Discord is the double on a thread, qBittorrent the real one. Each kill is put exactly between two steps: by the
request that comes next, by a process that is stopped, or by an answer that is held back.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from tests.e2e.harness import Program, Seedbox, Service
from tests.fixtures_qbittorrent import RealQbittorrent
from tests.world.audio import make_book
from tests.world.catalogue import Catalogue
from tests.world.discord import Discord
from tests.world.discord.entities import Message
from tests.world.discord.faults import after_it_happened
from tests.world.outside import Fault, Handler, silence
from tests.world.studio import Studio
from tests.world.waiting import until_sync

pytestmark = [pytest.mark.qbittorrent, pytest.mark.audio]

ASIN = "B0MKB00001"
ANSWER = "POST /api/v10/interactions/*/callback"
EDIT = "PATCH /api/v10/channels/*/messages/*"
STOPPED = ("pausedUP", "stoppedUP")
PATIENCE = 60.0


@dataclass
class Scene:
    """A running service with a release that waits for Ada, and everything around it."""

    keeper: Program
    service: Service
    discord: Discord
    box: Seedbox
    server: RealQbittorrent

    @property
    def card(self) -> Message:
        [card] = self.discord.history("uploads")
        return card

    def press(self, label: str, *, wait: bool = True) -> object:
        return self.discord.person("Ada", roles=["approve"]).press(self.card, label, wait=wait)

    def until(self, condition: Callable[[], object], what: str) -> None:
        until_sync(condition, PATIENCE, what=what)

    def decision(self) -> str | None:
        [(decision,)] = self.keeper.rows("SELECT decision FROM release")
        return str(decision) if decision else None

    def dies(self) -> Fault:
        """SIGKILL, from within the request that arrives."""

        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.service.process.kill()
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

        return fault

    def restart(self) -> None:
        assert self.service.process.wait(PATIENCE) == -signal.SIGKILL
        self.discord.outside.recover()
        self.discord.disconnected()
        self.service = self.keeper.start()
        self.discord.connected()


@contextmanager
def asleep(pid: int) -> Iterator[None]:
    """The process hears nothing and says nothing for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


# --- where it is killed -----------------------------------------------------------------------------------------------


def pressed_but_not_decided(scene: Scene) -> None:
    """The press lies in the program's socket; nobody was told that it was heard, and it changed nothing."""
    os.kill(scene.service.pid, signal.SIGSTOP)
    scene.press("Approve", wait=False)
    scene.service.process.kill()
    scene.restart()
    assert scene.decision() is None
    scene.press("Approve")


def decided_but_not_acknowledged(scene: Scene) -> None:
    scene.discord.outside.fail(ANSWER, scene.dies())
    scene.press("Approve", wait=False)
    scene.restart()
    assert scene.decision() == "approve"


def acknowledged_but_neither_edited_nor_added(scene: Scene) -> None:
    assert scene.server.process is not None
    with asleep(scene.server.process.pid):
        scene.discord.outside.fail(EDIT, scene.dies())
        scene.press("Approve")
        scene.service.process.wait(PATIENCE)
    assert scene.box.torrents() == {}
    assert "Approve" in scene.card.labels
    scene.restart()


def edited_but_not_added(scene: Scene) -> None:
    assert scene.server.process is not None
    with asleep(scene.server.process.pid):
        scene.discord.outside.fail(EDIT, after_it_happened(scene.dies()))
        scene.press("Approve")
        scene.service.process.wait(PATIENCE)
    assert scene.box.torrents() == {}
    assert "Approved by Ada" in scene.card.text
    scene.restart()


def added_but_not_edited(scene: Scene) -> None:
    scene.discord.outside.fail(EDIT, silence(), always=True)
    scene.press("Approve")
    scene.until(scene.box.torrents, "the torrent in qBittorrent")
    scene.service.kill()
    assert "Approve" in scene.card.labels
    scene.restart()


def uploaded_but_not_acknowledged(scene: Scene) -> None:
    scene.press("Approve")
    scene.until(lambda: waits_for_upload(scene), "the way to say that it is uploaded")
    form = scene.press("Uploaded")
    scene.discord.outside.fail(ANSWER, scene.dies())
    scene.discord.person("Ada").submit(form, {"link": "123456"}, wait=False)  # type: ignore[arg-type]
    scene.restart()


KILLS = (
    pressed_but_not_decided,
    decided_but_not_acknowledged,
    acknowledged_but_neither_edited_nor_added,
    edited_but_not_added,
    added_but_not_edited,
    uploaded_but_not_acknowledged,
)


# --- the story --------------------------------------------------------------------------------------------------------


def waits_for_upload(scene: Scene) -> bool:
    return "Waits for the upload" in scene.card.text and "Uploaded" in scene.card.labels


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.__name__)
def test_killed_between_two_steps_of_an_approval(
    kill: Callable[[Scene], None],
    keeper: Program,
    qbittorrent_nox: RealQbittorrent,
    discord_outside: Discord,
    studio: Studio,
) -> None:
    book = Catalogue.load().get(ASIN)
    assert book is not None
    make_book(keeper.library, book, seconds=2, studio=studio)
    keeper.use(qbittorrent_nox.url, qbittorrent_nox.username, qbittorrent_nox.password)
    keeper.keep_secret(**discord_outside.environment())
    keeper.configure("discord", **discord_outside.section())
    box = Seedbox(qbittorrent_nox)
    box.hurry()

    service = keeper.start()
    discord_outside.connected()
    keeper("prepare")
    discord_outside.message("uploads", lambda message: "Approve" in message.labels)
    scene = Scene(keeper, service, discord_outside, box, qbittorrent_nox)

    kill(scene)

    if kill is not uploaded_but_not_acknowledged:
        scene.until(lambda: waits_for_upload(scene), "the card to wait for the upload")
        [torrent] = box.torrents().values()
        assert torrent["state"] in STOPPED, "nothing seeds before a person says that it is uploaded"
        form = scene.press("Uploaded")
        discord_outside.person("Ada").submit(form, {"link": "123456"})  # type: ignore[arg-type]
    scene.until(lambda: "Seeding" in scene.card.text, "the card to say that it seeds")
    judge(scene)
    assert scene.service.stop()[0] == 0


def judge(scene: Scene) -> None:
    """The same end, wherever it was killed."""
    [release] = scene.keeper.status().values()
    assert release["state"] == "seeding"
    [(infohash, torrent)] = scene.box.torrents().items()
    assert infohash == release["infohash"]
    assert torrent["progress"] == 1
    assert torrent["state"] not in STOPPED

    assert scene.card.labels == ["Kit"]
    assert "Approved by Ada" in scene.card.text
    assert "Uploaded by Ada" in scene.card.text
    rows = scene.keeper.rows
    assert rows("SELECT message, closed FROM card WHERE kind = 'release'") == [(scene.card.id, 0)]
    said = rows("SELECT event, count(*) FROM job_log WHERE event IN ('approve', 'uploaded') GROUP BY event")
    assert dict(said) == {"approve": 1, "uploaded": 1}
    done = rows("SELECT stage, count(*) FROM job_log WHERE event = 'done' GROUP BY stage HAVING count(*) > 1")
    assert done == []
