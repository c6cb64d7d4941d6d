"""What one agent holds open at a gateway leaves room for another."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from support import processes
from support.hello import ACCEPT

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

KEYS = {"many": "many-key-0123456789", "other": "other-key-0123456789"}
OPEN_QUESTIONS, GIVEN, CALLS = 100, 180, 260


@contextmanager
def few_descriptors(given: int) -> Generator[None]:
    """Give few to what is started meanwhile, as a shell may; it is allowed more."""
    before, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (given, allowed))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, allowed))


class Caller:
    """Calls tools over plain HTTP, a connection for each call."""

    def __init__(self, url: str, key: str) -> None:
        limits = httpx2.Limits(max_connections=None)
        headers = {**ACCEPT, "Authorization": f"Bearer {key}"}
        self.http = httpx2.AsyncClient(headers=headers, timeout=60, limits=limits)
        self._url = url

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; give the structured content of its result."""
        params = {"name": tool, "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = await self.http.post(self._url, json=body)
        [data] = [each for each in answer.text.splitlines() if each.startswith("data: {")]
        result: dict[str, Any] = json.loads(data.removeprefix("data: "))["result"]
        assert not result.get("isError"), result
        return result["structuredContent"]


async def test_one_agents_held_calls_are_bounded_and_others_are_served_beside_them(
    fleet: Fleet,
) -> None:
    with few_descriptors(GIVEN):
        gateway = await fleet.add_gateway(
            {
                "GATEWAY_API_KEYS": ",".join(f"{name}:{key}" for name, key in KEYS.items()),
                "GATEWAY_OPEN_QUESTIONS": str(OPEN_QUESTIONS),
                "GATEWAY_CALLS_PER_SECOND": "500",
            }
        )
    await fleet.add_worker()
    url = processes.gateway_url(gateway)
    many, other = Caller(url, KEYS["many"]), Caller(url, KEYS["other"])
    async with asyncio.timeout(90), many.http, other.http, asyncio.TaskGroup() as group:
        asked = await many.call("ask_human", question="10 % off?", wait_seconds=0)
        check = {"escalation_id": asked["escalation_id"], "wait_seconds": 50}
        holding: list[asyncio.Task[dict[str, Any]]] = []
        while len(holding) < CALLS:
            holding += [group.create_task(many.call("check_answer", **check)) for _ in range(20)]
            await many.call("list_questions")  # no faster than they are taken
        while sum(each.done() for each in holding) < CALLS - 2 * OPEN_QUESTIONS:
            await asyncio.sleep(0.05)
        held = [each for each in holding if not each.done()]
        assert len(held) == 2 * OPEN_QUESTIONS > GIVEN
        assert {each.result()["status"] for each in holding if each.done()} == {"pending"}
        theirs = group.create_task(other.call("ask_human", question="And I?", wait_seconds=50))
        maya = fleet.double.person("Maya")
        await maya.write(await fleet.double.until_thread("And I?"), "you too")
        assert (await theirs)["answer"] == "you too"
        assert not any(each.done() for each in held)
        await maya.write(await fleet.double.until_thread("10 % off?"), "ten is fine")
        answers = {each["answer"] for each in await asyncio.gather(*held)}
    assert answers == {"ten is fine"}
