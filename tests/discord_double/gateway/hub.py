"""All sessions of one double: who hears which event, and switches to disturb them."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from .connection import CloseCode, Connection, Op
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from discord_double.events import Event, Intent
    from discord_double.model import Application
    from discord_double.settings import Settings
    from discord_double.world import World

IDENTIFY_LIMIT = 1000


@dataclass(slots=True)
class Loss:
    """Events that will go missing: the next `times` whose name matches."""

    pattern: re.Pattern[str]
    times: int | None
    lost: int = 0


class Gateway:
    """The gateway of one double."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.resumes = 0
        self.identifies = 0
        self._losses: list[Loss] = []
        self._refusals = 0
        self._identified_at: dict[int, float] = {}
        world.listen(self._hear)

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def connected(self) -> list[Session]:
        """The sessions that have a socket right now."""
        return [s for s in self.sessions.values() if s.is_connected]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one client's socket from handshake to close."""
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=503, text="Service Unavailable\n")
        try:
            connection = Connection(self, request)
        except LookupError as unknown:
            return web.Response(status=400, text=f"no such compression here: {unknown}\n")
        self.connections.add(connection)
        try:
            return await connection.run()
        finally:
            self.connections.discard(connection)

    # -- switches -------------------------------------------------------------

    def disconnect(self, code: int = CloseCode.UNKNOWN_ERROR) -> int:
        """Close every socket with a code, and return how many there were."""
        for connection in self.connections:
            connection.close(code)
        return len(self.connections)

    def cut(self) -> int:
        """Cut every socket without a closing handshake."""
        for connection in tuple(self.connections):
            connection.abort()
        return len(self.connections)

    def ask_to_reconnect(self) -> int:
        """Tell every client to come back and resume."""
        return self._tell_all(Op.RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> int:
        """Tell every client that its session is invalid; unless resumable it is forgotten."""
        if not resumable:
            self.forget_sessions()
        return self._tell_all(Op.INVALID_SESSION, data=resumable)

    def forget_sessions(self) -> None:
        """Forget all sessions, so that no RESUME succeeds; open sockets fall silent."""
        for session in self.sessions.values():
            session.connection = None
        self.sessions.clear()

    def refuse_connections(self, times: int = 1) -> None:
        """Answer the next handshakes with 503."""
        self._refusals = times

    def play_dead(self, *, dead: bool = True) -> None:
        """Stop answering heartbeats on the sockets that are open now."""
        for connection in self.connections:
            connection.is_zombie = dead

    def lose_events(self, pattern: str = ".*", times: int | None = 1) -> Loss:
        """Let the next events with such a name go missing for everyone, even on resume."""
        loss = Loss(re.compile(pattern), times)
        self._losses.append(loss)
        return loss

    def stop_losing(self) -> None:
        """Lose no more events."""
        self._losses.clear()

    # -- for connections ------------------------------------------------------

    def open_session(
        self, application: Application, intents: Intent, shard: tuple[int, int]
    ) -> Session:
        """Open a session that is not yet attached to a socket."""
        self._forget_expired()
        session_id = secrets.token_hex(16)
        session = Session(session_id, application, intents, shard, self.settings.replay_limit)
        self.sessions[session_id] = session
        self.world.stir()
        return session

    def count_identify(self, application: Application) -> bool:
        """Count an IDENTIFY; False if it came too soon after the last one.

        The last permitted one costs the bot its token, as it does in production.
        """
        now, interval = time.monotonic(), self.settings.identify_interval
        if interval and now - self._identified_at.get(application.id, -interval) < interval:
            return False
        self._identified_at[application.id] = now
        self.identifies += 1
        application.identifies_left -= 1
        if application.identifies_left <= 0:
            self.world.applications.pop(application.token, None)
        return True

    def resumable(self, session_id: str, application: Application) -> Session | None:
        """Return a session that its own bot may still resume."""
        self._forget_expired()
        session = self.sessions.get(session_id)
        return session if session and session.application is application else None

    def resumed(self, session: Session) -> None:
        """Count a RESUME that succeeded."""
        if session.id in self.sessions:
            self.resumes += 1
            self.world.stir()

    def disconnected(self, connection: Connection, *, ends_session: bool) -> None:
        """Keep the session of a lost socket for a while, unless it has ended."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.detach()
        if ends_session:
            self.sessions.pop(session.id, None)
        self.world.stir()

    # -- events ---------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if self._is_lost(event.name):
            return
        rendered: dict[tuple[int, bool], str] = {}
        for session in self.sessions.values():
            if not session.wants(event) or not self.world.can_see(session.application, event):
                continue
            viewer = session.viewer
            key = session.application.id, viewer.reads_content
            if key not in rendered:
                rendered[key] = json.dumps(event.render(viewer), separators=(",", ":"))
            session.tell(event.name, rendered[key])

    def _is_lost(self, name: str) -> bool:
        for loss in self._losses:
            if loss.pattern.fullmatch(name) and (loss.times is None or loss.lost < loss.times):
                loss.lost += 1
                return True
        return False

    def _tell_all(self, op: Op, data: object = None) -> int:
        for connection in self.connections:
            connection.send_op(op, data)
        return len(self.connections)

    def _forget_expired(self) -> None:
        horizon = time.monotonic() - self.settings.session_life
        for session in self._expired(horizon):
            del self.sessions[session.id]

    def _expired(self, horizon: float) -> Iterable[Session]:
        return [s for s in self.sessions.values() if s.lost_at is not None and s.lost_at < horizon]
