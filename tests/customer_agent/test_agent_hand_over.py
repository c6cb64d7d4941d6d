"""What one agent of a conversation told, the next one does not; what it did not tell, it does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_gateway import FakeGateway
from support.talking import BRISK, client_for, talking

BOUND = 20
A_WEEK = replace(BRISK, resume=timedelta(days=7))
"""For questions as old as that."""


async def test_what_was_told_is_confirmed_and_the_next_agent_does_not_tell_it_again(
    gateway: FakeGateway,
) -> None:
    client = client_for(gateway.url)
    async with asyncio.timeout(BOUND):
        async with talking(client, conversation_id="same") as first:
            await first.says("Can I get a discount?")
            asked = await gateway.until_asked()
            await gateway.settle(asked, answer="Six per cent")
            await first.heard.until("Six per cent")
            await gateway.until(lambda: asked.delivered == [False])
        untold = gateway.add("Refund?", conversation_id="same")
        await gateway.settle(untold, answer="Refund approved")
        async with talking(client, conversation_id="same") as second:
            await second.heard.until("Refund approved")
            await gateway.until(lambda: untold.delivered == [False])
        assert second.heard.count("Six per cent") == 0
        async with talking(client, conversation_id="same") as third:
            await third.says("When are you open?")
        assert third.heard.count("per cent") == third.heard.count("Refund approved") == 0


async def test_a_delivery_is_confirmed_although_the_gateway_was_away_when_it_was_told(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        talk.llm.may_speak.clear()
        talk.llm.thinking.clear()
        await gateway.settle(asked, answer="Six per cent")
        await talk.llm.thinking.wait()
        await gateway.kill()
        talk.llm.may_speak.set()
        await talk.heard.until("Six per cent")
        await gateway.start()
        await gateway.until(lambda: asked.delivered == [False])
    assert talk.heard.count("Six per cent") == 1


async def test_a_conversation_that_ends_still_confirms_what_it_told(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url)) as talk:
            await talk.says("Can I get a discount?")
            asked = await gateway.until_asked()
            await gateway.settle(asked, answer="Six per cent")
            await talk.heard.until("Six per cent")
        assert asked.delivered == [False]


async def test_an_answer_that_comes_after_the_time_out_is_told_as_a_late_one(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.settle(asked, "timed_out")
        await talk.heard.until("neither a yes nor a no")
        await gateway.answer_late(asked, "Six per cent after all")
        said = await talk.heard.until("Six per cent after all")
        await gateway.until(lambda: asked.delivered == [False, True])
    assert "came late" in said
    assert "Maya says" in said
    assert talk.heard.count("Six per cent after all") == 1


async def test_the_next_agent_waits_on_for_a_late_answer_without_telling_the_time_out_again(
    gateway: FakeGateway,
) -> None:
    asked = gateway.add("Discount?", conversation_id="same")
    await gateway.settle(asked, "timed_out")
    asked.delivered.append(False)
    async with (
        asyncio.timeout(BOUND),
        talking(client_for(gateway.url), conversation_id="same") as talk,
    ):
        await gateway.until(lambda: "check_answer" in gateway.calls)
        await gateway.answer_late(asked, "Six per cent after all")
        await talk.heard.until("Six per cent after all")
    assert talk.heard.count("neither a yes nor a no") == 0


async def test_a_corrected_answer_is_told_as_a_correction_once(gateway: FakeGateway) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        asked.correctable = timedelta(minutes=5)
        await gateway.settle(asked, answer="Six per cent")
        await talk.heard.until("Maya says: Six per cent")
        await gateway.answer_late(asked, "Five per cent")
        said = await talk.heard.until("Five per cent")
        await gateway.until(lambda: asked.delivered == [False, True])
        looks = gateway.calls.count("check_answer")
    assert "has corrected what they said" in said
    assert "Maya now says" in said
    assert talk.heard.count("Five per cent") == 1
    assert gateway.calls.count("check_answer") == looks, "nothing more can come"


async def test_an_answer_that_can_not_be_corrected_is_not_looked_at_again(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND), talking(client_for(gateway.url)) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        await gateway.settle(asked, answer="Six per cent")
        await talk.heard.until("Six per cent")
        await gateway.until(lambda: asked.delivered == [False])
        await talk.says("Can I get a refund?")
        await gateway.until_asked(2)
    assert "check_answer" not in gateway.calls


async def test_the_next_agent_tells_the_correction_of_an_answer_that_was_told(
    gateway: FakeGateway,
) -> None:
    asked = gateway.add("Discount?", conversation_id="same")
    await gateway.settle(asked, answer="Six per cent")
    asked.delivered.append(False)
    await gateway.answer_late(asked, "Five per cent")
    async with (
        asyncio.timeout(BOUND),
        talking(client_for(gateway.url), conversation_id="same") as talk,
    ):
        said = await talk.heard.until("Five per cent")
        await gateway.until(lambda: asked.delivered == [False, True])
    assert "has corrected what they said" in said
    assert talk.heard.count("Six per cent") == 0


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=2)], ids=["new", "old"])
async def test_the_next_agent_waits_on_for_a_correction_without_telling_the_answer_again(
    gateway: FakeGateway, age: timedelta
) -> None:
    asked = gateway.add("Discount?", conversation_id="same", age=age)
    asked.correctable = age + timedelta(minutes=5)
    await gateway.settle(asked, answer="Six per cent")
    asked.delivered.append(False)
    async with (
        asyncio.timeout(BOUND),
        talking(client_for(gateway.url), conversation_id="same", patience=A_WEEK) as talk,
    ):
        await gateway.until(lambda: "check_answer" in gateway.calls)
        await gateway.answer_late(asked, "Five per cent")
        await talk.heard.until("Five per cent")
    assert talk.heard.count("Six per cent") == 0


async def test_after_the_time_for_corrections_nobody_looks_for_one(gateway: FakeGateway) -> None:
    asked = gateway.add("Discount?", conversation_id="same", age=timedelta(minutes=3))
    asked.correctable, asked.grace_over = timedelta(minutes=2), True
    await gateway.settle(asked, answer="Six per cent")
    asked.delivered.append(False)
    async with (
        asyncio.timeout(BOUND),
        talking(client_for(gateway.url), conversation_id="same") as talk,
    ):
        await talk.says("Can I get a refund?")
        await gateway.until_asked(2)
    assert "check_answer" not in gateway.calls


async def test_an_agent_that_leaves_waits_a_little_until_its_question_has_reached_the_gateway(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        async with talking(client_for(gateway.url), conversation_id="same") as first:
            await gateway.until(lambda: "list_questions" in gateway.calls)
            await gateway.kill()
            await first.says("Can I get a discount?")
            restarting = asyncio.create_task(asyncio.sleep(0.5))
            restarting.add_done_callback(lambda _: asyncio.ensure_future(gateway.start()))
        assert len(gateway.asked) == 1
        await gateway.settle(gateway.asked[0], answer="Six per cent")
        async with talking(client_for(gateway.url), conversation_id="same") as second:
            await second.heard.until("Six per cent")


async def test_what_the_earlier_agent_told_after_the_next_one_had_begun_is_not_told_again(
    gateway: FakeGateway,
) -> None:
    async with asyncio.timeout(BOUND):
        told = gateway.add("Refund?", conversation_id="same")
        untold = gateway.add("Delivery?", conversation_id="same")
        async with talking(client_for(gateway.url), conversation_id="same") as second:
            await gateway.until(lambda: gateway.held == 2)
            told.delivered.append(False)
            await gateway.settle(told, answer="Refund approved")
            await gateway.settle(untold, answer="On Friday")
            await second.heard.until("On Friday")
            await gateway.until(lambda: untold.delivered == [False])
        assert second.heard.count("Refund approved") == 0
        assert told.delivered == [False]
