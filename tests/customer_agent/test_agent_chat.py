"""The chat page's endpoints, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from fake_gateway import FakeGateway
from support.talking import BRISK, client_for

from customer_agent.chat import TEXT_LIMIT, ChatPage
from customer_agent.chats import Chats
from customer_agent.conversation import Manner
from customer_agent.gateway_client import Gateway
from customer_agent.providers import text_pipeline
from customer_agent.settings import AgentSettings, OnHangup
from customer_agent.transcript import Line, State, Transcript, Who

BOUND = 20


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def serving(
    gateway: Gateway, *, most: int = 10, idle_after: float = 60, name: str = "Robin"
) -> AsyncGenerator[httpx2.AsyncClient]:
    """Serve the chat page on a free port."""
    settings = AgentSettings()
    chats = Chats(
        gateway=gateway,
        pipelines=lambda write: text_pipeline(settings, write),
        manner=Manner(
            instructions="Be kind.",
            greeting="Hello!",
            hold_line_seconds=0,
            on_hangup=OnHangup.CANCEL,
            patience=BRISK,
        ),
        most=most,
        idle_after=idle_after,
    )
    page = ChatPage(chats, agent_name=name, conversation_id=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(
            uvicorn.Config(
                page.app(loopback_only=True), log_config=None, timeout_graceful_shutdown=1
            )
        )
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with asyncio.TaskGroup() as tasks:
            serving_task = tasks.create_task(server.serve(sockets=[listener]))
            async with httpx2.AsyncClient(base_url=base, timeout=10) as http:
                while (await http.get("/healthz")).status_code != 200:
                    await asyncio.sleep(0.01)
                yield http
            server.should_exit = True
            await serving_task


async def events(
    http: httpx2.AsyncClient, chat: str, *, after: str | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Read a chat's stream."""
    headers = {"Last-Event-ID": after} if after else {}
    async with http.stream("GET", "/events", params={"c": chat}, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


async def until(http: httpx2.AsyncClient, chat: str, part: str, **options: Any) -> list[Any]:
    """Read a chat until somebody says this."""
    seen: list[dict[str, Any]] = []
    async for event in events(http, chat, **options):
        seen.append(event)
        if part in event.get("text", ""):
            break
    return seen


async def write(http: httpx2.AsyncClient, chat: str, text: str) -> httpx2.Response:
    return await http.post("/messages", params={"c": chat}, json={"text": text})


async def test_a_customer_is_greeted_answered_and_told_what_the_colleague_said(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        await until(http, "a", "Hello!")
        assert (await write(http, "a", "Can I get a discount?")).status_code == 202
        asked = await gateway.until_asked()
        assert asked.conversation_id == "a"
        await gateway.settle(asked, answer="Ten per cent")
        seen = await until(http, "a", "Ten per cent")
    lines = [each for each in seen if "who" in each]
    assert [each["who"] for each in lines] == ["agent", "customer", "status", "agent", "agent"]
    assert {"id", "who", "text", "time", "seconds", "files"} == set(lines[0])
    assert all(each["files"] == [] for each in lines)
    assert any(each.get("open_questions") == 1 for each in seen) or len(seen) > len(lines)


async def test_the_customer_is_told_of_a_file_by_its_name_and_finds_its_link_on_the_page(
    gateway: FakeGateway,
) -> None:
    photo = "https://cdn.example/photo.png?ex=1"
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        await write(http, "a", "Can I get a discount?")
        asked = await gateway.until_asked()
        files = [("<b>photo</b>.png", photo), ("trap", "javascript:alert(1)")]
        await gateway.settle(asked, answer="As shown", files=files)
        seen = await until(http, "a", "Sent by Maya")
        script = (await http.get("/chat.js")).text
    *_, told, sent = (each for each in seen if "who" in each)
    assert "Maya has sent <b>photo</b>.png and says: As shown" in told["text"]
    assert "trap" not in told["text"]
    assert photo not in told["text"]
    assert sent["files"] == [{"name": "<b>photo</b>.png", "url": photo}]
    assert 'rel = "noopener noreferrer"' in script


async def test_a_page_that_reconnects_gets_what_it_missed_and_nothing_twice(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        await write(http, "a", "When are you open?")
        first = [each for each in await until(http, "a", "Monday") if "id" in each]
        await write(http, "a", "How long is the warranty?")
        after = await until(http, "a", "two-year", after=first[-1]["id"])
        from_elsewhere = await until(http, "a", "two-year", after="deadbeef-99")
    missed = [each["id"] for each in after if "id" in each]
    assert len(missed) == 2
    assert not set(missed) & {each["id"] for each in first}
    assert len([each for each in from_elsewhere if "id" in each]) == len(first) + 2


async def test_two_tabs_have_two_conversations(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        places = {(await http.get("/")).headers["location"] for _ in range(2)}
        assert len(places) == 2
        await write(http, "one", "Can I get a discount?")
        await write(http, "two", "I want a refund.")
        await gateway.until_asked(2)
        for asked in gateway.asked:
            await gateway.settle(asked, answer=f"for {asked.conversation_id}")
        one = await until(http, "one", "for one")
        two = await until(http, "two", "for two")
    assert not any("for two" in each.get("text", "") for each in one)
    assert not any("for one" in each.get("text", "") for each in two)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('{"text": "%s"}' % ("x" * (TEXT_LIMIT + 1)), 422, "text: .*2000"),
        ('{"text": "   "}', 422, "text: .*1"),
        ('{"text": 7}', 422, "text: "),
        ("{}", 422, "text: "),
        ('{"text": "hi", "who": "agent"}', 422, "who: "),
        ('{"text": "\\ud800"}', 422, "body: "),
        ("not json", 422, "body: "),
        ('{"text": "%s"}' % ("x" * 70_000), 413, "body: .*65536"),
    ],
)
async def test_a_bad_message_is_refused_with_the_field_and_the_limit(
    gateway: FakeGateway, body: str, status: int, said: str
) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        response = await http.post(
            "/messages", content=body, headers={"Content-Type": "application/json"}
        )
        health = (await http.get("/healthz")).json()
    assert response.status_code == status
    assert re.search(said, response.json()["error"])
    assert health["conversations"] == 0, "a refused message must not start a conversation"


async def test_a_message_of_the_greatest_length_is_taken(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        assert (await write(http, "a", "é" * TEXT_LIMIT)).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "evil.example"}, 421),
    ],
)
async def test_a_request_that_another_site_forged_is_refused(
    gateway: FakeGateway, headers: dict[str, str], status: int
) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        response = await http.post(
            "/messages",
            content='{"text": "hi"}',
            headers={"Content-Type": "application/json", **headers},
        )
        own = await http.post(
            "/messages", json={"text": "hi"}, headers={"Origin": str(http.base_url).rstrip("/")}
        )
    assert response.status_code == status
    assert own.status_code == 202


async def test_the_page_is_guarded_and_can_only_be_framed_by_this_machine(
    gateway: FakeGateway,
) -> None:
    async with (
        asyncio.timeout(BOUND),
        serving(client_for(gateway.url), name="<script>alert(1)</script>") as http,
    ):
        page = await http.get("/?c=a")
        script = (await http.get("/chat.js")).text
        assert (await http.get("/chat.css")).headers["content-type"].startswith("text/css")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*" in policy
    assert "unsafe" not in policy
    assert "<script>alert" not in page.text
    assert "innerHTML" not in script
    assert "http" not in page.text.replace("http://www.w3.org/2000/svg", "")


async def test_a_strange_name_for_a_conversation_is_refused(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        for strange in ("a b", "../x", "x" * 65, "é"):
            response = await http.get("/events", params={"c": strange})
            assert response.status_code == 422
            assert response.json()["error"].startswith("c: ")


async def test_the_number_of_conversations_is_limited_and_abandoned_ones_make_room(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url), most=1) as http:
        watching = events(http, "one")
        await anext(watching)
        assert (await write(http, "two", "hi")).status_code == 503
        await watching.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        while (response := await write(http, "two", "hi")).status_code == 503:
            await asyncio.sleep(0.01)  # the server learns of the closed page a moment later
        assert response.status_code == 202
        assert (await http.get("/healthz")).json()["conversations"] == 1


async def test_a_chat_that_nobody_looks_at_ends_and_its_questions_are_cancelled(
    gateway: FakeGateway,
) -> None:
    async with (
        asyncio.timeout(BOUND),
        serving(client_for(gateway.url), idle_after=0.3) as http,
    ):
        await write(http, "a", "Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        await gateway.until(lambda: bool(gateway.cancelled))


async def test_the_customer_can_end_the_chat(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        await write(http, "a", "Can I get a discount?")
        await gateway.until(lambda: gateway.held == 1)
        ended = asyncio.create_task(until(http, "a", "has ended"))
        assert (await http.post("/end", params={"c": "a"}, json={})).status_code == 204
        await ended
        await gateway.until(lambda: bool(gateway.cancelled))


async def test_a_flood_of_messages_is_slowed_down(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), serving(client_for(gateway.url)) as http:
        statuses = [
            each.status_code
            for each in await asyncio.gather(*(write(http, "a", f"hi {n}") for n in range(60)))
        ]
        assert set(statuses) <= {202, 429}
        assert (await write(http, "b", "hi")).status_code == 202


async def test_a_follower_sees_every_line_once_and_the_newest_state() -> None:
    transcript = Transcript(asyncio.get_running_loop().time)
    transcript.add(Who.AGENT, "one")
    seen: list[Line | State] = []

    async def follow() -> None:
        seen.extend([each async for each in transcript.follow(None)])

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        await asyncio.sleep(0)
        transcript.add(Who.CUSTOMER, "two")
        transcript.set_state(State(open_questions=1))
        transcript.set_state(State(ended=True))
    texts = [each.text for each in seen if isinstance(each, Line)]
    assert texts == ["one", "two"]
    assert seen[-1] == State(ended=True)
