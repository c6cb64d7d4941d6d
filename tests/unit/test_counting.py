"""What an agent asks of the gateway besides calls of tools counts too."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from mcp.client.client import ConnectMode
from mcp.shared.exceptions import MCPError
from support.gateway import build_server, caller
from support.task_client import TaskClient, task_client
from support.task_gateway import QUESTION, TaskGateway, a_gateway
from support.visitor import a_gateway as a_visit

from mcp_gateway.caller import Caller
from mcp_gateway.door.counting import TOO_MANY
from mcp_gateway.settings import GatewaySettings
from mcp_gateway.tasks import listening
from mcp_gateway.tasks.escalations import EscalationTasks
from mcp_gateway.tasks.listening import TaskSubscriptions
from mcp_gateway.tasks.shapes import LISTEN
from mcp_gateway.waiting import Hold
from shared.errors import StoreUnavailableError
from shared.limits import Counted, Limits
from shared.memory.access import MemoryAdmission
from shared.question import Question

DEFAULTS = GatewaySettings(_env_file=None).limits  # pyright: ignore[reportCallIssue]


class Strict(MemoryAdmission):
    """Lets so many requests of each kind in, and notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[Counted, int] = {Counted.CALL: 1000, Counted.LOOK: 1000}
        self.asked: list[Counted] = []
        self.away = False

    async def admit(
        self, tenant: str, agent: str, limits: Limits, counted: Counted = Counted.CALL
    ) -> timedelta | None:
        if self.away:
            raise StoreUnavailableError("Redis can't be reached")
        self.asked.append(counted)
        self.left[counted] -= 1
        return None if self.left[counted] >= 0 else timedelta(seconds=1.5)

    async def costs(self, *acts: Any) -> list[Counted]:
        """Do something; tell what it counted as."""
        self.asked.clear()
        for act in acts:
            await act
        return list(self.asked)


@asynccontextmanager
async def served(
    admission: MemoryAdmission, gateway: TaskGateway | None = None, *, mode: ConnectMode = "auto"
) -> AsyncGenerator[TaskClient]:
    """Open a client of a gateway that counts so."""
    gateway = gateway or a_gateway()
    settings = GatewaySettings(_env_file=None)  # pyright: ignore[reportCallIssue]
    server = build_server(
        gateway.asking, settings, admission=admission, changes=gateway.store.changes
    )
    async with asyncio.timeout(10), task_client(server, mode=mode) as agent:
        yield agent


async def test_each_request_counts_once_and_what_changes_a_task_counts_as_a_call() -> None:
    admission, gateway = Strict(), a_gateway()
    async with served(admission, gateway) as agent:
        assert await admission.costs(agent.client.list_tools()) == [Counted.LOOK]
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        assert await admission.costs(agent.call("ask_human", **QUESTION)) == [Counted.CALL]
        assert await admission.costs(agent.get(task_id)) == [Counted.LOOK]
        assert await admission.costs(agent.update(task_id)) == [Counted.CALL]
        assert await admission.costs(agent.cancel(task_id)) == [Counted.CALL]
        assert await admission.costs(agent.listen(task_id)) == [Counted.LOOK]


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_to_say_hello_counts_as_a_look_in_either_era(mode: ConnectMode) -> None:
    admission = Strict()
    async with served(admission, mode=mode) as agent:
        await agent.client.list_tools()
    assert admission.asked
    assert set(admission.asked) == {Counted.LOOK}


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(
    "params",
    [
        {"name": "no_such_tool", "arguments": {}},
        {"name": "ask_human", "arguments": 5},
        {"arguments": QUESTION},
        {},
    ],
)
async def test_a_call_that_comes_to_no_tool_counts_as_a_look_and_is_refused_as_one(
    params: dict[str, Any], revision: str
) -> None:
    admission = Strict()
    async with a_visit(admission=admission) as visitor:
        await visitor.send("tools/call", params, revision=revision)
        assert admission.asked == [Counted.LOOK]
        admission.left[Counted.LOOK] = 0
        refused = await visitor.refusal("tools/call", params, revision=revision)
        assert refused["code"] == TOO_MANY
        assert refused["data"] == {"retryAfterMs": 1500}
        asked = await visitor.call("ask_human", revision=revision, **QUESTION)
        assert "Still waiting" in asked, "calls are counted apart"


@pytest.mark.parametrize(
    "arguments", [{}, {"question": " "}, {**QUESTION, "no_such": 1}, {**QUESTION, "route": "x"}]
)
async def test_a_call_that_comes_to_a_tool_counts_once_whatever_the_tool_says_to_it(
    arguments: dict[str, Any],
) -> None:
    admission = Strict()
    async with served(admission) as agent:
        assert await admission.costs(agent.call("ask_human", **arguments)) == [Counted.CALL]
        admission.left[Counted.CALL] = 0
        assert await admission.costs(agent.call("ask_human", **arguments)) == [Counted.CALL]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_over_http_too_a_call_counts_once(revision: str) -> None:
    """What the SDK looks up of a tool to check a request's headers is nobody's look."""
    admission = Strict()
    async with a_visit(admission=admission) as visitor:
        answer = await visitor.call("ask_human", revision=revision, question="May I?")
    assert "Still waiting" in answer
    assert admission.asked == [Counted.CALL]


async def test_while_redis_is_away_a_call_that_comes_to_no_tool_is_told_so_uncounted() -> None:
    admission = Strict()
    async with served(admission) as agent:
        admission.away = True
        told = await agent.call("no_such_tool")
    assert "Unknown tool" in told["content"][0]["text"]


async def test_a_refusal_is_no_internal_error_and_its_data_says_when_to_come_back() -> None:
    admission = Strict()
    async with served(admission) as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        admission.left = {Counted.CALL: 0, Counted.LOOK: 0}
        for act in (
            agent.get(task_id),
            agent.update(task_id),
            agent.cancel(task_id),
            agent.listen(task_id),
            agent.client.list_tools(),
        ):
            with pytest.raises(MCPError) as refused:
                await act
            assert refused.value.error.code == TOO_MANY
            assert refused.value.error.data == {"retryAfterMs": 1500}
            assert "Try again in 1.5 seconds" in refused.value.error.message
        admission.left = {Counted.CALL: 10, Counted.LOOK: 10}
        assert (await agent.get(task_id))["status"] == "working", "a refusal has done nothing"


async def test_a_tools_refusal_stays_in_words_for_the_model() -> None:
    admission = Strict()
    async with served(admission) as agent:
        admission.left[Counted.CALL] = 0
        refused = await agent.call("ask_human", **QUESTION)
    assert refused["isError"]
    assert "too many calls" in refused["content"][0]["text"]


async def test_an_agent_that_may_make_no_more_calls_can_still_read_what_was_answered() -> None:
    admission, gateway = Strict(), a_gateway()
    async with served(admission, gateway) as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.end(task_id)
        admission.left[Counted.CALL] = 0
        assert (await agent.get(task_id))["status"] == "completed"


async def test_while_redis_is_away_a_hello_is_served_uncounted() -> None:
    admission = Strict()
    admission.away = True
    async with served(admission) as agent:
        assert (await agent.client.list_tools()).tools


async def test_who_looks_at_each_of_many_tasks_as_is_suggested_is_never_refused() -> None:
    """By the limits as they come: it fills its open questions as fast as it may, and looks on."""
    gateway = a_gateway()
    admission = MemoryAdmission(clock=gateway.clock)
    tasks = EscalationTasks(gateway.asking, gateway.store.changes)
    shop, began = Caller("shop", "shop", DEFAULTS), gateway.clock.now
    agenda: list[tuple[float, int, str]] = [(0.0, 0, "")]
    """When something is due, how often something was, and of which task; none: the next ask."""
    asked, looked, pause = 0, 0, timedelta(0)
    while (due := heapq.heappop(agenda))[0] < 40.0:
        at, number, task_id = due
        gateway.clock.now = began + timedelta(seconds=at)
        if task_id:
            assert await admission.admit("shop", "shop", DEFAULTS, Counted.LOOK) is None
            looked += 1
        else:
            wait = await admission.admit("shop", "shop", DEFAULTS)
            if wait is None:
                question, wait = Question(text=f"May I, {asked}?"), timedelta(0)
                hold, asked = Hold(0.0), asked + 1
                task_id = (
                    await gateway.asking.ask(shop, question, idempotency_key=None, hold=hold)
                ).id
            if asked < DEFAULTS.open_questions:
                heapq.heappush(agenda, (at + wait.total_seconds(), number + 1, ""))
        if task_id:
            pause = (await tasks.get(shop, task_id)).poll_every
            heapq.heappush(agenda, (at + pause.total_seconds(), number, task_id))
    assert asked == DEFAULTS.open_questions
    assert looked > asked, "each was looked at more than once"
    assert pause == timedelta(seconds=10)


async def test_an_agents_streams_name_no_more_tasks_together_than_twice_what_it_may_have_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "STREAMS_FOR_A_TASK", 0)
    monkeypatch.setattr(listening, "WATCHED_LIMIT", 2)
    async with served(MemoryAdmission()) as agent, asyncio.TaskGroup() as group:
        tasks = [
            (await agent.call("ask_human", question=f"May I, {number}?"))["taskId"]
            for number in range(3)
        ]
        streams = [group.create_task(agent.listen(each)) for each in tasks[:2]]
        for _ in streams:
            await agent.told()
        with pytest.raises(MCPError) as refused:
            await agent.listen(tasks[2])
        assert refused.value.error.code == TOO_MANY
        assert refused.value.error.data == {"limit": 2, "retryAfterMs": 10_000}
        assert "try again in 10 seconds" in refused.value.error.message
        await agent.cancel(tasks[0])
        await streams[0]
        group.create_task(agent.listen(tasks[2]))
        while (await agent.told())["taskId"] != tasks[2]:
            pass
        for each in tasks[1:]:
            await agent.cancel(each)


async def test_streams_that_name_no_task_are_counted_for_each_agent_until_they_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK has so many for a whole process: one agent could have all of them."""
    monkeypatch.setattr(listening, "QUIET_STREAMS", 2)
    async with served(MemoryAdmission()) as agent, AsyncExitStack() as streams:
        await streams.enter_async_context(agent.client.listen(tools_list_changed=True))
        async with agent.client.listen(tools_list_changed=True):
            with pytest.raises(MCPError) as refused:
                await streams.enter_async_context(agent.client.listen())
            assert refused.value.error.code == TOO_MANY
            assert refused.value.error.data == {"limit": 2, "retryAfterMs": 10_000}
            assert "try again in 10 seconds" in refused.value.error.message
            task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
            await agent.cancel(task_id)
            await agent.listen(task_id)  # those that name tasks count apart
        await streams.enter_async_context(agent.client.listen(tools_list_changed=True))


async def still_let_in() -> bool:
    """Let a stream's caller in for as long as it lasts."""
    return True


async def test_one_agents_streams_are_not_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "QUIET_STREAMS", 1)
    gateway, calling, held = a_gateway(), caller("shop"), asyncio.Event()
    subscriptions = TaskSubscriptions(
        EscalationTasks(gateway.asking, gateway.store.changes),
        owner=lambda: calling,
        is_let_in=still_let_in,
    )
    asked: Any = SimpleNamespace(
        request_id=1, method=LISTEN, protocol_version="2026-07-28", params={"notifications": {}}
    )

    async def until_released(_: object) -> None:
        await held.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(subscriptions(asked, until_released))
        await asyncio.sleep(0)
        with pytest.raises(MCPError, match="too many streams"):
            await subscriptions(asked, until_released)
        for other in (caller("bank"), caller("shop", tenant="bank")):
            calling = other
            group.create_task(subscriptions(asked, until_released))
            await asyncio.sleep(0)
        held.set()
    await subscriptions(asked, until_released)
