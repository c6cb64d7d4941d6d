"""Two gateways behind a proxy that sends each request to the next: nothing is in any of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from support.discord_views import (
    answer_text,
    said_by_bot,
    structured,
    until_outcome,
    until_told,
)
from support.hello import ACCEPT, HELLO
from support.processes import Process
from support.round_robin import RoundRobin, round_robin
from support.task_client import TaskClient, task_client

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

NAME = "ask.example.org"
KEY = "shop-key-0123456789"
BEHIND = {
    "GATEWAY_AUTH": "required",
    "GATEWAY_API_KEYS": f"shop:{KEY}",
    "GATEWAY_PUBLIC_URL": f"https://{NAME}/mcp",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
}
ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


@dataclass(frozen=True, slots=True)
class Behind:
    """Two gateways, and the proxy before them."""

    proxy: RoundRobin
    gateways: list[Process]

    def http(self, *, host: str = NAME, key: str = KEY, **more: str) -> httpx2.AsyncClient:
        """Make an HTTP client that names the gateways so."""
        headers = {"Host": host, "Authorization": f"Bearer {key}", **more}
        return httpx2.AsyncClient(headers=headers, timeout=60)

    @asynccontextmanager
    async def client(self, mode: ConnectMode) -> AsyncGenerator[Client]:
        """Open an MCP client of an era."""
        async with (
            self.http() as http,
            Client(streamable_http_client(self.proxy.url, http_client=http), mode=mode) as client,
        ):
            yield client

    @asynccontextmanager
    async def task_client(self) -> AsyncGenerator[TaskClient]:
        """Open an MCP client that takes tasks."""
        async with self.http() as http, task_client(self.proxy.url, http=http) as client:
            yield client

    async def until_both_served(self, method: str, act: Any) -> list[Any]:
        """Do the same until each gateway has done it; give what came of it."""
        done: list[Any] = []
        before = len(self.proxy.who_served(method))
        while {*self.proxy.who_served(method)[before:]} != {0, 1}:
            done.append(await act())
        return done


@asynccontextmanager
async def behind_a_proxy(fleet: Fleet, **extra: str) -> AsyncGenerator[Behind]:
    """Start two gateways and put a proxy before them."""
    both = [fleet.add_gateway({**BEHIND, **extra}) for _ in range(2)]
    async with before(await asyncio.gather(*both)) as behind:
        yield behind


@asynccontextmanager
async def before(gateways: list[Process]) -> AsyncGenerator[Behind]:
    """Put a proxy before gateways."""
    async with round_robin(*(int(each.env["GATEWAY_PORT"]) for each in gateways)) as proxy:
        yield Behind(proxy, gateways)


@ERAS
async def test_a_call_is_held_by_one_gateway_while_the_other_serves_and_each_knows_the_answer(
    fleet: Fleet, mode: ConnectMode
) -> None:
    await fleet.add_worker()
    async with (
        asyncio.timeout(60),
        behind_a_proxy(fleet) as behind,
        behind.client(mode) as agent,
        asyncio.TaskGroup() as group,
    ):
        await behind.until_both_served("tools/list", agent.list_tools)
        asking = group.create_task(agent.call_tool("ask_human", {"question": "10 % off?"}))
        thread = await fleet.double.until_thread("10 % off?")

        async def look() -> list[Any]:
            return structured(await agent.call_tool("list_questions", {}))["questions"]

        listed = await behind.until_both_served("tools/call list_questions", look)
        [open_one] = listed[0]
        assert all(each == listed[0] for each in listed)
        assert not asking.done()
        await fleet.double.person("Maya").write(thread, "ten is fine")
        assert answer_text(await asking) == "ten is fine"

        async def check() -> dict[str, Any]:
            arguments = {"escalation_id": open_one["escalation_id"]}
            return structured(await agent.call_tool("check_answer", arguments))

        answers = await behind.until_both_served("tools/call check_answer", check)
    assert {each["answer"] for each in answers} == {"ten is fine"}
    assert {each["answered_by"]["name"] for each in answers} == {"Maya"}


@ERAS
async def test_what_is_asked_back_through_one_gateway_is_replied_to_through_the_other(
    fleet: Fleet, mode: ConnectMode
) -> None:
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(60), behind_a_proxy(fleet) as behind, behind.client(mode) as agent:

        async def ask() -> dict[str, Any]:
            question = {"question": "10 % off?", "idempotency_key": "k"}
            return structured(await agent.call_tool("ask_human", question))

        async def reply(of: dict[str, Any], message: str) -> dict[str, Any]:
            arguments = {
                "escalation_id": of["escalation_id"],
                "message": message,
                "wait_seconds": 0,
            }
            return structured(await agent.call_tool("send_to_operator", arguments))

        async with asyncio.TaskGroup() as group:
            asking = group.create_task(ask())
            thread = await fleet.double.until_thread("10 % off?")
            await maya.write(thread, "? How many shelves?")
        asked = asking.result()
        assert (asked["status"], asked["asked_back"]) == ("needs_info", "How many shelves?")
        asked_by = behind.proxy.who_served("tools/call ask_human")[-1]
        told = await reply(asked, "Three.")
        if behind.proxy.who_served("tools/call send_to_operator") == [asked_by]:
            told = await reply(asked, "Three.")  # the other one's turn; it is told once
        assert 1 - asked_by in behind.proxy.who_served("tools/call send_to_operator")
        assert told["status"] == "pending"
        await until_told(fleet.double, thread, "Three.")
        await maya.write(thread, "then yes")
        answers = await behind.until_both_served("tools/call ask_human", ask)
    assert {each["answer"] for each in answers} == {"then yes"}
    assert "\n".join(said_by_bot(fleet.double, thread)).count("Three.") == 1


@ERAS
async def test_a_gateway_that_dies_in_mid_hold_is_passed_over_and_the_answer_comes_all_the_same(
    fleet: Fleet, mode: ConnectMode
) -> None:
    await fleet.add_worker()
    question = {"question": "10 % off?", "idempotency_key": "k"}
    async with asyncio.timeout(60), behind_a_proxy(fleet) as behind:
        heard: list[CallToolResult] = []
        with suppress(Exception):  # how the loss of its gateway looks to a client is the SDK's
            async with behind.client(mode) as agent, asyncio.TaskGroup() as group:
                asking = group.create_task(agent.call_tool("ask_human", question))
                await fleet.double.until_thread("10 % off?")
                behind.gateways[behind.proxy.who_served("tools/call ask_human")[0]].kill()
                heard.append(await asking)
        assert all(each.is_error for each in heard)
        held_by = behind.proxy.who_served("tools/call ask_human")[0]
        [thread] = fleet.double.threads
        async with behind.client(mode) as agent, asyncio.TaskGroup() as group:
            again = group.create_task(agent.call_tool("ask_human", question))
            other = await behind.proxy.until_served("tools/call ask_human", 2)
            await fleet.double.person("Maya").write(thread, "ten is fine")
            assert answer_text(await again) == "ten is fine"
            for _ in range(3):  # each second turn would be the dead one's
                assert (await agent.list_tools()).tools
    assert other == 1 - held_by
    assert len(fleet.double.threads) == 1
    await until_outcome(fleet.double, thread, "Answered by Maya")


async def test_a_task_goes_on_through_the_other_gateway_when_its_own_was_killed(
    fleet: Fleet,
) -> None:
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(60), behind_a_proxy(fleet) as behind:
        async with behind.task_client() as agent:
            task_id = (await agent.call("ask_human", question="10 % off?"))["taskId"]
            began = behind.proxy.who_served("tools/call ask_human")[-1]
            behind.gateways[began].kill()
            assert (await agent.get(task_id))["status"] == "working"
            thread = await fleet.double.until_thread("10 % off?")
            await maya.write(thread, "? How many shelves?")
            [key] = (await agent.until(task_id, "input_required"))["inputRequests"]
            await agent.update(task_id, **{key: {"action": "accept", "content": {"reply": "3"}}})
            await until_told(fleet.double, thread, "3")
            await maya.write(thread, "then yes")
            done = await agent.until(task_id, "completed")
            assert done["result"]["content"][0]["text"] == "then yes"
            taken_back = (await agent.call("ask_human", question="And 20?"))["taskId"]
            await agent.cancel(taken_back)
            assert (await agent.get(taken_back))["status"] == "cancelled"
        by = {each.backend for each in behind.proxy.served if each.method.startswith("tasks/")}
    assert by == {1 - began}


async def test_news_of_a_task_are_listened_to_anew_when_the_gateway_that_told_them_dies(
    fleet: Fleet,
) -> None:
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(60), behind_a_proxy(fleet) as behind:
        async with behind.task_client() as agent:
            task_id = (await agent.call("ask_human", question="10 % off?"))["taskId"]
        heard: list[str] = []
        with suppress(Exception):  # how the loss of its gateway looks to a client is the SDK's
            async with behind.task_client() as agent, asyncio.TaskGroup() as group:
                listening = group.create_task(agent.listen(task_id))
                heard.append((await agent.told())["status"])
                behind.gateways[behind.proxy.who_served("subscriptions/listen")[0]].kill()
                await listening
        assert heard == ["working"]
        thread = await fleet.double.until_thread("10 % off?")
        async with behind.task_client() as agent, asyncio.TaskGroup() as group:
            listening = group.create_task(agent.listen(task_id))
            assert (await agent.told())["status"] == "working"
            await maya.write(thread, "ten is fine")
            assert (await agent.told())["result"]["content"][0]["text"] == "ten is fine"
            await listening
    told_by, then_by = behind.proxy.who_served("subscriptions/listen")
    assert then_by == 1 - told_by


async def test_news_of_a_task_come_while_each_request_about_it_goes_to_another_gateway(
    fleet: Fleet,
) -> None:
    await fleet.add_worker()
    async with (
        asyncio.timeout(60),
        behind_a_proxy(fleet) as behind,
        behind.task_client() as agent,
        asyncio.TaskGroup() as group,
    ):
        task_id = (await agent.call("ask_human", question="10 % off?"))["taskId"]
        listening = group.create_task(agent.listen(task_id))
        assert (await agent.told())["status"] == "working"
        await behind.until_both_served("tasks/get", lambda: agent.get(task_id))
        thread = await fleet.double.until_thread("10 % off?")
        await fleet.double.person("Maya").write(thread, "? How many?")
        [key] = (await agent.told())["inputRequests"]
        await behind.until_both_served(
            "tasks/update", lambda: agent.update(task_id, **{key: {"action": "decline"}})
        )
        assert (await agent.told())["status"] == "working"
        await behind.until_both_served("tasks/cancel", lambda: agent.cancel(task_id))
        assert (await agent.told())["status"] == "cancelled"
        await listening


async def test_names_and_keys_are_looked_at_through_the_proxy_too(fleet: Fleet) -> None:
    async with (
        asyncio.timeout(40),
        behind_a_proxy(fleet, GATEWAY_ALLOWED_HOSTS="also.example.org") as behind,
        behind.http() as http,
    ):

        async def statuses(**named: str) -> set[int]:
            """Say hello to each of the gateways under such a name."""
            answers = await behind.until_both_served(
                "tools/list",
                lambda: http.post(behind.proxy.url, json=HELLO, headers={**ACCEPT, **named}),
            )
            return {each.status_code for each in answers}

        assert await statuses() == {200}
        assert await statuses(Origin=f"https://{NAME}") == {200}
        assert await statuses(Host="also.example.org") == {200}
        assert await statuses(Host="rebound.example") == {421}
        assert await statuses(Origin="https://rebound.example") == {403}
        assert await statuses(Authorization="Bearer wrong-key-0123456789") == {401}


async def test_only_a_trusted_proxy_is_believed_how_a_client_came(fleet: Fleet) -> None:
    trusting = await fleet.add_gateway(BEHIND)
    other = await fleet.add_gateway({**BEHIND, "GATEWAY_TRUSTED_PROXIES": "10.9.8.0/24"})
    elsewhere = httpx2.AsyncHTTPTransport(local_address="127.0.0.2")
    wrong = {**ACCEPT, "Host": NAME, "Authorization": "Bearer wrong-key-0123456789"}
    async with (
        asyncio.timeout(40),
        before([trusting, other]) as behind,
        httpx2.AsyncClient(transport=elsewhere, headers=wrong) as http,
    ):
        await behind.until_both_served(
            "tools/list", lambda: http.post(behind.proxy.url, json=HELLO)
        )
        for gateway, came_from in ((trusting, "127.0.0.2"), (other, "127.0.0.1")):
            await gateway.until_logged("caller_refused")
            refused = next(each for each in gateway.text().splitlines() if "caller_refused" in each)
            assert json.loads(refused)["client"] == came_from
