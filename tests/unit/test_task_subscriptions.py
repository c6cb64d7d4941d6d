from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from support.task_client import TaskClient
from support.task_gateway import QUESTION, a_gateway

from mcp_gateway.caller import Caller
from mcp_gateway.tasks import escalations
from mcp_gateway.tasks.escalations import AT_ONCE, EscalationTasks
from shared.errors import StoreUnavailableError
from shared.escalation import Ask, Escalation, State
from shared.limits import Limits
from shared.memory.escalations import MemoryEscalations
from shared.question import Question


async def begun(agent: TaskClient, **arguments: Any) -> str:
    handle = await agent.call("ask_human", **{**QUESTION, **arguments})
    return handle["taskId"]


async def test_each_change_of_a_task_is_told_as_tasks_get_has_it() -> None:
    gateway = a_gateway()
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        task_id = await begun(agent)
        listening = group.create_task(agent.listen(task_id))
        now = await agent.told()
        subscription = now["_meta"]["io.modelcontextprotocol/subscriptionId"]
        assert now["status"] == "working"
        await gateway.ask_back(task_id, "Which size?")
        asked = await agent.told()
        assert asked["status"] == "input_required"
        [key] = asked["inputRequests"]
        await agent.update(task_id, **{key: {"action": "decline"}})
        assert (await agent.told())["status"] == "working"
        await gateway.end(task_id)
        ended, got = await agent.told(), await agent.get(task_id)
        for each in (ended, got):
            each.pop("_meta")
        assert ended == {name: value for name, value in got.items() if name != "resultType"}
        last = await listening
    assert last["_meta"]["io.modelcontextprotocol/subscriptionId"] == subscription
    assert last["resultType"] == "complete"


async def test_the_interval_is_the_same_in_news_of_a_task_as_when_it_is_looked_at() -> None:
    gateway = a_gateway()
    tasks = EscalationTasks(gateway.asking, gateway.store.changes)
    slow = Caller("shop", "shop", Limits(calls_per_second=0.1, open_questions=200))
    ids = [
        (
            await gateway.asking.ask(
                slow, Question(text=f"May I, {number}?"), idempotency_key=None, hold=AT_ONCE
            )
        ).id
        for number in range(3)
    ]
    async with asyncio.timeout(10), aclosing(tasks.watch(slow, frozenset(ids[:1]))) as news:
        first = await anext(news)
        assert first == await tasks.get(slow, ids[0])
        assert first.poll_every == timedelta(seconds=30), "three tasks, one look in ten seconds"
        await gateway.end(ids[1])  # fewer are open now, which is no news of the first
        await gateway.ask_back(ids[0], "Which size?")
        asked = await anext(news)
        assert (asked.status, asked.poll_every) == ("input_required", timedelta(seconds=20))


class LookedAt(MemoryEscalations):
    """A store that tells when it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = asyncio.Event()

    async def get(self, escalation_id: str) -> Escalation | None:
        self.read.set()
        return await super().get(escalation_id)


@pytest.mark.parametrize("hint", ["its id", ""])
async def test_what_has_not_changed_is_not_told_again(hint: str) -> None:
    store = LookedAt()
    gateway = a_gateway(store)
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        task_id = await begun(agent)
        listening = group.create_task(agent.listen(task_id))
        assert (await agent.told())["status"] == "working"
        store.read.clear()
        store.changes.tell(hint and task_id)
        await store.read.wait()
        await gateway.ask_back(task_id, "Which size?")
        assert (await agent.told())["status"] == "input_required"
        await gateway.end(task_id)
        assert (await agent.told())["status"] == "completed"
        await listening


async def test_the_stream_ends_when_the_last_of_its_tasks_has() -> None:
    gateway = a_gateway()
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        one, two = await begun(agent), await begun(agent, question="And free delivery?")
        listening = group.create_task(agent.listen(one, two, one))
        assert {(await agent.told())["taskId"] for _ in range(2)} == {one, two}
        await gateway.end(one)
        assert (await agent.told())["taskId"] == one
        assert not listening.done()
        await gateway.end(two, State.CANCELLED)
        assert (await agent.told())["status"] == "cancelled"
        await listening


async def test_what_ended_before_is_told_at_once() -> None:
    gateway = a_gateway()
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = await begun(agent)
        await gateway.end(task_id)
        await agent.listen(task_id)
        assert (await agent.told())["status"] == "completed"


async def test_nothing_is_told_of_tasks_that_are_not_the_callers() -> None:
    gateway = a_gateway()
    ask = Ask.model_validate(
        {"agent": "bank", "question": {"text": "?"}, "timeout": 60.0, "retention": 60.0}
    )
    theirs = (await gateway.store.accept(ask)).escalation.id
    async with asyncio.timeout(10), gateway.client() as agent:
        await agent.listen(theirs, "nobody's")  # it has nothing to wait for, and ends
        assert await agent.acknowledged() == {"taskIds": []}
        own = await begun(agent)
        await gateway.end(own)
        await agent.listen(theirs, own)
        assert await agent.acknowledged() == {"taskIds": [own]}
        assert (await agent.told())["taskId"] == own


async def test_more_tasks_than_a_subscription_may_name_are_refused() -> None:
    async with asyncio.timeout(10), a_gateway().client() as agent:
        with pytest.raises(MCPError) as refused:
            await agent.listen(*(f"task-{number}" for number in range(101)))
    assert refused.value.error.code == -32602


async def test_a_gateway_that_stops_ends_its_streams_in_order() -> None:
    gateway = a_gateway()
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        listening = group.create_task(agent.listen(await begun(agent)))
        await agent.told()
        gateway.asking.stop_waiting()
        assert (await listening)["resultType"] == "complete"


class AwayAtTimes(MemoryEscalations):
    """A store whose Redis is away when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.refused = asyncio.Event()

    async def get(self, escalation_id: str) -> Escalation | None:
        if self.away:
            self.refused.set()
            raise StoreUnavailableError("Redis can't be reached")
        return await super().get(escalation_id)


async def test_an_outage_delays_what_is_told() -> None:
    store = AwayAtTimes()
    gateway = a_gateway(store)
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        task_id = await begun(agent)
        listening = group.create_task(agent.listen(task_id))
        await agent.told()
        store.away = True
        store.changes.tell(task_id)
        await store.refused.wait()
        store.away = False
        await gateway.end(task_id)
        assert (await agent.told())["status"] == "completed"
        await listening


async def test_a_change_without_a_hint_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalations, "LOOK_SECONDS", 0.05)
    gateway = a_gateway()
    async with asyncio.timeout(10), gateway.client() as agent, asyncio.TaskGroup() as group:
        task_id = await begun(agent)
        listening = group.create_task(agent.listen(task_id))
        await agent.told()
        gateway.clock.advance(minutes=15)  # its deadline passes, and nobody says so
        assert (await agent.told())["status"] == "completed"
        await listening
