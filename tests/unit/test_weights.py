"""What one agent's requests may weigh together while they are under way."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from support.gateway import caller
from support.visitor import a_gateway

from mcp_gateway.caller import Caller
from mcp_gateway.door import weights
from mcp_gateway.door.counting import TOO_MANY
from mcp_gateway.door.weights import BYTES_FOR_A_CALL, Weights

KEY = "0123456789abcdef"
MOST = 1_000 + 2 * 10 * BYTES_FOR_A_CALL
"""Of an agent that may have ten questions open, where a body may have a thousand bytes."""
SHOP = caller("shop", open_questions=10)


class Holding:
    """Reads whole bodies, then holds each request until it is told to answer."""

    def __init__(self) -> None:
        self.read: asyncio.Queue[int] = asyncio.Queue()
        self.released = asyncio.Event()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Hold one."""
        size, more = 0, True
        while more:
            part = await receive()
            size += len(part["body"])
            more = part["more_body"]
        self.read.put_nowait(size)
        await self.released.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Door:
    """Sends requests of whoever a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside = Holding()
        self.caller: Caller | None = SHOP
        self._app = Weights(self.inside, 1_000)
        monkeypatch.setattr(weights, "proven_caller", lambda: self.caller)

    async def send(self, *parts: int) -> tuple[int, bytes]:
        """Send a body of so many bytes, part by part; return the answer's status and body."""
        coming: list[Message] = [
            {"type": "http.request", "body": b"x" * size, "more_body": number < len(parts)}
            for number, size in enumerate(parts, 1)
        ]
        answer: list[Message] = []

        async def receive() -> Message:
            return coming.pop(0)

        async def send(message: Message) -> None:
            answer.append(message)

        await self._app({"type": "http", "headers": []}, receive, send)
        return answer[0]["status"], answer[1]["body"]

    @asynccontextmanager
    async def held(self, *parts: int) -> AsyncGenerator[asyncio.Task[tuple[int, bytes]]]:
        """Have a request held as long as the block lasts, or until all are answered."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            task = group.create_task(self.send(*parts))
            assert await self.inside.read.get() == sum(parts)
            yield task
            task.cancel()


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)


async def test_what_is_held_leaves_room_for_so_much_more_and_no_more(door: Door) -> None:
    async with door.held(MOST - 10), door.held(10):
        status, body = await door.send(1)
        assert status == 429
        assert b'"retryAfterMs":1000' in body
        assert f'"code":{TOO_MANY}'.encode() in body
        assert f"{MOST} bytes".encode() in body
        async with door.held(0):
            pass  # nothing weighs nothing


async def test_a_body_is_weighed_as_it_comes_and_a_refused_one_weighs_nothing(door: Door) -> None:
    async with door.held(MOST - 10):
        assert (await door.send(5, 5, 1))[0] == 429
        async with door.held(5, 5):
            assert (await door.send(1))[0] == 429


async def test_a_body_that_comes_a_byte_at_a_time_takes_no_more_memory_than_it_weighs(
    door: Door,
) -> None:
    parts = [1] * 20_000
    tracemalloc.start()
    try:
        async with door.held(*parts):
            held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50 * len(parts), "what the test itself keeps of a part included"


async def test_what_is_answered_or_hung_up_on_weighs_nothing_any_more(door: Door) -> None:
    async with door.held(MOST):
        assert (await door.send(1))[0] == 429
    async with door.held(MOST) as answered:
        door.inside.released.set()
        assert (await answered)[0] == 200
        assert (await door.send(MOST))[0] == 200


async def test_one_agents_weight_is_not_anothers(door: Door) -> None:
    async with door.held(MOST):
        for other in (caller("bank"), caller("shop", tenant="bank")):
            door.caller = other
            async with door.held(MOST):
                pass


async def test_who_may_have_more_open_questions_may_have_more_under_way(door: Door) -> None:
    async with door.held(MOST):
        door.caller = caller("shop", open_questions=20)
        async with door.held(MOST - 1_000):
            assert (await door.send(1))[0] == 429


async def test_who_need_not_prove_who_they_are_are_not_weighed_together(door: Door) -> None:
    door.caller = None
    async with door.held(MOST), door.held(MOST):
        pass


async def test_a_held_call_of_a_gateway_weighs_what_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "BYTES_FOR_A_CALL", 0)
    settings: dict[str, Any] = {
        "gateway_api_keys": f"shop:{KEY},bank:fedcba9876543210",
        "gateway_body_limit": 10_000,
    }
    asked = {"question": "May I?", "wait_seconds": 60}
    heavy = {"name": "ask_human", "arguments": asked, "_meta": {"filler": "x" * 6_000}}
    async with a_gateway(**settings) as visitor:
        held = asyncio.create_task(visitor.send("tools/call", heavy, key=KEY))
        while "May I?" not in await visitor.call("list_questions", KEY):
            await asyncio.sleep(0)
        again = await visitor.send("tools/list", heavy, key=KEY)
        assert again.status_code == 429
        assert again.headers["retry-after"] == "1"
        assert (await visitor.send("tools/list", key=KEY)).status_code == 200, "a light one passes"
        other = await visitor.send("tools/list", heavy, key="fedcba9876543210")
        assert other.status_code == 200
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        assert (await visitor.send("tools/list", heavy, key=KEY)).status_code == 200
