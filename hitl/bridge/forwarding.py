"""The bridge itself: each message goes to the gateway on its own, and its answer comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, cast

from hitl.bridge.envelope import Client, Message, error, failure, is_request, params_of
from hitl.bridge.gateway import AwayError, Gateway, RefusedError
from hitl.bridge.remembered import Questions
from hitl.bridge.stand_in import CHANGED, STOOD_IN_FOR, stand_in
from shared.telemetry import get_logger

log = get_logger(__name__)

UNREACHABLE: Final = -32000
UNREADABLE: Final = -32700
INVALID: Final = -32600
HELLO_SECONDS: Final = 3.0
"""How long a client waits for its first answers: the least patient ones give a server 5 s."""
_IS_IT_BACK: Final[Message] = {"jsonrpc": "2.0", "id": "is-it-back", "method": "ping"}
_SAFE: Final = (
    "Nothing is lost: please try again with the same words in a moment. It will not be asked twice."
)

Send = Callable[[Message], None]


class Bridge:
    """Passes messages on until the client closes its end."""

    def __init__(self, gateway: Gateway, client: Client, send: Send) -> None:
        self._gateway = gateway
        self._client = client
        self._send = send
        self._questions = Questions()
        self._under_way: dict[Any, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._introduced_by_us = False

    async def run(self, lines: AsyncIterator[bytes]) -> None:
        """Forward what comes in; calls that are still held when it ends are let go of."""
        async with asyncio.TaskGroup() as group:
            async for line in lines:
                await self._take(line, group)
            for task in (*self._under_way.values(), self._watching):
                if task is not None:
                    task.cancel()

    async def _take(self, line: bytes, group: asyncio.TaskGroup) -> None:
        message = _read(line)
        if message is None:
            self._send(error({}, UNREADABLE, "this line is no JSON object"))
        elif message.get("method") == "notifications/cancelled":
            # Over HTTP, what is closed is cancelled. The question goes on, as it always does.
            self._let_go(params_of(message).get("requestId"))
        elif is_request(message):
            self._begin(message, group)
        elif "method" in message:
            await self._notify(message)
        # An answer: to nothing, since the gateway asks its clients nothing in mid-call.

    def _begin(self, message: Message, group: asyncio.TaskGroup) -> None:
        request_id = message["id"]
        if not isinstance(request_id, str | int) or request_id in self._under_way:
            self._send(error(message, INVALID, "the id must be a string or a number, and unused"))
            return
        if message["method"] == "initialize":
            self._client.introduces_itself(message)
        task = group.create_task(self._serve(message, group))
        self._under_way[request_id] = task
        task.add_done_callback(lambda _: self._under_way.pop(request_id, None))

    def _let_go(self, request_id: object) -> None:
        if isinstance(request_id, str | int) and (task := self._under_way.get(request_id)):
            task.cancel()

    async def _serve(self, message: Message, group: asyncio.TaskGroup) -> None:
        """Answer a request: by the gateway, or for it where a client would give up without."""
        method = message["method"]
        introduces = method in {"initialize", "server/discover"}
        brief = introduces or (method == "tools/list" and self._watching is not None)
        try:
            async with asyncio.timeout(HELLO_SECONDS if brief else None) as limit:
                await self._forward(message, limit)
        except (AwayError, TimeoutError) as away:
            if method in STOOD_IN_FOR:
                self._stand_in(message, group)
            else:
                self._send(failure(message, UNREACHABLE, f"{away}. {_SAFE}"))
        except RefusedError as refused:
            self._send(failure(message, UNREACHABLE, str(refused)))
        except (ValueError, RecursionError) as error:
            # It has no form over HTTP; the calls beside it have.
            log.warning("message_not_sent", reason=type(error).__name__)
            self._send(failure(message, INVALID, "this message can't be sent over HTTP"))

    async def _forward(self, message: Message, limit: asyncio.Timeout) -> None:
        keyed = self._questions.keyed(message)
        async for answer in self._gateway.post(
            keyed, lambda passed: self._client.headers(message, passed=passed)
        ):
            if message["method"] == "initialize":
                self._client.agrees(answer)
                self._introduced_by_us = False
            limit.reschedule(None)
            self._questions.read(message, answer)
            self._send(answer)

    def _stand_in(self, message: Message, group: asyncio.TaskGroup) -> None:
        answer = stand_in(message)
        if message["method"] == "initialize":
            self._client.agrees(answer)
            self._introduced_by_us = True
        self._send(answer)
        if self._watching is None:
            self._watching = group.create_task(self._until_back())

    async def _until_back(self) -> None:
        """Have the client list the tools again once the gateway is there: it has more of them."""
        while True:
            try:
                async for _ in self._gateway.post(
                    _IS_IT_BACK, lambda passed: self._client.headers(_IS_IT_BACK, passed=passed)
                ):
                    pass
            except AwayError:
                continue  # it was tried for a while, with pauses
            except RefusedError:
                return  # each call says so
            self._watching = None
            if self._introduced_by_us:
                self._send(CHANGED)
            return

    async def _notify(self, message: Message) -> None:
        """Pass on what wants no answer. The gateway keeps nothing of it, so it may be lost."""
        task = asyncio.ensure_future(self._post_once(message))
        await asyncio.wait({task}, timeout=1)
        task.cancel()

    async def _post_once(self, message: Message) -> None:
        try:
            async for _ in self._gateway.post(
                message, lambda passed: self._client.headers(message, passed=passed)
            ):
                pass
        except (AwayError, RefusedError, ValueError, RecursionError) as failure:
            log.info("notification_lost", reason=str(failure)[:200])


def _read(line: bytes) -> Message | None:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("Message", value) if isinstance(value, dict) else None
