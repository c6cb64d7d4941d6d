"""What people ask back about a task, and how its client replies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from support.task_gateway import QUESTION, TaskGateway, a_gateway

from mcp_gateway.tasks.replies import DECLINED, DISMISSED


@pytest.fixture
def gateway() -> TaskGateway:
    return a_gateway()


async def test_what_people_ask_back_is_replied_to_once(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?")
        asked = await agent.get(task_id)
        assert asked["status"] == "input_required"
        [(key, request)] = asked["inputRequests"].items()
        assert request["method"] == "elicitation/create"
        assert request["params"]["message"].endswith("Which size?")
        assert request["params"]["requestedSchema"]["required"] == ["reply"]
        assert (await agent.get(task_id))["inputRequests"] == asked["inputRequests"]
        response = {"action": "accept", "content": {"reply": "Large."}}
        acknowledged = await agent.update(task_id, **{key: response})
        assert {*acknowledged} == {"resultType", "_meta"}
        await agent.update(task_id, **{key: response})
        await agent.update(task_id, **{key: {"action": "decline"}})
        assert (await agent.get(task_id))["status"] == "working"
        assert await gateway.told(task_id) == ["Large."]
        await gateway.end(task_id)
        assert (await agent.get(task_id))["status"] == "completed"


async def test_the_same_question_again_has_another_key(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        keys: set[str] = set()
        for source in ("r1", "r2"):
            await gateway.ask_back(task_id, "Which size?", source)
            [key] = (await agent.get(task_id))["inputRequests"]
            keys.add(key)
            response = {"action": "accept", "content": {"reply": "Large."}}
            await agent.update(task_id, **{key: response})
    assert len(keys) == 2
    assert await gateway.told(task_id) == ["Large.", "Large."]


async def test_of_two_questions_back_one_can_be_replied_to(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?", "r1")
        await gateway.ask_back(task_id, "Which colour?", "r2")
        first, second = (await agent.get(task_id))["inputRequests"]
        response = {"action": "accept", "content": {"reply": "Red."}}
        await agent.update(task_id, **{second: response, "never-asked": {"any": "thing"}})
        task = await agent.get(task_id)
        assert task["status"] == "input_required"
        assert [*task["inputRequests"]] == [first]


async def test_a_reply_by_the_tool_settles_all_that_was_asked(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?", "r1")
        await gateway.ask_back(task_id, "Which colour?", "r2")
        await agent.call(
            "send_to_operator", escalation_id=task_id, message="Large, red.", wait_seconds=0
        )
        assert (await agent.get(task_id))["status"] == "working"


@pytest.mark.parametrize(("action", "told"), [("decline", DECLINED), ("cancel", DISMISSED)])
async def test_people_hear_that_there_is_no_reply(
    gateway: TaskGateway, action: str, told: str
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?")
        [key] = (await agent.get(task_id))["inputRequests"]
        await agent.update(task_id, **{key: {"action": action}})
        assert (await agent.get(task_id))["status"] == "working"
    assert await gateway.told(task_id) == [told]


@pytest.mark.parametrize(
    ("response", "place"),
    [
        ("Large.", ""),
        ({"action": "later"}, ".action"),
        ({"action": "accept"}, ".content.reply"),
        ({"action": "accept", "content": {"reply": " "}}, ".content.reply"),
        ({"action": "accept", "content": {"reply": "x" * 4001}}, ".content.reply"),
        ({"action": "accept", "content": {"reply": "a\x00b"}}, ".content.reply"),
    ],
)
async def test_an_unusable_response_is_refused_with_its_field_and_nothing_is_told(
    gateway: TaskGateway, response: Any, place: str
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?", "r1")
        await gateway.ask_back(task_id, "Which colour?", "r2")
        first, second = (await agent.get(task_id))["inputRequests"]
        good = {"action": "accept", "content": {"reply": "Large."}}
        with pytest.raises(MCPError) as refused:
            await agent.update(task_id, **{first: good, second: response})
        assert refused.value.error.code == -32602
        assert refused.value.error.message.startswith(f"inputResponses.{second}{place}: ")
    assert await gateway.told(task_id) == []


async def test_a_response_to_a_task_that_has_ended_is_passed_over(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?")
        [key] = (await agent.get(task_id))["inputRequests"]
        await gateway.end(task_id)
        response = {"action": "accept", "content": {"reply": "Large."}}
        assert (await agent.update(task_id, **{key: response}))["resultType"] == "complete"
    assert await gateway.told(task_id) == []


async def test_a_client_that_cannot_be_asked_reads_what_is_asked(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client(can_be_asked=False) as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.ask_back(task_id, "Which size?")
        task = await agent.get(task_id)
    assert task["status"] == "working"
    assert "Which size?" in task["statusMessage"]
    assert "send_to_operator" in task["statusMessage"]
    assert "inputRequests" not in task
