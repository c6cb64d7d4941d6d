"""Uvicorn's HTTP, where it waits for ever for what was begun, or stumbles over garbage."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

import h11
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

ARRIVAL_SECONDS: Final = 15.0
"""From a request's connection, or its first byte, to its last. Answers may take any time, and so
may the next request where one was answered."""
_COMING: Final = frozenset({h11.IDLE, h11.SEND_BODY})
"""How h11 calls a client of which more must come before its request is there."""
_UNANSWERED: Final = frozenset({h11.IDLE, h11.SEND_RESPONSE})


class GuardedProtocol(H11Protocol):
    """Hangs up on whoever begins a request and does not finish it, or goes on with garbage."""

    seconds: ClassVar[float] = ARRIVAL_SECONDS
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def handle_events(self) -> None:
        """See how far it has come. Called whenever something was read, and after each answer."""
        super().handle_events()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse garbage, and keep the application from answering it too.

        It may be at it, since the garbage may come behind a good head. By then h11 has no more to
        send on this connection, and would raise.
        """
        if self.conn.our_state in _UNANSWERED:
            super().send_400_response(msg)
        else:
            self.transport.close()
        if self.cycle is not None:  # pyright: ignore[reportUnnecessaryComparison] (None at first)
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _watch(self) -> None:
        if self.conn.their_state not in _COMING or self._is_kept_alive():
            self._forget()
        elif self._due is None:
            self._due = self.loop.call_later(self.seconds, self.transport.close)

    def _is_kept_alive(self) -> bool:
        """Whether one was answered and nothing has come since: uvicorn's own timer closes it.

        It has none where the rest of a body came behind its answer, a refusal for instance.
        """
        awaited = self.timeout_keep_alive_task is not None
        return awaited and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _forget(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


class OneLength:
    """Refuses a request that tells two lengths, and closes its connection (RFC 9112, 6.3).

    h11 goes by the chunks, and takes the rest for another request; a proxy that goes by the length
    has let that pass as a body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "content-length" in headers and "transfer-encoding" in headers:
            refusal = PlainTextResponse(
                "Content-Length and Transfer-Encoding exclude each other",
                status_code=400,
                headers={"Connection": "close"},
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
