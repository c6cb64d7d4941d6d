"""What people say after the end is told while it is of use; nothing is looked at in vain."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_gateway import FakeGateway
from support.talking import BRISK, talking

from customer_agent.gateway_client import McpGateway, Standing

BOUND = 20
A_WEEK = replace(BRISK, resume=timedelta(days=7))
"""For questions as old as that."""
SOME = 8
"""Looks at one question, in whose time others would have been looked at as well."""


class Looking(McpGateway):
    """A client that counts which questions it looks at."""

    def __init__(self, url: str) -> None:
        super().__init__(url, api_key=None)
        self.looks = Counter[str]()
        self._looked = asyncio.Condition()

    async def check(self, escalation_id: str, *, wait_seconds: float) -> Standing:
        standing = await super().check(escalation_id, wait_seconds=wait_seconds)
        self.looks[escalation_id] += 1
        async with self._looked:
            self._looked.notify_all()
        return standing

    async def until(self, escalation_id: str, looks: int) -> None:
        """Wait until it has looked so often."""
        async with self._looked:
            await self._looked.wait_for(lambda: self.looks[escalation_id] >= looks)


async def test_a_correction_is_told_that_is_heard_long_after_its_time(
    gateway: FakeGateway,
) -> None:
    client = Looking(gateway.url)
    async with asyncio.timeout(BOUND), talking(client) as talk:
        await talk.says("Can I get a discount?")
        asked = await gateway.until_asked()
        # The worker was away when it was edited: nobody has said yet that all edits were heard.
        asked.correctable = timedelta(minutes=-10)
        await gateway.settle(asked, answer="Six per cent")
        await talk.heard.until("Maya says: Six per cent")
        await client.until(asked.escalation_id, 3)
        await gateway.answer_late(asked, "Five per cent")
        await talk.heard.until("Five per cent")
        await gateway.until(lambda: asked.delivered == [False, True])


async def test_a_gateway_that_is_away_meanwhile_ends_no_waiting_for_a_correction(
    gateway: FakeGateway,
) -> None:
    client = Looking(gateway.url)
    asked = gateway.add("Discount?", conversation_id="same", age=timedelta(hours=3))
    asked.correctable = timedelta(minutes=2)
    await gateway.settle(asked, answer="Six per cent")
    async with (
        asyncio.timeout(BOUND),
        talking(client, conversation_id="same", patience=A_WEEK) as talk,
    ):
        await talk.heard.until("Six per cent")
        gateway.refusal = "Redis can't be reached: try again"
        calls = len(gateway.calls)
        await gateway.until(lambda: len(gateway.calls) > calls + 2)
        await gateway.answer_late(asked, "Five per cent")
        gateway.refusal = None
        await talk.heard.until("Five per cent")


@pytest.mark.parametrize("grace_over", [True, False], ids=["all is heard", "given up"])
async def test_what_is_not_corrected_in_time_is_looked_at_no_longer(
    gateway: FakeGateway, *, grace_over: bool
) -> None:
    client = Looking(gateway.url)
    asked = gateway.add("Discount?", conversation_id="same", age=timedelta(hours=3))
    asked.correctable = timedelta(hours=3) if grace_over else timedelta(minutes=2)
    await gateway.settle(asked, answer="Six per cent")
    asked.delivered.append(False)
    timed_out = await a_time_out(gateway, "Refund?")
    async with (
        asyncio.timeout(BOUND),
        talking(client, conversation_id="same", patience=A_WEEK) as talk,
    ):
        await client.until(asked.escalation_id, 1)
        asked.grace_over = grace_over
        seen = client.looks[timed_out]
        await client.until(asked.escalation_id, 2 if grace_over else 1)
        await client.until(timed_out, seen + SOME)
    # One look more may have been on its way when the gateway learned that all was heard.
    assert client.looks[asked.escalation_id] in ({2, 3} if grace_over else {1})
    assert talk.heard.count("Six per cent") == 0


async def test_an_old_time_out_that_nobody_told_is_told_and_not_looked_at_any_more(
    gateway: FakeGateway,
) -> None:
    client = Looking(gateway.url)
    old = await a_time_out(gateway, "Discount?", age=timedelta(hours=2), delivered=False)
    fresh = await a_time_out(gateway, "Refund?", delivered=False)
    async with (
        asyncio.timeout(BOUND),
        talking(client, conversation_id="same", patience=A_WEEK) as talk,
    ):
        await talk.heard.until_times("neither a yes nor a no", 2)
        await client.until(fresh, SOME)
    assert client.looks[old] == 1, "once, to tell it"


async def test_a_late_answer_to_an_old_question_that_times_out_only_now_is_told(
    gateway: FakeGateway,
) -> None:
    client = Looking(gateway.url)
    asked = gateway.add("Discount?", conversation_id="same", age=timedelta(days=2))
    async with (
        asyncio.timeout(BOUND),
        talking(client, conversation_id="same", patience=A_WEEK) as talk,
    ):
        await gateway.until(lambda: gateway.held == 1)
        await gateway.settle(asked, "timed_out")
        await talk.heard.until("neither a yes nor a no")
        await gateway.answer_late(asked, "Six per cent after all")
        await talk.heard.until("Six per cent after all")


async def test_a_late_answer_is_awaited_from_the_deadline_on_however_long_the_route_is(
    gateway: FakeGateway,
) -> None:
    asked = gateway.add("Discount?", conversation_id="same", age=timedelta(minutes=90))
    asked.timeout = timedelta(minutes=80)
    await gateway.settle(asked, "timed_out")
    async with (
        asyncio.timeout(BOUND),
        talking(Looking(gateway.url), conversation_id="same", patience=A_WEEK) as talk,
    ):
        await talk.heard.until("neither a yes nor a no")
        await gateway.answer_late(asked, "Six per cent after all")
        await talk.heard.until("Six per cent after all")


async def test_with_a_gateway_that_tells_no_deadline_hope_is_counted_from_the_asking(
    gateway: FakeGateway,
) -> None:
    gateway.tells_no_deadline = True
    client = Looking(gateway.url)
    old = await a_time_out(gateway, "Discount?", age=timedelta(minutes=90), delivered=False)
    fresh = await a_time_out(gateway, "Refund?", age=timedelta(minutes=30), delivered=False)
    async with (
        asyncio.timeout(BOUND),
        talking(client, conversation_id="same", patience=A_WEEK) as talk,
    ):
        await talk.heard.until_times("neither a yes nor a no", 2)
        await client.until(fresh, SOME)
    assert client.looks[old] == 1, "once, to tell it"


async def a_time_out(
    gateway: FakeGateway,
    question: str,
    *,
    age: timedelta = timedelta(0),
    delivered: bool = True,
) -> str:
    """Put in a question that nobody answered; give its id."""
    asked = gateway.add(question, conversation_id="same", age=age)
    await gateway.settle(asked, "timed_out")
    if delivered:
        asked.delivered.append(False)
    return asked.escalation_id
