"""The gateway: one websocket a connection, sessions that outlive it, and every way to lose it.

HELLO, HEARTBEAT, IDENTIFY, RESUME with replay, RECONNECT, INVALID SESSION, close codes; JSON, zlib-stream if asked.
Time here is real: discord.py's own waits are.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from aiohttp import WSCloseCode, WSMsgType, web

from tests.world.discord import shapes
from tests.world.discord.constants import NO_INTENT, PRIVILEGED, Intent, Op
from tests.world.discord.entities import Json
from tests.world.discord.state import State

Data = Json | Callable[[int], Json]  # what an event carries; or a function of the session's intents

UNKNOWN_OP, DECODE, NOT_AUTHENTICATED, BAD_TOKEN, TWICE = 4001, 4002, 4003, 4004, 4005
BAD_SEQUENCE, TOO_FAST, INVALID_INTENTS, DISALLOWED_INTENTS = 4007, 4008, 4013, 4014
LARGEST = 4096  # bytes of a client's message
KNOWN_INTENTS = (1 << 26) - 1


@dataclass(eq=False)
class Session:
    """What READY began: it may be resumed until it is forgotten."""

    id: str
    intents: int
    events: deque[tuple[int, Json]]
    sequence: int = 0
    connection: Connection | None = None


@dataclass(eq=False)
class Connection:
    """One websocket; what it is to be sent waits in `outbox`."""

    request: web.Request
    socket: web.WebSocketResponse
    squeeze: Any = None  # a zlib compressor, one for the whole connection
    outbox: asyncio.Queue[Json | int] = field(
        default_factory=asyncio.Queue
    )  # a message, or a code to close with
    session: Session | None = None
    closed_by_us: bool = False
    heartbeats: int = 0
    heard: deque[float] = field(
        default_factory=deque
    )  # when the client said something, within the last minute

    def send(self, op: Op, data: Any = None, **more: Any) -> None:
        self.outbox.put_nowait({"op": int(op), "d": data, "s": None, "t": None, **more})

    def close(self, code: int) -> None:
        """Close after what is waiting has gone out."""
        self.closed_by_us = True
        self.outbox.put_nowait(code)

    def cut(self) -> None:
        """The line breaks; nobody says goodbye."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def too_fast(self, limit: int) -> bool:
        """Whether this message is one too many within a minute."""
        now = time.monotonic()
        self.heard.append(now)
        while self.heard[0] < now - 60:
            self.heard.popleft()
        return len(self.heard) > limit

    async def write(self) -> None:
        """Send what comes into the outbox until a close code does."""
        with suppress(ConnectionError):
            while not isinstance(item := await self.outbox.get(), int):
                raw = json.dumps(item)
                if self.squeeze is None:
                    await self.socket.send_str(raw)
                else:
                    packed = self.squeeze.compress(raw.encode()) + self.squeeze.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)
            await self.socket.close(code=item)


class Gateway:
    """All connections and sessions."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.identifies: list[datetime] = []  # every IDENTIFY so far
        self.resumes: list[datetime] = []  # every RESUME that worked
        self.closes: list[int] = []  # codes this side closed with

    @property
    def live(self) -> list[Session]:
        """Sessions with a connection."""
        return [session for session in self.sessions.values() if session.connection is not None]

    # --- for the rest of the double ---------------------------------------------------------------------------------

    def dispatch(self, event: str, data: Data, *, intents: Intent = NO_INTENT) -> bool:
        """Send an event to every session that wants it, later if it is disconnected; whether there was any."""
        heard = False
        for session in self.sessions.values():
            if intents and not session.intents & intents:
                continue
            heard = True
            self._dispatch_to(session, event, data(session.intents) if callable(data) else data)
        return heard

    def reconnect(self) -> None:
        """Op 7: ask every connection to come again and resume."""
        for connection in self.connections:
            connection.send(Op.RECONNECT)

    def invalidate(self, *, resumable: bool) -> None:
        """Op 9 to every connection; not resumable forgets the sessions."""
        for session in self.live:
            assert session.connection is not None
            session.connection.send(Op.INVALID_SESSION, resumable)
            if not resumable:
                self.forget(session)

    def drop(self, code: int = 4000) -> None:
        """Close every connection with this code; sessions stay, so that they may be resumed."""
        for connection in self.connections:
            self._close(connection, code)

    def cut(self) -> None:
        """Break every connection without a close frame; sessions stay."""
        for connection in self.connections:
            connection.cut()

    def forget(self, session: Session) -> None:
        self.sessions.pop(session.id, None)

    def forget_all(self) -> None:
        """As after an hour away: nothing can be resumed."""
        self.sessions.clear()

    def starts_left(self) -> int:
        """IDENTIFYs left in the current 24 hours."""
        begin = self._state.now - timedelta(days=1)
        used = sum(moment > begin for moment in self.identifies)
        return max(0, self._state.knobs.identify_limit - used)

    # --- the websocket ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0, heartbeat=None, compress=False)
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="Upgrade Required")
        await socket.prepare(request)
        squeeze = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        connection = Connection(request, socket, squeeze)
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write(), name="gateway: writer")
        try:
            await self._converse(request, connection)
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            self._left(connection)
        return socket

    async def _converse(self, request: web.Request, connection: Connection) -> None:
        if request.query.get("encoding", "json") != "json" or request.query.get("compress") == "zstd-stream":
            self._close(connection, DECODE)
        interval = int(self._state.knobs.heartbeat_seconds * 1000)
        connection.send(Op.HELLO, {"heartbeat_interval": interval, "_trace": ["double"]})
        async for received in connection.socket:
            if received.type is not WSMsgType.TEXT:
                break
            try:
                message = json.loads(received.data)
                op, data = int(message["op"]), message.get("d")
            except (ValueError, KeyError, TypeError):
                self._close(connection, DECODE)
                continue
            if connection.too_fast(self._state.knobs.gateway_sends):
                self._close(connection, TOO_FAST)
            elif len(received.data) > LARGEST:
                self._close(connection, DECODE)
            elif (act := self._acts.get(op)) is None:
                self._close(connection, UNKNOWN_OP)
            elif connection.session is None and op not in (Op.IDENTIFY, Op.RESUME, Op.HEARTBEAT):
                self._close(connection, NOT_AUTHENTICATED)
            else:
                act(self, request, connection, data)

    def _close(self, connection: Connection, code: int) -> None:
        self.closes.append(code)
        connection.close(code)

    def _left(self, connection: Connection) -> None:
        """A session ends when its client says goodbye with 1000 or 1001, not when the line breaks."""
        self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            goodbye = connection.socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
            if goodbye and not connection.closed_by_us and not self._state.closing:
                self.forget(session)
        self._state.changes.tell()

    # --- what clients say -------------------------------------------------------------------------------------------

    def _heartbeat(self, request: web.Request, connection: Connection, data: Any) -> None:
        connection.heartbeats += 1
        if self._state.knobs.acknowledge_heartbeats:
            connection.send(Op.HEARTBEAT_ACK)
        self._state.changes.tell()

    def _identify(self, request: web.Request, connection: Connection, data: Json) -> None:
        state, intents = self._state, int(data.get("intents", 0))
        if connection.session is not None:
            return self._close(connection, TWICE)
        left = self.starts_left()
        self.identifies.append(state.now)
        if str(data.get("token", "")).removeprefix("Bot ") != state.token:
            return self._close(connection, BAD_TOKEN)
        if not left:
            state.token = secrets.token_urlsafe(24)  # Discord resets the token of a bot that comes too often
            return self._close(connection, BAD_TOKEN)
        if intents > KNOWN_INTENTS:
            return self._close(connection, INVALID_INTENTS)
        if intents & PRIVILEGED & ~state.knobs.approved_intents:
            return self._close(connection, DISALLOWED_INTENTS)
        session = Session(secrets.token_hex(16), intents, deque(maxlen=state.knobs.replayed_events))
        self.sessions[session.id] = session
        self._attach(session, connection)
        self._dispatch_to(session, "READY", self._ready(request, session))
        if state.in_guild and intents & Intent.GUILDS:
            self._dispatch_to(session, "GUILD_CREATE", shapes.guild_create(state))
        return None

    def _ready(self, request: web.Request, session: Session) -> Json:
        state = self._state
        scheme = "wss" if request.secure else "ws"
        return {
            "v": int(request.query.get("v", "10")),
            "user": shapes.me(state),
            "guilds": [{"id": state.guild_id, "unavailable": True}] if state.in_guild else [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": f"{scheme}://{request.host}{request.path}",
            "application": {"id": state.application_id, "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
        }

    def _resume(self, request: web.Request, connection: Connection, data: Json) -> None:
        state = self._state
        if str(data.get("token", "")).removeprefix("Bot ") != state.token:
            return self._close(connection, BAD_TOKEN)
        session, seen = self.sessions.get(data.get("session_id", "")), data.get("seq") or 0
        if session is not None and seen > session.sequence:
            return self._close(connection, BAD_SEQUENCE)
        kept_from = session.events[0][0] if session and session.events else 0
        if session is None or (session.sequence > seen and kept_from > seen + 1):
            connection.send(Op.INVALID_SESSION, False)
            return None
        if session.connection is not None:
            self._close(session.connection, 4000)
        self._attach(session, connection)
        self.resumes.append(state.now)
        for sequence, event in session.events:
            if sequence > seen:
                connection.outbox.put_nowait(event)
        self._dispatch_to(session, "RESUMED", {"_trace": ["double"]})
        return None

    def _ignore(self, request: web.Request, connection: Connection, data: Any) -> None: ...

    def _members(self, request: web.Request, connection: Connection, data: Json) -> None:
        state, wanted = self._state, data.get("user_ids") or []
        wanted = [str(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
        found = [shapes.member(state.users[each]) for each in wanted if each in state.users]
        assert connection.session is not None
        self._dispatch_to(
            connection.session,
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": str(data["guild_id"]),
                "members": found,
                "chunk_index": 0,
                "chunk_count": 1,
                "not_found": [each for each in wanted if each not in state.users],
                "nonce": data.get("nonce"),
            },
        )

    def _attach(self, session: Session, connection: Connection) -> None:
        session.connection, connection.session = connection, session
        self._state.changes.tell()

    def _dispatch_to(self, session: Session, event: str, data: Json) -> None:
        session.sequence += 1
        message = {"op": int(Op.DISPATCH), "t": event, "s": session.sequence, "d": data}
        session.events.append((session.sequence, message))
        if session.connection is not None:
            session.connection.outbox.put_nowait(message)

    _acts: ClassVar[dict[int, Callable[[Gateway, web.Request, Connection, Any], None]]] = {
        Op.HEARTBEAT: _heartbeat,
        Op.IDENTIFY: _identify,
        Op.RESUME: _resume,
        Op.PRESENCE_UPDATE: _ignore,
        Op.VOICE_STATE_UPDATE: _ignore,
        Op.REQUEST_GUILD_MEMBERS: _members,
    }
