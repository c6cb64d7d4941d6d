"""The bridge for clients on standard input and output: what it sends, and what it makes of ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hitl.bridge import gateway as gateway_module
from hitl.bridge.envelope import Client
from hitl.bridge.forwarding import Bridge
from hitl.bridge.gateway import Gateway
from hitl.bridge.remembered import KEPT_SECONDS, Questions
from hitl.bridge.settings import BridgeSettings
from shared.settings import load

Message = dict[str, Any]
Answering = Callable[[httpx2.Request], httpx2.Response]

URL = "http://ask.example/mcp"
ASK: Message = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "ask_human", "arguments": {"question": "May I?"}},
}


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(gateway_module, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("GATEWAY_URL", URL)


def told(message: Message, **told: Any) -> httpx2.Response:
    """Answer a message with a tool's result."""
    result: Message = {"content": [], "structuredContent": told, "isError": False}
    return httpx2.Response(200, json={"jsonrpc": "2.0", "id": message["id"], "result": result})


def said(request: httpx2.Request) -> Message:
    """Read what a request carries."""
    return json.loads(request.content)


async def bridged(answering: Answering, *messages: Message | str) -> list[Message]:
    """Send messages one after the other; return what came back."""
    back: list[Message] = []
    came = asyncio.Event()

    def send(message: Message) -> None:
        back.append(message)
        came.set()

    async def lines() -> AsyncIterator[bytes]:
        for each in messages:
            came.clear()
            yield (each if isinstance(each, str) else json.dumps(each)).encode()
            if isinstance(each, str) or "id" in each:
                await came.wait()

    settings = load(BridgeSettings)
    async with (
        asyncio.timeout(10),
        Gateway(settings, transport=httpx2.MockTransport(answering)) as gateway,
    ):
        await Bridge(gateway, Client(settings.gateway_hold_seconds), send).run(lines())
    return back


def check(escalation_id: str) -> Message:
    """Make the call that goes on waiting."""
    arguments = {"escalation_id": escalation_id}
    return {**ASK, "id": 9, "params": {"name": "check_answer", "arguments": arguments}}


async def keys_of(*answers: Message, also: tuple[Message, ...] = ()) -> list[str | None]:
    """Ask the same as often as there are answers, and tell under which keys it went out."""
    asked: list[str | None] = []
    left = list(answers)

    def answering(request: httpx2.Request) -> httpx2.Response:
        message = said(request)
        if message["params"]["name"] == "ask_human":
            asked.append(message["params"]["arguments"].get("idempotency_key"))
        return told(message, **left.pop(0))

    await bridged(answering, ASK, *also, {**ASK, "id": 2})
    return asked


async def test_the_same_words_have_the_same_key_until_their_end_was_read() -> None:
    pending = {"status": "pending", "escalation_id": "E"}
    answered = {"status": "answered", "escalation_id": "E"}
    first, second = await keys_of(pending, pending)
    assert first is not None
    assert first == second
    first, second = await keys_of(answered, pending)
    assert first != second
    first, second = await keys_of(pending, answered, pending, also=(check("E"),))
    assert first != second
    first, second = await keys_of(pending, pending, pending, also=(check("E"),))
    assert first == second


def test_what_was_asked_long_ago_is_asked_anew_though_nobody_has_read_its_end() -> None:
    """It may be another customer's by now: people's yes to the first is none to the second."""
    now = 1_000.0
    questions = Questions(clock=lambda: now)

    def key() -> str:
        return questions.keyed(ASK)["params"]["arguments"]["idempotency_key"]

    first = key()
    now += KEPT_SECONDS
    assert key() == first
    now += KEPT_SECONDS + 1
    second = key()
    assert second != first
    now -= 10
    assert key() != second, "nobody knows how long ago that was"


async def test_a_key_of_the_clients_own_is_passed_on_as_it_is() -> None:
    seen: list[Message] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(said(request))
        return told(seen[-1], status="pending", escalation_id="E")

    arguments = {"question": "May I?", "idempotency_key": "mine"}
    await bridged(answering, {**ASK, "params": {"name": "ask_human", "arguments": arguments}})
    assert seen[0]["params"]["arguments"] == arguments


async def test_a_question_whose_connection_broke_is_sent_again_under_its_key() -> None:
    seen: list[Message] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(said(request))
        if len(seen) == 1:
            raise httpx2.ReadError("cut")
        if len(seen) == 2:  # a stream that ends without its answer
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, text=": hi\n"
            )
        return told(seen[-1], status="answered", escalation_id="E")

    back = await bridged(answering, ASK)
    assert [each["result"]["structuredContent"]["status"] for each in back] == ["answered"]
    assert len(seen) == 3
    assert len({each["params"]["arguments"]["idempotency_key"] for each in seen}) == 1


async def test_a_gateway_that_stays_away_is_told_to_the_model_and_to_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "PATIENCE_SECONDS", 0.1)

    def answering(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    asked, listed = await bridged(
        answering, ASK, {"jsonrpc": "2.0", "id": 2, "method": "prompts/list"}
    )
    assert asked["result"]["isError"]
    words = asked["result"]["content"][0]["text"]
    assert "try again with the same words" in words
    assert "see that it runs, and that GATEWAY_URL" in words
    assert f"the gateway at {URL} can't be reached" in listed["error"]["message"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "GATEWAY_API_KEY"),
        (404, "is no gateway"),
        (413, "larger than the gateway takes"),
        (500, "is no gateway"),
    ],
)
async def test_a_refusal_is_not_tried_again_and_says_which_setting_it_is(
    status: int, words: str
) -> None:
    tried: list[int] = []

    def answering(_: httpx2.Request) -> httpx2.Response:
        tried.append(status)
        return httpx2.Response(status, text="<html>")

    (back,) = await bridged(answering, {"jsonrpc": "2.0", "id": 1, "method": "initialize"})
    assert words in back["error"]["message"]
    assert tried == [status]


async def test_the_headers_say_what_the_message_says_and_keep_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[httpx2.Headers] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers)
        return told(said(request))

    monkeypatch.setenv("GATEWAY_API_KEY", "a-key-that-is-long-enough")
    monkeypatch.setenv("GATEWAY_HOLD_SECONDS", "40")
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    task = {"method": "tasks/get", "params": {"taskId": "é", "_meta": meta}}
    await bridged(
        answering, {**ASK, "params": {**ASK["params"], "_meta": meta}}, {**ASK, **task, "id": 2}
    )
    asked, looked = seen
    assert asked["authorization"] == "Bearer a-key-that-is-long-enough"
    assert asked["mcp-protocol-version"] == "2026-07-28"
    assert (asked["mcp-method"], asked["mcp-name"]) == ("tools/call", "ask_human")
    assert (looked["mcp-method"], looked["mcp-name"]) == ("tasks/get", "=?base64?w6k=?=")
    assert 39 < float(asked["hold-seconds"]) <= 40


@pytest.mark.parametrize(("name", "hold"), [("mcp", "4.000"), ("claude-code", None)])
async def test_a_handshake_gives_the_revision_and_tells_who_gives_up_early(
    name: str, hold: str | None
) -> None:
    seen: list[httpx2.Headers] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers)
        message = said(request)
        if message["method"] == "initialize":
            result = {"protocolVersion": "2025-06-18"}
            return httpx2.Response(200, json={"jsonrpc": "2.0", "id": 0, "result": result})
        return told(message)

    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize"}
    await bridged(answering, {**hello, "params": {"clientInfo": {"name": name}}}, ASK)
    assert "mcp-protocol-version" not in seen[0]
    assert seen[1]["mcp-protocol-version"] == "2025-06-18"
    assert (seen[1].get("hold-seconds") or "")[:3] == (hold or "")[:3]


def test_what_lies_in_the_folder_that_a_client_works_in_is_none_of_the_bridges_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("LOG_LEVEL=debug", "GATEWAY_URL=https://evil.example/mcp", "GATEWAY_HOLD_SECONDS=1")
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_URL")
    settings = load(BridgeSettings)
    assert settings.gateway_url == "http://127.0.0.1:8765/mcp"
    assert settings.gateway_hold_seconds is None


async def test_what_is_no_message_is_answered_as_such() -> None:
    def answering(request: httpx2.Request) -> httpx2.Response:
        return told(said(request))

    back = await bridged(answering, "{half", "[1]", {**ASK, "id": 1.5})
    assert [each["error"]["code"] for each in back] == [-32700, -32700, -32600]


async def test_an_answer_without_an_id_goes_to_whoever_asked() -> None:
    def answering(_: httpx2.Request) -> httpx2.Response:
        body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no"}}
        return httpx2.Response(400, json=body)

    assert (await bridged(answering, ASK))[0]["id"] == 1


async def test_what_no_header_can_say_ends_nothing() -> None:
    def answering(request: httpx2.Request) -> httpx2.Response:
        return told(said(request))

    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    odd = {**ASK, "method": "tools/c\u00e4ll", "params": {"_meta": meta}}
    first, second = await bridged(answering, odd, {**ASK, "id": 2})
    assert first["error"]["code"] == -32600
    assert "result" in second


async def test_half_a_character_is_the_gateways_to_refuse_and_ends_nothing() -> None:
    seen: list[bytes] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.content)
        return told(said(request))

    half = json.dumps(ASK).replace("May I?", "\\ud83d")
    assert len(await bridged(answering, half, "[" * 100_000, ASK)) == 3
    assert b"\\ud83d" in seen[0]
