"""Questions as tasks, with real gateways: nothing of a task is in any of them."""

from __future__ import annotations

import asyncio
import sys

import pytest
from discord_double.reading import text_of
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from support import processes
from support.discord_views import said_by_bot, starter_of, until_outcome, until_told
from support.task_client import TaskClient, task_client

from e2e.conftest import Fleet
from shared.crash_points import VARIABLE, CrashPoint

pytestmark = pytest.mark.e2e

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def begun(agent: TaskClient, question: str) -> str:
    handle = await agent.call("ask_human", question=question)
    assert handle["resultType"] == "task"
    return handle["taskId"]


async def test_a_task_outlives_the_gateway_and_the_worker_that_had_it(fleet: Fleet) -> None:
    first, second = await fleet.add_gateway(), await fleet.add_gateway()
    worker = await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(60):
        async with task_client(processes.gateway_url(first)) as agent:
            task_id = await begun(agent, "10 % off?")
        first.kill()
        thread = await fleet.double.until_thread("10 % off")
        await maya.write(thread, "? How many shelves?")
        async with task_client(processes.gateway_url(second)) as agent:
            [(key, request)] = (await agent.until(task_id, "input_required"))[
                "inputRequests"
            ].items()
        assert request["params"]["message"].endswith("How many shelves?")
        worker.kill()
        second.kill()
        second.start()
        await processes.until_ready(second)
        await fleet.add_worker()
        async with task_client(processes.gateway_url(second)) as agent:
            assert [*(await agent.get(task_id))["inputRequests"]] == [key]
            response = {"action": "accept", "content": {"reply": "Three, and a lamp."}}
            await agent.update(task_id, **{key: response})
            assert (await agent.get(task_id))["status"] == "working"
            await until_told(fleet.double, thread, "Three, and a lamp.")
            await maya.write(thread, "Then ten is fine.")
            task = await agent.until(task_id, "completed")
            await until_outcome(fleet.double, thread, "Answered by Maya")
    assert task["result"]["content"][0]["text"] == "Then ten is fine."
    assert task["result"]["structuredContent"]["answered_by"]["name"] == "Maya"


async def test_news_of_a_task_come_through_another_gateway_than_the_one_that_began_it(
    fleet: Fleet,
) -> None:
    first, second = await fleet.add_gateway(), await fleet.add_gateway()
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with (
        asyncio.timeout(60),
        task_client(processes.gateway_url(first)) as here,
        task_client(processes.gateway_url(second)) as there,
        asyncio.TaskGroup() as group,
    ):
        task_id = await begun(here, "10 % off?")
        listening = group.create_task(there.listen(task_id, UNKNOWN))
        assert (await there.told())["status"] == "working"
        thread = await fleet.double.until_thread("10 % off")
        await maya.write(thread, "? How many shelves?")
        asked = await there.told()
        assert asked["status"] == "input_required"
        [key] = asked["inputRequests"]
        await here.update(task_id, **{key: {"action": "decline"}})
        assert (await there.told())["status"] == "working"
        await maya.write(thread, "Then no.")
        ended = await there.told()
        assert ended["status"] == "completed"
        assert ended["result"]["content"][0]["text"] == "Then no."
        last = await listening
    assert last["_meta"]["io.modelcontextprotocol/subscriptionId"] is not None


async def test_a_gateway_that_is_stopped_ends_a_subscription_in_order(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway()
    async with (
        asyncio.timeout(40),
        task_client(processes.gateway_url(gateway)) as agent,
        asyncio.TaskGroup() as group,
    ):
        listening = group.create_task(agent.listen(await begun(agent, "10 % off?")))
        await agent.told()
        assert await asyncio.to_thread(gateway.stop) == 0
        assert (await listening)["resultType"] == "complete"


async def test_a_gateway_that_dies_between_two_replies_passes_each_on_once(fleet: Fleet) -> None:
    doomed = await fleet.add_gateway({VARIABLE: CrashPoint.TASK_REPLY_TOLD})
    other = await fleet.add_gateway()
    await fleet.add_worker()
    maya = fleet.double.person("Maya")
    async with asyncio.timeout(60):
        async with task_client(processes.gateway_url(other)) as agent:
            task_id = await begun(agent, "10 % off?")
            thread = await fleet.double.until_thread("10 % off")
            await maya.write(thread, "? How many shelves?")
            await agent.until(task_id, "input_required")
            await maya.write(thread, "? Which colour?")
            while len(asked := (await agent.get(task_id))["inputRequests"]) < 2:
                await asyncio.sleep(0.02)
            replies = {
                key: {"action": "accept", "content": {"reply": reply}}
                for key, reply in zip(asked, ("Three.", "Red."), strict=True)
            }
        # How the loss of its server looks to a client is the SDK's; that it dies is the point's.
        with pytest.raises(Exception):  # noqa: B017, PT011
            async with task_client(processes.gateway_url(doomed)) as agent:
                await agent.update(task_id, **replies)
        assert doomed.process is not None
        assert await asyncio.to_thread(doomed.process.wait, 20) == -9
        async with task_client(processes.gateway_url(other)) as agent:
            assert [*(await agent.get(task_id))["inputRequests"]] == [*replies][1:]
            await agent.update(task_id, **replies)
            await until_told(fleet.double, thread, "Red.")
            await maya.write(thread, "Then ten is fine.")
            await agent.until(task_id, "completed")
            await until_outcome(fleet.double, thread, "Answered by Maya")
    said = "\n".join(said_by_bot(fleet.double, thread))
    assert said.count("Three.") == 1
    assert said.count("Red.") == 1


async def test_a_gateway_that_dies_before_the_handle_is_out_gives_the_same_task_again(
    fleet: Fleet,
) -> None:
    doomed = await fleet.add_gateway({VARIABLE: CrashPoint.ASK_AFTER_ACCEPTED})
    other = await fleet.add_gateway()
    question = {"question": "10 % off?", "idempotency_key": "k"}
    async with asyncio.timeout(60):
        with pytest.raises(Exception):  # noqa: B017, PT011
            async with task_client(processes.gateway_url(doomed)) as agent:
                await agent.call("ask_human", **question)
        assert doomed.process is not None
        assert await asyncio.to_thread(doomed.process.wait, 20) == -9
        async with task_client(processes.gateway_url(other)) as agent:
            handle = await agent.call("ask_human", **question)
            listed = await agent.call("list_questions")
    [kept] = listed["structuredContent"]["questions"]
    assert handle["taskId"] == kept["escalation_id"]


async def test_a_cancelled_task_is_a_question_taken_back(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway()
    await fleet.add_worker()
    async with asyncio.timeout(40), task_client(processes.gateway_url(gateway)) as agent:
        task_id = await begun(agent, "10 % off?")
        thread = await fleet.double.until_thread("10 % off")
        await agent.cancel(task_id)
        assert (await agent.get(task_id))["status"] == "cancelled"
        await until_outcome(fleet.double, thread, "Cancelled")


async def test_silence_completes_a_task_with_what_it_is(fleet: Fleet) -> None:
    gateway = await fleet.add_gateway({"ESCALATION_TIMEOUT": "3"})
    await fleet.add_worker()
    async with asyncio.timeout(40), task_client(processes.gateway_url(gateway)) as agent:
        handle = await agent.call("request_approval", action="Refund 20 €.")
        assert handle["pollIntervalMs"] == 1000
        task = await agent.until(handle["taskId"], "completed")
    assert task["result"]["structuredContent"]["status"] == "timed_out"


async def test_of_two_agents_each_has_its_own_tasks_and_nobody_elses(fleet: Fleet) -> None:
    keys = {"shop": "shop-key-0123456789", "bank": "bank-key-0123456789"}
    gateway = await fleet.add_gateway(
        {"GATEWAY_API_KEYS": ",".join(f"{name}:{key}" for name, key in keys.items())}
    )
    url = processes.gateway_url(gateway)
    async with (
        asyncio.timeout(40),
        task_client(url, key=keys["shop"]) as shop,
        task_client(url, key=keys["bank"]) as bank,
    ):
        task_id = await begun(shop, "10 % off?")
        for act in (bank.get(task_id), bank.update(task_id), bank.cancel(task_id)):
            with pytest.raises(MCPError) as refused:
                await act
            assert refused.value.error.code == -32602
        await bank.listen(task_id)  # acknowledges nothing, and ends
        assert (await shop.get(task_id))["status"] == "working"
        with pytest.raises(MCPError) as unknown:
            await shop.get(UNKNOWN)
    assert unknown.value.error == refused.value.error


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_who_does_not_take_tasks_never_gets_one_in_either_era(
    fleet: Fleet, mode: str
) -> None:
    gateway = await fleet.add_gateway({"GATEWAY_HOLD_SECONDS": "0.2"})
    url = processes.gateway_url(gateway)
    declares = mode == "legacy"  # where saying so has no meaning
    async with asyncio.timeout(40), task_client(url, mode=mode, declares=declares) as agent:
        result = await agent.call("ask_human", question="10 % off?")
        assert result["structuredContent"]["status"] == "pending"
        with pytest.raises(MCPError):
            await agent.get(result["structuredContent"]["escalation_id"])


async def test_tasks_go_over_standard_input_and_output_too(fleet: Fleet) -> None:
    await fleet.add_worker()
    stdio = StdioServerParameters(
        command=sys.executable,
        args=["-m", "mcp_gateway"],
        cwd=fleet.folder,
        env={
            **fleet.env,
            "GATEWAY_TRANSPORT": "stdio",
            "PYTHONPATH": str(processes.ROOT),
        },
    )
    async with (
        asyncio.timeout(40),
        task_client(stdio, mode="2026-07-28") as agent,
        asyncio.TaskGroup() as group,
    ):
        task_id = await begun(agent, "10 % off?")
        listening = group.create_task(agent.listen(task_id))
        await agent.told()
        thread = await fleet.double.until_thread("10 % off")
        assert "10 % off" in text_of(starter_of(fleet.double, thread))
        await fleet.double.person("Maya").write(thread, "Yes.")
        assert (await agent.told())["result"]["content"][0]["text"] == "Yes."
        await listening
