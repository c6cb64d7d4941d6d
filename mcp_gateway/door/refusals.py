"""Who was turned away at the door, for whoever reads the log."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import get_logger

log = get_logger(__name__)

_TURNED_AWAY: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST}
)


class RefusalsTold:
    """Logs each call that was refused for who makes it, or by which name, and where it came from.

    That is the address which a trusted proxy gives, else the one that connects.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch how it is answered."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _TURNED_AWAY:
                client = scope.get("client")
                came_from = client[0] if client else "unknown"
                log.info("caller_refused", status=message["status"], client=came_from)
            await send(message)

        await self._app(scope, receive, watched)
