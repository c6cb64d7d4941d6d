"""Everything is restarted while agents wait and ask; no agent notices anything but time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from discord_double import DiscordDouble
from support import processes
from support.processes import Process

from customer_agent.gateway_client import McpGateway
from customer_agent.outcomes import Outcome
from customer_agent.patience import Patience
from customer_agent.questions import OpenQuestions
from e2e.conftest import Fleet
from hitl import embedded_redis
from shared.redis_adapter.keys import Keys

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

CONVERSATIONS, QUESTIONS_EACH = 10, 10


class Agents:
    """The agent's own asking and waiting, of many conversations, without their talk."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self._changed = asyncio.Condition()

    def settled(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    @asynccontextmanager
    async def conversation(self, gateway: Process, name: str) -> AsyncGenerator[OpenQuestions]:
        questions = OpenQuestions(
            McpGateway(processes.gateway_url(gateway), api_key=None),
            conversation_id=name,
            on_outcome=self.settled,
            on_change=lambda _count: None,
            patience=Patience(),
        )
        async with questions:
            yield questions

    async def until(self, count: int) -> None:
        """Wait for so many outcomes."""
        while len(self.outcomes) < count:
            await asyncio.sleep(0.05)

    def assert_each_was_answered_once(self, expected: set[str]) -> None:
        """Each question has its own answer, once, and none heard of an outage."""
        told = [(each.ending.value, each.question, each.answer) for each in self.outcomes]
        assert sorted(told) == sorted(
            ("answered", question, f"answer to {question}") for question in expected
        )


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_gateway_restarts_while_100_calls_wait(fleet: Fleet, how: str) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    agents, double = Agents(), fleet.double
    asked: set[str] = set()

    async def converse(name: str, everything_is_told: asyncio.Event) -> None:
        async with agents.conversation(gateway, name) as questions:
            for number in range(QUESTIONS_EACH):
                asked.add(text := f"question {number} of {name}")
                questions.ask(text, None)
            await everything_is_told.wait()

    async with asyncio.timeout(150), asyncio.TaskGroup() as group:
        everything_is_told = asyncio.Event()
        for number in range(CONVERSATIONS):
            group.create_task(converse(f"talk {number}", everything_is_told))
        while len(double.threads) < CONVERSATIONS * QUESTIONS_EACH:
            await asyncio.sleep(0.05)
        await asyncio.to_thread(gateway.kill if how == "kill" else gateway.stop)
        went = time.monotonic()
        for thread in double.threads:
            await double.person("Maya").write(thread, f"answer to {thread.name}")
        gateway.start()
        await agents.until(len(asked))
        print(f"{how}: all 100 told {time.monotonic() - went:.1f} s after the end")  # noqa: T201
        everything_is_told.set()
    agents.assert_each_was_answered_once(asked)
    assert len(double.threads) == len(asked)


async def test_every_component_is_restarted_under_load(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    server = embedded_redis.start(folder, server=embedded_redis.find_wheel_server())
    async with asyncio.timeout(150), DiscordDouble() as double:
        fleet = Fleet(tmp_path, server.url, Keys("rolling"), double)
        agents, asked, stop = Agents(), set[str](), asyncio.Event()
        await double.employ_operator(lambda question: f"answer to {question.thread.name}")

        async def converse(name: str, gateway: Process) -> None:
            number, mine = 0, 0
            async with agents.conversation(gateway, name) as questions:
                while not stop.is_set():
                    asked.add(text := f"question {number} of {name}")
                    questions.ask(text, None)
                    number, mine = number + 1, mine + 1
                    while len(questions) > 3:
                        await asyncio.sleep(0.05)
                    await asyncio.sleep(0.2)
                while len(questions):
                    await asyncio.sleep(0.05)

        try:
            for _ in range(2):
                await fleet.add_gateway()
                await fleet.add_worker()
            async with asyncio.TaskGroup() as group:
                for number in range(6):
                    gateway = fleet.gateways[number % 2]
                    group.create_task(converse(f"talk {number}", gateway))
                await agents.until(10)
                for process in (*fleet.gateways, *fleet.workers):
                    assert await asyncio.to_thread(process.stop) == 0
                    process.start()
                    await asyncio.sleep(2)
                await asyncio.to_thread(server.stop)
                server = await asyncio.to_thread(
                    embedded_redis.start,
                    folder,
                    server=embedded_redis.find_wheel_server(),
                    port=server.port,
                )
                await agents.until(len(agents.outcomes) + 20)
                stop.set()
            agents.assert_each_was_answered_once(asked)
            assert len(double.threads) == len(asked)
            for process in (*fleet.gateways, *fleet.workers):
                before, found, after = process.text().partition("Traceback")
                assert not found, before[-1000:] + found + after[:4000]
            print(f"{len(asked)} questions over a restart of everything")  # noqa: T201
        finally:
            await asyncio.to_thread(fleet.stop)
            server.stop()
