"""The chat page's server: a page, a stream of events, and a way to write.

`GET /?c=…` shows the page, `GET /events?c=…` streams the chat `c`, `POST /messages?c=…` writes
into it, `POST /end?c=…` ends it, `GET /healthz` tells that the server lives. Without `c`, the
conversation of CONVERSATION_ID is meant, or else one named "main". Events are lines with `id`,
`who`, `text`, `time`, `seconds` and `files`, and in between events of type `state`.
"""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from customer_agent.chat_guard import ChatGuard
from customer_agent.chats import Chat, Chats, TooFastError, TooManyChatsError
from customer_agent.transcript import Line

TEXT_LIMIT: Final = 2_000
"""Characters of one message."""
_BODY_LIMIT: Final = 64 * 1024
_PING_SECONDS: Final = 15
_CHAT_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PAGE: Final = files("customer_agent") / "chat_page"


class Message(BaseModel):
    """What a customer may post."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT)
    ]


class _RefusedError(Exception):
    """A request that gets an error as its answer."""

    def __init__(self, status: int, problem: str, **details: object) -> None:
        super().__init__(problem)
        self.response = JSONResponse({"error": problem, **details}, status_code=status)


class ChatPage:
    """The routes, over the chats of this process."""

    def __init__(self, chats: Chats, *, agent_name: str, conversation_id: str | None) -> None:
        self._chats = chats
        self._conversation_id = conversation_id
        page = (_PAGE / "index.html").read_text("utf-8")
        self._html = page.replace("{{agent_name}}", html.escape(agent_name)).replace(
            "{{initial}}", html.escape(agent_name[:1].upper())
        )
        self._assets = {
            "/chat.css": ((_PAGE / "chat.css").read_text("utf-8"), "text/css"),
            "/chat.js": ((_PAGE / "chat.js").read_text("utf-8"), "text/javascript"),
        }

    def app(self, *, loopback_only: bool) -> Starlette:
        """Build the application; it runs the chats as long as it runs itself."""

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
            async with self._chats:
                yield

        return Starlette(
            routes=[
                Route("/", self._show_page),
                Route("/chat.css", self._show_asset),
                Route("/chat.js", self._show_asset),
                Route("/events", self._stream),
                Route("/messages", self._write, methods=["POST"]),
                Route("/end", self._end, methods=["POST"]),
                Route("/healthz", self._health),
            ],
            middleware=[Middleware(ChatGuard, loopback_only=loopback_only)],
            exception_handlers={_RefusedError: _refuse},
            lifespan=lifespan,
        )

    async def _show_page(self, request: Request) -> Response:
        if "c" not in request.query_params:
            fresh = self._conversation_id or secrets.token_urlsafe(16)
            return RedirectResponse(f"/?c={fresh}", status_code=303)
        self._chat_id(request)
        return Response(self._html, media_type="text/html")

    async def _show_asset(self, request: Request) -> Response:
        text, media_type = self._assets[request.url.path]
        return Response(text, media_type=media_type)

    async def _stream(self, request: Request) -> Response:
        chat = self._open(self._chat_id(request))
        last_seen = request.headers.get("last-event-id")
        return EventSourceResponse(
            _events(chat, last_seen),
            ping=_PING_SECONDS,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _write(self, request: Request) -> Response:
        chat_id = self._chat_id(request)
        message = await _parse(request)
        try:
            line = self._open(chat_id).write(message.text)
        except TooFastError:
            raise _RefusedError(429, "text: wait for the agent to read what you wrote") from None
        return JSONResponse({"id": line}, status_code=202)

    async def _end(self, request: Request) -> Response:
        if (chat := self._chats.find(self._chat_id(request))) is not None:
            chat.end()
        return Response(status_code=204)

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "conversations": len(self._chats)})

    def _chat_id(self, request: Request) -> str:
        chat_id = request.query_params.get("c") or self._conversation_id or "main"
        if not _CHAT_ID.fullmatch(chat_id):
            raise _RefusedError(
                422, "c: letters, digits, dot, dash and underscore, at most 64", field="c", limit=64
            )
        return chat_id

    def _open(self, chat_id: str) -> Chat:
        try:
            return self._chats.open(chat_id)
        except TooManyChatsError:
            raise _RefusedError(
                503, "too many conversations at the moment; try again in a few minutes"
            ) from None


async def _events(chat: Chat, last_seen: str | None) -> AsyncGenerator[ServerSentEvent]:
    """Stream a chat to one page, and count the page as long as it listens."""
    chat.watchers += 1
    try:
        async for each in chat.transcript.follow(last_seen):
            if isinstance(each, Line):
                yield ServerSentEvent(json.dumps(each.as_json()), id=each.id, retry=1_000)
            else:
                yield ServerSentEvent(json.dumps(each.as_json()), event="state")
    finally:
        chat.watchers -= 1
        chat.touch()


async def _parse(request: Request) -> Message:
    """Read a message.

    Raises:
        _RefusedError: Not JSON, too much of it, or a text that is empty or too long.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_LIMIT:
            raise _RefusedError(
                413, f"body: at most {_BODY_LIMIT} bytes", field="body", limit=_BODY_LIMIT
            )
    try:
        return Message.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"]) or "body"
        raise _RefusedError(
            422, f"{field}: {problem['msg']}", field=field, limit=TEXT_LIMIT
        ) from None


async def _refuse(_request: Request, error: Exception) -> Response:
    if not isinstance(error, _RefusedError):
        raise error
    return error.response
