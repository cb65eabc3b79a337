"""qBittorrent refusing, breaking off, talking nonsense, dawdling: each its own error, and the way back."""

from __future__ import annotations

import asyncio
import http.server
import logging
import shutil
import ssl
import threading
import traceback
from collections.abc import Callable

import pytest
import trustme

from core.clock import SystemClock
from core.errors import AuthFailed, BadReply, IntegrationError, NeedsPerson, NotNow, Rejected, Unreachable
from core.integrations.qbittorrent import QBittorrent, verify_added
from tests.core.integrations.qbittorrent.books import Book, make_book
from tests.core.integrations.qbittorrent.conftest import PASSKEY, Program
from tests.fixtures_qbittorrent import free_port
from tests.world.qbittorrent_state import QbittorrentDouble
from tests.world.qbittorrent_torrents import CHECKING, ERROR, IDLE, MOVING
from tests.world.waiting import until

Connect = Callable[..., QBittorrent]
CLOCK = SystemClock()


class LeapingClock(SystemClock):
    """Whoever would sleep finds the time gone at once."""

    leapt = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt

    async def sleep(self, seconds: float) -> None:
        self.leapt += seconds


@pytest.fixture
def state(double: Program) -> QbittorrentDouble:
    assert double.double
    return double.double


@pytest.fixture
def client(double: Program, connect: Connect) -> QBittorrent:
    return connect(double)


@pytest.fixture
def book(double: Program) -> Book:
    return make_book(double.folder / "seed")


async def add(client: QBittorrent, book: Book) -> None:
    await client.add(
        book.torrent, save_path=str(book.root.parent), category="mousekeeper", tags=("mk",), stopped=True
    )


async def test_nobody_listening(connect: Connect, double: Program) -> None:
    double.url = f"127.0.0.1:{free_port()}"
    client = connect(double)
    with pytest.raises(Unreachable, match=r"cannot be reached \(Connection refused\)"):
        await client.version()
    assert "QB_HOST" in (await client.check())[0]


class _Spoken(http.server.BaseHTTPRequestHandler):
    """Answers as a 5.2 that wants no login."""

    def do_POST(self) -> None:
        body = b"2.15.1" if "webapi" in self.path else b"v5.2.0"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silence."""


async def test_a_certificate_nobody_knows(connect: Connect, double: Program) -> None:
    # A server with threads: asyncio's leaves the socket of a refused handshake to the garbage collector.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Spoken) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        double.url = f"https://127.0.0.1:{server.server_port}"
        try:
            with pytest.raises(Unreachable, match="TLS certificate"):
                await connect(double).version()
            unverified = connect(double, verify_tls=False)
            assert await unverified.check() == []
            await unverified.close()
        finally:
            await asyncio.to_thread(server.shutdown)
            thread.join()


@pytest.mark.parametrize("host", ["http://[", "http://"])
async def test_an_address_that_is_none(host: str, connect: Connect, double: Program) -> None:
    double.url = host
    with pytest.raises(Unreachable):
        await connect(double).version()


async def test_a_host_without_scheme_and_a_path_in_front(
    connect: Connect, double: Program, state: QbittorrentDouble
) -> None:
    double.url = double.url.removeprefix("http://")
    assert await connect(double).check() == []
    double.url = f"http://{double.url}/behind/a/proxy"  # the double serves nothing there
    with pytest.raises(Rejected) as refused:
        await connect(double).version()
    assert refused.value.status == 404


@pytest.mark.parametrize(("status", "kind"), [(500, Unreachable), (503, Unreachable), (400, Rejected)])
async def test_statuses_and_the_recovery(
    client: QBittorrent, state: QbittorrentDouble, status: int, kind: type[IntegrationError]
) -> None:
    state.fail("torrents/info", status=status, times=10)
    with pytest.raises(kind, match=str(status)):
        await client.torrents()
    state.faults.clear()
    assert await client.torrents() == ()


async def test_another_host_name_than_it_allows(client: QBittorrent, state: QbittorrentDouble) -> None:
    state.fail("app/version", status=401, body="Unauthorized")
    with pytest.raises(Rejected, match="Server domains"):
        await client.version()


async def test_forbidden_even_after_a_login(client: QBittorrent, state: QbittorrentDouble) -> None:
    state.fail("torrents/info", status=403, body="Forbidden", times=2)
    with pytest.raises(Rejected, match="forbids"):
        await client.torrents()


async def test_a_late_answer(connect: Connect, double: Program, state: QbittorrentDouble) -> None:
    client = connect(double, request_timeout=(5.0, 1.0))
    await client.version()
    state.fail("torrents/info", delay=60, times=2)
    with pytest.raises(Unreachable, match="did not answer in time"):
        await client.torrents()


async def test_a_cut_connection(client: QBittorrent, state: QbittorrentDouble) -> None:
    state.fail("torrents/info", drop=True, times=2)
    with pytest.raises(Unreachable):
        await client.torrents()
    state.fail("torrents/info", drop=True)  # once is mended by asking again
    assert await client.torrents() == ()


@pytest.mark.parametrize(
    "body", ["<html>Router login</html>", '[{"hash": "ab', '{"a": 1}', "[1, null]", '[{"hash": 1}]']
)
async def test_answers_that_are_not_its_own(client: QBittorrent, state: QbittorrentDouble, body: str) -> None:
    await client.version()
    state.fail("torrents/info", status=200, body=body)
    with pytest.raises(BadReply, match="QB_HOST leads to its Web UI"):
        await client.torrents()
    for route, ask in (("sync/maindata", client.maindata), ("app/webapiVersion", client.version)):
        state.fail(route, status=200, body=body)
        with pytest.raises(BadReply):
            await ask()


async def test_odd_refresh_intervals_are_not_believed(client: QBittorrent, state: QbittorrentDouble) -> None:
    for body in ("{}", '{"refresh_interval": -5}', '{"refresh_interval": "soon"}'):
        state.fail("app/preferences", status=200, body=body)
        assert await client.refresh_interval() == 1.5


async def test_too_old(client: QBittorrent, state: QbittorrentDouble) -> None:
    state.fail("app/webapiVersion", status=200, body="2.2.0")
    (finding,) = await client.check()
    assert "too old" in finding


async def test_an_answer_lost_after_the_torrent_was_taken(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    """The library then sends it again, and hears that it is there already."""
    state.fail("torrents/add", drop=True, after=True)
    await add(client, book)
    assert len(state.calls("torrents/add")) > 1
    assert [row.infohash for row in await client.torrents()] == [book.infohash]


async def test_taken_meanwhile_by_somebody_else(
    client: QBittorrent, state: QbittorrentDouble, book: Book, connect: Connect, double: Program
) -> None:
    # Both look, neither finds it, both add it: the second "Fails.", or is answered 409.
    await asyncio.gather(add(client, book), add(connect(double), book))
    assert list(state.torrents) == [book.infohash]


async def test_refused_and_not_there(
    double: Program, state: QbittorrentDouble, book: Book, connect: Connect
) -> None:
    hurried = connect(double, clock=LeapingClock())
    state.fail(
        "torrents/add", **({"status": 200, "body": "Fails."} if state.dialect.old else {"status": 409})
    )
    with pytest.raises(Rejected, match="did not take the torrent"):
        await add(hurried, book)
    await add(connect(double), book)
    assert list(state.torrents) == [book.infohash]


async def test_a_cancelled_add_is_finished_by_the_next(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    await client.version()
    state.fail("torrents/add", delay=0.2, times=1)
    task = asyncio.create_task(add(client, book))
    await until(lambda: state.calls("torrents/add"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await add(client, book)  # waits behind the one that is still on its way
    assert [row.ratio_limit for row in await client.torrents()] == [-1]


async def test_what_queued_behind_a_refused_login_does_not_log_in(
    connect: Connect, double: Program, state: QbittorrentDouble
) -> None:
    client = connect(double, password="not it")
    answers = await asyncio.gather(*(client.version() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, AuthFailed) for answer in answers)
    assert len(state.calls("auth/login")) == 1
    assert "login refused" in repr(client)


async def test_a_session_that_ended_is_renewed_once(client: QBittorrent, state: QbittorrentDouble) -> None:
    await client.version()
    state.sessions.clear()
    await client.version()
    assert len(state.calls("auth/login")) == 2


async def test_credentials_that_became_wrong(client: QBittorrent, state: QbittorrentDouble) -> None:
    await client.version()
    state.password = "changed in the Web UI"
    state.sessions.clear()
    for _ in range(10):
        with pytest.raises(AuthFailed):
            await client.version()
    assert not state.banned
    client.reset_credentials(state.username, state.password)
    assert await client.check() == []


async def test_unregistered_is_told_without_the_passkey(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    await add(client, book)
    url = f"http://127.0.0.1:9/{PASSKEY}/announce"
    state.tracker_says(book.infohash, 4, f"Unregistered torrent at {url} for {PASSKEY}")
    (tracker,) = await client.trackers(book.infohash)
    assert tracker.unregistered
    assert tracker.message == "Unregistered torrent at 127.0.0.1 for …"
    state.tracker_says(book.infohash, 2, "")
    (tracker,) = await client.trackers(book.infohash)
    assert tracker.working
    assert not tracker.unregistered


async def test_a_check_longer_than_the_limit_is_picked_up_again(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    clock = state.clock = LeapingClock()  # one time for both, as it is in life
    state.check_seconds = 120
    await add(client, book)
    with pytest.raises(NotNow, match="still busy") as later:
        await verify_added(client, book.infohash, clock=clock, time_limit=30)
    assert later.value.retry_after
    assert (await verify_added(client, book.infohash, clock=clock)).complete
    assert len(state.calls("torrents/recheck")) == 1


async def test_a_restart_in_the_middle_of_the_check(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    state.check_seconds = 0.5
    await add(client, book)
    verifying = asyncio.create_task(verify_added(client, book.infohash, clock=CLOCK))
    await until(lambda: state.calls("torrents/recheck"))
    state.restart()
    assert (await verifying).complete


async def test_removed_in_the_middle_of_the_check(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    state.check_seconds = 60
    await add(client, book)
    verifying = asyncio.create_task(verify_added(client, book.infohash, clock=CLOCK))
    await until(lambda: state.calls("torrents/recheck"))
    state.torrents.clear()
    with pytest.raises(Rejected, match="does not have the torrent any more"):
        await verifying


async def test_somebody_else_is_moving_it(client: QBittorrent, state: QbittorrentDouble, book: Book) -> None:
    await add(client, book)
    torrent = state.torrents[book.infohash]
    await until(lambda: torrent.phase.kind == IDLE)
    torrent.show(MOVING)
    status = await client.torrent(book.infohash)
    assert status
    assert status.moving
    assert not status.complete
    verifying = asyncio.create_task(verify_added(client, book.infohash, clock=CLOCK))
    await until(lambda: len(state.calls("torrents/info")) > 4)
    assert not state.calls("torrents/recheck")
    torrent.show(IDLE)
    assert (await verifying).complete


async def test_data_it_may_not_read(client: QBittorrent, state: QbittorrentDouble, book: Book) -> None:
    state.check_seconds = 3600
    await add(client, book)
    torrent = state.torrents[book.infohash]
    await until(lambda: torrent.phase.kind == IDLE)
    verifying = asyncio.create_task(verify_added(client, book.infohash, clock=CLOCK))
    await until(lambda: state.calls("torrents/recheck") and torrent.phase.kind == CHECKING)
    torrent.show(ERROR)
    with pytest.raises(NeedsPerson, match="cannot read the data"):
        await verifying


async def test_a_running_torrent_is_not_left_to_download(
    client: QBittorrent, state: QbittorrentDouble, book: Book
) -> None:
    shutil.rmtree(book.root)
    state.check_seconds = 0.5
    await client.add(book.torrent, save_path=str(book.root.parent), category="", tags=(), stopped=False)
    with pytest.raises(NeedsPerson, match="finds nothing"):
        await verify_added(client, book.infohash, clock=CLOCK)
    status = await client.torrent(book.infohash)
    assert status
    assert status.stopped


async def test_no_secret_in_texts_logs_or_tracebacks(
    connect: Connect, double: Program, state: QbittorrentDouble, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = (PASSKEY, "not it", double.password)
    wrong, right = connect(double, password="not it"), connect(double)
    said = [repr(wrong), repr(right)]
    await add(right, book)
    said.append(repr(await right.torrent(book.infohash)) + repr(await right.maindata()))
    for route, how in (
        ("torrents/info", {"drop": True}),
        ("torrents/info", {"status": 400, "body": PASSKEY}),
    ):
        state.fail(route, times=2, **how)
        with pytest.raises(IntegrationError) as caught:
            await right.torrents()
        said += ["".join(traceback.format_exception(caught.value)), repr(caught.value)]
        state.faults.clear()
    with pytest.raises(AuthFailed) as refused:
        await wrong.version()
    said += ["".join(traceback.format_exception(refused.value)), caplog.text]
    for secret in secrets:
        assert not [text for text in said if secret in text]
