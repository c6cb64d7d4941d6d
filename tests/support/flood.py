"""Agents that ask as fast as they may or now and then, and when each question was posted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
from discord_double import DiscordDouble
from discord_double.reading import text_of
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from support.discord_views import answer_text, structured

AT_ONCE: Final = 20
"""Calls that the flood has under way at each gateway."""
_LATER: Final = re.compile(r"too many calls: .* Try again in ([\d.]+) seconds$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was accepted."""

    id: str
    begun: datetime
    accepted: datetime


@dataclass(slots=True)
class Agent:
    """Asks through each of the gateways in turn, and comes back when it is told to."""

    clients: Sequence[Client]
    refusals: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    replied: int = 0
    _calls: int = 0

    async def ask(self, question: str) -> Asked:
        """Ask until it is accepted."""
        begun = datetime.now(UTC)
        result = await self._call("ask_human", {"question": question, "wait_seconds": 0})
        escalation_id = str(structured(result)["escalation_id"])
        asked = Asked(escalation_id, begun, datetime.now(UTC))
        self.asked.append(asked)
        return asked

    async def flood(self, questions: int) -> None:
        """Ask so many questions, as fast as the gateways take them."""

        async def ask(number: int) -> None:
            await self.ask(f"Flood {number}?")

        await self._all_at_once(ask, questions)

    async def take_back(self, questions: int) -> None:
        """Ask so many questions and take each back at once, as fast as the gateways take them."""

        async def ask_and_cancel(number: int) -> None:
            asked = await self.ask(f"Taken back {number}?")
            await self._call("cancel_question", {"escalation_id": asked.id})

        await self._all_at_once(ask_and_cancel, questions)

    async def reply(self, replies: int) -> None:
        """Say so much under the questions asked so far, as fast as the gateways take it."""
        asked = [each.id for each in self.asked]

        async def say(number: int) -> None:
            arguments = {
                "escalation_id": asked[number % len(asked)],
                "message": f"Reply {number}.",
                "wait_seconds": 0,
            }
            await self._call("send_to_operator", arguments)
            self.replied += 1

        await self._all_at_once(say, replies)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call until it is taken; a refusal that says no time to come back fails the test."""
        client = self.clients[self._calls % len(self.clients)]
        self._calls += 1
        while (result := await client.call_tool(tool, arguments)).is_error:
            later = _LATER.search(answer_text(result))
            assert later, answer_text(result)
            self.refusals += 1
            await asyncio.sleep(float(later[1]))
        return result

    async def _all_at_once(self, call: Callable[[int], Awaitable[None]], count: int) -> None:
        left = iter(range(count))

        async def call_on() -> None:
            for number in left:
                await call(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE * len(self.clients)):
                group.create_task(call_on())


@asynccontextmanager
async def agent(urls: Sequence[str], key: str) -> AsyncGenerator[Agent]:
    """Connect an agent with a key to gateways."""
    async with AsyncExitStack() as stack:
        clients: list[Client] = []
        for url in urls:
            headers = {"Authorization": f"Bearer {key}"}
            limits = httpx2.Limits(max_connections=AT_ONCE + 5)
            http = await stack.enter_async_context(
                httpx2.AsyncClient(headers=headers, timeout=60, limits=limits)
            )
            transport = streamable_http_client(url, http_client=http)
            clients.append(await stack.enter_async_context(Client(transport)))
        yield Agent(clients)


class Posted:
    """When each question was posted, by the clock of Discord's messages."""

    def __init__(self, double: DiscordDouble) -> None:
        self._double = double
        self._found: dict[str, datetime] = {}
        self._read = 0

    async def until(self, asked: Asked) -> datetime:
        """Wait until a question is posted; tell when it was."""
        while asked.id not in self.all():
            await asyncio.sleep(0.02)
        return self._found[asked.id]

    def all(self) -> dict[str, datetime]:
        """Tell of every question that is posted."""
        messages = list(self._double.channel.messages)
        for message in messages[self._read :]:
            if (named := re.search(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", text_of(message))) is not None:
                assert named[0] not in self._found, f"{named[0]} was posted twice"
                self._found[named[0]] = message.created_at
        self._read = len(messages)
        return self._found
