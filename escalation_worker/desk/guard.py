"""The door: which requests are let in at all, and what a page may load and be framed by.

A desk without a password trusts this host. Other sites in the operator's browser run on this
host too, so they are kept out: by the Host header (a name that was rebound to 127.0.0.1 is not
ours), by the Origin header, and by asking for JSON, which no foreign form can send.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from escalation_worker.desk.sessions import COOKIE, Sessions

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
PUBLIC_PATHS: Final = frozenset({"/healthz", "/login", "/api/login"})
"""Reached without a session."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; "
    "frame-ancestors 'self'"
)
_LOOPBACK_FRAMES: Final = " http://127.0.0.1:* http://localhost:*"


class Guard:
    """ASGI middleware in front of everything. `sessions` is None where no password is set."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions | None) -> None:
        self._app = app
        self._sessions = sessions
        # A desk that asks for a password may be reached from anywhere, so nobody may frame it.
        self._policy = _POLICY if sessions else _POLICY + _LOOPBACK_FRAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer it here; add the security headers to either."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = self._policy
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        path, headers = str(scope["path"]), Headers(scope=scope)
        if path == "/healthz":
            return None
        if self._sessions is None and _name(headers.get("host", "")) not in LOOPBACK_NAMES:
            return _refuse(403, "this desk is reached as 127.0.0.1 or localhost only")
        if scope["method"] not in _SAFE_METHODS and (refusal := _foreign(headers)) is not None:
            return refusal
        if self._sessions is None or path in PUBLIC_PATHS or path.startswith("/static/"):
            return None
        if self._sessions.name_of(_cookie(headers, COOKIE)) is not None:
            return None
        if path == "/":
            return RedirectResponse("/login", status_code=303)
        return _refuse(401, "log in first")


def _foreign(headers: Headers) -> Response | None:
    """Refuse a change that another site's page could have sent."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return _refuse(415, "Content-Type: must be application/json")
    # A program that is no browser sends no Origin; every browser does, with a POST.
    origin = headers.get("origin")
    if origin is not None and not _same_authority(origin, headers.get("host", "")):
        return _refuse(403, "Origin: the request comes from another site")
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return _refuse(403, "Sec-Fetch-Site: the request comes from another site")
    return None


def _same_authority(origin: str, host: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    if not separator or not authority or scheme not in {"http", "https"}:
        return False
    return authority.lower() == host.lower()


def _name(host: str) -> str:
    """Take the port off a Host header."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _cookie(headers: Headers, name: str) -> str:
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def _refuse(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status_code=status)
