"""The gateway's whole application in this process, over stores in memory: quick, for made-ups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from fakeredis import FakeAsyncRedis
from starlette.applications import Starlette
from starlette.types import Message
from support.gateway import asking_over, build_server

from hostile.case import STATELESS, Era, as_json, head, meta, usual, with_headers
from mcp_gateway.app import build_app
from mcp_gateway.settings import GatewaySettings
from shared.escalation import Ask, Escalation
from shared.limits import Counted, Limits
from shared.memory.escalations import MemoryEscalations
from shared.ports.escalations import Accepted
from shared.redis_adapter.keys import Keys
from shared.redis_adapter.store import RedisEscalationStore

MAY_BE: Final = frozenset({-32700, -32600, -32601, -32602, -32020, -32021, -32022})
"""The errors of the protocol that a bad request may get. Not -32603: nothing went wrong with us."""
WORDS_LIMIT: Final = 4_000
"""Characters of a refusal, however much was sent."""

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the application said."""

    status: int
    body: bytes

    def message(self) -> Mapping[str, Any]:
        """Read the JSON-RPC message in it."""
        text = self.body.decode()
        lines = [line[6:] for line in text.split("\r\n") if line.startswith("data: ")]
        read: object = json.loads(lines[-1] if lines else text)
        assert isinstance(read, dict)
        return cast("dict[str, Any]", read)

    @property
    def accepted(self) -> bool:
        """Whether it is a tool's result that is no error."""
        result = self.message().get("result")
        return isinstance(result, dict) and not cast("dict[str, Any]", result).get("isError", False)


def is_clean(reply: Reply) -> bool:
    """Whether an answer is one that the standard knows, and tells of no defect of ours."""
    if reply.status == HTTPStatus.ACCEPTED:
        return not reply.body
    message = reply.message()
    assert reply.status in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}, reply
    if "error" in message:
        assert message["error"]["code"] in MAY_BE, reply
        return len(message["error"]["message"]) < WORDS_LIMIT
    result = message["result"]
    if result.get("isError"):
        (said,) = result["content"]
        assert "Error executing tool" not in said["text"], reply
        return len(said["text"]) < WORDS_LIMIT
    return True


class Open(MemoryEscalations):
    """Remembers what it accepted last, and can forget."""

    last: Escalation | None = None

    async def accept(self, ask: Ask) -> Accepted:
        """See `EscalationStore.accept`. As Redis does, it keeps JSON, and has to read it again."""
        json_of = ask.question.model_dump_json()
        assert type(ask.question).model_validate_json(json_of) == ask.question
        accepted = await super().accept(ask)
        self.last = accepted.escalation
        return accepted

    def forget(self) -> None:
        """Start anew."""
        self.__init__()
        self.last = None


class Everybody:
    """`Admission` that keeps nobody out: how fast requests are made up is no matter here."""

    async def admit(
        self, tenant: str, agent: str, limits: Limits, counted: Counted = Counted.CALL
    ) -> timedelta | None:
        """See `Admission.admit`."""
        return None


class Doorway:
    """An application that can be called with raw bodies."""

    def __init__(self) -> None:
        self.store = Open()
        asking = asking_over(self.store)
        asking.stop_waiting()  # no call is held
        settings = GatewaySettings(_env_file=None, log_level="ERROR")  # pyright: ignore[reportCallIssue]
        server = build_server(asking, settings, admission=Everybody())
        redis = RedisEscalationStore(FakeAsyncRedis(), Keys())
        self._app = build_app(server, redis, settings)
        self._runner = asyncio.Runner()

    def post(self, body: bytes, headers: Headers) -> Reply:
        """Send a body; the answer to it."""
        return self._runner.run(_post(self._app, body, headers))

    def call(self, era: Era, tool: str, arguments: object) -> Reply:
        """Call a tool."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        if era == STATELESS:
            params["_meta"] = meta()
        body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
        return self.post(as_json(body), headers_of(era, name=tool))

    @contextmanager
    def open(self) -> Generator[Doorway]:
        """Run what the application runs behind its requests."""
        with self._runner:
            shut, is_open = asyncio.Event(), asyncio.Event()

            async def living() -> None:
                async with self._app.router.lifespan_context(self._app):
                    is_open.set()
                    await shut.wait()

            async def begin() -> asyncio.Task[None]:
                task = asyncio.create_task(living())
                await is_open.wait()
                return task

            async def end(task: asyncio.Task[None]) -> None:
                shut.set()
                await task

            task = self._runner.run(begin())
            try:
                yield self
            finally:
                self._runner.run(end(task))


def headers_of(era: Era, *, method: str = "tools/call", name: str | None = None) -> Headers:
    """Write the headers of a good request, as ASGI has them."""
    known = with_headers(usual(era, method=method, name=name), Host="127.0.0.1")
    lines = head(known).split(b"\r\n")[1:-1]
    parts = [line.partition(b": ") for line in lines]
    return [(key.lower(), value) for key, _, value in parts if key != b"Authorization"]


async def _post(app: Starlette, body: bytes, headers: Headers) -> Reply:
    said: list[Message] = []
    heard = [{"type": "http.request", "body": body, "more_body": False}]
    answered = asyncio.Event()

    async def receive() -> Message:
        if heard:
            return heard.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            answered.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8765),
    }
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    start, *parts = said
    return Reply(start["status"], b"".join(part.get("body", b"") for part in parts))
