"""The desk's web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
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
from escalation_worker.desk.forms import (
    ClaimForm,
    DeclineForm,
    FilledInForm,
    FormError,
    LoginForm,
    RecallForm,
    ReleaseForm,
    ReplyForm,
    TextForm,
    VoteForm,
    read_form,
)
from escalation_worker.desk.guard import Guard
from escalation_worker.desk.replies import render_verdict
from escalation_worker.desk.sessions import COOKIE, SESSION_SECONDS, Sessions
from escalation_worker.desk.views import QuestionView, Snapshot, Trouble
from escalation_worker.discussing import Discussing
from shared.errors import StoreUnavailableError
from shared.escalation import ChannelKind
from shared.ports.clock import Clock, utc_now
from shared.ports.escalations import EscalationStore
from shared.ports.replies import InboundReply, ReplyVerdict
from shared.ports.waiting import Changes
from shared.texts import folded

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
        discussing: Discussing,
        sessions: Sessions | None,
        *,
        operator_name: str,
        clock: Clock,
    ) -> None:
        self._board = board
        self._store = store
        self._answering = answering
        self._discussing = discussing
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

    async def questions(self, request: Request) -> Response:
        """Read everything the page shows."""
        snapshot = _named(await self._board.snapshot(), self._session_name(request))
        return JSONResponse(snapshot.model_dump(mode="json"))

    async def stream(self, request: Request) -> Response:
        """Push a snapshot, then every change."""
        return EventSourceResponse(
            self._events(self._session_name(request)), ping=KEEP_ALIVE_SECONDS
        )

    async def answer(self, request: Request) -> Response:
        """Take an answer."""
        form = await read_form(request, TextForm)
        reply = self._reply(request, form, form.text)
        return await self._render(reply, await self._answering.answer(reply))

    async def fill_in(self, request: Request) -> Response:
        """Take a filled-in form, or say what is wrong with it, field by field."""
        form = await read_form(request, FilledInForm)
        reply = self._reply(request, form)
        filled = await self._answering.fill_in(reply, form.values)
        return await self._render(reply, filled.verdict, filled.problems)

    async def decline(self, request: Request) -> Response:
        """Take the word that nobody will answer."""
        form = await read_form(request, DeclineForm)
        reply = self._reply(request, form, form.reason)
        return await self._render(reply, await self._answering.decline(reply))

    async def vote(self, request: Request) -> Response:
        """Take one person's word on an approval."""
        form = await read_form(request, VoteForm)
        reply = self._reply(request, form, form.comment)
        return await self._render(reply, await self._discussing.vote(reply, approve=form.approve))

    async def ask_back(self, request: Request) -> Response:
        """Ask the agent something before answering."""
        form = await read_form(request, TextForm)
        reply = self._reply(request, form, form.text)
        return await self._render(reply, await self._discussing.ask_back(reply))

    async def claim(self, request: Request) -> Response:
        """Take the word that somebody is on it."""
        form = await read_form(request, ClaimForm)
        reply = self._reply(request, form)
        return await self._render(
            reply, await self._discussing.claim(reply, take_over=form.take_over)
        )

    async def release(self, request: Request) -> Response:
        """Take the word that somebody is no longer on it."""
        form = await read_form(request, ReleaseForm)
        reply = self._reply(request, form)
        return await self._render(reply, await self._discussing.release(reply))

    async def recall(self, request: Request) -> Response:
        """Give the whole of an earlier answer, to be changed and sent."""
        form = await read_form(request, RecallForm)
        reply = self._reply(request, form)
        found = await self._answering.recall(reply, form.number)
        if isinstance(found, ReplyVerdict):
            return await self._render(reply, found)
        return JSONResponse({"text": found})

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
        name = form.name or self._operator_name
        cookie = self._sessions.log_in(address, form.password, name)
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

    def _session_name(self, request: Request) -> str | None:
        """Tell whose session a request belongs to, where there are sessions."""
        if self._sessions is None:
            return None
        return self._sessions.name_of(request.cookies.get(COOKIE, ""))

    def _reply(self, request: Request, form: ReplyForm, text: str | None = None) -> InboundReply:
        # A session's name can't be changed by the page: one login casts one vote.
        person = self._session_name(request) or form.name or self._operator_name
        return InboundReply(
            escalation_id=str(request.path_params["escalation_id"]),
            text=text or "",
            person_id=_person_id(person),
            person_name=person,
            person_roles=frozenset({DESK_ROLE}),
            channel=ChannelKind.DESK,
            source=f"desk:{form.source}",
            at=self._clock(),
        )

    async def _render(
        self, reply: InboundReply, verdict: ReplyVerdict, problems: Mapping[str, str] | None = None
    ) -> Response:
        return render_verdict(verdict, await self._store.get(reply.escalation_id), problems)

    async def _events(self, name: str | None) -> AsyncIterator[ServerSentEvent]:
        async for event in self._board.events():
            shown = _named(event, name) if isinstance(event, Snapshot) else event
            yield ServerSentEvent(shown.model_dump_json(), event=_event_name(event))


def build_desk(
    store: EscalationStore,
    answering: Answering,
    discussing: Discussing,
    changes: Changes,
    *,
    password: SecretStr | None,
    operator_name: str,
    clock: Clock = utc_now,
) -> Starlette:
    """Build the desk. Its lifespan follows `changes`; `app.state.board.close()` ends its streams.

    `answering` and `discussing` must be built with operators that include `DESK_ROLE`, or nobody
    may act here.
    """
    sessions = Sessions(password) if password is not None else None
    board = Board(
        store, changes, operator_name=operator_name, login=password is not None, clock=clock
    )
    desk = Desk(
        board, store, answering, discussing, sessions, operator_name=operator_name, clock=clock
    )
    acts = {
        "answer": desk.answer,
        "fill-in": desk.fill_in,
        "decline": desk.decline,
        "vote": desk.vote,
        "ask-back": desk.ask_back,
        "claim": desk.claim,
        "release": desk.release,
        "recall": desk.recall,
    }

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
            *(
                Route(f"/api/questions/{{escalation_id}}/{name}", act, methods=["POST"])
                for name, act in acts.items()
            ),
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


def _person_id(name: str) -> str:
    """Make the same person of a name however it is spaced and capitalised."""
    return f"desk:{folded(name)}"


def _named(snapshot: Snapshot, name: str | None) -> Snapshot:
    """Tell a session's page its name."""
    return snapshot.model_copy(update={"operator_name": name}) if name else snapshot


def _event_name(event: Snapshot | QuestionView | Trouble) -> str:
    match event:
        case Snapshot():
            return "sync"
        case QuestionView():
            return "question"
        case Trouble():
            return "trouble"
