from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from support.make import MAYA, an_outcome
from support.task_gateway import QUESTION, TaskGateway, a_gateway

from shared.attachment import Attachment
from shared.errors import StoreUnavailableError
from shared.escalation import Ask, Claim, Escalation, State
from shared.memory.escalations import MemoryEscalations


@pytest.fixture
def gateway() -> TaskGateway:
    return a_gateway()


async def test_a_client_that_takes_tasks_has_a_durable_one_at_once(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        handle = await agent.call("ask_human", **QUESTION)
        task_id = handle["taskId"]
        kept = await gateway.store.get(task_id)
        assert kept is not None
        assert kept.question.text == QUESTION["question"]
        assert handle["resultType"] == "task"
        assert handle["status"] == "working"
        assert handle["createdAt"] == handle["lastUpdatedAt"]
        assert handle["ttlMs"] == 70 * 60 * 1000
        assert handle["pollIntervalMs"] == 5000
        assert not {"task", "result", "error", "inputRequests", "requestState"} & {*handle}
        got = await agent.get(task_id)
    assert got["resultType"] == "complete"
    assert got["taskId"] == task_id
    assert got["statusMessage"] == "No person has answered yet."


async def test_an_approval_is_a_task_too(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        handle = await agent.call("request_approval", action="Refund 20 €.")
    assert handle["resultType"] == "task"


async def test_the_other_tools_never_are(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        checked = await agent.call("check_answer", escalation_id=task_id, wait_seconds=0)
        told = await agent.call(
            "send_to_operator", escalation_id=task_id, message="Two.", wait_seconds=0
        )
    assert checked["structuredContent"]["status"] == "pending"
    assert told["structuredContent"]["status"] == "pending"


@pytest.mark.parametrize("how", [{"declares": False}, {"mode": "legacy"}])
async def test_a_client_that_does_not_say_so_at_a_revision_with_tasks_never_gets_one(
    gateway: TaskGateway, how: dict[str, Any]
) -> None:
    async with asyncio.timeout(10), gateway.client(**how) as agent:
        result = await agent.call("ask_human", **QUESTION, wait_seconds=0)
        assert result["structuredContent"]["status"] == "pending"
        assert "taskId" not in result
        with pytest.raises(MCPError) as refused:
            await agent.get(result["structuredContent"]["escalation_id"])
    assert refused.value.error.code == (-32601 if how.get("mode") == "legacy" else -32021)
    if "declares" in how:
        assert refused.value.error.data == {
            "requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}
        }


@pytest.mark.parametrize("act", ["get", "update", "cancel", "listen"])
async def test_nothing_about_tasks_is_served_to_a_client_that_knows_none(
    gateway: TaskGateway, act: str
) -> None:
    async with asyncio.timeout(10), gateway.client(declares=False) as agent:
        with pytest.raises(MCPError) as refused:
            await getattr(agent, act)("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert refused.value.error.code == -32021


async def test_bad_arguments_are_a_plain_error_of_the_tool(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        result = await agent.call("ask_human", question="")
    assert result["isError"] is True
    assert result["content"][0]["text"] == "question: must not be empty"
    assert await gateway.store.list_open() == []


async def test_a_call_that_says_how_long_it_waits_has_the_answer(
    gateway: TaskGateway,
) -> None:
    async with (
        asyncio.timeout(10),
        gateway.client() as agent,
        gateway.store.changes.subscribe() as accepted,
    ):
        call = asyncio.create_task(agent.call("ask_human", **QUESTION, wait_seconds=9))
        await gateway.end(await anext(accepted))
        result = await call
    assert result["resultType"] == "complete"
    assert result["content"][0]["text"] == "Yes, 10 %."


async def test_asking_again_for_what_has_ended_gives_the_answer(
    gateway: TaskGateway,
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION, idempotency_key="k"))["taskId"]
        again = await agent.call("ask_human", **QUESTION, idempotency_key="k")
        assert again["taskId"] == task_id
        await gateway.end(task_id)
        result = await agent.call("ask_human", **QUESTION, idempotency_key="k")
    assert result["content"][0]["text"] == "Yes, 10 %."


@pytest.mark.parametrize(
    "state", [State.ANSWERED, State.DECLINED, State.TIMED_OUT, State.UNDELIVERABLE]
)
async def test_a_completed_task_holds_what_check_answer_gives(
    gateway: TaskGateway, state: State
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        gateway.clock.advance(seconds=42)
        await gateway.end(task_id, state)
        task = await agent.get(task_id)
        checked = await agent.call("check_answer", escalation_id=task_id)
    assert task["status"] == "completed"
    del checked["_meta"]
    assert task["result"] == checked
    assert task["lastUpdatedAt"] > task["createdAt"]
    assert not {"error", "inputRequests"} & {*task}


async def test_a_completed_task_holds_the_files_that_check_answer_gives(
    gateway: TaskGateway,
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        escalation = await gateway.store.get(task_id)
        assert escalation is not None
        files = tuple(
            Attachment(
                name=name,
                url=f"https://files.example/{name}",
                media_type="image/png",
                size=3,
                content=content,
            )
            for name, content in (("shelf.png", "0"), ("plan.png", None))
        )
        outcome = an_outcome(escalation, at=gateway.clock(), source="m1")
        await gateway.files.keep(task_id, "m1", {"0": "AAAA"})
        answered = outcome.model_copy(update={"attachments": files})
        await gateway.store.conclude(task_id, answered)
        task = await agent.get(task_id)
        checked = await agent.call("check_answer", escalation_id=task_id)
    del checked["_meta"]
    assert task["result"] == checked
    kinds = [each["type"] for each in task["result"]["content"]]
    assert kinds == ["text", "image", "resource_link", "resource_link"]


async def test_to_look_at_a_task_does_not_say_that_the_caller_is_back(
    gateway: TaskGateway,
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION, conversation_id="c"))["taskId"]
        await gateway.ask_back(task_id, "Which size?")
        await agent.call("end_conversation", conversation_id="c")
        [key] = (await agent.get(task_id))["inputRequests"]
        looked_at = await gateway.store.get(task_id)
        assert looked_at is not None
        assert looked_at.caller_gone_at is not None
        await agent.update(task_id, **{key: {"action": "decline"}})
        replied_to = await gateway.store.get(task_id)
    assert replied_to is not None
    assert replied_to.caller_gone_at is None


async def test_a_cancelled_task_can_be_cancelled_again(
    gateway: TaskGateway,
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        first, second = await agent.cancel(task_id), await agent.cancel(task_id)
        task = await agent.get(task_id)
    assert {*first, *second} == {"resultType", "_meta"}
    assert task["status"] == "cancelled"
    assert "result" not in task


async def test_cancelling_what_was_answered_changes_nothing(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        await gateway.end(task_id)
        await agent.cancel(task_id)
        assert (await agent.get(task_id))["status"] == "completed"


@pytest.mark.parametrize("act", ["get", "update", "cancel"])
@pytest.mark.parametrize("whose", ["nobody's", "another's"])
async def test_an_unknown_task_and_another_agents_are_refused_alike(
    gateway: TaskGateway, act: str, whose: str
) -> None:
    ask = Ask.model_validate(
        {"agent": "bank", "question": {"text": "?"}, "timeout": 60.0, "retention": 60.0}
    )
    theirs = (await gateway.store.accept(ask)).escalation.id
    task_id = theirs if whose == "another's" else "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    async with asyncio.timeout(10), gateway.client() as agent:
        with pytest.raises(MCPError) as refused:
            await getattr(agent, act)(task_id)
    assert refused.value.error.code == -32602
    assert refused.value.error.message == "taskId: no such task is kept for you"
    kept = await gateway.store.get(theirs)
    assert kept is not None
    assert kept.state is State.QUEUED


@pytest.mark.parametrize("task_id", ["", "x" * 65, "a\x00b"])
async def test_what_can_be_no_id_is_refused_as_unknown_ones_are(
    gateway: TaskGateway, task_id: str
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        with pytest.raises(MCPError) as refused:
            await agent.get(task_id)
    assert refused.value.error.code == -32602


async def test_a_task_is_gone_when_its_record_is(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        handle = await agent.call("ask_human", **QUESTION)
        gateway.clock.advance(seconds=handle["ttlMs"] / 1000 - 1)
        await agent.get(handle["taskId"])
        gateway.clock.advance(seconds=2)
        with pytest.raises(MCPError) as refused:
            await agent.get(handle["taskId"])
    assert refused.value.error.code == -32602


@pytest.mark.parametrize("asked_back", [False, True])
async def test_a_task_that_nobody_ends_is_ended_by_whoever_looks(
    gateway: TaskGateway, asked_back: bool
) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        if asked_back:
            await gateway.ask_back(task_id, "Which size?")
        gateway.clock.advance(minutes=15)
        task = await agent.get(task_id)
    assert task["status"] == "completed"
    assert task["result"]["structuredContent"]["status"] == "undeliverable"


async def test_a_claimed_question_says_so(gateway: TaskGateway) -> None:
    async with asyncio.timeout(10), gateway.client() as agent:
        task_id = (await agent.call("ask_human", **QUESTION))["taskId"]
        gateway.clock.advance(seconds=3)
        await gateway.discussion.claim(task_id, Claim(by=MAYA, at=gateway.clock()))
        task = await agent.get(task_id)
    assert task["statusMessage"] == "A person is on it."
    assert task["lastUpdatedAt"] > task["createdAt"]


class AwayAfterwards(MemoryEscalations):
    """A store whose Redis goes away once the question is accepted."""

    async def get(self, escalation_id: str) -> Escalation | None:
        raise StoreUnavailableError("Redis can't be reached")


async def test_a_task_that_can_not_be_read_is_no_task_yet_but_its_id_is_told() -> None:
    gateway = a_gateway(AwayAfterwards())
    async with asyncio.timeout(10), gateway.client() as agent:
        result = await agent.call("ask_human", **QUESTION)
        assert result["resultType"] == "complete"
        assert result["structuredContent"]["status"] == "pending"
        with pytest.raises(MCPError) as refused:
            await agent.get(result["structuredContent"]["escalation_id"])
    assert refused.value.error.code == -32603
    assert "try again" in refused.value.error.message


ABOUT_A_TASK: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tasks/get",
    "params": {
        "taskId": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "extensions": {"io.modelcontextprotocol/tasks": {}}
            },
        },
    },
}


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", -32602),
        ("=?base64?MDFBUlozTkRFS1RTVjRSUkZGUTY5RzVGQVY=?=", -32602),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAW", -32020),
        ("=?base64?half", -32020),
        (None, -32602),  # FastMCP's client names none
    ],
)
async def test_a_request_may_name_no_other_task_in_its_header(
    gateway: TaskGateway, named: str | None, code: int
) -> None:
    app = gateway.server.streamable_http_app(stateless_http=True)
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tasks/get",
        **({} if named is None else {"Mcp-Name": named}),
    }
    async with (
        asyncio.timeout(10),
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8000"
        ) as client,
    ):
        answer = await client.post("/mcp", json=ABOUT_A_TASK, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
