"""The desk's web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from escalation_worker.answering import Answering
from escalation_worker.desk.board import Board
from escalation_worker.desk.channel import DESK_ROLE
from escalation_worker.desk.forms import AnswerForm, DeclineForm, FormError, LoginForm, read_form
from escalation_worker.desk.guard import Guard
from escalation_worker.desk.replies import render_verdict
from escalation_worker.desk.sessions import COOKIE, SESSION_SECONDS, Sessions
from escalation_worker.desk.views import QuestionView, Snapshot, Trouble
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind
from shared.ports import Changes, Clock, EscalationStore, InboundReply, utc_now

STATIC: Final = Path(__file__).parent / "static"
KEEP_ALIVE_SECONDS: Final = 10
WRONG_PASSWORD_SECONDS: Final = 0.5
"""How long a wrong password is answered with silence."""


class Desk:
    """The page's requests, each parsed, passed on and rendered."""

    def __init__(
        self,
        board: Board,
        store: EscalationStore,
        answering: Answering,
        sessions: Sessions | None,
        *,
        operator_name: str,
        clock: Clock,
    ) -> None:
        self._board = board
        self._store = store
        self._answering = answering
        self._sessions = sessions
        self._operator_name = operator_name
        self._clock = clock

    async def page(self, _: Request) -> Response:
        """Serve the page."""
        return FileResponse(STATIC / "page.html", headers={"cache-control": "no-cache"})

    async def login_page(self, _: Request) -> Response:
        """Serve the login."""
        return FileResponse(STATIC / "login.html", headers={"cache-control": "no-cache"})

    async def healthz(self, _: Request) -> Response:
        """Tell that the process lives."""
        return JSONResponse({"status": "ok"})

    async def questions(self, _: Request) -> Response:
        """Read everything the page shows."""
        snapshot = await self._board.snapshot()
        return JSONResponse(snapshot.model_dump(mode="json"))

    async def stream(self, _: Request) -> Response:
        """Push a snapshot, then every change."""
        return EventSourceResponse(self._events(), ping=KEEP_ALIVE_SECONDS)

    async def answer(self, request: Request) -> Response:
        """Take an answer."""
        form = await read_form(request, AnswerForm)
        reply = self._reply(request, form.text, source=form.source, name=form.name)
        verdict = await self._answering.answer(reply)
        return render_verdict(verdict, await self._store.get(reply.escalation_id))

    async def decline(self, request: Request) -> Response:
        """Take the word that nobody will answer."""
        form = await read_form(request, DeclineForm)
        reply = self._reply(request, form.reason or "", source=form.source, name=form.name)
        verdict = await self._answering.decline(reply)
        return render_verdict(verdict, await self._store.get(reply.escalation_id))

    async def log_in(self, request: Request) -> Response:
        """Trade the password for a session."""
        if self._sessions is None:
            return JSONResponse({"message": "This desk has no password."})
        form = await read_form(request, LoginForm)
        address = request.client.host if request.client else ""
        # No await from here to the count of failures: attempts made at once are counted too.
        if (seconds := self._sessions.blocked_for(address)) > 0:
            return JSONResponse(
                {"message": f"Too many wrong passwords: try again in {seconds:.0f} s."},
                status_code=429,
                headers={"retry-after": str(int(seconds) + 1)},
            )
        cookie = self._sessions.log_in(address, form.password)
        if cookie is None:
            await asyncio.sleep(WRONG_PASSWORD_SECONDS)
            return JSONResponse({"message": "That is not the password."}, status_code=401)
        response = JSONResponse({"message": "Welcome."})
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def log_out(self, _: Request) -> Response:
        """Forget the session in this browser."""
        response = JSONResponse({"message": "Logged out."})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    def _reply(self, request: Request, text: str, *, source: str, name: str | None) -> InboundReply:
        person = name or self._operator_name
        return InboundReply(
            escalation_id=str(request.path_params["escalation_id"]),
            text=text,
            person_id=f"desk:{person}",
            person_name=person,
            person_roles=frozenset({DESK_ROLE}),
            channel=ChannelKind.DESK,
            source=f"desk:{source}",
            at=self._clock(),
        )

    async def _events(self) -> AsyncIterator[ServerSentEvent]:
        async for event in self._board.events():
            yield ServerSentEvent(event.model_dump_json(), event=_event_name(event))


def build_desk(
    store: EscalationStore,
    answering: Answering,
    changes: Changes,
    *,
    password: SecretStr | None,
    operator_name: str,
    clock: Clock = utc_now,
) -> Starlette:
    """Build the desk. Its lifespan follows `changes`; `app.state.board.close()` ends its streams.

    `answering` must be built with operators that include `DESK_ROLE`, or nobody may answer here.
    """
    sessions = Sessions(password) if password is not None else None
    board = Board(
        store, changes, operator_name=operator_name, login=password is not None, clock=clock
    )
    desk = Desk(board, store, answering, sessions, operator_name=operator_name, clock=clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        following = asyncio.create_task(board.run())
        try:
            yield
        finally:
            board.close()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    app = Starlette(
        routes=[
            Route("/", desk.page),
            Route("/login", desk.login_page),
            Route("/healthz", desk.healthz),
            Route("/api/questions", desk.questions),
            Route("/api/events", desk.stream),
            Route("/api/questions/{escalation_id}/answer", desk.answer, methods=["POST"]),
            Route("/api/questions/{escalation_id}/decline", desk.decline, methods=["POST"]),
            Route("/api/login", desk.log_in, methods=["POST"]),
            Route("/api/logout", desk.log_out, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, sessions=sessions)],
        exception_handlers={FormError: _bad_form, StoreUnavailableError: _unavailable},
        lifespan=lifespan,
    )
    app.state.board = board
    return app


async def _bad_form(_: Request, error: Exception) -> Response:
    if not isinstance(error, FormError):
        raise error
    return JSONResponse({"message": str(error), "field": error.field}, status_code=error.status)


async def _unavailable(_: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, status_code=503, headers={"retry-after": "1"})


def _event_name(event: Snapshot | QuestionView | Trouble) -> str:
    match event:
        case Snapshot():
            return "sync"
        case QuestionView():
            return "question"
        case Trouble():
            return "trouble"
