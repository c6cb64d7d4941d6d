"""The gateway protocol on one socket: HELLO, IDENTIFY or RESUME, heartbeats, closing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from discord_double import payloads
from discord_double.events import ALL_INTENT_BITS, Intent
from discord_double.jsons import as_list, as_object

from .compression import compressor

if TYPE_CHECKING:
    from discord_double.model import Application, JsonObject

    from .hub import Gateway
    from .session import Session

PAYLOAD_MAX = 4096
SENDS_PER_MINUTE = 120
CHUNK_SIZE = 1000


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


_WITH_OBJECT = frozenset({Op.IDENTIFY, Op.RESUME, Op.REQUEST_MEMBERS})


class CloseCode(IntEnum):
    """Why the gateway hangs up."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


_ENDS_SESSION = frozenset({CloseCode.INVALID_SEQUENCE, CloseCode.SESSION_TIMED_OUT})
_CLIENT_GOODBYES = frozenset({WSCloseCode.OK, WSCloseCode.GOING_AWAY})


class Hangup(Exception):  # noqa: N818 - how a conversation ends, not a crash
    """The gateway closes the socket with a code."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Connection:
    """One client's socket."""

    def __init__(self, gateway: Gateway, request: web.Request) -> None:
        self._gateway = gateway
        self._request = request
        self._socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        self._compress = compressor(request.query.get("compress"))
        self._outbox: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        self._received: deque[float] = deque()
        self._heard_at = time.monotonic()
        # The code that the gateway hung up with, if it was not the client who did.
        self._hung_up: int | None = None
        self.session: Session | None = None
        # While set, heartbeats get no answer, as on a connection that died unnoticed.
        self.is_zombie = False

    async def run(self) -> web.WebSocketResponse:
        """Talk until either side hangs up."""
        await self._socket.prepare(self._request)
        interval = self._gateway.settings.heartbeat_interval
        self.send_op(Op.HELLO, {"heartbeat_interval": round(interval * 1000), "_trace": []})
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write())
            watchdog = tasks.create_task(self._watch(interval))
            try:
                await self._read()
            finally:
                writer.cancel()
                watchdog.cancel()
        return self._socket

    # -- outward --------------------------------------------------------------

    def send(self, payload: str) -> None:
        """Queue one payload."""
        self._outbox.put_nowait(payload)

    def send_op(self, op: Op, data: object = None) -> None:
        """Queue one payload that is not an event."""
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}, separators=(",", ":")))

    def close(self, code: int, reason: str = "") -> None:
        """Hang up after what is queued."""
        self._outbox.put_nowait((code, reason))

    def abort(self) -> None:
        """Cut the connection without a closing handshake; what is queued is lost."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self) -> None:
        try:
            while True:
                item = await self._outbox.get()
                if isinstance(item, tuple):
                    await self._hang_up(*item)
                    return
                if self._compress is None:
                    await self._socket.send_str(item)
                else:
                    await self._socket.send_bytes(self._compress(item.encode()))
        except ConnectionError:
            # The reader notices the same loss and ends the conversation.
            return

    async def _watch(self, interval: float) -> None:
        """Hang up on a client that stops sending heartbeats."""
        while True:
            await asyncio.sleep(interval)
            if time.monotonic() - self._heard_at > interval * 1.5:
                self.close(CloseCode.SESSION_TIMED_OUT, "Session timed out.")
                return

    async def _hang_up(self, code: int, reason: str) -> None:
        self._hung_up = code
        await self._socket.close(code=code, message=reason.encode())

    def _ends_session(self) -> bool:
        """Tell whether the conversation ended in a way that no RESUME can follow."""
        if self._hung_up is not None:
            return self._hung_up in _ENDS_SESSION
        return self._socket.close_code in _CLIENT_GOODBYES

    # -- inward ---------------------------------------------------------------

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._hear(message.data)
        except Hangup as hangup:
            await self._hang_up(hangup.code, hangup.reason)
        finally:
            self._gateway.disconnected(self, ends_session=self._ends_session())

    def _hear(self, raw: str | bytes) -> None:
        now = time.monotonic()
        self._count(now)
        if len(raw) > PAYLOAD_MAX:
            raise Hangup(CloseCode.DECODE_ERROR, "Payload too large.")
        try:
            payload = as_object(json.loads(raw))
            op, data = payload["op"], as_object(payload.get("d"))
        except (ValueError, KeyError):
            raise Hangup(CloseCode.DECODE_ERROR, "Error while decoding payload.") from None
        if op in _WITH_OBJECT and not data:
            raise Hangup(CloseCode.DECODE_ERROR, "Error while decoding payload.")
        match op:
            case Op.HEARTBEAT:
                self._heard_at = now
                if not self.is_zombie:
                    self.send_op(Op.HEARTBEAT_ACK)
            case Op.IDENTIFY:
                self._identify(data)
            case Op.RESUME:
                self._resume(data)
            case Op.REQUEST_MEMBERS:
                self._request_members(self._established(), data)
            case Op.PRESENCE | Op.VOICE_STATE:
                self._established()
            case _:
                raise Hangup(CloseCode.UNKNOWN_OPCODE, "Unknown opcode.")

    def _count(self, now: float) -> None:
        self._received.append(now)
        while self._received[0] < now - 60:
            self._received.popleft()
        if len(self._received) > SENDS_PER_MINUTE:
            raise Hangup(CloseCode.RATE_LIMITED, "You are being rate limited.")

    def _established(self) -> Session:
        if self.session is None:
            raise Hangup(CloseCode.NOT_AUTHENTICATED, "Not authenticated.")
        return self.session

    def _identify(self, data: JsonObject) -> None:
        if self.session is not None:
            raise Hangup(CloseCode.ALREADY_AUTHENTICATED, "Already authenticated.")
        application = self._application(data)
        intents = int(data.get("intents", 0))
        if intents & ~ALL_INTENT_BITS:
            raise Hangup(CloseCode.INVALID_INTENTS, "Invalid intent(s).")
        granted = Intent(intents)
        if _disallowed(application, granted):
            raise Hangup(CloseCode.DISALLOWED_INTENTS, "Disallowed intent(s).")
        shard, shards = data.get("shard") or (0, 1)
        if not 0 <= shard < shards:
            raise Hangup(CloseCode.INVALID_SHARD, "Invalid shard.")
        if not self._gateway.count_identify(application):
            self.send_op(Op.INVALID_SESSION, data=False)
            return
        session = self._gateway.open_session(application, granted, (shard, shards))
        self.session = session
        session.attach(self)
        self._greet(session)

    def _greet(self, session: Session) -> None:
        application = session.application
        guilds = sorted(application.guild_ids)
        session.tell_object(
            "READY",
            {
                "v": 10,
                "user": payloads.own_user(application.user),
                "guilds": [{"id": str(i), "unavailable": True} for i in guilds],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self._gateway.world.gateway_url(self._request.host),
                "shard": list(session.shard),
                "application": {
                    "id": str(application.id),
                    "flags": payloads.application_flags(application),
                },
                "private_channels": [],
                "relationships": [],
                "presences": [],
                "user_settings": {},
                "geo_ordered_rtc_regions": [],
                "_trace": [],
            },
        )
        if Intent.GUILDS in session.intents:
            world = self._gateway.world
            for guild_id in guilds:
                guild = world.guilds[guild_id]
                session.tell_object(
                    "GUILD_CREATE", payloads.gateway_guild(world, guild, session.viewer)
                )

    def _resume(self, data: JsonObject) -> None:
        if self.session is not None:
            raise Hangup(CloseCode.ALREADY_AUTHENTICATED, "Already authenticated.")
        application = self._application(data)
        sequence = int(data.get("seq") or 0)
        session = self._gateway.resumable(str(data.get("session_id")), application)
        if session is not None and sequence > session.sequence:
            raise Hangup(CloseCode.INVALID_SEQUENCE, "Invalid seq.")
        missed = None if session is None else session.missed_since(sequence)
        if session is None or missed is None:
            self.send_op(Op.INVALID_SESSION, data=False)
            return
        if session.connection is not None:
            session.connection.close(CloseCode.UNKNOWN_ERROR, "Resumed elsewhere.")
            session.connection.session = None
        self.session = session
        session.attach(self)
        for payload in missed:
            self.send(payload)
        session.tell_object("RESUMED", {"_trace": []})
        self._gateway.resumed(session)

    def _application(self, data: JsonObject) -> Application:
        token = str(data.get("token", "")).removeprefix("Bot ")
        application = self._gateway.world.applications.get(token)
        if application is None:
            raise Hangup(CloseCode.AUTHENTICATION_FAILED, "Authentication failed.")
        return application

    def _request_members(self, session: Session, data: JsonObject) -> None:
        """Send the members asked for, by id or by the start of a name."""
        guild = self._gateway.world.guilds.get(int(data["guild_id"]))
        if guild is None or guild.id not in session.application.guild_ids:
            return
        asked = data.get("user_ids")
        not_found: list[str] = []
        if asked is not None:
            ids = [int(i) for i in as_list(asked) or [asked]]
            found = [guild.members[i] for i in ids if i in guild.members]
            not_found = [str(i) for i in ids if i not in guild.members]
        else:
            query, limit = str(data.get("query", "")).lower(), int(data.get("limit", 0))
            if not query and not limit and Intent.GUILD_MEMBERS not in session.intents:
                raise Hangup(CloseCode.DISALLOWED_INTENTS, "Disallowed intent(s).")
            named = [m for m in guild.members.values() if m.name.lower().startswith(query)]
            found = named[:limit] if limit else named
        chunks = [found[i : i + CHUNK_SIZE] for i in range(0, len(found), CHUNK_SIZE)] or [[]]
        for index, chunk in enumerate(chunks):
            body: JsonObject = {
                "guild_id": str(guild.id),
                "members": [payloads.member(m) for m in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": not_found,
            }
            if data.get("presences"):
                body["presences"] = []
            if data.get("nonce"):
                body["nonce"] = data["nonce"]
            session.tell_object("GUILD_MEMBERS_CHUNK", body)


def _disallowed(application: Application, asked: Intent) -> bool:
    """Tell whether privileged intents are asked for that the portal does not grant."""
    privileged = (
        (Intent.MESSAGE_CONTENT, application.message_content),
        (Intent.GUILD_MEMBERS, application.server_members),
        (Intent.GUILD_PRESENCES, application.presences),
    )
    return any(intent in asked and not granted for intent, granted in privileged)
