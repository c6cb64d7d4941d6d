"""Each client, as its users have it: it lists, asks, waits on, is asked back, is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from discord_double import defaults
from support.discord_views import said_by_bot
from support.tool_names import TOOLS

from clients import environments
from clients.conftest import House
from clients.program import running

pytestmark = [
    pytest.mark.clients,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]

WRONG_KEY = "another-key-0123456789"
ANSWER = "Yes, 10 %."


@pytest.fixture(autouse=True)
def installed(request: pytest.FixtureRequest) -> None:
    """Make the environment of the client that a test names."""
    client = getattr(request.node, "callspec", None)
    if client is not None and (name := client.params.get("client")) in environments.every():
        environments.ensure(name)


@pytest.mark.parametrize("way", ["over_http", "over_stdio"])
@pytest.mark.parametrize("client", ["videosdk"])
async def test_videosdks_own_agent_gets_its_answer_within_its_five_seconds_a_call(
    house: House, tmp_path: Path, client: str, way: str
) -> None:
    question = f"May I, {way}?"
    async with (
        asyncio.timeout(90),
        running(client, way, question, url=house.url, folder=tmp_path) as program,
    ):
        assert (await program.until("tools"))["names"] == TOOLS
        answered = await house.answers(program, question)
    assert ANSWER in answered["text"]  # this client passes on no structured content


@pytest.mark.parametrize("client", ["openai_agents"])
async def test_openais_agents_sdk_gets_its_answer_after_more_than_its_five_seconds(
    house: House, tmp_path: Path, client: str
) -> None:
    question = f"May I, {client}?"
    async with (
        asyncio.timeout(90),
        running(client, question, url=house.url, folder=tmp_path) as program,
    ):
        assert (await program.until("tools"))["names"] == TOOLS
        answered = await house.answers(program, question)
    assert ANSWER in answered["text"]


@pytest.mark.parametrize(
    ("client", "arguments", "revision"),
    [
        ("langgraph", (), None),
        ("pydantic_ai", (), None),
        ("fastmcp", ("legacy",), "2025-11-25"),
        ("fastmcp", ("auto",), "2026-07-28"),
    ],
)
async def test_a_client_of_python_gets_its_answer_with_who_gave_it(
    house: House, tmp_path: Path, client: str, arguments: tuple[str, ...], revision: str | None
) -> None:
    question = f"May I, {client} {''.join(arguments)}?"
    async with (
        asyncio.timeout(90),
        running(client, *arguments, question, url=house.url, folder=tmp_path) as program,
    ):
        assert (await program.until("tools"))["names"] == TOOLS
        answered = await house.answers(program, question)
    assert (answered["status"], answered["answer"]) == ("answered", ANSWER)
    assert answered["answered_by"]["name"] == "Maya"
    assert answered.get("revision") == revision


@pytest.mark.parametrize(
    ("client", "mode", "revision"),
    [
        ("typescript_v1", "", None),
        ("typescript_v2", "legacy", "2025-11-25"),
        ("typescript_v2", "auto", "2026-07-28"),
    ],
)
async def test_the_typescript_sdk_waits_past_its_limit_as_long_as_progress_comes(
    house: House, tmp_path: Path, client: str, mode: str, revision: str | None
) -> None:
    question, limit = f"May I, {client} {mode}?", "7000"
    arguments = (question, limit, *filter(None, [mode]))
    maya = house.double.person("Maya")
    async with (
        asyncio.timeout(90),
        running(client, *arguments, url=house.url, folder=tmp_path) as program,
    ):
        tools = await program.until("tools")
        assert (tools["names"], tools["revision"]) == (TOOLS, revision or tools["revision"])
        thread = await house.double.until_thread(question)
        await program.until("pending")
        passed = [(await program.until("progress"))["progress"] for _ in range(2)]
        assert passed[-1] > 7
        await maya.write(thread, "? Which order?")
        assert (await program.until("needs_info"))["asked_back"] == "Which order?"
        await house.double.until_message(thread, "Order 7", author=house.double.bot.user.id)
        await maya.write(thread, ANSWER)
        answered = await program.until("answered")
    assert answered["text"] == answered["answer"] == ANSWER
    assert answered["answered_by"]["name"] == "Maya"


@pytest.mark.parametrize("way", ["call", "handle"])
@pytest.mark.parametrize("client", ["fastmcp_tasks"])
async def test_fastmcps_client_takes_a_task_and_replies_to_what_is_asked_back(
    house: House, tmp_path: Path, client: str, way: str
) -> None:
    question = f"May I, by {way}?"
    maya = house.double.person("Maya")
    async with (
        asyncio.timeout(90),
        running(client, way, question, url=house.url, folder=tmp_path) as program,
    ):
        assert (await program.until("tools"))["names"] == TOOLS
        if way == "handle":
            assert (await program.until("pending"))["status"] == "working"
        thread = await house.double.until_thread(question)
        await maya.write(thread, "? Which order?")
        assert "Which order?" in (await program.until("needs_info"))["asked_back"]
        await house.double.until_message(thread, "Order 7", author=house.double.bot.user.id)
        await maya.write(thread, ANSWER)
        answered = await program.until("answered")
    assert answered["text"] == answered["answer"] == ANSWER
    assert answered["answered_by"]["name"] == "Maya"


@pytest.mark.parametrize(
    ("client", "arguments"),
    [
        ("videosdk", ("over_http", "?")),
        ("videosdk", ("over_stdio", "?")),
        ("fastmcp", ("auto", "?")),
        ("langgraph", ("?",)),
        ("openai_agents", ("?",)),
        ("pydantic_ai", ("?",)),
        ("typescript_v1", ("?",)),
        ("typescript_v2", ("?", "60000", "auto")),
    ],
)
async def test_a_client_with_a_wrong_key_is_refused_and_says_so(
    house: House, tmp_path: Path, client: str, arguments: tuple[str, ...]
) -> None:
    async with (
        asyncio.timeout(60),
        running(client, *arguments, url=house.url, folder=tmp_path, key=WRONG_KEY) as program,
    ):
        refused = await program.until("failed")
    assert [each["report"] for each in program.reports] == ["failed"]
    assert WRONG_KEY not in refused["error"]


@pytest.mark.parametrize("era", ["2025-06-18", "2026-07-28"])
@pytest.mark.parametrize("answered", ["before", "after"])
async def test_a_client_that_drops_its_connection_comes_back_to_the_same_question(
    house: House, tmp_path: Path, era: str, answered: str
) -> None:
    question = f"Dropped at {era}, {answered}?"
    maya = house.double.person("Maya")
    async with (
        asyncio.timeout(60),
        running("plain_http", era, question, url=house.url, folder=tmp_path) as program,
    ):
        await program.until("asked")
        thread = await house.double.until_thread(question)
        program.go_on()
        await program.until("dropped")
        if answered == "before":
            await maya.write(thread, ANSWER)
            await house.double.until(lambda: thread.archived)
        program.go_on()
        if answered == "after":
            await maya.write(thread, ANSWER)
        first, second = [await program.until("again") for _ in range(2)]
    assert first == second
    assert (first["status"], first["text"]) == ("answered", ANSWER)
    threads = [
        each for each in house.double.world.threads(defaults.GUILD_ID) if question in each.name
    ]
    assert len(threads) == 1
    assert said_by_bot(house.double, thread) == []
