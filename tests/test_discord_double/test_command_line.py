from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from discord_double import defaults

from .conftest import BOUND

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

TESTS = Path(__file__).parents[1]
AUTHORIZED = {"Authorization": f"Bot {defaults.BOT_TOKEN}"}


@asynccontextmanager
async def run(*options: str) -> AsyncGenerator[dict[str, str]]:
    """Run the double as a process of its own, and give what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "discord_double", "--port", "0", *options),
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    told: dict[str, str] = {}
    try:
        async with asyncio.timeout(BOUND):
            while not (line := (await process.stdout.readline()).decode()).startswith("# page"):
                name, _, value = line.strip().partition("=")
                told[name] = value
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(BOUND):
            assert await process.wait() == 0


@pytest.mark.e2e
async def test_it_tells_what_to_connect_to_and_stops_when_told() -> None:
    async with run() as told, aiohttp.ClientSession(headers=AUTHORIZED) as session:
        assert told["DISCORD_TOKEN"] == defaults.BOT_TOKEN
        assert told["DISCORD_CHANNEL_ID"] == str(defaults.CHANNEL_ID)
        assert told["DISCORD_USER_ID"] == str(defaults.MAYA_ID)
        async with session.get(told["DISCORD_API_BASE"] + "/gateway/bot") as answer:
            assert (await answer.json())["url"] == told["DISCORD_GATEWAY_URL"]


@pytest.mark.e2e
async def test_the_operator_of_the_command_line_answers() -> None:
    options = ("--operator-rule", "refund=No refunds", "--operator-answers", "Yes: {question}")
    async with (
        run(*options, "--operator-delay", "0") as told,
        aiohttp.ClientSession(headers=AUTHORIZED) as session,
    ):
        api = told["DISCORD_API_BASE"]
        control = api.removesuffix("/api/v10") + "/_double"
        for text, answer in (("Coffee?", "Yes: Coffee?"), ("A refund?", "No refunds")):
            url = f"{api}/channels/{defaults.CHANNEL_ID}/messages"
            async with session.post(url, json={"content": text}) as sent:
                starter = (await sent.json())["id"]
            await session.post(f"{url}/{starter}/threads", json={"name": "T"})
            wait = f"{control}/wait/message?channel_id={starter}&author_id={defaults.MAYA_ID}"
            async with session.get(wait) as found:
                assert (await found.json())["content"] == answer


@pytest.mark.e2e
async def test_the_address_for_others_and_the_portal_are_options() -> None:
    options = ("--public-url", "http://discord:8902", "--no-message-content", "--bot", "Two=two")
    async with run(*options) as told:
        assert told["DISCORD_API_BASE"] == "http://discord:8902/api/v10"
        assert told["DISCORD_GATEWAY_URL"] == "ws://discord:8902/"
