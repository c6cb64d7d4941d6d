"""Keeps other web sites away from the chat's server, which listens on the customer's machine."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import is_loopback

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        # The all-in-one demo shows this page in a frame, from another port of this machine.
        "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
    ),
    "X-Content-Type-Options": "nosniff",
    # The conversation's id stands in the address.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ChatGuard:
    """Refuses forged requests, and puts the security headers on every answer.

    - Bound to loopback, only loopback names are served: a site whose name is made to point here
      (DNS rebinding) would otherwise count as of the same origin.
    - What writes must be JSON and, from a browser, come from our own page.
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if self._loopback_only and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return JSONResponse({"error": "Host: only this machine is served"}, status_code=421)
        if method in {"GET", "HEAD", "OPTIONS"}:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return JSONResponse({"error": "Origin: not this page"}, status_code=403)
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return JSONResponse(
                {"error": "Content-Type: must be application/json"}, status_code=415
            )
        return None
