"""`hitl stdio`, as a process, between a client and a gateway that comes and goes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.client import ConnectMode
from mcp_types import ToolListChangedNotification
from support import processes
from support.discord_views import answer_text, structured
from support.processes import Process

from e2e.conftest import Fleet

pytestmark = pytest.mark.e2e

KEY = "bridge-key-0123456789"
HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "desk", "version": "1"},
    },
}


def environment(url: str, **extra: str) -> dict[str, str]:
    """Give the bridge its settings."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(processes.ROOT),
        "GATEWAY_URL": url,
        "GATEWAY_API_KEY": KEY,
        **extra,
    }


def bridge(fleet: Fleet, gateway: Process) -> StdioServerParameters:
    """Describe a bridge to a gateway as a client starts it."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "hitl", "stdio"],
        env=environment(processes.gateway_url(gateway)),
        cwd=fleet.folder,
    )


async def started(fleet: Fleet, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start a bridge whose pipes are read here."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hitl", "stdio"),
        cwd=fleet.folder,
        env=dict(env),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def asked(process: asyncio.subprocess.Process, message: dict[str, Any]) -> dict[str, Any]:
    """Write a message, and read the next line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    return json.loads(await process.stdout.readline())


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_question_outlives_a_gateway_that_is_killed_under_the_bridge(
    fleet: Fleet, mode: Any
) -> None:
    gateway = await fleet.add_gateway({"GATEWAY_API_KEYS": f"desk:{KEY}"})
    await fleet.add_worker()
    async with (
        asyncio.timeout(60),
        Client(bridge(fleet, gateway), mode=mode) as agent,
        asyncio.TaskGroup() as group,
    ):
        asking = group.create_task(agent.call_tool("ask_human", {"question": "Still there?"}))
        thread = await fleet.double.until_thread("Still there?")
        gateway.kill()
        # Answered while nobody holds the call, and before anybody could ask again.
        await fleet.double.person("Maya").write(thread, "always")
        await fleet.workers[0].until_logged("reply_accepted")
        gateway.start()
        assert answer_text(await asking) == "always"
        again = await agent.call_tool("ask_human", {"question": "Still there?", "wait_seconds": 0})
        assert structured(again)["status"] == "pending"
        assert len(list(fleet.double.channel.messages)) >= 1
        listed = structured(await agent.call_tool("list_questions", {}))
    assert [each["status"] for each in listed["questions"]] == ["pending", "answered"]


async def test_a_question_that_is_asked_again_after_its_bridge_was_killed_is_not_posted_twice(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway({"GATEWAY_API_KEYS": f"desk:{KEY}"})
    await fleet.add_worker()
    call = {"name": "ask_human", "arguments": {"question": "Still open?"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    first, second = [
        await started(fleet, environment(processes.gateway_url(gateway), **extra))
        for extra in ({}, {"GATEWAY_HOLD_SECONDS": "20"})
    ]
    async with asyncio.timeout(60):
        for process in (first, second):
            await asked(process, HELLO)
        assert first.stdin is not None
        first.stdin.write(json.dumps(message).encode() + b"\n")
        thread = await fleet.double.until_thread("Still open?")
        first.kill()
        await first.wait()
        again = asyncio.create_task(asked(second, message))
        await gateway.until_logged("question_joined")
        await fleet.double.person("Maya").write(thread, "closed now")
        assert (await again)["result"]["content"][0]["text"] == "closed now"
        await second.communicate(b"")
    assert len(fleet.double.threads) == 1


async def test_a_gateway_that_comes_later_is_found_and_its_absence_is_said_on_standard_error(
    fleet: Fleet,
) -> None:
    gateway = processes.gateway(fleet.folder, {**fleet.env, "GATEWAY_API_KEYS": f"desk:{KEY}"})
    fleet.gateways.append(gateway)
    process = await started(fleet, environment(processes.gateway_url(gateway)))
    assert process.stderr is not None
    async with asyncio.timeout(60):
        hello = asyncio.create_task(asked(process, HELLO))
        assert b"gateway_away" in await process.stderr.readline()
        gateway.start()
        assert (await hello)["result"]["serverInfo"]["name"] == "human-escalation"
        assert b"gateway_back" in await process.stderr.readline()
        output, errors = await process.communicate(b"")
    assert process.returncode == 0
    assert output == b""
    assert KEY.encode() not in errors


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_that_starts_before_the_gateway_asks_through_it_without_a_new_start(
    fleet: Fleet, mode: ConnectMode
) -> None:
    gateway = processes.gateway(fleet.folder, {**fleet.env, "GATEWAY_API_KEYS": f"desk:{KEY}"})
    fleet.gateways.append(gateway)
    changed = asyncio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed.set()

    async with (
        asyncio.timeout(90),
        Client(bridge(fleet, gateway), mode=mode, message_handler=hear) as agent,
    ):
        before = {tool.name for tool in (await agent.list_tools()).tools}
        assert "ask_human" in before
        failed = await agent.call_tool("ask_human", {"question": "Before anybody is there?"})
        assert failed.is_error
        assert "see that it runs" in answer_text(failed)
        gateway.start()
        if mode == "legacy":
            await changed.wait()
        await processes.until_ready(gateway)
        assert {tool.name for tool in (await agent.list_tools()).tools} > before
        asked = await agent.call_tool("ask_human", {"question": "May I?", "wait_seconds": 0})
        assert structured(asked)["status"] == "pending"


async def test_a_wrong_key_is_named_to_the_client_and_on_standard_error(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway({"GATEWAY_API_KEYS": f"desk:{KEY}"})
    url = processes.gateway_url(gateway)
    process = await started(fleet, environment(url, GATEWAY_API_KEY="another-key-0123456789"))
    async with asyncio.timeout(30):
        refused = await asked(process, HELLO)
        _, errors = await process.communicate(b"")
    assert "refuses the key" in refused["error"]["message"]
    assert b"gateway_refuses" in errors
    assert b"another-key" not in errors
    assert process.returncode == 0


async def test_it_ends_at_once_when_its_client_closes_its_end_although_a_call_is_held(
    fleet: Fleet,
) -> None:
    gateway = await fleet.add_gateway({"GATEWAY_API_KEYS": f"desk:{KEY}"})
    await fleet.add_worker()
    process = await started(fleet, environment(processes.gateway_url(gateway)))
    assert process.stdin is not None
    call = {"name": "ask_human", "arguments": {"question": "Held?"}}
    async with asyncio.timeout(30):
        await asked(process, HELLO)
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        await fleet.double.until_thread("Held?")
        async with asyncio.timeout(5):
            output, _ = await process.communicate(b"")
    assert (process.returncode, output) == (0, b"")


async def test_a_wrong_address_ends_it_with_a_line_that_names_the_setting(fleet: Fleet) -> None:
    process = await started(fleet, environment("ask.example/mcp"))
    async with asyncio.timeout(20):
        output, errors = await process.communicate(b"")
    assert process.returncode == 2
    assert b"GATEWAY_URL" in errors
    assert output == b""
