"""What an agent's requests weigh together while they are under way.

A body stays in memory, several times over, for as long as its call is held: with the count of held
calls alone, a few hundred as large as they may be would take all the memory of a gateway.
"""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_gateway.caller import Caller
from mcp_gateway.door.auth import proven_caller
from mcp_gateway.door.counting import TOO_MANY
from mcp_gateway.waiting import most_held
from shared.shares import Shares

BYTES_FOR_A_CALL: Final = 16_384
"""Room for each call that may be held: several times what a question with its background has."""
AGAIN_SECONDS: Final = 1


class _TooHeavyError(Exception):
    """More than an agent's requests may weigh."""


class Weights:
    """Counts each agent's bytes as they come in, until they are answered.

    Those of a host where nobody proves who they are can't be told apart, and are not counted.
    """

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app = app
        self._body_limit = body_limit
        self._carried = Shares()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        caller = proven_caller()
        if caller is None:
            await self._app(scope, receive, send)
            return
        most = self._most(caller)
        # One number for each request: a body may come a byte at a time.
        with self._carried.growing(caller.identity, most=most) as take:

            async def weighed() -> Message:
                part = await receive()
                if not take(len(part.get("body", b""))):
                    raise _TooHeavyError
                return part

            with suppress(_TooHeavyError):
                await self._app(scope, weighed, send)
                return
        # Bodies are read before anything else is done, so nothing was.
        await _refusal(most)(scope, receive, send)

    def _most(self, caller: Caller) -> int:
        return self._body_limit + BYTES_FOR_A_CALL * most_held(caller)


def _refusal(most: int) -> JSONResponse:
    error = {
        "code": TOO_MANY,
        "message": f"too much is under way: this agent's requests here may have {most} bytes "
        f"together. Try again in {AGAIN_SECONDS} second, or when one of them is answered",
        "data": {"limit": most, "retryAfterMs": AGAIN_SECONDS * 1000},
    }
    return JSONResponse(
        {"jsonrpc": "2.0", "id": None, "error": error},
        HTTPStatus.TOO_MANY_REQUESTS,
        {"Retry-After": str(AGAIN_SECONDS), "Connection": "close"},
    )
