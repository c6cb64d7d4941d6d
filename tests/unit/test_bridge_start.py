"""A client that starts the bridge while the gateway is away, and need not start it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp_types import DiscoverResult, InitializeResult, ListToolsResult
from support.gateway import a_client

from hitl.bridge import forwarding
from hitl.bridge import gateway as gateway_module
from hitl.bridge.envelope import Client
from hitl.bridge.forwarding import Bridge
from hitl.bridge.gateway import Gateway
from hitl.bridge.settings import BridgeSettings
from hitl.bridge.stand_in import TOOLS
from shared.memory.escalations import MemoryEscalations
from shared.settings import load

Message = dict[str, Any]
MODERN: Message = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
CHANGED = "notifications/tools/list_changed"


class Session:
    """A client's end of a bridge, and the gateway that is away at first."""

    def __init__(self) -> None:
        self.is_away = True
        self.is_silent = False
        self.refuses = False
        self.heard: list[httpx2.Request] = []
        self.told: asyncio.Queue[Message] = asyncio.Queue()
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._ids = 0

    async def ask(self, method: str, **params: Any) -> Message:
        """Send a request; return the next message that comes."""
        self._ids += 1
        message = {"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params}
        self._lines.put_nowait(json.dumps(message).encode())
        answer = await self.told.get()
        assert answer["id"] == self._ids
        return answer

    async def lines(self) -> AsyncIterator[bytes]:
        """Give the bridge its input."""
        while line := await self._lines.get():
            yield line

    def end(self) -> None:
        """Close the client's end."""
        self._lines.put_nowait(b"")

    async def answering(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the gateway, once it is there."""
        if self.is_silent:
            await asyncio.Event().wait()
        if self.is_away:
            raise httpx2.ConnectError("refused")
        if self.refuses:
            return httpx2.Response(401)
        self.heard.append(request)
        message = json.loads(request.content)
        said = {"by": "the gateway", "of": message["method"]}
        return httpx2.Response(200, json={"jsonrpc": "2.0", "id": message["id"], "result": said})


@asynccontextmanager
async def a_session(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Session]:
    """Start a bridge."""
    monkeypatch.setattr(gateway_module, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(gateway_module, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(gateway_module, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(forwarding, "HELLO_SECONDS", 0.05)
    monkeypatch.setenv("GATEWAY_URL", "http://ask.example/mcp")
    session = Session()
    transport = httpx2.MockTransport(session.answering)
    async with (
        asyncio.timeout(10),
        Gateway(load(BridgeSettings), transport=transport) as gateway,
        asyncio.TaskGroup() as group,
    ):
        bridge = Bridge(gateway, Client(None), session.told.put_nowait)
        group.create_task(bridge.run(session.lines()))
        yield session
        session.end()


@pytest.mark.parametrize(
    ("wanted", "agreed"),
    [("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25")],
)
@pytest.mark.parametrize("silent", [False, True])
async def test_a_client_is_greeted_and_told_the_tools_although_the_gateway_is_away(
    monkeypatch: pytest.MonkeyPatch, wanted: str, agreed: str, silent: bool
) -> None:
    async with a_session(monkeypatch) as session:
        session.is_silent = silent
        hello = (await session.ask("initialize", protocolVersion=wanted))["result"]
        read = InitializeResult.model_validate(hello)
        assert read.protocol_version == agreed
        assert read.server_info.name == "human-escalation"
        assert read.capabilities.tools is not None
        assert read.capabilities.tools.list_changed
        assert "can't be reached at this moment" in (read.instructions or "")
        tools = ListToolsResult.model_validate((await session.ask("tools/list"))["result"]).tools
        assert "ask_human" in {each.name for each in tools}


async def test_a_call_says_what_is_wrong_and_once_the_gateway_is_back_the_tools_are_listed_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_session(monkeypatch) as session:
        await session.ask("initialize", protocolVersion="2025-06-18")
        await session.ask("tools/list")
        call: Message = {"name": "ask_human", "arguments": {"question": "May I?"}}
        failed = (await session.ask("tools/call", **call))["result"]
        assert failed["isError"]
        assert "see that it runs, and that GATEWAY_URL" in failed["content"][0]["text"]
        session.is_away = False
        assert (await session.told.get())["method"] == CHANGED
        for method, params in (("tools/list", {}), ("tools/call", call)):
            answer = await session.ask(method, **params)
            assert answer["result"] == {"by": "the gateway", "of": method}
            assert session.heard[-1].headers["mcp-protocol-version"] == "2025-06-18"
        assert session.told.empty(), "it is said once"


async def test_a_client_without_a_handshake_is_answered_too_and_keeps_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_session(monkeypatch) as session:
        found = (await session.ask("server/discover", **MODERN))["result"]
        read = DiscoverResult.model_validate(found)
        assert read.supported_versions == ["2026-07-28"]
        listed = (await session.ask("tools/list", **MODERN))["result"]
        for each in (found, listed):
            assert (each["resultType"], each["ttlMs"]) == ("complete", 0)
        session.is_away = False
        again = await session.ask("tools/list", **MODERN)
        assert again["result"]["by"] == "the gateway"
        assert session.told.empty(), "it would have to listen for that"


async def test_a_client_that_the_gateway_greeted_is_told_the_tools_while_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_session(monkeypatch) as session:
        session.is_away = False
        assert (await session.ask("initialize"))["result"]["by"] == "the gateway"
        session.is_away = True
        assert (await session.ask("tools/list"))["result"]["tools"] == list(TOOLS)
        session.is_away = False
        assert (await session.ask("ping"))["result"]["by"] == "the gateway"
        assert session.told.empty(), "the gateway promised no news of its tools"


async def test_a_key_that_is_refused_when_the_gateway_is_back_is_said_by_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_session(monkeypatch) as session:
        await session.ask("initialize")
        session.is_away, session.refuses = False, True
        failed = (await session.ask("tools/call", name="ask_human"))["result"]
        assert "GATEWAY_API_KEY" in failed["content"][0]["text"]


async def test_the_tools_that_stand_in_are_the_gateways_with_what_they_cant_do_without() -> None:
    async with a_client(MemoryEscalations()) as agent:
        known = {tool.name: tool for tool in (await agent.list_tools()).tools}
    for each in TOOLS:
        real = known[each["name"]]
        assert each["inputSchema"]["required"] == real.input_schema["required"]
        assert each["description"] in " ".join((real.description or "").split())
        for name, schema in each["inputSchema"]["properties"].items():
            assert schema.items() <= real.input_schema["properties"][name].items()
