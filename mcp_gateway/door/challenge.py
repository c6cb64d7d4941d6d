"""What a token must allow, told to who has none, so that a client asks for no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CHALLENGE: Final = b"www-authenticate"
_CHALLENGED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class ScopesTold:
    """Adds the scopes to the challenges that the SDK writes (RFC 6750, 3; MCP: they should be)."""

    def __init__(self, app: ASGIApp, scopes: Sequence[str]) -> None:
        self._app = app
        self._told = f', scope="{" ".join(scopes)}"'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _CHALLENGED:
                headers = [
                    (name, value + self._told if name.lower() == _CHALLENGE else value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, told)
