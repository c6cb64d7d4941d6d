"""The customer hangs up: what becomes of the open questions, and what a next conversation tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_gateway import Asked, FakeGateway
from structlog.testing import capture_logs
from support.talking import BRISK, Talk, client_for, talking

from customer_agent.settings import AgentSettings, OnHangup
from shared.settings import load

BOUND = 20


async def asks(talk: Talk, gateway: FakeGateway) -> Asked:
    """Let the customer ask, and wait until the agent waits for the answer."""
    await talk.says("Can I get a discount?")
    await gateway.until(lambda: gateway.held == 1)
    return gateway.asked[0]


def test_by_default_the_route_decides() -> None:
    assert load(AgentSettings).agent_on_hangup is OnHangup.ROUTE


@pytest.mark.parametrize(
    ("on_hangup", "ended", "cancelled"),
    [
        (OnHangup.ROUTE, ["talk"], 0),
        (OnHangup.CANCEL, [], 1),
        (OnHangup.LEAVE, [], 0),
    ],
)
async def test_hanging_up_does_with_the_open_questions_as_is_set(
    gateway: FakeGateway, on_hangup: OnHangup, ended: list[str], cancelled: int
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), on_hangup=on_hangup) as talk:
            asked = await asks(talk, gateway)
    assert gateway.ended == ended
    assert len(gateway.cancelled) == cancelled
    assert asked.status == ("cancelled" if cancelled else "pending")


async def test_a_host_that_stops_tells_nobody_that_the_customer_has_gone(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk:
            await asks(talk, gateway)
            talk.conversation.leave_questions = True
    assert "end_conversation" not in gateway.calls


async def test_a_conversation_without_open_questions_ends_without_a_word(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk:
            asked = await asks(talk, gateway)
            await gateway.settle(asked, answer="Ten per cent")
            await talk.heard.until("Ten per cent")
    assert "end_conversation" not in gateway.calls


async def test_a_question_that_had_not_reached_the_gateway_is_taken_before_the_end_is_told(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk:
            await gateway.until(lambda: "list_questions" in gateway.calls)
            await gateway.kill()
            await talk.says("Can I get a discount?")
            restarting = asyncio.create_task(asyncio.sleep(0.5))
            restarting.add_done_callback(lambda _: asyncio.ensure_future(gateway.start()))
        assert [each.caller_gone for each in gateway.asked] == [True]


async def test_what_an_earlier_agent_left_is_let_go_of_although_it_was_not_listed_yet(
    gateway: FakeGateway,
) -> None:
    left = gateway.add("Discount?", conversation_id="talk")
    gateway.refusal = "Redis can't be reached: try again"
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE):
            await gateway.until(lambda: "list_questions" in gateway.calls)
            gateway.refusal = None
        # Listed by now or not: either way the gateway was told.
        assert left.caller_gone


async def test_the_end_is_told_again_until_redis_is_back(gateway: FakeGateway) -> None:
    async def mend() -> None:
        await gateway.until(lambda: gateway.calls.count("end_conversation") > 1)
        gateway.refusal = None

    async with (
        asyncio.timeout(BOUND),
        asyncio.TaskGroup() as tasks,
        talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk,
    ):
        asked = await asks(talk, gateway)
        gateway.refusal = "some questions may have been let go of. Please try again"
        tasks.create_task(mend())
    assert asked.caller_gone


async def test_an_end_that_the_gateway_can_not_be_told_takes_seconds_and_is_logged(
    gateway: FakeGateway,
) -> None:
    loop = asyncio.get_running_loop()
    with capture_logs() as logs:
        async with asyncio.timeout(BOUND):
            async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk:
                await asks(talk, gateway)
                await gateway.kill()
                began = loop.time()
            assert loop.time() - began < 5
    (told,) = [line for line in logs if line["event"] == "conversation_end_not_told"]
    assert "can't be reached" in told["problem"]


async def test_a_gateway_that_does_not_know_the_tool_leaves_the_questions_open(
    gateway: FakeGateway,
) -> None:
    with capture_logs() as logs:
        async with asyncio.timeout(BOUND):
            async with talking(client_for(gateway.url), on_hangup=OnHangup.ROUTE) as talk:
                asked = await asks(talk, gateway)
                gateway.refusal = "Unknown tool: end_conversation"
    assert asked.status == "pending"
    assert [line for line in logs if line["event"] == "conversation_end_not_told"]


async def test_a_kept_question_is_taken_up_again_and_its_answer_is_told_once(
    gateway: FakeGateway,
) -> None:
    client = client_for(gateway.url)
    async with asyncio.timeout(BOUND):
        async with talking(client, on_hangup=OnHangup.ROUTE) as first:
            asked = await asks(first, gateway)
        assert asked.caller_gone
        async with talking(client, on_hangup=OnHangup.ROUTE) as second:
            await gateway.until(lambda: not asked.caller_gone)
            await gateway.settle(asked, answer="Ten per cent")
            await second.heard.until("Ten per cent")
            await gateway.until(lambda: asked.is_delivered)
        async with talking(client, on_hangup=OnHangup.ROUTE) as third:
            await third.says("When are you open?")
    assert second.heard.count("Ten per cent") == 1
    assert third.heard.count("Ten per cent") == 0


@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_that_comes_while_the_customer_is_gone_is_told_once_when_they_are_back(
    gateway: FakeGateway, late: bool
) -> None:
    client = client_for(gateway.url)
    patience = replace(BRISK, resume=timedelta(days=7))
    async with asyncio.timeout(BOUND):
        async with talking(client, on_hangup=OnHangup.ROUTE) as first:
            asked = await asks(first, gateway)
        if late:
            await gateway.settle(asked, "timed_out")
            await gateway.answer_late(asked, "Ten per cent")
        else:
            await gateway.settle(asked, answer="Ten per cent")
        asked.asked_at -= timedelta(days=2)
        async with talking(client, on_hangup=OnHangup.ROUTE, patience=patience) as second:
            said = await second.heard.until("Ten per cent")
            await gateway.until(lambda: asked.is_delivered)
            assert ("came late" in said) == late
        async with talking(client, on_hangup=OnHangup.ROUTE, patience=patience) as third:
            await third.says("When are you open?")
    assert first.heard.count("Ten per cent") == third.heard.count("Ten per cent") == 0
    assert second.heard.count("Ten per cent") == 1


async def test_a_late_answer_to_what_the_customer_knew_to_be_timed_out_waits_for_them_too(
    gateway: FakeGateway,
) -> None:
    client = client_for(gateway.url)
    async with asyncio.timeout(BOUND):
        async with talking(client, on_hangup=OnHangup.ROUTE) as first:
            asked = await asks(first, gateway)
            await gateway.settle(asked, "timed_out")
            await first.heard.until("neither a yes nor a no")
            await gateway.until(lambda: asked.is_delivered)
        await gateway.answer_late(asked, "Ten per cent")
        async with talking(client, on_hangup=OnHangup.ROUTE) as second:
            assert "came late" in await second.heard.until("Ten per cent")
            await gateway.until(lambda: asked.is_delivered)
    assert second.heard.count("neither a yes nor a no") == 0


async def test_a_dropped_question_is_not_told_to_a_customer_who_is_back(
    gateway: FakeGateway,
) -> None:
    gateway.drops = True
    client = client_for(gateway.url)
    async with asyncio.timeout(BOUND):
        async with talking(client, on_hangup=OnHangup.ROUTE) as first:
            asked = await asks(first, gateway)
        assert asked.status == "cancelled"
        async with talking(client, on_hangup=OnHangup.ROUTE) as second:
            await second.says("When are you open?")
            await gateway.until(lambda: gateway.calls.count("list_questions") == 2)
            await second.says("And how long does delivery take?")
    assert second.heard.count("taken back") == 0


async def test_a_late_answer_to_what_timed_out_days_ago_is_no_longer_looked_out_for(
    gateway: FakeGateway,
) -> None:
    old = gateway.add("Discount?", conversation_id="talk", age=timedelta(days=2))
    await gateway.settle(old, "timed_out")
    old.delivered.append(False)
    recent = gateway.add("Refund?", conversation_id="talk")
    await gateway.settle(recent, answer="Refund approved")
    patience = replace(BRISK, resume=timedelta(days=7))
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), patience=patience) as talk:
            await talk.heard.until("Refund approved")
            await gateway.until(lambda: recent.is_delivered)
    # The recent one was looked at once, and the old one never.
    assert gateway.calls.count("check_answer") == 1
