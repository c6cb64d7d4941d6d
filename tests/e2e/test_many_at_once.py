from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from discord_double.ratelimit import RateLimits
from mcp import Client
from support.discord_views import answer_text

from e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

AGENTS, QUESTIONS_EACH = 20, 10


@pytest.mark.timeout(180)
async def test_200_questions_of_20_agents_over_two_gateways_and_two_workers(fleet: Fleet) -> None:
    double = fleet.double
    for _ in range(2):
        await fleet.add_gateway()
        await fleet.add_worker()
    assert isinstance(double.settings.rate_limits, RateLimits)
    await double.employ_operator(lambda question: f"answer to {question.thread.name}")

    async def agent(client: Client, number: int) -> list[bool]:
        async def ask(which: int) -> bool:
            text = f"question {which} of agent {number}"
            result = await client.call_tool(
                "ask_human",
                {"question": text, "conversation_id": f"c{number}", "wait_seconds": 150},
            )
            return answer_text(result) == f"answer to {text}"

        return await asyncio.gather(*(ask(which) for which in range(QUESTIONS_EACH)))

    async with asyncio.timeout(160), AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(fleet.client(number % 2)) for number in range(AGENTS)
        ]
        right = await asyncio.gather(
            *(agent(client, number) for number, client in enumerate(clients))
        )
    assert all(all(each) for each in right)
    names = [thread.name for thread in double.threads]
    assert len(names) == len(set(names)) == AGENTS * QUESTIONS_EACH
