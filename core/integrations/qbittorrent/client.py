"""Asks qBittorrent: an async front for a synchronous library, one call at a time on one thread of its own.

A cancelled call goes on in its thread; every call here may therefore be made again without harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from core.clock import Clock, SystemClock
from core.domain.metainfo import Metainfo
from core.errors import AuthFailed, IntegrationError, Rejected
from core.integrations.qbittorrent import wire
from core.integrations.qbittorrent.faults import SYSTEM, login_refused, translate
from core.integrations.qbittorrent.mirror import Mirror, Snapshot
from core.integrations.qbittorrent.models import (
    LogLine,
    MainData,
    QbVersion,
    TorrentProperties,
    TorrentStatus,
    Tracker,
)

if TYPE_CHECKING:  # requests and the client library are loaded with the first call, on its thread
    from qbittorrentapi import Client

T = TypeVar("T")
log = logging.getLogger(__name__)

APPEARS_SECONDS = 30.0  # adding is asynchronous; a busy program on a slow disk takes a while
REFUSED_SECONDS = 3.0  # after "Fails.": it may be there already, added by an earlier call of ours
FIRST_POLL, LAST_POLL, POLL_GROWTH = 0.2, 5.0, 1.5  # seconds between looks


class QBittorrent:
    """One qBittorrent. `host` is a URL (its path is kept) or `host:port`; `request_timeout` is in seconds,
    for connecting and for each wait on an answer.

    Every method raises Unreachable, AuthFailed, RateLimited (banned), Rejected or BadReply. After a refused
    login nothing is asked any more until `reset_credentials`, as five wrong logins ban the whole address.
    """

    def __init__(
        self,
        host: str,
        username: str,
        password: str,
        *,
        verify_tls: bool = True,
        request_timeout: tuple[float, float] = (3.1, 30.0),
        clock: Clock | None = None,
    ) -> None:
        self._host = host if "://" in host else f"http://{host}"
        self._verify_tls = verify_tls
        self._timeout = request_timeout
        self._clock = clock or SystemClock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=SYSTEM)
        self.reset_credentials(username, password)

    def __repr__(self) -> str:
        return f"<QBittorrent{' (login refused)' if self._login_refused else ''}>"

    def reset_credentials(self, username: str, password: str) -> None:
        """Use these from now on, and ask again if the earlier ones were refused."""
        self._credentials = (username, password)
        self._client: Client | None = None
        self._login_refused = False

    async def close(self) -> None:
        """Let go of the connection and drop what waits; a call on its way ends within its time-out."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._client = None

    async def check(self) -> list[str]:
        """What keeps us from using it (unreachable, refused, banned, too old), each a sentence."""
        try:
            version = await self.version()
        except IntegrationError as error:
            return [str(error)]
        found = f"qBittorrent {version.app} is too old for this program. Use 4.5 or newer."
        return [found] if version.too_old else []

    async def version(self) -> QbVersion:
        """The program's and its Web API's version."""
        return await self._call("tell its version", wire.version)

    async def torrent(self, infohash: str) -> TorrentStatus | None:
        """The torrent with this infohash, None if it has none such."""
        rows = await self._call("list a torrent", lambda api: wire.statuses(api, torrent_hashes=infohash))
        return rows[0] if rows else None

    async def torrents(
        self, *, category: str | None = None, tag: str | None = None
    ) -> tuple[TorrentStatus, ...]:
        """All torrents, or those of one category or tag."""
        return await self._call(
            "list its torrents", lambda api: wire.statuses(api, category=category, tag=tag)
        )

    async def add(
        self,
        torrent_bytes: bytes,
        *,
        save_path: str,
        category: str,
        tags: Iterable[str],
        stopped: bool,
        skip_check: bool = False,
    ) -> TorrentStatus:
        """Add a .torrent, exempt it from share limits, and return it once it is listed.

        `save_path` is the parent of the torrent's root folder, as qBittorrent sees it. A torrent that is
        there already stays as it is, but for our tags and the limits. Raises BadTorrent for bytes that are
        no torrent, Rejected when qBittorrent does not take it.
        """
        infohash, tags = Metainfo.parse(torrent_bytes).infohash, tuple(tags)
        status = await self.torrent(infohash)
        if status is None:
            fields: dict[str, Any] = {
                "save_path": save_path,
                "category": category,
                "tags": tags,
                "is_stopped": stopped,
                "is_skip_checking": skip_check,
                "use_auto_torrent_management": False,  # else the category's path would win over ours
                "content_layout": "Original",  # a global "no subfolder" would look for the files elsewhere
            }
            taken = await self._call("add the torrent", lambda api: wire.add(api, torrent_bytes, fields))
            status = await self._listed(infohash, APPEARS_SECONDS if taken else REFUSED_SECONDS)
        await self._call(
            "set a torrent's limits and tags", lambda api: wire.exempt_and_tag(api, infohash, tags)
        )
        return status

    async def recheck(self, infohash: str) -> None:
        """Hash the data again. Stop it first: a running torrent whose data is gone would download it."""
        await self._call("recheck a torrent", lambda api: api.torrents_recheck(torrent_hashes=infohash))

    async def start(self, *infohashes: str) -> None:
        """Start (resume) torrents."""
        await self._call("start a torrent", lambda api: api.torrents_start(torrent_hashes=infohashes))

    async def stop(self, *infohashes: str) -> None:
        """Stop (pause) torrents, which ends forcing; while one is being checked this breaks the check off."""
        await self._call("stop a torrent", lambda api: api.torrents_stop(torrent_hashes=infohashes))

    async def force(self, *infohashes: str, on: bool = True) -> None:
        """Run torrents whatever the queue says, or let them queue again. Starts what is stopped."""
        await self._call(
            "force a torrent", lambda api: api.torrents_set_force_start(enable=on, torrent_hashes=infohashes)
        )

    async def limit_upload(self, *infohashes: str, limit: int) -> None:
        """Bytes a second that torrents may give, 0 for as many as they can."""
        await self._call(
            "limit a torrent",
            lambda api: api.torrents_set_upload_limit(limit=limit, torrent_hashes=infohashes),
        )

    async def reannounce(self, *infohashes: str) -> None:
        """Ask the trackers now."""
        await self._call("announce a torrent", lambda api: api.torrents_reannounce(torrent_hashes=infohashes))

    async def upload_settings(self) -> dict[str, int]:
        """The program's own limits and slots for upload, under its own names."""
        return await self._call("show its settings", wire.upload_settings)

    async def change_settings(self, changes: Mapping[str, int]) -> None:
        """Set some of them: bytes a second, kept in whole KiB, 0 for no limit; slots, -1 for no limit."""
        await self._call("change its settings", lambda api: api.app_set_preferences(prefs=dict(changes)))

    async def trackers(self, infohash: str) -> tuple[Tracker, ...]:
        """What the trackers of a torrent last said, announce URLs left out."""
        return await self._call("list a torrent's trackers", lambda api: wire.trackers(api, infohash))

    async def properties(self, infohash: str) -> TorrentProperties:
        """The details of one torrent. Raises Rejected (404) for an unknown one."""
        return await self._call("show a torrent", lambda api: wire.properties(api, infohash))

    async def export(self, infohash: str) -> bytes:
        """The .torrent file as qBittorrent keeps it, the passkey in it. Raises Rejected (404)."""
        return await self._call("export a torrent", lambda api: api.torrents_export(torrent_hash=infohash))

    async def remove_entry(self, infohash: str) -> None:
        """Take the torrent off the list; its data stays where it is."""
        await self._call(
            "remove a torrent", lambda api: api.torrents_delete(delete_files=False, torrent_hashes=infohash)
        )

    async def ensure_category(self, name: str, save_path: str) -> None:
        """Make the category, or leave it as it is. Raises Rejected for an impossible name."""
        await self._call("make a category", lambda api: wire.ensure_category(api, name, save_path))

    async def maindata(self, rid: int = 0) -> MainData:
        """What changed since the answer numbered `rid`; 0 asks for everything."""
        return await self._call("tell what changed", lambda api: wire.maindata(api, rid))

    async def follow(self, mirror: Mirror) -> Snapshot:
        """Bring the mirror up to date by what changed since it was last; returns the state now."""
        return await self._call("tell what changed", lambda api: mirror.apply(wire.maindata(api, mirror.rid)))

    async def lift_limits(self, infohash: str) -> None:
        """Exempt a torrent from ratio and seeding time limits, which could stop it before its duty is met."""
        await self._call(
            "set a torrent's limits and tags", lambda api: wire.exempt_and_tag(api, infohash, ())
        )

    async def troubles(self) -> tuple[LogLine, ...]:
        """The warnings and errors of the program's own log, oldest first, without URLs."""
        return await self._call("show its log", wire.troubles)

    async def refresh_interval(self) -> float:
        """Seconds between two looks of the program at its own torrents: how old an answer can be."""
        return await self._call("show its settings", wire.refresh_interval)

    async def _listed(self, infohash: str, limit: float) -> TorrentStatus:
        deadline, pause = self._clock.monotonic() + limit, FIRST_POLL
        while (status := await self.torrent(infohash)) is None:
            if self._clock.monotonic() >= deadline:
                raise Rejected(
                    SYSTEM, "qBittorrent did not take the torrent.", hint="Its own log (View, Log) says why."
                )
            await self._clock.sleep(pause)
            pause = min(pause * POLL_GROWTH, LAST_POLL)
        return status

    async def _call(self, action: str, work: Callable[[Client], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, action, work)

    def _run(self, action: str, work: Callable[[Client], T]) -> T:
        # On the thread: what queued up behind a refused login must not try to log in again.
        if self._login_refused:
            raise login_refused()
        client = self._client = self._client or self._new_client()
        try:
            return work(client)
        except Exception as error:  # noqa: BLE001 - whatever an answer provokes becomes one of our own errors
            log.debug("qBittorrent could not %s: %s", action, type(error).__name__)
            fault = translate(action, error)
            # Meanwhile somebody may have set other credentials: theirs were not refused.
            if isinstance(fault, AuthFailed) and client is self._client:
                self._login_refused = True
            raise fault from None  # the library's own text may quote what it sent

    def _new_client(self) -> Client:
        from qbittorrentapi import Client

        username, password = self._credentials
        asking: dict[str, Any] = {"timeout": self._timeout}  # its own default is to wait for ever
        if not self._verify_tls:
            asking["verify"] = False  # with each request, or REQUESTS_CA_BUNDLE would win over the session's
        return Client(
            host=self._host,
            username=username,
            password=password,
            VERIFY_WEBUI_CERTIFICATE=self._verify_tls,
            FORCE_SCHEME_FROM_HOST=True,
            REQUESTS_ARGS=asking,
            HTTPADAPTER_ARGS={"max_retries": 0},  # it tries once more itself
            SIMPLE_RESPONSES=True,
            DISABLE_LOGGING_DEBUG_OUTPUT=True,
        )
