"""A FAKE gateway: the contract of the real one, in memory, over real MCP and real HTTP.

It exists so that the agent can be tested without Redis and Discord. Nobody's question reaches a
person here; tests answer with `settle`. What it knows outlives `kill` and `start`, as Redis
outlives the real gateway.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Shape(BaseModel):
    """Any structured content."""

    model_config = {"extra": "allow"}


@dataclass
class Asked:
    """A question, as the fake keeps it."""

    escalation_id: str
    question: str
    context: str | None
    conversation_id: str | None
    idempotency_key: str | None
    asked_at: datetime
    timeout: timedelta = timedelta(minutes=10)
    turns: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    status: str = "pending"
    answer: str | None = None
    reason: str | None = None
    answered_by: str | None = None
    asked_back: str | None = None
    replies: list[str] = field(default_factory=list[str])
    """What was passed on to who asked back."""
    late_answer: str | None = None
    correctable: timedelta | None = None
    """For how long a correction may come, once it is answered."""
    grace_over: bool = False
    """Whether all edits were heard that were made in that time."""
    attachments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What came with the answer, or with the late one."""
    caller_gone: bool = False
    """Whether its conversation has ended, and nobody has taken it up again."""
    delivered: list[bool] = field(default_factory=list[bool])
    """What was confirmed: False for the outcome, True for the late answer."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def correctable_until(self) -> str | None:
        if self.correctable is None or self.status != "answered" or self.grace_over:
            return None
        if self.late_answer is not None:
            return None
        return (self.asked_at + self.correctable).isoformat()

    @property
    def deadline(self) -> str:
        return (self.asked_at + self.timeout).isoformat()

    @property
    def is_delivered(self) -> bool:
        return self.is_late in self.delivered

    @property
    def is_late(self) -> bool:
        """Whether somebody answered after the deadline, be it with files alone."""
        timed_out = self.status == "timed_out"
        return self.late_answer is not None or (timed_out and bool(self.attachments))

    def as_json(self) -> dict[str, Any]:
        who = {"id": "7", "name": self.answered_by} if self.answered_by else None
        return {
            "status": self.status,
            "escalation_id": self.escalation_id,
            "question": self.question,
            "answer": self.answer,
            "attachments": [] if self.is_late else self.attachments,
            "asked_back": self.asked_back,
            "reason": self.reason,
            "answered_by": who,
            "late_answer": self.late_answer,
            "correctable_until": self.correctable_until,
            "late_attachments": self.attachments if self.is_late else [],
            "late_answered_by": {"id": "7", "name": "Maya"} if self.is_late else None,
            "delivered": self.is_delivered,
            "channel": "discord" if who else None,
            "seconds_to_answer": 1.5 if self.answer else None,
            "deadline": self.deadline,
            "next": "Go on.",
        }


def _attached(files: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"name": name, "url": url, "media_type": "image/png", "size": 1} for name, url in files]


class FakeGateway:
    """A gateway that a test starts, kills, and answers for."""

    def __init__(self, *, api_key: str | None = None) -> None:
        self.asked: list[Asked] = []
        self.cancelled: list[tuple[str, str | None]] = []
        self.ended: list[str] = []
        """The conversations that ended, each as often as it did."""
        self.drops = False
        """Whether questions are cancelled whose conversation ends."""
        self.calls: list[str] = []
        self.refused_keys = 0
        self.held = 0
        """How many calls are waiting at this moment."""
        self.api_key = api_key
        self.refusal: str | None = None
        """When set, every call fails with this text."""
        self.is_older = False
        """Whether it knows nothing of what may be attached to a question."""
        self.tells_no_deadline = False
        """Whether its listing lacks the deadlines."""
        self.changed = asyncio.Condition()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/mcp"

    @property
    def is_running(self) -> bool:
        return self._serving is not None and not self._serving.done()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something about the fake is so."""
        async with self.changed:
            await self.changed.wait_for(is_so)

    async def until_asked(self, count: int = 1) -> Asked:
        """Wait until so many questions were asked, and give the last."""
        await self.until(lambda: len(self.asked) >= count)
        return self.asked[count - 1]

    async def settle(
        self,
        asked: Asked,
        status: str = "answered",
        *,
        answer: str | None = None,
        by: str | None = "Maya",
        reason: str | None = None,
        files: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Give a question its outcome, as a person would; `files` are names and links."""
        asked.attachments = _attached(files)
        asked.status, asked.answer, asked.reason = status, answer, reason
        asked.asked_back = None
        asked.answered_by = by if status in {"answered", "approved", "denied", "declined"} else None
        asked.settled.set()
        await self._note()

    async def ask_back(self, asked: Asked, text: str) -> None:
        """Want to know something first; what was asked before and not replied to stands above."""
        before = f"{asked.asked_back}\n" if asked.asked_back else ""
        asked.status, asked.asked_back = "needs_info", before + text
        asked.settled.set()
        await self._note()

    async def answer_late(
        self, asked: Asked, answer: str | None, *, files: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Answer a question that has timed out, or correct the answer that it has."""
        asked.late_answer = answer
        if asked.status == "timed_out":
            asked.attachments = _attached(files)
        await self._note()

    def add(self, question: str, *, conversation_id: str, age: timedelta = timedelta(0)) -> Asked:
        """Put in a question that an earlier agent asked."""
        asked = Asked(
            f"01FAKE{len(self.asked):020d}",
            question,
            None,
            conversation_id,
            None,
            datetime.now(UTC) - age,
        )
        self.asked.append(asked)
        return asked

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        # The protocol is named so that asyncio turns off Nagle's algorithm.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen()
        self._port = listener.getsockname()[1]
        app = _KeyCheck(self._build().streamable_http_app(stateless_http=True), self)
        self._server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Go away at once, as after kill -9: every connection breaks in mid-call."""
        assert self._server is not None
        assert self._serving is not None
        for connection in list(self._server.server_state.connections):
            transport = cast("Any", connection).transport
            if transport is not None:
                transport.abort()
        self._server.should_exit = True
        await self._serving
        await self._note()

    async def note_refused_key(self) -> None:
        self.refused_keys += 1
        await self._note()

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def _find(self, escalation_id: str) -> Asked:
        for each in self.asked:
            if each.escalation_id == escalation_id:
                return each
        raise ToolError(f"escalation_id: no question {escalation_id!r}")

    async def _hold(self, asked: Asked, seconds: float) -> CallToolResult:
        if not asked.settled.is_set() and seconds:
            self.held += 1
            await self._note()
            try:
                async with asyncio.timeout(seconds):
                    await asked.settled.wait()
            except TimeoutError:
                pass
            finally:
                self.held -= 1
            await self._note()
        text = asked.answer if asked.status == "answered" else f"It is {asked.status}."
        return CallToolResult(
            content=[TextContent(type="text", text=text or "")],
            structured_content=asked.as_json(),
        )

    async def _note_call(self, tool: str) -> None:
        self.calls.append(tool)
        await self._note()
        if self.refusal is not None:
            raise ToolError(self.refusal)

    def _build(self) -> MCPServer:
        server = MCPServer("fake-gateway")

        @server.tool()
        async def ask_human(
            question: str,
            context: str | None = None,
            turns: list[dict[str, str]] | None = None,
            facts: dict[str, Any] | None = None,
            route: str | None = None,
            conversation_id: str | None = None,
            idempotency_key: str | None = None,
            wait_seconds: float = 25,
        ) -> CallToolResult:
            await self._note_call("ask_human")
            if len(question) > 4_000:
                raise ToolError("question: at most 4000 characters")
            if self.is_older and (turns or facts):
                raise ToolError("turns: no such argument")
            known = next(
                (
                    each
                    for each in self.asked
                    if idempotency_key and each.idempotency_key == idempotency_key
                ),
                None,
            )
            if known is None:
                known = self.add(question, conversation_id=conversation_id or "")
                known.context, known.idempotency_key = context, idempotency_key
                known.turns, known.facts = turns or [], facts or {}
                await self._note()
            return await self._hold(known, wait_seconds)

        @server.tool()
        async def check_answer(escalation_id: str, wait_seconds: float = 25) -> CallToolResult:
            await self._note_call("check_answer")
            self._find(escalation_id).caller_gone = False
            await self._note()
            return await self._hold(self._find(escalation_id), wait_seconds)

        @server.tool()
        async def list_questions(
            conversation_id: str | None = None, status: str | None = None
        ) -> CallToolResult:
            await self._note_call("list_questions")
            listed = [
                {
                    "escalation_id": each.escalation_id,
                    "question": each.question,
                    "status": each.status,
                    "conversation_id": each.conversation_id,
                    "asked_at": each.asked_at.isoformat(),
                    **({} if self.tells_no_deadline else {"deadline": each.deadline}),
                    "answer": each.answer,
                    "late_answer": each.late_answer,
                    "correctable_until": each.correctable_until,
                    "delivered": each.is_delivered,
                }
                for each in self.asked
                if each.conversation_id == conversation_id and status in (None, each.status)
            ]
            return CallToolResult(
                content=[TextContent(type="text", text=f"{len(listed)} questions")],
                structured_content={"questions": listed},
            )

        self._add_acts(server)
        del ask_human, check_answer, list_questions
        return server

    def _add_acts(self, server: MCPServer) -> None:
        """Add the tools that change something about a question."""

        @server.tool()
        async def send_to_operator(
            escalation_id: str, message: str, wait_seconds: float = 25
        ) -> CallToolResult:
            await self._note_call("send_to_operator")
            asked = self._find(escalation_id)
            if asked.status not in {"pending", "needs_info"}:
                raise ToolError("the question has ended, so nobody waits for this")
            if message not in asked.replies:
                asked.replies.append(message)
            if asked.status == "needs_info":
                asked.status, asked.asked_back = "pending", None
                asked.settled.clear()
            await self._note()
            return await self._hold(asked, wait_seconds)

        @server.tool()
        async def cancel_question(escalation_id: str, reason: str | None = None) -> CallToolResult:
            await self._note_call("cancel_question")
            asked = self._find(escalation_id)
            self.cancelled.append((escalation_id, reason))
            await self.settle(asked, "cancelled", reason=reason)
            return await self._hold(asked, 0)

        @server.tool()
        async def end_conversation(
            conversation_id: str, reason: str | None = None
        ) -> CallToolResult:
            await self._note_call("end_conversation")
            self.ended.append(conversation_id)
            opened = [
                each
                for each in self.asked
                if each.conversation_id == conversation_id
                and each.status in {"pending", "needs_info"}
            ]
            for each in opened:
                each.caller_gone = True
                if self.drops:
                    await self.settle(each, "cancelled", reason=reason)
            became = "cancelled" if self.drops else "kept"
            await self._note()
            return CallToolResult(
                content=[TextContent(type="text", text="The conversation is over.")],
                structured_content={
                    "conversation_id": conversation_id,
                    "questions": [
                        {"escalation_id": each.escalation_id, "became": became} for each in opened
                    ],
                },
            )

        @server.tool()
        async def confirm_delivery(escalation_id: str, late_answer: bool = False) -> CallToolResult:
            await self._note_call("confirm_delivery")
            asked = self._find(escalation_id)
            asked.delivered.append(late_answer)
            await self._note()
            return await self._hold(asked, 0)

        del send_to_operator, cancel_question, end_conversation, confirm_delivery


class _KeyCheck:
    """Refuses calls without the fake's key, if it has one."""

    def __init__(self, app: ASGIApp, gateway: FakeGateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._gateway.api_key
        given = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if scope["type"] == "http" and key is not None and given != f"Bearer {key}":
            await self._gateway.note_refused_key()
            refusal = JSONResponse({"error": "invalid_token"}, status_code=401)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def running_gateway(*, api_key: str | None = None) -> AsyncGenerator[FakeGateway]:
    """Run a fake gateway on a free port of this machine."""
    gateway = FakeGateway(api_key=api_key)
    await gateway.start()
    try:
        yield gateway
    finally:
        if gateway.is_running:
            await gateway.kill()
