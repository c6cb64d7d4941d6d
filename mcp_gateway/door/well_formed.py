"""What is refused before the SDK reads it: all that is not one message in one POST.

The SDK answers much of it by itself, but with other codes at each revision of MCP; it takes some
for a notification that is none, and shows in its words what was sent. Here it is the same for all.
"""

from __future__ import annotations

import json
from email.message import Message as MediaType
from http import HTTPStatus
from typing import Any, Final, cast

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import RequestBodyLimitMiddleware
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_gateway.door.weights import Weights

UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
DEPTH_LIMIT: Final = 64
"""Objects and lists within each other. What the tools take has six of them."""
PARTS_LIMIT: Final = 10_000
"""Objects and lists in all: each costs far more time than its two characters."""


class NotWellFormedError(Exception):
    """A request that is not one message; `code` is JSON-RPC's."""

    def __init__(
        self,
        why: str,
        *,
        code: int = INVALID_REQUEST,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        message_id: object = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(why)
        self.code = code
        self.status = status
        self.message_id = message_id
        self.headers = headers

    def response(self) -> JSONResponse:
        """Say it as JSON-RPC does."""
        error = {"code": self.code, "message": str(self)}
        body = {"jsonrpc": "2.0", "id": self.message_id, "error": error}
        return JSONResponse(body, self.status, self.headers)


def guard(manager: StreamableHTTPSessionManager, body_limit: int) -> None:
    """Let only what is well formed, and not too much of it, come to the SDK's transport."""
    within = Weights(RequestBodyLimitMiddleware(_Bodies(manager.asgi_app), body_limit), body_limit)
    manager.asgi_app = cast("RequestBodyLimitMiddleware", _Heads(within))


class _Heads:
    """Looks at a request's method and headers, before anything of its body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        try:
            check_head(scope["method"], Headers(scope=scope))
        except NotWellFormedError as error:
            await error.response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _Bodies:
    """Reads a request's body, whose length is bounded by now."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it. Whoever hung up in the middle gets no answer."""
        if (body := await _body(receive)) is None:
            return
        try:
            check_body(body)
        except NotWellFormedError as error:
            await error.response()(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        del body  # a call may be held for an hour

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)


async def _body(receive: Receive) -> bytes | None:
    """Read a whole body; None where the client hung up in the middle."""
    parts: list[bytes] = []
    more = True
    while more:
        part = await receive()
        if part["type"] != "http.request":
            return None
        parts.append(part.get("body", b""))
        more = part.get("more_body", False)
    return b"".join(parts)


def check_head(method: str, headers: Headers) -> None:
    """Refuse what is no POST of JSON.

    A GET would open a stream on which a server without sessions has nothing to say.

    Raises:
        NotWellFormedError: With the status that HTTP has for it.
    """
    if method != "POST":
        raise NotWellFormedError(
            "every message is a POST of its own: there are no sessions, and no stream to open",
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            headers={"Allow": "POST"},
        )
    media = MediaType()
    media["content-type"] = headers.get("content-type", "")
    charset = str(media.get_param("charset", "utf-8")).lower()
    if media.get_content_type() != "application/json" or charset not in UTF8:
        raise NotWellFormedError(
            "Content-Type: must be application/json, in UTF-8",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise NotWellFormedError(
            "Content-Encoding: must be left out: a compressed body is not read",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )


def check_body(body: bytes) -> None:
    """Refuse what is not one request, notification or response of JSON-RPC 2.0.

    Raises:
        NotWellFormedError: It never shows what was sent.
    """
    message = _read(body)
    if not isinstance(message, dict):
        raise NotWellFormedError("the body must be one JSON-RPC message: an object, not a batch")
    envelope = cast("dict[str, Any]", message)
    message_id = envelope.get("id")
    known = _is_id(message_id)
    wrong = _wrong_in(envelope, knows_id=known)
    wrong = wrong or _too_much_in(envelope)
    if wrong is not None:
        raise NotWellFormedError(wrong, message_id=message_id if known else None)


def _read(body: bytes) -> object:
    """Read JSON by the letter: in UTF-8, numbers only, and no name twice.

    Of two members with one name each reader takes another: who watches the way sees one call, and
    we would do the other.
    """
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_number
        )
    except NotWellFormedError:
        raise
    except UnicodeDecodeError:
        problem = "the body must be UTF-8"
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at character {error.pos}"
    except ValueError:
        problem = "a number has too many digits"
    except RecursionError:
        problem = f"objects and lists must not be nested deeper than {DEPTH_LIMIT}"
    raise NotWellFormedError(f"Parse error: {problem}", code=PARSE_ERROR)


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise NotWellFormedError("no name may stand twice in an object")
    return found


def _no_number(constant: str) -> float:
    raise NotWellFormedError(f"Parse error: {constant} is no JSON", code=PARSE_ERROR)


def _is_id(value: object) -> bool:
    """Tell what can be said back: half of a surrogate pair can't be written in UTF-8."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong_in(envelope: dict[str, Any], *, knows_id: bool) -> str | None:
    if envelope.get("jsonrpc") != "2.0":
        return 'jsonrpc: must be "2.0"'
    if "id" in envelope and not knows_id:
        return "id: must be a text or a whole number"
    if "method" not in envelope:
        return None if "result" in envelope or "error" in envelope else "method: is required"
    if not isinstance(envelope["method"], str):
        return "method: must be a text"
    if not isinstance(envelope.get("params", {}), dict | None):
        return "params: must be an object"
    return None


def _too_much_in(message: object) -> str | None:
    level: list[object] = [message]
    parts = 0
    for _ in range(DEPTH_LIMIT):
        inner = (part for each in level for part in _within(each))
        level = [part for part in inner if isinstance(part, dict | list)]
        parts += len(level)
        if parts > PARTS_LIMIT:
            return f"there must be at most {PARTS_LIMIT} objects and lists"
        if not level:
            return None
    return f"objects and lists must not be nested deeper than {DEPTH_LIMIT}"


def _within(value: object) -> list[object]:
    return (
        list(cast("dict[str, object]", value).values())
        if isinstance(value, dict)
        else cast("list[object]", value)
    )
