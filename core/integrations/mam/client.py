"""The only client that touches the tracker: permitted calls, one at a time, paced, each made once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from core.clock import Clock
from core.domain.freeleech import wedge_would_be_wasted
from core.errors import AuthFailed, BadReply, IntegrationError, NotNow, RateLimited, Rejected, Unreachable
from core.http import Reply, user_agent
from core.integrations.mam import answers, calls, reading
from core.integrations.mam.account import AccountStatus
from core.integrations.mam.addresses import BASE_URL, TRACKER_URL, trusted
from core.integrations.mam.calls import Call, Query
from core.integrations.mam.errors import SECRET, SYSTEM, OutcomeUnknown, WrongNetwork
from core.integrations.mam.models import (
    BonusEvent,
    NetworkIdentity,
    Purchase,
    SearchPage,
    SeedboxUpdate,
    TorrentRow,
)
from core.integrations.mam.pacing import Budget, Ledger, Pacer
from core.integrations.mam.query import SearchQuery, by_infohash, one_torrent
from core.integrations.mam.session import SessionFile
from core.integrations.mam.transport import Request, Transport

T = TypeVar("T")

LEAST_UPLOAD = 50  # GiB in one purchase by a program
MOST_ROWS = 1000
LARGEST_TORRENT = 16 * 1024 * 1024  # bytes
LARGEST_ANSWER = 8 * 1024 * 1024
DEAD_AFTER = 2  # refusals of the session in a row, after which nobody asks until MAM_ID changes
CLOSING_PATIENCE = 5.0  # seconds for an exchange under way


class Mam:
    """The tracker's client.

    Every method raises Unreachable (WrongNetwork among them), AuthFailed (without asking once the session was
    refused), RateLimited (without asking while the tracker is spared), Rejected and BadReply, and NotNow when
    the session's file is another process's or cannot be written. What costs something raises OutcomeUnknown
    where the answer got lost: then look, do not repeat.
    """

    name = SYSTEM

    def __init__(
        self,
        transport: Transport,
        session: SessionFile,
        ledger: Ledger,
        clock: Clock,
        *,
        base_url: str | None = None,
        tracker_url: str | None = None,
        min_interval: float = 2.0,
        per_day: int = 500,
        timeout: float = 30.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Raises ConfigError for a base address the session must not go to."""
        self._transport = transport
        self._session = session
        self._clock = clock
        self._bases = {
            "site": trusted(base_url, BASE_URL, "MAM_BASE_URL"),
            "tracker": trusted(tracker_url, TRACKER_URL, "MAM_TRACKER_URL"),
        }
        self._timeout = timeout
        self._pacer = Pacer(ledger, clock, min_interval=min_interval, per_day=per_day, jitter=jitter)
        self._one_at_a_time = asyncio.Lock()
        self._under_way: asyncio.Task[Any] | None = None
        self._refused: AuthFailed | None = None
        self._doubts = 0
        self._account: tuple[float, AccountStatus] | None = None
        self._closed = False

    async def close(self) -> None:
        """Let an exchange under way end (it may bring a new session), then let go of the session."""
        self._closed = True
        if self._under_way is not None and not self._under_way.done():
            await asyncio.wait({self._under_way}, timeout=CLOSING_PATIENCE)
        self._session.close()

    async def budget(self) -> Budget:
        """How many of the day's requests are used. Asks nobody."""
        return await self._pacer.budget()

    # --- looking ---

    async def search(self, query: SearchQuery, *, start: int = 0) -> SearchPage:
        """One page of hits, from row `start` on."""
        return await self._page(query.body(start), start)

    async def rows(self, query: SearchQuery, *, limit: int = MOST_ROWS) -> AsyncIterator[TorrentRow]:
        """Hits page by page, each torrent once, at most `limit`; ends as the pages do."""
        seen: set[int] = set()
        start = 0
        while True:
            page = await self.search(query, start=start)
            fresh = [row for row in page.rows if row.id not in seen]
            for row in fresh:
                if row.id not in seen:
                    seen.add(row.id)
                    yield row
                if len(seen) >= limit:
                    return
            if page.is_last(query) or (page.rows and not fresh):  # or the same page again and again
                return
            start += page.received

    async def torrent(self, torrent_id: int) -> TorrentRow | None:
        """The torrent as it is now; None when the tracker has none with this id."""
        page = await self._page(one_torrent(torrent_id), 0)
        return next((row for row in page.rows if row.id == torrent_id), None)

    async def torrent_by_infohash(self, infohash: str) -> TorrentRow | None:
        """The torrent with this infohash (40 hex digits); None when the tracker knows none."""
        page = await self._page(by_infohash(infohash), 0)
        if len({row.id for row in page.rows}) > 1:
            raise BadReply(SYSTEM, "The tracker answered with several torrents when asked for one infohash.")
        return page.rows[0] if page.rows else None

    async def account(self, *, fresh: bool = False) -> AccountStatus:
        """The account's status, at most ten minutes old; `fresh` asks now: to confirm a purchase or grab."""
        kept = self._account
        if not fresh and kept is not None and self._clock.monotonic() - kept[0] < calls.ACCOUNT.every:
            return kept[1]
        return await self._request(
            calls.ACCOUNT, self._read_account, [("snatch_summary", None), ("notif", None)], forced=fresh
        )

    async def bonus_history(self, kinds: Sequence[str] = ("wedgePF", "wedgeGFL")) -> tuple[BonusEvent, ...]:
        """What points and wedges went to; kinds are the site's, as in the table of calls."""
        return await self._request(calls.HISTORY, reading.history, [("type[]", kind) for kind in kinds])

    async def json_ip(self) -> NetworkIdentity:
        """The address the tracker sees us at; asked without the session."""
        return await self._request(calls.IP, reading.network)

    # --- doing ---

    async def download(self, torrent_id: int) -> bytes:
        """The .torrent, which holds the account's passkey."""
        return await self._request(calls.DOWNLOAD, answers.judge_torrent, [("tid", str(torrent_id))])

    async def download_with_wedge(self, torrent_id: int) -> bytes:
        """Spend a freeleech wedge on the torrent and fetch it.

        Looks at the torrent first, and raises Rejected, spending nothing, where a wedge would be wasted.
        """
        row = await self.torrent(torrent_id)
        wasted = "the tracker has no such torrent" if row is None else wedge_would_be_wasted(row)
        if wasted:
            raise Rejected(SYSTEM, f"No wedge is spent on torrent {torrent_id}: {wasted}.")
        return await self._request(
            calls.DOWNLOAD_WITH_WEDGE, answers.judge_torrent, [("tid", str(torrent_id)), ("fl", None)]
        )

    async def buy_vip(self) -> Purchase:
        """Fill VIP up to its cap; the tracker sells no less than a week."""
        return await self._buy(calls.BUY_VIP, "vip", [("spendtype", "VIP"), ("duration", "max")])

    async def buy_upload(self, gib: int) -> Purchase:
        """Buy upload credit, 50 GiB or more."""
        if gib < LEAST_UPLOAD:
            raise Rejected(SYSTEM, f"Programs may buy no less than {LEAST_UPLOAD} GiB of upload at a time.")
        return await self._buy(calls.BUY_UPLOAD, "upload", [("spendtype", "upload"), ("amount", str(gib))])

    async def dynamic_seedbox(self) -> SeedboxUpdate:
        """Tell the tracker that the torrent client is where this request comes from, at most once an hour."""
        return await self._request(calls.SEEDBOX, reading.seedbox)

    # --- one request ---

    async def _page(self, body: Mapping[str, Any], start: int) -> SearchPage:
        content = json.dumps(body).encode("ascii")
        return await self._request(calls.SEARCH, lambda reply: reading.page(reply, start), body=content)

    async def _buy(self, call: Call, kind: str, query: Query) -> Purchase:
        stamp = str(int(self._clock.now().timestamp() * 1000))
        return await self._request(call, lambda reply: reading.purchase(reply, kind), [*query, ("_", stamp)])

    async def _request(
        self,
        call: Call,
        read: Callable[[Reply], T],
        query: Query = (),
        *,
        body: bytes | None = None,
        forced: bool = False,
    ) -> T:
        """One request in its turn, once. An exchange that began is finished even if its caller leaves."""
        await self._one_at_a_time.acquire()
        try:
            headers = await self._headers(call, body)
            await self._pacer.turn(call, forced=forced)
        except BaseException:
            self._one_at_a_time.release()
            raise
        exchange = asyncio.create_task(
            self._exchange(call, read, query, headers, body), name=f"mam: {call.name}"
        )
        self._under_way = exchange
        exchange.add_done_callback(self._over)
        return await asyncio.shield(exchange)

    def _over(self, exchange: asyncio.Task[Any]) -> None:
        self._one_at_a_time.release()
        if not exchange.cancelled():
            exchange.exception()  # told to the caller; if that one left, nobody else wants it

    async def _headers(self, call: Call, body: bytes | None) -> dict[str, str]:
        if self._closed:
            raise NotNow("Mousekeeper is stopping; the tracker is not asked any more.")
        headers = {"User-Agent": user_agent(), "Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if call.with_session:
            headers["Cookie"] = await self._session.header()
            self._stop_if_refused()
        return headers

    def _stop_if_refused(self) -> None:
        if self._refused is None and self._session.refused >= DEAD_AFTER:
            self._refused = AuthFailed(
                SYSTEM,
                "The tracker refused this session several times, and is not asked with it again.",
                secret=SECRET,
                hint=answers.NEW_SESSION,
            )
        if self._refused is not None:
            raise self._refused

    async def _exchange(
        self,
        call: Call,
        read: Callable[[Reply], T],
        query: Query,
        headers: dict[str, str],
        body: bytes | None,
    ) -> T:
        """Send, keep a renewed session, judge. `read` turns an answer with status 200 into what is wanted."""
        url = calls.address_of(call, self._bases[call.host], query)
        calls.check(call, call.method, url, self._bases, with_session="Cookie" in headers)
        largest = LARGEST_TORRENT if call.path == calls.DOWNLOAD.path else LARGEST_ANSWER
        request = Request(call.method, url, headers, body, self._timeout, largest)
        if call.spends:  # whatever comes back, what is known of the balance is over
            self._account = None
            await self._pacer.again(calls.ACCOUNT)
        try:
            reply = await self._transport.send(request, self._session.absorb)
            return await self._judge(call, reply, read)
        except IntegrationError as error:
            if call.if_answered:
                await self._pacer.again(call)
            if not call.spends or not _leaves_unknown(error):
                raise
            raise OutcomeUnknown(
                SYSTEM,
                f"It is not known whether the tracker carried out the {call.name}: {error.message}",
                hint="It is looked up before anything is ordered again.",
            ) from error

    async def _judge(self, call: Call, reply: Reply, read: Callable[[Reply], T]) -> T:
        try:
            if reply.status == 429:
                raise await self._limited(call, reply)
            if reply.status >= 500:
                await self._pacer.trouble()
            answers.judge_status(reply)
            value = read(reply)
        except answers.Doubtful as doubt:
            self._doubts += 1
            if self._doubts >= DEAD_AFTER:
                self._refused = doubt.refusal
            # whether something was bought is as doubtful as the rest
            raise (doubt.error if call.spends or self._refused is None else self._refused) from None
        except AuthFailed as error:
            self._refused = error
            await self._session.note(refused=True)
            raise
        except (Rejected, WrongNetwork):  # an answer, to a session that lives
            await self._accepted(call)
            raise
        await self._accepted(call)
        return value

    async def _accepted(self, call: Call) -> None:
        self._doubts = 0
        await self._pacer.well()
        if call.with_session:
            await self._session.note(refused=False)

    async def _limited(self, call: Call, reply: Reply) -> RateLimited:
        now = self._clock.now()
        if call is calls.SEEDBOX and "too recent" in answers.said_by(reply).lower():  # others may go on
            wait = reply.retry_after(now, call.every)
            why = "The tracker takes a new address once an hour at most."
        else:
            wait = await self._pacer.trouble(reply.retry_after(now, 0.0))
            why = "The tracker was asked too often and wants a rest."
        return RateLimited(SYSTEM, f"{why} Next in {wait:.0f} s.", retry_after=wait)

    def _read_account(self, reply: Reply) -> AccountStatus:
        status = reading.account(reply, self._clock.now())
        self._account = self._clock.monotonic(), status
        return status


def _leaves_unknown(error: IntegrationError) -> bool:
    """Whether an order that failed like this may have been carried out."""
    return isinstance(error, (Unreachable, BadReply)) and not isinstance(error, WrongNetwork)
